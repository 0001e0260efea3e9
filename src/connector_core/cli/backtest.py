"""`connector backtest`: what was missed over a period, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day

if TYPE_CHECKING:
    from connector_core.diagnose.backtest import Missed


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
    from connector_core.diagnose.backtest import sums, within
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.subjects import checks
    from connector_core.rules.base import RuleBase
    from connector_core.service.assembly import rules_of, view_of

    until, settings = last or context.today(), context.settings
    if first > until:
        raise click.UsageError("la période finit avant de commencer", click.get_current_context())
    rules = rules_of(settings, context.host)
    with context.store() as store, console.progress() as tell:
        tell("règles", 0)
        view = view_of(settings, store)
        covers = view.cabinet.covers
        base = RuleBase(rules.host.rules, rules.parameters, rules.tariffs, covers, rules.adjustments, rules.motifs)
        found = [
            finding
            for check in checks(store, view, rules.parameters, load_tariffs(), until)
            for finding in within(base.ask(check.subject, until).findings, check.subject, first, until)
        ]
    missed = sums(found)
    if as_json:
        console.emit(
            {
                "from": first.isoformat(),
                "to": until.isoformat(),
                "rules": [{**asdict(each), "amount": str(each.amount)} for each in missed],
                "revenue": str(_total(missed, "revenue")),
                "reject": str(_total(missed, "reject")),
            }
        )
    else:
        for line in _text(missed, first, until):
            click.echo(line)
    return 1 if missed else 0


def _total(missed: Sequence[Missed], severity: str) -> Decimal:
    return sum((each.amount for each in missed if each.severity == severity), Decimal("0.00"))


def _text(missed: Sequence[Missed], first: date, last: date) -> Iterator[str]:
    from connector_core.cli.listing import SEVERITIES
    from connector_core.deliver.french import count, euros, short_day

    period = f"Du {short_day(first)} au {short_day(last)}"
    if not missed:
        yield f"{period}, rien n'a été manqué."
        return
    lost, risked = euros(_total(missed, "revenue")), euros(_total(missed, "reject"))
    yield f"{period} : {lost} non facturés, {risked} exposés à un rejet."
    yield "Rien de cela n'est dit facturable encore : voyez chaque constat."
    for each in missed:
        yield (
            f"  {each.rule:<26} {SEVERITIES[each.severity][0]:<8} {count(each.findings, 'constat'):>14}  "
            f"{euros(each.amount):>14}"
        )
