"""The figures of a practice as sheets of the workbook: every month and letter, and every sum of the page."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from connector_core.deliver.figures_view import bilans_said, missed_said
from connector_core.deliver.figures_words import (
    AGE_WORDS,
    DEBTOR_WORDS,
    STEP_WORDS,
    UNDATED_WORDS,
    organisation_words,
    unsaid_words,
)
from connector_core.deliver.sheet import Cell, Column, Sheet
from connector_core.deliver.wording import NO_MOTIF
from connector_core.money.figures import Figures


def figures_sheets(figures: Figures) -> tuple[Sheet, ...]:
    """The sheets, in order; what can't be told is in the first one."""
    return (
        _overview(figures),
        _activity(figures),
        _delays(figures),
        _rejects(figures),
        _waiting(figures),
        _cash_in(figures),
    )


def _overview(figures: Figures) -> Sheet:
    columns = Column("Chiffre", 30), Column("Nombre", 12), Column("Montant", 14), Column("Note", 80)
    return Sheet("Chiffres", columns, list(_lines(figures)))


def _lines(figures: Figures) -> Iterator[tuple[Cell, ...]]:
    yield "Premier jour", None, None, figures.first
    yield "Dernier jour", None, None, figures.last
    if all(each.figure != "activity" for each in figures.unsaid):
        yield "Actes et honoraires", figures.acts, figures.honoraires, None
    if (missed := figures.missed) is not None:
        yield "Rendez-vous manqués", missed.missed, missed.cost, " ".join(missed_said(missed))
        yield "Rendez-vous tenus", missed.kept, None, None
    if (bilans := figures.bilans) is not None:
        yield "Bilans faits", bilans.done, None, " ".join(bilans_said(bilans))
        yield "Bilans à facturer", bilans.due, bilans.due_amount, None
        yield "Bilans perdus", bilans.lost, bilans.lost_amount, None
    for each in figures.unsaid:
        yield "Inconnu", None, None, unsaid_words(each)


def _activity(figures: Figures) -> Sheet:
    columns = (
        Column("Mois", 12),
        Column("Lettre-clé", 10),
        Column("Actes", 10),
        Column("Honoraires", 14),
        Column("Sans montant", 12),
    )
    rows = [(each.month, each.letter, each.acts, each.honoraires, each.unpriced) for each in figures.activity]
    return Sheet("Activité", columns, rows)


def _delays(figures: Figures) -> Sheet:
    columns = (
        Column("Délai", 48),
        Column("Médiane (jours)", 14),
        Column("9 fois sur 10 (jours)", 18),
        Column("Cas", 10),
        Column("En attente", 10),
        Column("Dates contradictoires", 18),
    )
    rows: list[tuple[Cell, ...]] = [
        (STEP_WORDS[each.step], each.median, each.ninth_decile, each.cases, each.waiting, each.contradictory)
        for each in figures.delays
    ]
    return Sheet("Délais", columns, rows)


def _rejects(figures: Figures) -> Sheet:
    columns = (
        Column("Payeur", 24),
        Column("Organisme", 18),
        Column("Motif", 56),
        Column("Connu", 8),
        Column("Rejetées", 10),
        Column("Répondues", 10),
        Column("Taux", 10),
    )
    rows: list[tuple[Cell, ...]] = []
    for rate in figures.rejects:
        payer, answered = DEBTOR_WORDS[rate.payer], rate.answered
        rows.append((payer, "tous", "tous motifs", None, rate.rejected, answered, _rate(rate.rejected, answered)))
        rows += [
            (
                payer,
                organisation_words(each.organisation),
                "tous motifs",
                None,
                each.rejected,
                each.answered,
                _rate(each.rejected, each.answered),
            )
            for each in figures.organisations
            if each.payer == rate.payer
        ]
        rows += [
            (
                payer,
                "tous",
                each.name or NO_MOTIF,
                "oui" if each.motif else "non",
                each.parts,
                answered,
                _rate(each.parts, answered),
            )
            for each in figures.motifs
            if each.payer == rate.payer
        ]
    return Sheet("Taux de rejet", columns, rows)


def _rate(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _waiting(figures: Figures) -> Sheet:
    columns = (
        Column("Qui", 24),
        *(Column(words, 16) for words in AGE_WORDS),
        Column("Total", 14),
        Column("Parts", 8),
        Column("Sans montant ou réponse", 22),
    )
    rows: list[tuple[Cell, ...]] = [
        (DEBTOR_WORDS[each.debtor], *each.amounts, each.total, each.parts, each.untold) for each in figures.waiting
    ]
    none = (None,) * len(AGE_WORDS)
    rows += [
        (f"{DEBTOR_WORDS[each.debtor]}, versé en trop", *none, each.amount, each.parts, None)
        for each in figures.overpaid
    ]
    return Sheet("En attente", columns, rows)


def _cash_in(figures: Figures) -> Sheet:
    columns = (
        Column("Semaine du", 12),
        Column("Estimation", 44),
        Column("Au délai médian", 16),
        Column("9 fois sur 10 au plus tard", 24),
    )
    cash = figures.cash_in
    rows: list[tuple[Cell, ...]] = []
    if cash is not None:
        rows = [(each.monday, "attendu", each.median, each.ninth_decile) for each in cash.weeks]
        rows.append((None, "plus tard", cash.beyond_median, cash.beyond_ninth_decile))
        rows += [(None, f"sans date : {UNDATED_WORDS[each.reason]}", each.amount, None) for each in cash.undated]
    return Sheet("Rentrées (estimation)", columns, rows)
