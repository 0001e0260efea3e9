"""`connector init`: a first configuration, in four questions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from connector_core.cli.context import Context
from connector_core.cli.french import OneOf

if TYPE_CHECKING:
    from connector_core.model.vocabulary import Zone
    from connector_core.plugins.host import PluginHost
    from connector_core.settings.model import Source


@click.command(
    "init",
    help="Écrit une première configuration, commentée, en quatre questions.\n\n"
    "Avec --yes, ne demande rien et prend les options. Un fichier existant n'est remplacé qu'après accord, ou avec "
    "--force.",
)
@click.option("--name", metavar="NOM", help="Nom du cabinet.")
@click.option("--zone", type=OneOf(("METRO", "DROM")), help="Zone tarifaire.")
@click.option("--folder", metavar="DOSSIER", help="Dossier des exports du logiciel.")
@click.option("--connector", metavar="ID", help="Connecteur qui sait les lire.")
@click.option("--report-folder", metavar="DOSSIER", help="Dossier du rapport.")
@click.option(
    "--keyring", type=OneOf(("system", "file")), default="system", help="Où garder les clés ; « system » par défaut."
)
@click.option("--yes", is_flag=True, help="Ne pose aucune question.")
@click.option("--force", is_flag=True, help="Remplace un fichier existant.")
@click.pass_obj
def command(
    context: Context,
    name: str | None,
    zone: str | None,
    folder: str | None,
    connector: str | None,
    report_folder: str | None,
    keyring: str,
    yes: bool,
    force: bool,
) -> int:
    from connector_core.errors import ConfigurationError
    from connector_core.settings.model import Report, Secrets
    from connector_core.settings.places import FILE_NAME, data_folder
    from connector_core.settings.template import commented_configuration

    path = context.config.absolute() if context.config else context.configuration_folder / FILE_NAME
    if path.exists() and not force:
        if yes:
            raise ConfigurationError(
                "ce fichier existe déjà", where=str(path), remedy="Ajoutez --force pour le remplacer"
            )
        if ask_one_of(f"{path} existe déjà. Le remplacer ? (oui, non)", ("oui", "non"), "non") == "non":
            raise click.Abort
    host = context.host_without_settings()
    if not yes:
        name = name or click.prompt("Nom du cabinet", default="Cabinet")
        zone = zone or ask_one_of("Zone tarifaire (METRO, DROM)", ("METRO", "DROM"), "METRO")
        connector = connector or _ask_connector(host)
        folder = folder or _asked("Dossier où il dépose ses exports (vide pour plus tard)")
        report_folder = report_folder or _asked("Dossier du rapport (vide pour le dossier des données)")
    sources = _sources(_path(folder), connector, host)
    report = _path(report_folder)
    text = commented_configuration(
        name or "Cabinet",
        cast("Zone", zone or "METRO"),
        sources,
        report=Report(folder=report),
        secrets=Secrets(keyring=cast(Literal["system", "file"], keyring)),
    )
    _write(path, text)
    _tell(path, sources, report or data_folder() / "report")
    _warn_without_keyring(context)
    return 0


def _ask_connector(host: PluginHost) -> str:
    click.echo("Logiciels connus :")
    for name, registered in host.connectors.items():
        info = registered.connector.info
        click.echo(f"  {name} : {info.product} ({info.vendor})")
    names = tuple(host.connectors)
    default = names[-1] if len(names) == 2 else None
    return ask_one_of("Votre logiciel", names, default)


def ask_one_of(question: str, choices: Sequence[str], default: str | None = None) -> str:
    """Ask until the answer is one of a few words, however it is spelled."""
    known = {choice.lower(): choice for choice in choices}
    while True:
        answer = str(click.prompt(question, default=default)).strip().lower()
        if answer in known:
            return known[answer]
        click.echo(f"Réponses possibles : {', '.join(choices)}")


def _asked(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False))


def _path(typed: str | None) -> Path | None:
    """A folder as a person gives it: in quotes, as Windows copies a path, or below « ~ », which a service has not."""
    text = (typed or "").strip().strip("'\"")
    # Path.expanduser raises for an account that does not exist.
    return Path(os.path.expanduser(text)).absolute() if text else None  # noqa: PTH111


def _sources(folder: Path | None, connector: str | None, host: PluginHost) -> Sequence[Source]:
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.settings.model import Source

    if connector is not None and connector not in host.connectors:
        raise ConfigurationError(f"connecteur inconnu « {connector} »", remedy=suggestion(connector, host.connectors))
    if folder is None:
        return ()
    if connector is None:
        raise ConfigurationError("un dossier d'exports demande un connecteur", remedy="Ajoutez --connector")
    return (Source(id=connector, connector=connector, folder=folder),)


def _write(path: Path, text: str) -> None:
    from connector_core.errors import ConfigurationError, reason_of

    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_text(text, encoding="utf-8", newline="\n")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"la configuration ne peut pas être écrite ({reason_of(error)})",
            where=str(path),
            remedy="Vérifiez vos droits",
        ) from error


def _warn_without_keyring(context: Context) -> None:
    """Say now what would stop the first run."""
    from connector_core.errors import ConfigurationError
    from connector_core.secrets import open_secrets

    try:
        settings = Context(context.config).settings
        open_secrets(settings.secrets.keyring, settings.secrets_folder())
    except ConfigurationError as error:
        click.echo(f"\nAvant cela : {error}")


def _tell(path: Path, sources: Sequence[Source], report: Path) -> None:
    click.echo(f"\nConfiguration écrite : {path}")
    click.echo("Ensuite :")
    if not sources:
        click.echo("  1. ajoutez le dossier de vos exports au fichier, dans [[source]] ;")
    elif sources[0].folder is not None and not sources[0].folder.is_dir():
        click.echo(f"  1. le dossier {sources[0].folder} n'existe pas encore : créez-le, ou corrigez le fichier ;")
    else:
        click.echo("  1. exportez vos données depuis le logiciel dans ce dossier ;")
    click.echo("  2. « connector config check » vérifie le fichier ;")
    click.echo("  3. « connector run » lit, contrôle et écrit le rapport ;")
    click.echo(f"  4. le rapport sera dans {report}.")
