"""`connector backtest`: what was missed over a period, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.diagnose.backtest import Backtest


@click.command(
    "backtest",
    help="Dit ce qui a été manqué sur une période, règle par règle, et ce que cela a coûté. Rien ne dit que ce qui "
    "est passé peut encore être facturé. Code de sortie : 1 si quelque chose a été manqué.",
)
@click.option("--from", "first", type=Day(), required=True, help="Premier jour de la période.")
@click.option("--to", "last", type=Day(), help="Dernier jour de la période ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, first: date, last: date | None, as_json: bool) -> int:
    from connector_core.diagnose.backtest import look_back
    from connector_core.pipeline.period import Period
    from connector_core.rules.base import RuleBase
    from connector_core.service.assembly import rules_of, view_of

    today, settings = context.today(), context.settings
    until = last or today
    if first > until:
        raise click.UsageError("la période finit avant de commencer", click.get_current_context())
    if until > today:
        raise click.UsageError(
            "la période n'est pas finie : rien de ce qui vient n'a été manqué", click.get_current_context()
        )
    rules = rules_of(settings, context.host)
    with context.store() as store, console.progress() as tell:
        tell("règles", 0)
        view = view_of(settings, store)
        covers = view.cabinet.covers
        base = RuleBase(rules.host.rules, rules.parameters, rules.tariffs, covers, rules.adjustments, rules.motifs)
        dismissed = {each.finding.fingerprint for each in store.answers.findings("dismissed")}
        found = look_back(Period(store, view, base, first, until).ask(), first, until, dismissed)
    not_asked = sorted({each.rule for each in base.uncovered})
    missing = unsourced(covers, "act")
    if as_json:
        console.emit(
            {
                "from": first.isoformat(),
                "to": until.isoformat(),
                "rules": [{**asdict(each), "amount": str(each.amount)} for each in found.missed],
                "revenue": str(found.revenue),
                "reject": str(found.reject),
                "undated": found.undated,
                "dismissed": found.dismissed,
                "not_asked": not_asked,
                "missing": missing,
            }
        )
    else:
        for line in _text(found, first, until, len(not_asked), missing):
            click.echo(line)
    return 1 if found.missed else 0


def _text(found: Backtest, first: date, last: date, not_asked: int, missing: Sequence[str]) -> Iterator[str]:
    from connector_core.cli.listing import SEVERITIES
    from connector_core.deliver.french import count, euros, short_day

    period = f"Du {short_day(first)} au {short_day(last)}"
    if found.missed:
        yield f"{period} : {euros(found.revenue)} de recettes manquées, {euros(found.reject)} exposés à un rejet."
        yield "Cela ne dit pas que ces sommes peuvent encore être facturées : voyez chaque constat."
        for each in found.missed:
            yield (
                f"  {each.rule:<26} {SEVERITIES[each.severity][0]:<8} {count(each.findings, 'constat'):>14}  "
                f"{euros(each.amount):>14}"
            )
        if found.revenue + found.reject != sum(each.amount for each in found.missed):
            yield "Un acte signalé par plusieurs règles compte une fois dans les totaux."
    elif missing:
        yield unsourced_text(missing, "ce qui a été manqué n'est pas connu")
    else:
        yield f"{period}, rien n'a été manqué."
    if found.undated:
        undated = count(found.undated, "constat sans date", "constats sans date")
        yield f"{undated}, hors de ces comptes : voyez le rapport."
    if found.dismissed:
        dismissed = count(found.dismissed, "constat écarté", "constats écartés")
        yield f"{dismissed} par le cabinet, hors de ces comptes."
    if not_asked:
        asked = "n'a pas pu être posée" if not_asked < 2 else "n'ont pas pu être posées"
        yield f"{count(not_asked, 'règle')} {asked}, faute de données : voyez le rapport."
