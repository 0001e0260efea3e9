"""`connector answer`: what the daemon starts to run a command for another account. It is not for people."""

from __future__ import annotations

import sys

import click

from connector_core.cli.context import Context


@click.command("answer", hidden=True, help="Exécute une commande pour « connector run », qui la lance lui-même.")
@click.pass_obj
def command(context: Context) -> None:
    import json

    from connector_core.cli.main import connector

    words: object = json.loads(sys.stdin.buffer.readline(1_000_000))
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise click.UsageError("des mots sont attendus")
    connector.main([*context.options(), *words])
