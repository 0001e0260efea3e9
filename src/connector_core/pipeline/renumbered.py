"""Invoices that are known by another number, or another day, than they were, or that a dossier has no more.

Payers name invoices by their numbers: what answered the old one is to be routed anew. An invoice that was sent again in
another lot is still known by the lot it was in, since an answer to that one may come.
"""

from __future__ import annotations

from datetime import date
from typing import cast

from connector_core.model.apart import told_again
from connector_core.model.records import Invoice
from connector_core.model.values import invoice_key
from connector_core.pipeline.moves import Gone
from connector_core.store.codec import KIND_INDEX, Fragments, as_record, list_decoder
from connector_core.store.dossiers import Dossiers

_INVOICE = KIND_INDEX["invoice"]

Known = tuple[str, date]
"""What payers know an invoice by: its number without leading zeros, and the day it was closed."""


def given_up(dossiers: Dossiers, dossier: int, gained: Fragments, gone: Gone | None) -> set[tuple[str, date | None]]:
    """By what a dossier's invoices are known no more, once it has gained this and lost what is `gone`; without a day
    where it has no invoice of the number left."""
    before: set[Known] = set()
    stands: dict[str, tuple[Invoice, set[Known]]] = {}
    told = list_decoder("invoice")(gained.parts()[_INVOICE])
    for stored in (*dossiers.of_kind(dossier, "invoice"), *told):
        invoice = cast(Invoice, as_record(stored))
        known = invoice_key(invoice.number), invoice.closed_on
        before.add(known)
        if gone is None or not gone(stored):
            stands[invoice.id] = _again(stands.get(invoice.id), invoice, known)
    kept = {known for _, every in stands.values() for known in every}
    numbers = {number for number, _ in kept}
    return {(number, day if number in numbers else None) for number, day in before - kept}


def _again(before: tuple[Invoice, set[Known]] | None, now: Invoice, known: Known) -> tuple[Invoice, set[Known]]:
    """An invoice that is told again, with all by which it is known: what its FSE and its DRE say counts both."""
    if before is None:
        return now, {known}
    invoice = told_again(before[0], now)
    return invoice, {known} if invoice is now else {known} | {each for each in before[1] if each[0] == known[0]}
