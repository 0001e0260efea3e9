"""The rejects of the last twelve months counted by motif: what is known of each, and what is only shown as received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from connector_core.deliver.answer import Json, decimal_text
from connector_core.model.answering import may_answer_alike, of_the_practice
from connector_core.model.dossier import Cabinet
from connector_core.model.merge import one_each
from connector_core.model.records import Lot, PayerReturn, Practitioner
from connector_core.model.values import invoice_key
from connector_core.model.vocabulary import Payer
from connector_core.parameters.motifs import Motif, RejectMotifs, as_received, motif_key
from connector_core.store.codec import KIND_INDEX, as_records, fold, list_decoder
from connector_core.store.store import PAYEES, Store

_SPAN = timedelta(days=365)
_RETURNS = KIND_INDEX["payer_return"]
_NO_DOSSIERS: Mapping[str, int] = {}

_Key = tuple[Payer, str | tuple[str | None, str | None]]
"""A payer and the motif: its identifier where it is known, else what a return says of it."""


@dataclass(frozen=True, slots=True)
class MotifCount:
    """How often one payer rejected for one motif: the parts of invoices, and the money that was claimed for them.

    `motif` is None where it is unknown, `received` where the returns give none; of a motif that comes in several
    spellings, the last one is shown. `unpriced` parts are counted without their amount, which no return gives.
    """

    payer: Payer
    received: str | None
    motif: Motif | None
    count: int
    amount: Decimal
    unpriced: int

    @property
    def name(self) -> str | None:
        """The motif by its name; where it is unknown, as received."""
        return self.received if self.motif is None else self.motif.name

    def to_json(self) -> dict[str, Json]:
        return {
            "payer": self.payer,
            "received": self.received,
            "motif": None if self.motif is None else self.motif.id,
            "count": self.count,
            "amount": decimal_text(self.amount),
            "unpriced": self.unpriced,
        }


def counted_since(as_of: date) -> date:
    """The first day of the twelve months that are counted."""
    return as_of - _SPAN


def rejects_by_motif(store: Store, motifs: RejectMotifs, as_of: date) -> tuple[MotifCount, ...]:
    """The rejects that came back to the practice in the twelve months up to a day, the most frequent motif first.

    Those of another practice are left out, as rules leave them out: `answering.of_the_practice`.
    """
    since = counted_since(as_of)
    returns = _returns(store, since)
    rejects = [each for each in returns if each.state == "rejected" and since <= each.returned_on <= as_of]
    if any(each.payee_number is not None for each in rejects):
        rejects = of_the_practice(rejects, _practice(store))
    return count_motifs(rejects, motifs, _dossiers(store, rejects))


def _practice(store: Store) -> Cabinet:
    """Whose numbers the practice has."""
    professionals, _ = one_each(cast(list[Practitioner], as_records(store.shared.of("practitioner"))))
    lots = cast(list[Lot], as_records(store.shared.of("lot")))
    payees = frozenset((store.fact(PAYEES) or "").split())
    return Cabinet(store.files.covers(), professionals, {each.id: each for each in lots}, payees=payees)


def count_motifs(
    rejects: Iterable[PayerReturn], motifs: RejectMotifs, dossiers: Mapping[str, int] = _NO_DOSSIERS
) -> tuple[MotifCount, ...]:
    """Rejects by payer and motif. A part of an invoice that comes back several times on one day with one motif, as
    where a return has a line an act, counts once; with several motifs, it counts under each.

    Invoices of one number are told apart by the lot and the payee that their returns name, and by their `dossiers`,
    as far as these are given by the id of a return.
    """
    said: dict[_Key, tuple[str | None, Motif | None]] = {}
    parts: dict[_Key, dict[str, Decimal | None]] = {}
    in_order = sorted(rejects, key=lambda reject: (reject.returned_on, reject.id))
    part_of = _parts(in_order, dossiers)
    for each in in_order:
        motif = motifs.find(each.payer, each.reject_code, each.reject_label)
        key = each.payer, motif.id if motif else motif_key(each.reject_code, each.reject_label)
        said[key] = as_received(each.reject_code, each.reject_label), motif
        claimed = parts.setdefault(key, {})
        part = part_of[each.id]
        claimed[part] = claimed.get(part) if each.claimed is None else each.claimed
    counts = [
        MotifCount(
            payer=key[0],
            received=said[key][0],
            motif=said[key][1],
            count=len(claimed),
            amount=sum((amount for amount in claimed.values() if amount is not None), Decimal(0)),
            unpriced=sum(amount is None for amount in claimed.values()),
        )
        for key, claimed in parts.items()
    ]
    return tuple(sorted(counts, key=lambda each: (-each.count, -each.amount, each.payer, each.received or "")))


def _parts(rejects: Iterable[PayerReturn], dossiers: Mapping[str, int]) -> Mapping[str, str]:
    """The parts of invoices that rejects are about, each part and day by the id of one of its rejects. A reject that
    tells less than others is about the first part that it does not contradict."""
    found: dict[str, str] = {}
    alike: dict[tuple[Payer, str, date], list[list[PayerReturn]]] = {}
    for each in sorted(rejects, key=lambda reject: _untold(reject, dossiers)):
        parts = alike.setdefault((each.payer, invoice_key(each.invoice_number), each.returned_on), [])
        part = next((part for part in parts if all(_may_be_one(each, line, dossiers) for line in part)), None)
        if part is None:
            part = []
            parts.append(part)
        part.append(each)
        found[each.id] = part[0].id
    return found


def _untold(reject: PayerReturn, dossiers: Mapping[str, int]) -> int:
    """How much is not known of what tells invoices of one number apart."""
    return [dossiers.get(reject.id), reject.payee_number, reject.lot_number, reject.lot_on].count(None)


def _may_be_one(one: PayerReturn, other: PayerReturn, dossiers: Mapping[str, int]) -> bool:
    owners = {dossiers[each.id] for each in (one, other) if each.id in dossiers}
    return len(owners) < 2 and may_answer_alike(one, other)


def _dossiers(store: Store, rejects: Iterable[PayerReturn]) -> Mapping[str, int]:
    """The dossiers of rejects by their ids, where several dossiers have invoices of one number."""
    often = Counter(invoice_key(each.invoice_number) for each in rejects)
    owners = [store.claims.dossiers(number) for number, lines in often.items() if lines > 1]
    several = sorted({dossier for dossiers in owners if len(dossiers) > 1 for dossier in dossiers})
    found = store.dossiers.some(several)
    return {each.id: dossier for dossier, _, _, records in found for each in records[_RETURNS]}


def _returns(store: Store, since: date) -> Iterator[PayerReturn]:
    """The returns of the months from a day on, the last word of each."""
    decode = list_decoder("payer_return")
    for month in store.gathered.keys("returns"):
        if month >= since.isoformat()[:7]:
            found = [each for chunk in store.gathered.of("returns", month) for each in decode(chunk)]
            yield from cast(list[PayerReturn], as_records(fold(found)))
