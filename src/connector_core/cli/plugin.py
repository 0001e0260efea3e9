"""`connector plugin`: beginning an extension."""

from __future__ import annotations

from pathlib import Path

import click

from connector_core.cli import console
from connector_core.cli.french import OneOf

_KINDS = ("csv", "xml", "fixed", "database")


@click.group("plugin", help="Commence une extension pour un logiciel de plus.")
def command() -> None:
    pass


@command.command(
    "new",
    help="Écrit une extension prête à installer, dans le dossier « connector-NOM » : un dialecte à adapter, un "
    "échantillon et les tests de conformité qu'elle passe.",
)
@click.argument("name", metavar="NOM")
@click.option(
    "--kind",
    type=OneOf(_KINDS),
    required=True,
    help="Ce que le logiciel exporte : csv (texte délimité), xml, fixed (largeur fixe) ; database si sa base est lue.",
)
@click.option(
    "--sample",
    "samples",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FICHIER",
    help="Un export d'un cabinet fictif, au lieu de l'échantillon inventé ; à répéter s'il y a plusieurs fichiers. "
    "Pour une base, un script SQL.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DOSSIER",
    help="Où écrire, au lieu du dossier courant.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
def new_command(name: str, kind: str, samples: tuple[Path, ...], folder: Path, as_json: bool) -> int:
    from connector_core.errors import ConfigurationError, reason_of
    from connector_core.testing.scaffold.render import kind_named, render

    exports = {path.name: path.read_bytes() for path in samples}
    files = render(name, kind_named(kind), exports)
    target = folder / f"connector-{name}"
    if target.exists():
        raise ConfigurationError(
            "ce dossier existe déjà", where=str(target.absolute()), remedy="Choisissez un autre nom, ou supprimez-le"
        )
    try:
        for path, content in files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"écriture impossible ({reason_of(error)})", where=str(target.absolute())) from error
    if as_json:
        console.emit({"folder": str(target), "files": sorted(files)})
        return 0
    click.echo(f"« connector-{name} » est écrite : {len(files)} fichiers dans {target}.")
    click.echo("Ensuite, dans ce dossier :")
    click.echo("  python -m pip install -e .[test]")
    click.echo("  python -m pytest")
    return 0
