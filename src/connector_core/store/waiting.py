"""Records that name an invoice which is not known yet: payers' returns and reminders wait for it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import sqlcipher3

from connector_core.model.values import invoice_key
from connector_core.store.codec import KIND_INDEX, Stored, decode_one

_RETURN, _REMINDER = KIND_INDEX["payer_return"], KIND_INDEX["reminder"]


class Waiter(NamedTuple):
    """A record that waits for an invoice: where it waits, the invoice that it names, its kind, itself."""

    place: int
    invoice: str
    kind: int
    record: bytes


class Waiting:
    """The table of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def drop(self, gone: Callable[[Stored], bool]) -> list[Stored]:
        """Drop the records that wait for an invoice and are gone; returns them."""
        query = "SELECT rowid, kind, record FROM orphan"
        waiting = [(place, decode_one(kind, record)) for place, kind, record in self._connection.execute(query)]
        dropped = [(place, stored) for place, stored in waiting if gone(stored)]
        self._connection.executemany("DELETE FROM orphan WHERE rowid = ?", [(place,) for place, _ in dropped])
        return [stored for _, stored in dropped]

    def add(self, records: Iterable[tuple[str, int, bytes]]) -> None:
        """Keep records whose invoice is not known yet: (its number, or its id for a reminder, kind, record)."""
        keyed = ((invoice_key(name) if kind == _RETURN else name, kind, record) for name, kind, record in records)
        self._connection.executemany("INSERT INTO orphan VALUES (?, ?, ?)", keyed)

    def for_invoice(self, number: str) -> list[Waiter]:
        """The payers' returns that wait for an invoice."""
        return self._some("invoice_number = ? AND kind = ?", invoice_key(number), _RETURN)

    def reminders(self) -> list[Waiter]:
        """The reminders that wait for an invoice."""
        return self._some("kind = ?", _REMINDER)

    def _some(self, which: str, *values: str | int) -> list[Waiter]:
        query = f"SELECT rowid, invoice_number, kind, record FROM orphan WHERE {which} ORDER BY rowid"
        return [Waiter(*row) for row in self._connection.execute(query, values)]

    def adopt(self, place: int) -> None:
        """A record that waited there waits no longer."""
        self._connection.execute("DELETE FROM orphan WHERE rowid = ?", (place,))

    def awaited(self) -> list[str]:
        """The invoices that records wait for and that have come."""
        query = (
            "SELECT DISTINCT invoice_number FROM orphan"
            " WHERE EXISTS (SELECT 1 FROM claim WHERE claim.number = orphan.invoice_number)"
        )
        return [number for (number,) in self._connection.execute(query)]

    def every(self) -> list[Stored]:
        """The records that wait for an invoice, in the order in which they came, left where they are."""
        query = "SELECT kind, record FROM orphan ORDER BY rowid"
        return [decode_one(kind, record) for kind, record in self._connection.execute(query)]

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM orphan").fetchone()[0])
