"""`connector support-bundle`: one file about this installation, for whoever helps from afar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Target

if TYPE_CHECKING:
    from connector_core.diagnose.support.bundle import Member


@click.command(
    "support-bundle",
    help="Écrit un fichier qui décrit cette installation à qui vous dépanne : versions, réglages, examen, état, "
    "forme des exports, fin des journaux. Rien n'y parle d'un patient, et rien n'est envoyé : la liste de ce qu'il "
    "contient est montrée, et vous l'envoyez vous-même après l'avoir regardé.\n\n"
    "Ce qui ne peut pas être obtenu y est dit à sa place.\n\n"
    "Code de sortie : 0 tout y est, 1 il y manque une pièce, 2 le fichier ne peut pas être écrit.",
)
@click.option(
    "--output",
    type=Target(folder=False),
    metavar="FICHIER",
    help="Fichier à écrire, qui n'existe pas encore. Absent : « connector-support-….zip » dans le dossier courant.",
)
@click.option("--preview", is_flag=True, help="Montre la liste et n'écrit rien.")
@click.option("--json", "as_json", is_flag=True, help="Écrit la liste comme un objet JSON.")
@click.pass_obj
def command(context: Context, output: Path | None, preview: bool, as_json: bool) -> int:
    from datetime import UTC, datetime

    from connector_core.cli.support_pieces import Installation
    from connector_core.diagnose.support import bundle, readme

    now = datetime.now(UTC)
    path = None if preview else output or Path(f"connector-support-{now:%Y%m%d-%H%M%S}.zip")
    if path is not None:
        bundle.check_new(path)
    with console.progress() as tell, ExitStack() as opened:
        tell("ce qui ne doit pas sortir", 0)
        installation = Installation(context, now, opened)
        redaction = installation.redaction()
        members = bundle.gathered(console.announced(installation.pieces(), tell), redaction)
        notes = [str(redaction.of(each)[0]) for each in installation.notes]
    page = readme.readme(members, f"{now:%d/%m/%Y à %H:%M}", notes)
    if not as_json:
        _show(members, notes)
    if path is not None:
        files = [(readme.NAME, page), *((each.name, each.content) for each in members)]
        bundle.write_private(path, bundle.archived(files))
    if as_json:
        console.emit({"file": None if path is None else str(path), "notes": notes, "pieces": _listed(members)})
    elif path is not None:
        click.echo(f"\n{path.absolute()} est écrit. Regardez-le, puis envoyez-le vous-même : rien n'a été envoyé.")
    return 0 if all(each.state in ("whole", "redacted") for each in members) else 1


def _show(members: Sequence[Member], notes: Sequence[str]) -> None:
    from connector_core.diagnose.support.readme import lines

    click.echo("Ce que contient le fichier :")
    for line in lines(members):
        click.echo(f"  {line}")
    for each in notes:
        click.echo(f"À savoir : {each}")


def _listed(members: Sequence[Member]) -> Sequence[Mapping[str, object]]:
    return [
        {
            "name": each.name,
            "title": each.title,
            "state": each.state,
            "bytes": len(each.content),
            "changed": each.changed,
            "left_out": each.left_out,
            "why": each.why,
        }
        for each in members
    ]
