"""`connector figures`: how much was done over a period, how fast it is paid, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day

if TYPE_CHECKING:
    from connector_core.money.figures import Activity, CashIn, Figures

_NAME = 46
"""Characters for the name of a row."""


@click.command(
    "figures",
    help="Donne les chiffres du cabinet sur une période : actes et honoraires, délais de paiement, rejets, ce qui "
    "est dû, rendez-vous manqués, bilans. Code de sortie : 0, puisque des chiffres ne sont pas des constats.",
)
@click.option("--from", "first", type=Day(), required=True, help="Premier jour de la période.")
@click.option("--to", "last", type=Day(), help="Dernier jour de la période ; aujourd'hui par défaut.")
@click.option("--details", is_flag=True, help="Ajoute les lettres-clés de chaque mois, et les organismes sans rejet.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, first: date, last: date | None, details: bool, as_json: bool) -> int:
    from connector_core.deliver.figures_json import figures_to_json
    from connector_core.service.figures import figures_over

    today = context.today()
    until = last or today
    if first > until:
        raise click.UsageError("la période finit avant de commencer", click.get_current_context())
    if until > today:
        raise click.UsageError(
            "la période n'est pas finie : ses chiffres ne sont pas encore connus", click.get_current_context()
        )
    with context.store() as store, console.progress() as tell:
        tell("chiffres", 0)
        found = figures_over(context.settings, store, first, until)
    if as_json:
        console.emit(figures_to_json(found))
    else:
        for line in _text(found, details):
            click.echo(line)
    return 0


def _text(figures: Figures, details: bool) -> Iterator[str]:
    from connector_core.deliver.figures_view import bilans_said, missed_said
    from connector_core.deliver.figures_words import unsaid_words
    from connector_core.deliver.french import count, euros, short_day

    known = all(each.figure != "activity" for each in figures.unsaid)
    done = f"{count(figures.acts, 'acte')}, {euros(figures.honoraires)} d'honoraires" if known else "actes inconnus"
    yield f"Du {short_day(figures.first)} au {short_day(figures.last)} : {done}."
    yield from _activity(figures, details)
    yield from _delays(figures)
    yield from _rejects(figures, details)
    yield from _waiting(figures)
    if figures.cash_in is not None:
        yield from _cash_in(figures.cash_in)
    said = (*missed_said(figures.missed), *bilans_said(figures.bilans), *map(unsaid_words, figures.unsaid))
    if said:
        yield ""
        yield from said


def _head(title: str, *columns: str) -> str:
    return click.style(f"{title:<{_NAME + 2}}", bold=True) + "".join(f"{column:>14}" for column in columns)


def _line(name: str, *cells: str) -> str:
    """A row; what its name is too long for goes on above, so that the cells stand under their heads."""
    inner = name[: len(name) - len(name.lstrip())]
    *above, last = wrap(name, _NAME, subsequent_indent=f"{inner}  ") or [""]
    return "\n".join(
        [*(f"  {each}" for each in above), f"  {last:<{_NAME}}" + "".join(f"{cell:>14}" for cell in cells)]
    )


def _activity(figures: Figures, details: bool) -> Iterator[str]:
    from connector_core.deliver.figures_words import months_of
    from connector_core.deliver.french import month

    if not figures.activity:
        return
    yield ""
    yield _head("Par mois", "actes", "honoraires")
    for first in months_of(figures):
        own = [each for each in figures.activity if each.month == first]
        yield _line(month(first), *_sums(own))
        for each in own if details else ():
            yield _line(f"  {each.letter}", *_sums([each]))
    yield ""
    yield _head("Par lettre-clé", "actes", "honoraires")
    for letter in sorted({each.letter for each in figures.activity}):
        yield _line(letter, *_sums([each for each in figures.activity if each.letter == letter]))
    unpriced = sum(each.unpriced for each in figures.activity)
    if unpriced:
        yield f"  dont {unpriced} acte{'s' * (unpriced > 1)} sans montant, hors des honoraires"


def _sums(found: Iterable[Activity]) -> tuple[str, str]:
    from connector_core.deliver.french import euros, number

    each = tuple(found)
    return number(sum(one.acts for one in each)), euros(sum((one.honoraires for one in each), Decimal(0)))


def _delays(figures: Figures) -> Iterator[str]:
    from connector_core.deliver.figures_words import STEP_WORDS, days, delay_words
    from connector_core.deliver.french import number

    if not figures.delays:
        return
    yield ""
    yield _head("Délais", "médiane", "9 fois sur 10", "cas", "en attente")
    for each in figures.delays:
        numbers = number(each.cases), number(each.waiting)
        yield _line(STEP_WORDS[each.step], days(each.median), days(each.ninth_decile), *numbers)
        if told := delay_words(each):
            yield f"    {told}"


def _rejects(figures: Figures, details: bool) -> Iterator[str]:
    from connector_core.deliver.figures_words import DEBTOR_WORDS, organisation_words, percent
    from connector_core.deliver.french import number
    from connector_core.deliver.wording import NO_MOTIF

    if not figures.rejects:
        return
    yield ""
    yield _head("Rejets", "taux", "rejetées", "répondues")
    for rate in figures.rejects:
        numbers = number(rate.rejected), number(rate.answered)
        yield _line(DEBTOR_WORDS[rate.payer], percent(rate.rejected, rate.answered), *numbers)
        for one in figures.organisations:
            if one.payer == rate.payer and (one.rejected or details):
                numbers = number(one.rejected), number(one.answered)
                yield _line(f"  {organisation_words(one.organisation)}", percent(one.rejected, one.answered), *numbers)
        for each in figures.motifs:
            if each.payer == rate.payer:
                yield _line(f"  {each.name or NO_MOTIF}", percent(each.parts, rate.answered), number(each.parts))


def _waiting(figures: Figures) -> Iterator[str]:
    from connector_core.deliver.figures_words import DEBTOR_WORDS, overpaid_words
    from connector_core.deliver.french import euros, short_day
    from connector_core.money.ledger import AGES

    if not figures.waiting:
        return
    yield ""
    columns = ["0–30 j", "31–60 j", "61–90 j", f"plus de {AGES[-1]} j", "total"]
    yield _head(f"Dû au {short_day(figures.last)}, par ancienneté", *columns)
    for each in figures.waiting:
        yield _line(DEBTOR_WORDS[each.debtor], *map(euros, (*each.amounts, each.total)))
        if each.untold:
            yield f"    et {each.untold} part{'s' * (each.untold > 1)} dont le montant ou la réponse n'est pas connu"
    if figures.overpaid:
        yield overpaid_words(figures.overpaid)


def _cash_in(cash: CashIn) -> Iterator[str]:
    from connector_core.deliver.figures_words import UNDATED_WORDS
    from connector_core.deliver.french import euros, short_day

    last = max((n for n, each in enumerate(cash.weeks) if each.median or each.ninth_decile), default=-1)
    if last >= 0 or cash.beyond_median or cash.beyond_ninth_decile:
        yield ""
        yield _head("Rentrées attendues (estimation)", "délai médian", "9 fois sur 10")
    for each in cash.weeks[: last + 1]:
        yield _line(f"semaine du {short_day(each.monday)}", euros(each.median), euros(each.ninth_decile))
    if cash.beyond_median or cash.beyond_ninth_decile:
        yield _line("plus tard", euros(cash.beyond_median), euros(cash.beyond_ninth_decile))
    if cash.undated:
        yield ""
        yield _head("Rentrées attendues, sans date prévisible", "montant")
    for undated in cash.undated:
        yield _line(UNDATED_WORDS[undated.reason], euros(undated.amount))
