"""`connector report`: the report, now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day, Target
from connector_core.cli.relay import relayed


@click.command("report", help="Écrit maintenant le rapport du jour (HTML, JSON, XLSX) d'après ce qui a été lu.")
@click.option("--folder", type=Target(folder=True), metavar="DOSSIER", help="Au lieu de celui configuré.")
@click.option("--open", "open_it", is_flag=True, help="Ouvre ensuite le rapport.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON : les fichiers écrits.")
@click.option(
    "--on", type=Day(), help="Le rapport de ce jour-là, au plus tôt celui du dernier contrôle ; aujourd'hui par défaut."
)
@click.pass_obj
@relayed
def command(context: Context, folder: Path | None, open_it: bool, as_json: bool, on: date | None) -> int:
    from connector_core.service.assembly import report_of, rules_of
    from connector_core.service.deliveries import deliver, targets_of
    from connector_core.service.figures import figures_over, twelve_months

    settings = context.settings
    with console.progress() as tell:
        tell("rapport", 0)
        with context.store() as store:
            day, rules = on or context.today(), rules_of(settings, context.host)
            if on is not None:
                _refuse_the_past(on, store.fact("as_of"))
            data = report_of(settings, store, rules, day, figures_over(settings, store, twelve_months(day), day))
        targets = targets_of(settings, context.host)
        if folder is not None:
            targets = tuple(replace(each, folder=folder) for each in targets)
        delivered = deliver(data, targets)
    if as_json:
        console.emit({"files": [str(path) for path in delivered.files], "problems": list(delivered.problems)})
    else:
        for path in delivered.files:
            click.echo(str(path))
    for problem in delivered.problems:
        click.echo(problem, err=True)
    page = next((path for path in delivered.files if path.suffix == ".html"), None)
    if open_it and page is not None:
        click.launch(str(page))
    return 3 if delivered.problems else 0


def _refuse_the_past(on: date, asked: str | None) -> None:
    """The findings of a day are kept until the rules are asked on another one: those of a past day are gone."""
    from connector_core.deliver.french import short_day
    from connector_core.errors import ConfigurationError

    if asked is not None and on.isoformat() < asked:
        last = short_day(type(on).fromisoformat(asked))
        raise ConfigurationError(
            f"le rapport du {short_day(on)} ne peut plus être fait : les constats gardés sont ceux du {last}",
            remedy="« connector backtest » dit ce qui a été manqué sur une période passée",
        )
