"""`connector simulate`: what a period of the practice would bring at the tariffs of another date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.diagnose.simulation import LetterTotal

_YEAR = timedelta(days=365)


@click.command(
    "simulate",
    help="Repasse une période de l'activité du cabinet au tarif d'une autre date, et dit l'écart par lettre-clé. "
    "Ce qui n'a pas de tarif confirmé à l'une des deux dates est compté à part.",
)
@click.option("--at", type=Day(), required=True, help="Date des tarifs à appliquer.")
@click.option("--from", "first", type=Day(), help="Premier jour de la période ; un an avant le dernier par défaut.")
@click.option("--to", "last", type=Day(), help="Dernier jour de la période ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, at: date, first: date | None, last: date | None, as_json: bool) -> int:
    from connector_core.diagnose.simulation import simulate
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.subjects import checks
    from connector_core.rules.standing import standing
    from connector_core.service.assembly import practice_parameters, view_of

    until = last or context.today()
    since = first or until - _YEAR
    if since > until:
        raise click.UsageError("la période finit avant de commencer", click.get_current_context())
    settings = context.settings
    with context.store() as store, console.progress() as tell:
        tell("activité", 0)
        view = view_of(settings, store)
        tariffs = load_tariffs()
        found = checks(store, view, practice_parameters(settings), tariffs, until)
        acts = (act for check in found for act in check.derive(standing).acts if act.performed_on >= since)
        totals = simulate(acts, tariffs, view.cabinet.practitioners, at)
    missing = unsourced(view.cabinet.covers, "act")
    if as_json:
        console.emit(
            {
                "from": since.isoformat(),
                "to": until.isoformat(),
                "at": at.isoformat(),
                "letters": [_json(each) for each in totals],
                "difference": None if _unpriced(totals) or missing else str(_difference(totals)),
                "missing": missing,
            }
        )
    else:
        for line in _text(totals, since, until, at, missing):
            click.echo(line)
    return 0


def _unpriced(totals: Sequence[LetterTotal]) -> bool:
    """Whether there are acts, and none of them has a price on both dates."""
    return bool(totals) and not any(each.acts for each in totals)


def _difference(totals: Sequence[LetterTotal]) -> Decimal:
    return sum((each.difference for each in totals), Decimal("0.00"))


def _json(total: LetterTotal) -> dict[str, object]:
    return {
        "letter": total.letter,
        "acts": total.acts,
        "before": str(total.before),
        "after": str(total.after),
        "difference": str(total.difference),
        "unknown": total.unknown,
    }


def _text(totals: Sequence[LetterTotal], since: date, until: date, at: date, missing: Sequence[str]) -> Iterator[str]:
    from connector_core.deliver.french import count, euros, short_day

    period = f"Du {short_day(since)} au {short_day(until)}"
    if missing:
        yield unsourced_text(missing, "l'écart n'est pas connu")
        return
    if not totals:
        yield f"{period}, aucun acte."
        return
    yield f"{period}, aux tarifs du {short_day(at)} :"
    for each in totals:
        if each.acts:
            yield (
                f"  {each.letter:<4} {count(each.acts, 'acte'):>12}  {euros(each.before):>14} → "
                f"{euros(each.after):>14}  {_signed(each.difference):>14}"
            )
    priced, unknown = sum(each.acts for each in totals), sum(each.unknown for each in totals)
    if _unpriced(totals):
        yield "Écart inconnu : aucun acte n'a de tarif confirmé aux deux dates."
    elif unknown:
        yield f"Écart sur {count(priced, 'acte')} : {_signed(_difference(totals))}"
        yield f"{count(unknown, 'acte')} sans tarif confirmé à l'une des deux dates : {_letters(totals)}."
    else:
        yield f"Écart : {_signed(_difference(totals))}"


def _signed(amount: Decimal) -> str:
    from connector_core.deliver.french import euros

    return f"+{euros(amount)}" if amount > 0 else euros(amount)


def _letters(totals: Sequence[LetterTotal]) -> str:
    return ", ".join(each.letter for each in totals if each.unknown)
