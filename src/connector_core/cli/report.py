"""`connector report`: the report, now."""

from __future__ import annotations

from pathlib import Path

import click

from connector_core.cli import console
from connector_core.cli.context import Context


@click.command("report", help="Écrit maintenant le rapport du jour (HTML, JSON, XLSX) d'après ce qui a été lu.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), metavar="DOSSIER", help="Au lieu de celui configuré."
)
@click.option("--open", "open_it", is_flag=True, help="Ouvre ensuite le rapport.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON : les fichiers écrits.")
@click.pass_obj
def command(context: Context, folder: Path | None, open_it: bool, as_json: bool) -> int:
    from connector_core.service.assembly import report_of, rules_of

    settings = context.settings
    with console.progress() as tell:
        tell("rapport", 0)
        with context.store() as store:
            data = report_of(settings, store, rules_of(settings, context.host), context.today())
        target = folder or settings.report_folder()
        written = [path for delivery in context.host.deliveries for path in delivery.deliver(data, target)]
    if as_json:
        console.emit({"files": [str(path) for path in written]})
    else:
        for path in written:
            click.echo(str(path))
    page = next((path for path in written if path.suffix == ".html"), None)
    if open_it and page is not None:
        click.launch(str(page))
    return 0
