"""`connector plugins`: what is installed, what became of it, enabling one or switching it off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.lazy import DefaultGroup

if TYPE_CHECKING:
    from connector_core.plugins.installed import Extension
    from connector_core.plugins.report import LoadReport, Trust

NOT_VERIFIED = "dialecte de référence, non vérifié sur une installation"
_TRUST: dict[Trust, str] = {
    "ours": "livrée avec connector",
    "enabled": "activée sur cet ordinateur",
    "new": "jamais activée",
    "changed": "changée depuis son activation",
    "given": "donnée par le programme",
}
_STATUS = {"ok": ("chargée", "green"), "disabled": ("désactivée", "yellow"), "failed": ("en échec", "red")}


@click.group(
    "plugins",
    cls=DefaultGroup,
    help="Liste les extensions, en active ou en désactive une. Sans autre mot, les liste.",
)
def command() -> None:
    pass


@command.command(
    "list", help="Liste les extensions et ce qu'elles sont devenues. Code de sortie : 1 si l'une est en échec."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def list_command(context: Context, as_json: bool) -> int:
    from connector_core.cli.config import doubted, doubtful_names, told
    from connector_core.cli.conformance import standing_json, standing_text, standings

    reports, found = context.host.reports, standings()
    doubts = tuple(doubtful_names(context))
    if as_json:
        listed = [
            {
                **asdict(each),
                "connectors": list(each.connectors),
                "conformance": standing_json(found.get(each.name)),
            }
            for each in reports
        ]
        sensitive = [
            {"id": each.id, "pattern": each.pattern.pattern, "flags": each.pattern.flags}
            for each in context.host.sensitive
        ]
        console.emit({"plugins": listed, "sensitive": sensitive, "warnings": told(doubts)})
    else:
        for report in reports:
            for line in _text(report):
                click.echo(line)
            if report.name in found:
                click.echo(f"  {standing_text(found[report.name])}")
        for line in doubted(doubts):
            click.echo(line)
    return 1 if any(report.status == "failed" for report in reports) else 0


@command.command("disable", help="Désactive une extension, même si elle empêche tout le reste de marcher.")
@click.argument("name", metavar="NOM")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def disable_command(context: Context, name: str, as_json: bool) -> int:
    return _switch(context, name, disabled=True, as_json=as_json)


@command.command(
    "enable",
    help="Active une extension, ou la réactive.\n\n"
    "Une extension d'un autre éditeur ne tourne qu'une fois activée : ses fichiers sont notés tels qu'ils sont, et le "
    "moindre changement demande de l'activer à nouveau. Ses connecteurs tournent dans un processus à eux.",
)
@click.argument("name", metavar="NOM")
@click.option(
    "--in-process",
    is_flag=True,
    help="Charge aussi ce qui tourne dans connector lui-même : règles, livraisons, vérifications, secrets. "
    "Seulement si vous faites confiance à l'éditeur.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def enable_command(context: Context, name: str, in_process: bool, as_json: bool) -> int:
    from connector_core.plugins.installed import installed
    from connector_core.plugins.names import canonical
    from connector_core.plugins.trust import is_ours

    named = (each for each in installed().extensions if canonical(name) in each.origin.names)
    extension = next((each for each in named if not is_ours(each.origin)), None)
    if extension is None:
        if in_process:
            raise click.UsageError(f"« {name} » n'est pas une extension d'un autre éditeur")
        return _switch(context, name, disabled=False, as_json=as_json)
    return _trust(context, name, extension, in_process=in_process, as_json=as_json)


def _trust(context: Context, name: str, extension: Extension, *, in_process: bool, as_json: bool) -> int:
    """Run another's extension once, apart, and note it as it is now."""
    from datetime import UTC, datetime

    from connector_core.cli.config import doubted, told, unread_sources
    from connector_core.plugins.enabling import enabled_now
    from connector_core.plugins.isolation.limits import Limits
    from connector_core.plugins.provenance import source_of
    from connector_core.plugins.state import FILE_NAME, set_enabled
    from connector_core.plugins.trust import entry_points_of

    origin = extension.origin
    record = enabled_now(extension, datetime.now(UTC), Limits(), in_process=in_process)
    names = {name for each in entry_points_of(extension) for name in (each.name, origin.distribution)}
    state = set_enabled(context.configuration_folder / FILE_NAME, origin.distribution, names, record)
    source = source_of(extension.entry_point.dist)
    connectors = sorted(each.info.id for offer in record.plugins.values() for each in offer.connectors)
    if as_json:
        console.emit(
            {
                "disabled": sorted(state.disabled),
                "enabled": {
                    "distribution": origin.distribution,
                    "version": record.version,
                    "digest": record.digest,
                    "source": source,
                    "connectors": connectors,
                    "in_process": record.in_process,
                },
                "warnings": told(unread_sources(context)),
            }
        )
        return 0
    done = f"« {origin.distribution} » {record.version} est activée."
    click.echo(f"{done} Un service qui tourne le saura à son prochain démarrage.")
    click.echo(f"  vient de : {source}")
    click.echo(f"  fichiers : SHA-256 {record.digest}")
    click.echo(f"  connecteurs, dans un processus à eux : {', '.join(connectors) or 'aucun'}")
    if record.in_process:
        click.echo("  le reste tourne dans connector lui-même")
    elif any(offer.hooks for offer in record.plugins.values()):
        click.echo(
            f"  le reste n'est pas chargé ; pour qu'il le soit : « connector plugins enable {name} --in-process »"
        )
    for line in doubted(unread_sources(context)):
        click.echo(line)
    return 0


def _switch(context: Context, name: str, *, disabled: bool, as_json: bool) -> int:
    """Reads metadata and the list of switched-off plugins only: it must work when all else fails. What that leaves
    unread is told once it is done."""
    from connector_core.cli.config import doubted, told, unread_sources
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.plugins.installed import installed
    from connector_core.plugins.names import canonical
    from connector_core.plugins.state import FILE_NAME, read_state, set_active, set_disabled

    path = context.configuration_folder / FILE_NAME
    found = installed()
    known = {each.name for each in found.unreadable}.union(*(each.origin.names for each in found.extensions))
    before = read_state(path)
    known |= before.disabled
    if canonical(name) not in known:
        raise ConfigurationError(f"aucune extension ne s'appelle « {name} »", remedy=suggestion(name, known))
    if disabled:
        state = set_disabled(path, name)
    else:
        called = (each.origin.names for each in found.extensions if canonical(name) in each.origin.names)
        state = set_active(path, {canonical(name)}.union(*called))
    done = (
        f"« {canonical(name)} » {'était déjà' if state == before else 'est'} {'désactivée' if disabled else 'active'}."
    )
    soon = " Un service qui tourne le saura à son prochain démarrage." * (state != before)
    if not as_json:  # told before the other plugins are loaded, which may go wrong in any way
        click.echo(done + soon)
    doubts = tuple(unread_sources(context))
    if as_json:
        console.emit({"disabled": sorted(state.disabled), "warnings": told(doubts)})
        return 0
    for line in doubted(doubts):
        click.echo(line)
    return 0


def _text(report: LoadReport) -> Iterator[str]:
    word, colour = _STATUS[report.status]
    origin = " ".join(part for part in (report.distribution, report.version) if part)
    yield f"{click.style(report.name, bold=True)}  {click.style(word, fg=colour)}  ({origin or 'origine inconnue'})"
    if report.source:
        yield f"  {_TRUST[report.trust]} ; vient de : {report.source}"
    if report.connectors:
        yield f"  connecteurs{', dans un processus à eux' * report.isolated} : {', '.join(report.connectors)}"
    if report.verified is False:
        yield f"  {NOT_VERIFIED}"
    if report.reason and report.reason != word:
        yield f"  {report.reason}"
    if report.remedy:
        yield f"  {report.remedy}"
