"""Whose dossier a record goes to that names no patient but an invoice.

A reminder names an invoice of its own source by its id, and goes where that is.

A payer's return goes to the one dossier with an invoice of its number that nothing contradicts; where there are
several, to the one whose lot agrees, else to the one whose professional is paid, else, where numbers started anew
between them, to the latest one closed by then. Where that is not one either, to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import cast

from connector_core.model.answering import of_another_year, of_lot, paid_to
from connector_core.model.records import PayerReturn
from connector_core.model.values import numbered_together
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.claims import Claim
from connector_core.store.codec import KIND_INDEX, as_records, list_decoder
from connector_core.store.store import Store

_RETURN = KIND_INDEX["payer_return"]
_decode = list_decoder("payer_return")

Evidence = tuple[bool, bool]
"""What speaks for an invoice: its lot agrees, its professional is paid."""


class Owners:
    """The owners of such records, as the practice is known once every file of an attempt is read."""

    def __init__(self, store: Store, invoices: Callable[[], Mapping[str, int]]) -> None:
        """`invoices` finds the dossiers of all invoices by their ids; it takes a while."""
        self._store = store
        self._invoices_by_id = invoices

    def of(self, invoice: str, kind: int, encoded: bytes) -> int | None:
        """The dossier of a record that names an invoice, by its number if it is a payer's return, else by its id; None
        where none is certain."""
        if kind != _RETURN:
            return self._by_id.get(invoice)
        claims = self._store.claims.of(invoice)
        if not claims:
            return None
        (each,) = cast(list[PayerReturn], as_records(_decode(b"\x91" + encoded)))
        found = list(self._for(each, claims))
        best = max((evidence for _, evidence in found), default=None)
        likely = [claim for claim, evidence in found if evidence == best]
        owners = {claim.dossier for claim in likely}
        return owners.pop() if len(owners) == 1 else _of_the_latest_year(likely, each.returned_on)

    @cached_property
    def _by_id(self) -> Mapping[str, int]:
        return self._invoices_by_id()

    @cached_property
    def _view(self) -> PracticeView:
        return PracticeView.of(self._store, (), {})

    def _for(self, each: PayerReturn, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Evidence]]:
        """The claims that nothing contradicts, with what speaks for them."""
        for practitioner, told in self._invoices(claims):
            paid = paid_to(each, practitioner, self._view.cabinet)
            if paid is False:
                continue
            for claim in told:
                lot = self._view.lots.get(claim.lot)
                agrees = None if lot is None else of_lot(each, lot)
                if agrees is None and claim.closed_on is not None and of_another_year(each, claim.closed_on):
                    continue
                if agrees is not False or (claim.apart and each.payer == "AMC"):
                    yield claim, (agrees is True, paid is True)

    def _invoices(self, claims: Sequence[Claim]) -> Iterator[tuple[str, list[Claim]]]:
        """The claims of each invoice, with its professional; one without a lot, or without its day, says nothing where
        another source tells of the invoice with it."""
        by_owner: dict[tuple[int, str], list[list[Claim]]] = {}
        for claim in sorted(claims, key=lambda each: each.closed_on or date.max):
            years = by_owner.setdefault((claim.dossier, self._view.known_as(claim.practitioner)), [])
            if years and _may_be_one(years[-1][0], claim):
                years[-1].append(claim)
            else:
                years.append([claim])
        for (_, practitioner), years in by_owner.items():
            for told in years:
                lots = {each.lot for each in told if each.closed_on is not None}
                dated = [each for each in told if each.closed_on is not None or each.lot not in lots]
                yield practitioner, [each for each in dated if each.lot] or dated


def _may_be_one(claim: Claim, other: Claim) -> bool:
    days = claim.closed_on, other.closed_on
    return days[0] is None or days[1] is None or numbered_together(days[0], days[1])


def _of_the_latest_year(claims: Sequence[Claim], on: date) -> int | None:
    """The dossier of the latest invoice closed by a day, where numbers started anew between it and all others."""
    days = [(claim.closed_on, claim.dossier) for claim in claims if claim.closed_on is not None]
    day, dossier = max((each for each in days if each[0] <= on), default=(on, 0))
    apart = len(days) == len(claims) and all(
        other == dossier or not numbered_together(day, closed_on) for closed_on, other in days
    )
    return dossier if dossier and apart else None
