"""The figures of a practice in JSON: what `connector figures --json` prints, and `figures` in the report's file."""

from __future__ import annotations

from connector_core.deliver.answer import Json, decimal_text
from connector_core.money.figures import CashIn, Figures, Waiting
from connector_core.money.ledger import AGES

AGE_NAMES = (*(f"to_{age}" for age in AGES), f"over_{AGES[-1]}")


def figures_to_json(figures: Figures) -> dict[str, Json]:
    """The contract object; amounts are texts, days and months ISO, what can't be told is null or left out, and named
    in `unsaid`."""
    missed, bilans = figures.missed, figures.bilans
    return {
        "from": figures.first.isoformat(),
        "to": figures.last.isoformat(),
        "activity": [
            {
                "month": f"{each.month:%Y-%m}",
                "letter": each.letter,
                "acts": each.acts,
                "honoraires": decimal_text(each.honoraires),
                "unpriced": each.unpriced,
            }
            for each in figures.activity
        ],
        "delays": [
            {
                "step": each.step,
                "cases": each.cases,
                "median": each.median,
                "ninth_decile": each.ninth_decile,
                "waiting": each.waiting,
                "contradictory": each.contradictory,
            }
            for each in figures.delays
        ],
        "rejects": [
            {"payer": each.payer, "answered": each.answered, "rejected": each.rejected} for each in figures.rejects
        ],
        "rejected_by": [
            {
                "payer": each.payer,
                "organisation": each.organisation or None,
                "answered": each.answered,
                "rejected": each.rejected,
            }
            for each in figures.organisations
        ],
        "rejected_for": [
            {"payer": each.payer, "motif": each.motif, "name": each.name, "parts": each.parts}
            for each in figures.motifs
        ],
        "waiting": [_waiting(each) for each in figures.waiting],
        "overpaid": [
            {"debtor": each.debtor, "amount": decimal_text(each.amount), "parts": each.parts}
            for each in figures.overpaid
        ],
        "cash_in": None if figures.cash_in is None else _cash_in(figures.cash_in),
        "missed": None
        if missed is None
        else {
            "kept": missed.kept,
            "missed": missed.missed,
            "cancelled": missed.cancelled,
            "untold": missed.untold,
            "cost": decimal_text(missed.cost),
            "unpriced": missed.unpriced,
        },
        "bilans": None
        if bilans is None
        else {
            "done": bilans.done,
            "due": bilans.due,
            "lost": bilans.lost,
            "due_amount": decimal_text(bilans.due_amount),
            "lost_amount": decimal_text(bilans.lost_amount),
            "unpriced": bilans.unpriced,
            "undetermined": bilans.undetermined,
        },
        "unsaid": [{"figure": each.figure, "missing": list(each.missing)} for each in figures.unsaid],
    }


def _waiting(each: Waiting) -> dict[str, Json]:
    return {
        "debtor": each.debtor,
        "total": decimal_text(each.total),
        "by_age": {name: decimal_text(amount) for name, amount in zip(AGE_NAMES, each.amounts, strict=True)},
        "parts": each.parts,
        "untold": each.untold,
    }


def _cash_in(cash: CashIn) -> dict[str, Json]:
    return {
        "estimate": True,
        "weeks": [
            {
                "monday": each.monday.isoformat(),
                "median": decimal_text(each.median),
                "ninth_decile": decimal_text(each.ninth_decile),
            }
            for each in cash.weeks
        ],
        "beyond": {"median": decimal_text(cash.beyond_median), "ninth_decile": decimal_text(cash.beyond_ninth_decile)},
        "undated": [
            {"reason": each.reason, "amount": decimal_text(each.amount), "parts": each.parts} for each in cash.undated
        ],
    }
