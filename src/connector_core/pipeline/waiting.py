"""Records whose invoice nobody has described yet: kept, shown, and counted for nothing until it comes."""

from __future__ import annotations

from collections.abc import Iterator

from connector_core.model.records import PayerReturn, Record
from connector_core.store.codec import as_records
from connector_core.store.store import Store


def waiting_records(store: Store) -> Iterator[Record]:
    """What waits, in the order in which it came."""
    yield from as_records(store.waiting.every())


def waiting_returns(store: Store) -> list[PayerReturn]:
    """The payers' answers that wait, the oldest first. One that pays less than nothing may be a debt that the payer
    keeps, which names no invoice."""
    found = [each for each in waiting_records(store) if isinstance(each, PayerReturn)]
    return sorted(found, key=lambda each: (each.returned_on, each.invoice_number, each.id))
