"""`connector run`: the daemon, in the foreground."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from connector_core.cli.context import Context
from connector_core.cli.french import Day

if TYPE_CHECKING:
    from connector_core.service.messages import Work


@click.command("run", help="Surveille les dossiers et tient le rapport à jour, jusqu'à ce qu'on l'arrête (Ctrl-C).")
@click.option("--on", type=Day(), help="Fait comme si l'on était ce jour-là (répétitions).")
@click.pass_obj
def command(context: Context, on: date | None) -> None:
    from connector_core.service.serve import serve

    serve(
        context.settings,
        options=context.options(),
        on=on,
        told=_tell,
    )


def _tell(work: Work) -> None:
    from connector_core.rules.french import nombre

    for file in work.files:
        rows, new = nombre(file.rows, "ligne"), nombre(file.new_rows, "nouvelle")
        click.echo(f"{file.source} · {file.name} : {rows}, {new}, {nombre(file.rejects, 'rejet')}")
    if work.opened or work.resolved:
        opened = nombre(work.opened, "constat ouvert", "constats ouverts")
        click.echo(f"{opened}, {nombre(work.resolved, 'résolu')}")
