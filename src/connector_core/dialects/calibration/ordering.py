"""What columns of one sort say by their order: a treatment starts before it ends, more is claimed than paid.

A matching weighs each pair alone. Here two columns of a table that could fill each other's fields change places where
the values say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.relations import holds_between

if TYPE_CHECKING:
    from connector_core.dialects.calibration.fits import Fit
    from connector_core.dialects.calibration.knowledge import Field
    from connector_core.dialects.calibration.scoring import Scorer
    from connector_core.dialects.calibration.shapes import Shape

_BEFORE = (
    ("treatment.started_on", "treatment.ended_on"),
    ("treatment.operated_on", "treatment.discharged_on"),
    ("treatment.operated_on", "treatment.started_on"),
    ("treatment.discharged_on", "treatment.started_on"),
    ("coverage.valid_from", "coverage.valid_to"),
    ("lot.created_on", "lot.sent_on"),
    ("lot.sent_on", "lot.arl_on"),
    ("lot.created_on", "lot.arl_on"),
    ("patient.birth_date", "patient.deceased_on"),
    ("prescription.issued_on", "prescription.ends_on"),
    ("prescription.issued_on", "treatment.started_on"),
    ("prior_agreement.sent_on", "prior_agreement.received_on"),
    ("prior_agreement.received_on", "prior_agreement.replied_on"),
    ("invoice.closed_on", "invoice.cancelled_on"),
    ("payer_return.returned_on", "payer_return.transfer_on"),
    ("quote.issued_on", "quote.signed_on"),
    ("quote.signed_on", "quote.for_date"),
    ("bsi.entered_on", "bsi.closed_on"),
    ("assessment.performed_on", "assessment.summary_sent_on"),
    ("act.performed_on", "act.created_at"),
    ("appointment.starts_at", "appointment.ends_at"),
)
"""Dates that come first, and those that don't come before them."""
_NOT_LESS = (
    ("payer_return.claimed", "payer_return.paid"),
    ("invoice.total", "invoice.amo_claimed"),
    ("invoice.total", "invoice.amc_claimed"),
    ("invoice.total", "invoice.patient_share"),
    ("invoice.amo_claimed", "invoice.patient_share"),
    ("invoice.amo_claimed", "invoice.amc_claimed"),
    ("act.amount", "act.excess"),
    ("quote.amount", "quote.excess"),
)
"""Amounts, and those that are not greater, taken over all rows."""
_WEIGHT = 0.35
_SORTS = frozenset({"flag", "count", "words", "list", "family", "money", "day"})
_TURNED = 0.03
"""Against each pair of columns that stand in another order than software usually gives them."""


def refined(
    scorer: Scorer, pairs: Sequence[tuple[Shape, Field]], fits: Mapping[tuple[str, str], Fit]
) -> list[tuple[Shape, Field]]:
    """The pairs, after every change of places that makes the whole better."""
    current = list(pairs)
    worth = _order(scorer, current, fits)
    improved = True
    while improved:
        improved = False
        for one, other in combinations(range(len(current)), 2):
            changed = _changed(current, one, other, fits)
            if changed is None:
                continue
            gain = _scores(changed, fits) - _scores(current, fits)
            order = _order(scorer, changed, fits)
            if gain + order - worth > 1e-6:
                current, worth, improved = changed, order, True
    return current


def _changed(
    pairs: list[tuple[Shape, Field]], one: int, other: int, fits: Mapping[tuple[str, str], Fit]
) -> list[tuple[Shape, Field]] | None:
    (first, wanted), (second, desired) = pairs[one], pairs[other]
    if first is second or (wanted.form != desired.form and {wanted.form, desired.form} - {"day", "moment", "money"}):
        return None
    if (first.name, desired.target) not in fits or (second.name, wanted.target) not in fits:
        return None
    changed = list(pairs)
    changed[one], changed[other] = (second, wanted), (first, desired)
    return changed


def _scores(pairs: Sequence[tuple[Shape, Field]], fits: Mapping[tuple[str, str], Fit]) -> float:
    return sum(fits[shape.name, field.target].score for shape, field in pairs)


def _order(scorer: Scorer, pairs: Sequence[tuple[Shape, Field]], fits: Mapping[tuple[str, str], Fit]) -> float:
    columns = {field.target: shape for shape, field in pairs}
    total = 0.0
    for earlier, later in _BEFORE:
        if earlier in columns and later in columns:
            total += _answer(scorer, "day", columns[earlier], columns[later], "")
    for more, less in _NOT_LESS:
        if more in columns and less in columns:
            converter = fits[columns[more].name, more].converter
            total += _answer(scorer, "money", columns[more], columns[less], converter)
    return _WEIGHT * total - _TURNED * _turned(scorer, pairs)


def _turned(scorer: Scorer, pairs: Sequence[tuple[Shape, Field]]) -> int:
    """How many pairs of columns of one sort stand the other way round than the fields they fill usually do."""
    same = [
        (scorer.table.place(one), wanted.rank, scorer.table.place(other), desired.rank)
        for (one, wanted), (other, desired) in combinations(pairs, 2)
        if wanted.kind == desired.kind and wanted.form == desired.form and wanted.form in _SORTS
    ]
    return sum((here < there) != (first < second) for here, first, there, second in same)


def _answer(scorer: Scorer, sort: str, first: Shape, second: Shape, converter: str) -> float:
    """How much better than not an order holds, from -1 to 1."""
    key = (sort, first.name, second.name, converter)
    found = scorer.orders.get(key)
    if found is None:
        if sort == "day":
            forth = holds_between(first.instants, second.instants, lambda one, two: one <= two)
            back = holds_between(first.instants, second.instants, lambda one, two: one >= two)
            found = 0.0 if forth is None or back is None else forth - back
        else:
            pairs = [
                (one, two)
                for one, two in zip(first.amounts(converter), second.amounts(converter), strict=True)
                if one is not None and two is not None and one != two
            ]
            found = (2 * sum(one > two for one, two in pairs) / len(pairs) - 1) if pairs else 0.0
        scorer.orders[key] = found
    return found
