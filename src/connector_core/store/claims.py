"""Whose an invoice is, by the number under which payers name it: that is all that their answers tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlcipher3

from connector_core.model.values import invoice_key


class Claim(NamedTuple):
    """An invoice under the number by which payers name it: whose it is, who made it out, in which lot it was and when
    it was closed.

    Ids carry the name of their source and are empty where they are not known. `apart` says that the complémentaire is
    asked by a DRE. The day is None where a store of an earlier version wrote the claim. An invoice that was sent again
    has a claim for each lot.
    """

    dossier: int
    practitioner: str = ""
    lot: str = ""
    closed_on: date | None = None
    apart: bool = False


class Claims:
    """The table of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, list[Claim]] = {}

    def dossiers(self, number: str) -> list[int]:
        """The dossiers that have an invoice of this number; several when practitioners number alike."""
        return list(dict.fromkeys(claim.dossier for claim in self.of(number)))

    def of(self, number: str) -> list[Claim]:
        """The invoices of this number."""
        key = invoice_key(number)
        found = self._known.get(key)
        if found is None:
            query = "SELECT dossier, practitioner, lot, closed_on, apart FROM claim WHERE number = ?"
            found = self._known[key] = [
                Claim(owner, who, lot, date.fromisoformat(closed_on) if closed_on else None, bool(apart))
                for owner, who, lot, closed_on, apart in self._connection.execute(query, (key,))
            ]
        return found

    def add(self, invoices: Iterable[tuple[str, Claim]]) -> None:
        """Remember invoices by their numbers."""
        keyed = (
            (invoice_key(number), owner, who, lot, "" if closed_on is None else closed_on.isoformat(), apart)
            for number, (owner, who, lot, closed_on, apart) in invoices
        )
        self._connection.executemany(
            "INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET apart = excluded.apart WHERE apart < excluded.apart",
            keyed,
        )
        self._known.clear()

    def forget(self, dossier: int, claims: Iterable[tuple[str, date | None]]) -> None:
        """A dossier has no invoice of this number any more, or none of it that was closed on this day."""
        keyed = [(dossier, number, "" if day is None else day.isoformat()) for number, day in claims]
        query = "DELETE FROM claim WHERE dossier = ?1 AND number = ?2 AND (?3 = '' OR closed_on = ?3)"
        self._connection.executemany(query, keyed)
        self._known.clear()

    def join(self, number: int, into: int) -> None:
        """The invoices of one dossier belong to another from now on."""
        self._connection.execute("UPDATE OR IGNORE claim SET dossier = ? WHERE dossier = ?", (into, number))
        self._connection.execute("DELETE FROM claim WHERE dossier = ?", (number,))
        self._known.clear()
