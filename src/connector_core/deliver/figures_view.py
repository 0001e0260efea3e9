"""The figures of a practice as the page shows them: plots, the tables beside them, and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from connector_core.deliver.figures_words import (
    AGE_WORDS,
    DEBTOR_WORDS,
    STEP_WORDS,
    UNDATED_WORDS,
    days,
    delay_words,
    months_of,
    organisation_words,
    overpaid_words,
    percent,
    unsaid_words,
)
from connector_core.deliver.french import count, euros, month, number, short_day, short_month, typographic
from connector_core.deliver.plots import Column, Plot, plot
from connector_core.deliver.wording import NO_MOTIF
from connector_core.money.figures import Activity, Bilans, CashIn, Delay, Figures, Missed
from connector_core.money.ledger import AGES

_MEDIAN, _LATE = "au délai médian", "9 fois sur 10 au plus tard"
_LEAST_WEEKS, _MOST_LETTERS = 4, 8
_SHORT_AGES = (f"0–{AGES[0]}", *(f"{younger + 1}–{age}" for younger, age in pairwise(AGES)), f"> {AGES[-1]}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts: the first column names the row, the others are numbers."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Charted:
    """A plot, None where there is nothing to see, and the table of what it shows."""

    id: str
    title: str
    intro: str
    plot: Plot | None
    table: Table


@dataclass(frozen=True, slots=True)
class FiguresView:
    """Everything that the section shows, in its order."""

    figures: Figures
    summary: str
    charts: tuple[Charted, ...]
    tables: tuple[Table, ...]
    said: tuple[str, ...]
    unsaid: tuple[str, ...]


def figures_view(figures: Figures) -> FiguresView:
    """The section of the page."""
    activity = bool(figures.activity)
    charts = [_months(figures), _letters(figures)] if activity else []
    if figures.waiting:
        charts.append(_ages(figures))
    if figures.cash_in is not None and _expected(figures.cash_in):
        charts.append(_weeks(figures.cash_in))
    tables: list[Table] = []
    known = [each for each in figures.delays if each.cases or each.waiting or each.contradictory]
    if known:
        tables.append(_delays(known))
    if any(rate.answered for rate in figures.rejects):
        tables.append(_rejects(figures))
    return FiguresView(
        figures=figures,
        summary=f"{count(figures.acts, 'acte')}, {euros(figures.honoraires)} d’honoraires." if activity else "",
        charts=tuple(charts),
        tables=tuple(tables),
        said=tuple(
            typographic(each)
            for each in (*_nothing_said(figures), *missed_said(figures.missed), *bilans_said(figures.bilans))
        ),
        unsaid=tuple(typographic(unsaid_words(each)) for each in figures.unsaid),
    )


def _nothing_said(figures: Figures) -> Iterator[str]:
    """What is known to be nothing, in sentences: a table of zeros would say no more."""
    if figures.cash_in is not None and not _expected(figures.cash_in):
        yield "Aucune rentrée n'est attendue."
    if figures.delays and not any(each.cases or each.waiting or each.contradictory for each in figures.delays):
        yield "Aucun délai de l'acte au paiement ne tombe dans la période."
    if figures.rejects and not any(rate.answered for rate in figures.rejects):
        yield "Taux de rejet : aucune facture de la période n'a reçu de réponse."


def _expected(cash: CashIn) -> bool:
    """Whether any money is expected, on whatever day."""
    later = cash.beyond_median or cash.beyond_ninth_decile
    return bool(later or cash.undated or any(each.median or each.ninth_decile for each in cash.weeks))


def _sums(found: Iterable[Activity]) -> tuple[int, Decimal]:
    own = tuple(found)
    return sum(each.acts for each in own), sum((each.honoraires for each in own), Decimal(0))


def _months(figures: Figures) -> Charted:
    months = months_of(figures)
    of_month = {first: _sums(each for each in figures.activity if each.month == first) for first in months}
    columns = [
        Column(
            short_month(first),
            month(first),
            (of_month[first][1],),
            str(first.year) if first.month == 1 else "",
        )
        for first in months
    ]
    title, unpriced = "Honoraires par mois", sum(each.unpriced for each in figures.activity)
    rows = tuple((month(first), number(acts), euros(honoraires)) for first, (acts, honoraires) in of_month.items())
    without = f"{count(unpriced, 'acte')} sans montant, hors des honoraires." if unpriced else ""
    intro = "Au mois des soins, facturés ou non. Le premier et le dernier mois peuvent être incomplets."
    table = Table(title, ("Mois", "Actes", "Honoraires"), rows, without)
    return Charted("mois", title, intro, plot("mois", title, columns), table)


def _ages(figures: Figures) -> Charted:
    waiting = figures.waiting
    columns = [
        Column(short, words, tuple(each.amounts[n] for each in waiting), "jours")
        for n, (short, words) in enumerate(zip(_SHORT_AGES, AGE_WORDS, strict=True))
    ]
    title, names = "Argent en attente, par ancienneté", [DEBTOR_WORDS[each.debtor] for each in waiting]
    ages = [(_title(words), *(euros(each.amounts[n]) for each in waiting)) for n, words in enumerate(AGE_WORDS)]
    rows = (*ages, ("Total", *(euros(each.total) for each in waiting)))
    untold = sum(each.untold for each in waiting)
    without = f"{count(untold, 'part')} de facture sans montant ou sans réponse connue, hors de ces sommes."
    beside = " ".join(filter(None, (without if untold else "", overpaid_words(figures.overpaid))))
    table = Table(title, ("Ancienneté", *names), rows, beside)
    total = sum((each.total for each in waiting), Decimal(0))
    intro = f"{euros(total)} dus au {short_day(figures.last)}, depuis le jour où la somme a été demandée."
    return Charted("attente", title, intro, plot("attente", title, columns, names, stacked=True), table)


def _weeks(cash: CashIn) -> Charted:
    last = max((n for n, each in enumerate(cash.weeks, 1) if each.median or each.ninth_decile), default=0)
    weeks = cash.weeks[: max(last, _LEAST_WEEKS)] if last else ()
    columns = [
        Column(f"{each.monday:%d/%m}", f"semaine du {short_day(each.monday)}", (each.median, each.ninth_decile))
        for each in weeks
    ]
    rows = [(f"Semaine du {short_day(each.monday)}", euros(each.median), euros(each.ninth_decile)) for each in weeks]
    if cash.beyond_median or cash.beyond_ninth_decile:
        rows.append(("Plus tard", euros(cash.beyond_median), euros(cash.beyond_ninth_decile)))
    rows += [(f"Sans date : {UNDATED_WORDS[each.reason]}", euros(each.amount), "–") for each in cash.undated]
    title = "Rentrées attendues, par semaine (estimation)"
    table = Table(title, ("Semaine", _title(_MEDIAN), _title(_LATE)), tuple(rows))
    intro = (
        "Une estimation, non une promesse : ce qui attend, payé après le délai habituel de chaque payeur. "
        "La même somme figure une fois dans chaque colonne."
    )
    return Charted(
        "rentrees",
        title,
        typographic(intro),
        plot("rentrees", title, columns, (_MEDIAN, _LATE), long_labels=True),
        table,
    )


def _letters(figures: Figures) -> Charted:
    letters = {
        letter: _sums(each for each in figures.activity if each.letter == letter)
        for letter in {each.letter for each in figures.activity}
    }
    ranked = sorted(letters.items(), key=lambda each: (-each[1][1], each[0]))
    columns = [Column(letter, letter, (honoraires,)) for letter, (_, honoraires) in ranked[:_MOST_LETTERS]]
    rows = tuple((letter, number(acts), euros(honoraires)) for letter, (acts, honoraires) in ranked)
    title = "Honoraires par lettre-clé"
    table = Table(title, ("Lettre-clé", "Actes", "Honoraires"), rows)
    most = (
        f"Les {_MOST_LETTERS} premières ; toutes sont dans les nombres" if ranked[_MOST_LETTERS:] else "De la période"
    )
    intro = typographic(f"{most}, et mois par mois dans le classeur.")
    return Charted("lettres", title, intro, plot("lettres", title, columns), table)


def _delays(delays: Sequence[Delay]) -> Table:
    rows = tuple(
        (
            typographic(STEP_WORDS[each.step]),
            days(each.median),
            days(each.ninth_decile),
            number(each.cases),
            number(each.waiting),
        )
        for each in delays
    )
    told = [f"{typographic(STEP_WORDS[each.step])}, {words}." for each in delays if (words := delay_words(each))]
    few = "Un tiret : trop peu de cas pour le dire." if any("–" in row for row in rows) else ""
    headings = ("Délai", "Médiane", "9 fois sur 10", "Cas", "En attente")
    return Table("Délais, de l’acte au paiement", headings, rows, typographic(" ".join(filter(None, [few, *told]))))


def _rejects(figures: Figures) -> Table:
    rows: list[tuple[str, ...]] = []
    for rate in figures.rejects:
        if not rate.answered:
            continue
        rows.append(
            (
                DEBTOR_WORDS[rate.payer],
                percent(rate.rejected, rate.answered),
                number(rate.rejected),
                number(rate.answered),
            )
        )
        rows += [
            (
                f"{rate.payer} : {organisation_words(each.organisation)}",
                percent(each.rejected, each.answered),
                number(each.rejected),
                number(each.answered),
            )
            for each in figures.organisations
            if each.payer == rate.payer and each.rejected
        ]
        rows += [
            (
                f"{rate.payer} : {each.name or NO_MOTIF}",
                percent(each.parts, rate.answered),
                number(each.parts),
                number(rate.answered),
            )
            for each in figures.motifs
            if each.payer == rate.payer
        ]
    headings = ("Payeur, puis organisme et motif", "Taux", "Rejetées", "Répondues")
    note = (
        "En parts de factures, rejetées au moins une fois parmi celles qui ont reçu une réponse. Un organisme qui n’a "
        "rien rejeté n’est que dans le classeur."
    )
    return Table("Taux de rejet", headings, tuple((typographic(row[0]), *row[1:]) for row in rows), note)


def missed_said(missed: Missed | None) -> tuple[str, ...]:
    """The missed appointments in sentences."""
    if missed is None:
        return ()
    known = missed.kept + missed.missed
    if not known:
        return ("Rendez-vous manqués : aucun rendez-vous de la période n'a d'issue connue.",)
    told = f"{number(missed.missed)} sur {number(known)} ({percent(missed.missed, known)})"
    unpriced = f", sans {count(missed.unpriced, 'séance')} dont le prix n'est pas connu" if missed.unpriced else ""
    found = [
        f"Rendez-vous manqués : {told}, soit {euros(missed.cost)} au prix de la dernière séance de chaque "
        f"patient{unpriced}."
    ]
    if missed.untold:
        found.append(
            f"{count(missed.untold, 'rendez-vous passé', 'rendez-vous passés')} sans issue connue, hors de ce taux."
        )
    return tuple(found)


def bilans_said(bilans: Bilans | None) -> tuple[str, ...]:
    """The bilans (BDK) in sentences; none where none fell into the period, as in a nurse's practice."""
    if bilans is None or not (bilans.done or bilans.due or bilans.lost or bilans.undetermined):
        return ()
    found = [
        f"Bilans : {count(bilans.done, 'fait')}, {number(bilans.due)} à facturer ({euros(bilans.due_amount)}), "
        f"{count(bilans.lost, 'perdu')} ({euros(bilans.lost_amount)})."
    ]
    if bilans.undetermined:
        treatments = count(bilans.undetermined, "traitement")
        found.append(f"Bilans de {treatments} : indéterminés, voyez « Ce qui n’a pas pu être vérifié ».")
    return tuple(found)


def _title(words: str) -> str:
    return words[0].upper() + words[1:]
