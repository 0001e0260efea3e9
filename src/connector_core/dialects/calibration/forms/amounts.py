"""What is billed, and what it costs: amounts, letters, coefficients, rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit, percent
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


def money(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.money:
        return None
    converter = converter_of(scorer, shape)
    billing = scorer.billing
    if wanted.target == "act.amount" and billing is not None and billing.amount == shape.name and billing.agree > 0.4:
        agree = percent(billing.agree)
        return Fit(
            0.6 + 0.4 * billing.agree, f"{agree} des montants valent coefficient × lettre-clé", billing.amount_as
        )
    if wanted.kind == "invoice" and scorer.shares is not None:
        whole, _, parts = scorer.shares
        if shape.name == whole:
            return Fit(0.95 if wanted.name == "total" else 0.1, "somme de plusieurs colonnes", converter)
        if shape.name in parts:
            return _part(scorer, shape, wanted, converter)
    score = 0.58 if shape.number != "whole" else 0.4 if shape.padded and is_money(shape) else 0.12
    if shape.number == "whole" and shape in scorer.table.keys:
        score -= 0.3
    if wanted.fill == "full" and shape.fill < 0.97:
        score -= 0.2
    if wanted.fill == "some":
        score += 0.04 if shape.fill < 0.5 else -0.12
    cross = _matches_elsewhere(scorer, shape, wanted, converter)
    if cross:
        return Fit(max(score, 0.5) + 0.35 * cross, "mêmes montants que dans une autre table", converter)
    return Fit(score, "montants", converter)


def is_money(shape: Shape) -> bool:
    """Whether whole numbers could be amounts at all: cents in columns of one width, or large."""
    if shape.number != "whole":
        return True
    return (shape.padded and len(next(iter(shape.counts))) >= 5) or max(map(len, shape.counts)) >= 3


def converter_of(scorer: Scorer, shape: Shape) -> str:
    """The converter of a column of amounts: where whole numbers could be euros or cents, as the amounts that were
    checked against the nomenclature are written."""
    if len(shape.money) == 1:
        return shape.money[0]
    if shape.padded and len(next(iter(shape.counts))) >= 5:
        return "money_cents"
    for table in scorer.relations.tables:
        billing = scorer.billings.of(table)
        if billing is not None and billing.agree > 0.4 and billing.amount_as in shape.money:
            return billing.amount_as
    return shape.money[0]


def _part(scorer: Scorer, shape: Shape, wanted: Field, converter: str) -> Fit:
    """A part of a whole: the caisse pays most, the patient part of it, a complémentaire seldom."""
    if wanted.name not in ("amo_claimed", "amc_claimed", "patient_share"):
        return Fit(0.15, "part d'un total", converter)
    cross = _matches_elsewhere(scorer, shape, wanted, converter)
    base = 0.6
    if wanted.name == "amc_claimed":
        base += 0.1 if shape.fill < 0.6 and scorer.shares is not None and len(scorer.shares[2]) > 2 else -0.1
    return Fit(base + 0.35 * cross, "part d'un total" + (", reprise dans une autre table" if cross else ""), converter)


_ELSEWHERE: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    "invoice.patient_share": (("patient_payment", "invoice_id", "amount", "id"),),
    "invoice.amo_claimed": (("payer_return", "invoice_number", "claimed", "number"),),
}
"""Amounts that another table repeats: its kind, its reference, its amount, and the key they meet by."""


def _matches_elsewhere(scorer: Scorer, shape: Shape, wanted: Field, converter: str) -> float:
    """The share of rows whose amount another table has too, where it is known which column that is."""
    best = 0.0
    for kind, reference, amount, by in _ELSEWHERE.get(wanted.target, ()):
        there, at = scorer.known.column(kind, reference), scorer.known.column(kind, amount)
        key = scorer.known.column(wanted.kind, by)
        if there is None or at is None or key is None or key[0] != scorer.table.name:
            continue
        amounts = scorer.relations.shape(*at)
        if not amounts.money:
            continue
        theirs = dict(
            zip(
                scorer.relations.shape(*there).column.cells, amounts.amounts(converter_of(scorer, amounts)), strict=True
            )
        )
        keys = scorer.relations.shape(*key).column.cells
        met = [
            mine == theirs[one]
            for one, mine in zip(keys, shape.amounts(converter), strict=True)
            if one and one in theirs
        ]
        if met:
            best = max(best, sum(met) / len(met))
    return best if best > 0.6 else 0.0


def coefficient(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    billing = scorer.billing
    if billing is not None and billing.coefficient == shape.name:
        exist = percent(billing.exist)
        return Fit(0.7 + 0.3 * billing.exist, f"{exist} des cotations existent à leur date", billing.coefficient_as)
    if shape.cotation > 0.9:
        return Fit(0.8, "cotations", "cotation_coefficient")
    if not shape.decimals or shape.fill < 0.9:
        return None
    return Fit(0.25 if shape.number != "whole" else 0.1, "petits nombres décimaux", shape.decimals[0])


def letter(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.cotation > 0.9:
        return Fit(0.9, "cotations : lettre-clé et coefficient", "cotation_letter")
    if shape.letter < 0.6:
        return None
    billing = scorer.billing
    checked = billing is not None and billing.letter == shape.name
    share = percent(shape.letter)
    upper = any(value != value.upper() for value in shape.counts)
    score = (0.97 if checked else 0.75) * shape.letter
    return Fit(score, f"{share} de lettres-clés de la NGAP", "upper" if upper else "text")


def rate(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.decimals or shape.share(lambda value: value.rstrip(" %") in _RATES) < 0.95:
        return None
    return Fit(0.5, "taux", shape.decimals[0])


_RATES = frozenset("0 15 20 30 35 40 60 65 70 80 100".split())


def number(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return Fit(0.22, "nombres", shape.decimals[0]) if shape.decimals else None
