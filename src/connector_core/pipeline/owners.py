"""Whose dossier a record goes to that names no patient but the number of an invoice.

A payer's return goes to the one dossier with an invoice of its number that nothing contradicts; where there are
several, to the one whose lot agrees, else to the one whose professional is paid. Where that is not one either, to none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import cast

from connector_core.model.answering import of_lot, paid_to
from connector_core.model.records import PayerReturn
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.codec import KIND_INDEX, as_records, list_decoder
from connector_core.store.dossiers import Claim
from connector_core.store.store import Store

_RETURN = KIND_INDEX["payer_return"]
_decode = list_decoder("payer_return")

Evidence = tuple[bool, bool]
"""What speaks for an invoice: its lot agrees, its professional is paid."""


class Owners:
    """The owners of such records, as the practice is known once every file of an attempt is read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, number: str, kind: int, encoded: bytes) -> int | None:
        """The dossier of a record that names an invoice by its number; None where none is certain."""
        claims = self._store.dossiers.claims(number)
        if not claims:
            return None
        if kind != _RETURN:
            owners = {claim.dossier for claim in claims}
            return owners.pop() if len(owners) == 1 else None
        (each,) = cast(list[PayerReturn], as_records(_decode(b"\x91" + encoded)))
        found: dict[int, Evidence] = {}
        for dossier, evidence in self._for(each, claims):
            found[dossier] = max(found.get(dossier, evidence), evidence)
        best = max(found.values(), default=None)
        likely = [dossier for dossier, evidence in found.items() if evidence == best]
        return likely[0] if len(likely) == 1 else None

    @cached_property
    def _view(self) -> PracticeView:
        return PracticeView.of(self._store, (), {})

    def _for(self, each: PayerReturn, claims: Sequence[Claim]) -> Iterator[tuple[int, Evidence]]:
        """The dossiers that nothing contradicts, with what speaks for them."""
        for (dossier, practitioner), lots in self._lots_of(claims).items():
            paid = paid_to(each, practitioner, self._view.cabinet)
            if paid is False:
                continue
            for lot_id, apart in lots:
                lot = self._view.lots.get(lot_id)
                agrees = None if lot is None else of_lot(each, lot)
                if agrees is not False or (apart and each.payer == "AMC"):
                    yield dossier, (agrees is True, paid is True)

    def _lots_of(self, claims: Sequence[Claim]) -> Mapping[tuple[int, str], list[tuple[str, bool]]]:
        """The lots of each invoice; one without a lot says nothing where another source tells of it with one."""
        found: dict[tuple[int, str], list[tuple[str, bool]]] = {}
        for claim in claims:
            key = claim.dossier, self._view.known_as(claim.practitioner)
            found.setdefault(key, []).append((claim.lot, claim.apart))
        return {key: [each for each in lots if each[0]] or lots for key, lots in found.items()}
