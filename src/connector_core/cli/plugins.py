"""`connector plugins`: what is installed, what became of it, and switching one off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.lazy import DefaultGroup

if TYPE_CHECKING:
    from connector_core.plugins.report import LoadReport

NOT_VERIFIED = "dialecte de référence, non vérifié sur une installation"
_STATUS = {"ok": ("chargée", "green"), "disabled": ("désactivée", "yellow"), "failed": ("en échec", "red")}


@click.group(
    "plugins",
    cls=DefaultGroup,
    help="Liste les extensions, en désactive ou en réactive une. Sans autre mot, les liste.",
)
def command() -> None:
    pass


@command.command(
    "list", help="Liste les extensions et ce qu'elles sont devenues. Code de sortie : 1 si l'une est en échec."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def list_command(context: Context, as_json: bool) -> int:
    from connector_core.cli.conformance import standing_json, standing_text, standings

    reports, found = context.host.reports, standings()
    if as_json:
        listed = [
            {
                **asdict(each),
                "connectors": list(each.connectors),
                "conformance": standing_json(found.get(each.name)),
            }
            for each in reports
        ]
        console.emit({"plugins": listed})
    else:
        for report in reports:
            for line in _text(report):
                click.echo(line)
            if report.name in found:
                click.echo(f"  {standing_text(found[report.name])}")
    return 1 if any(report.status == "failed" for report in reports) else 0


@command.command("disable", help="Désactive une extension, même si elle empêche tout le reste de marcher.")
@click.argument("name", metavar="NOM")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def disable_command(context: Context, name: str, as_json: bool) -> int:
    return _switch(context, name, disabled=True, as_json=as_json)


@command.command("enable", help="Réactive une extension.")
@click.argument("name", metavar="NOM")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def enable_command(context: Context, name: str, as_json: bool) -> int:
    return _switch(context, name, disabled=False, as_json=as_json)


def _switch(context: Context, name: str, *, disabled: bool, as_json: bool) -> int:
    """Reads metadata and the list of switched-off plugins only: it must work when all else fails."""
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.plugins.installed import installed
    from connector_core.plugins.names import canonical
    from connector_core.plugins.state import FILE_NAME, read_state, set_disabled

    path = context.configuration_folder / FILE_NAME
    found = installed()
    known = {each.name for each in found.unreadable}.union(*(each.origin.names for each in found.extensions))
    known |= read_state(path).disabled
    if canonical(name) not in known:
        raise ConfigurationError(f"aucune extension ne s'appelle « {name} »", remedy=suggestion(name, known))
    state = set_disabled(path, name, disabled)
    if as_json:
        console.emit({"disabled": sorted(state.disabled)})
    else:
        done = "désactivée" if disabled else "réactivée"
        click.echo(f"« {canonical(name)} » est {done}. Un service qui tourne le saura à son prochain démarrage.")
    return 0


def _text(report: LoadReport) -> Iterator[str]:
    word, colour = _STATUS[report.status]
    origin = " ".join(part for part in (report.distribution, report.version) if part)
    yield f"{click.style(report.name, bold=True)}  {click.style(word, fg=colour)}  ({origin or 'origine inconnue'})"
    if report.connectors:
        yield f"  connecteurs : {', '.join(report.connectors)}"
    if report.verified is False:
        yield f"  {NOT_VERIFIED}"
    if report.reason:
        yield f"  {report.reason}"
    if report.remedy:
        yield f"  {report.remedy}"
