"""`connector work`: what the daemon starts to have files read. It is not for people."""

from __future__ import annotations

import click

from connector_core.cli.context import Context


@click.command("work", hidden=True, help="Lit les fichiers pour « connector run », qui la lance lui-même.")
@click.pass_obj
def command(context: Context) -> None:
    from connector_core.service.worker_loop import answer_tasks

    answer_tasks(context.settings, context.configuration_folder, no_plugins=context.no_plugins)
