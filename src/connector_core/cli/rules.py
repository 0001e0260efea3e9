"""`connector rules`: what is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.lazy import DefaultGroup

if TYPE_CHECKING:
    from connector_core.rules.kernel import AnyRule


@click.group("rules", cls=DefaultGroup, help="Liste les règles. Sans autre mot, les liste.")
def command() -> None:
    pass


@command.command("list", help="Liste les règles : ce que chacune contrôle, sa gravité et son texte de référence.")
@click.option("--family", metavar="FAMILLE", help="Une seule famille, par exemple KINE-BILAN.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def list_command(context: Context, family: str | None, as_json: bool) -> int:
    rules = context.host.rules
    if family is not None:
        rules = tuple(rule for rule in rules if rule.family == _known(family, {rule.family for rule in rules}))
    off = set(context.settings.rules.off)
    if as_json:
        console.emit({"rules": [_json(rule, off) for rule in rules]})
        return 0
    from connector_core.cli.listing import SEVERITIES
    from connector_core.deliver.french import typographic

    width = max((len(rule.code) for rule in rules), default=0)
    for rule in rules:
        switched = " (écartée par le cabinet)" if rule.code in off else ""
        severity = SEVERITIES[rule.severity][0]
        click.echo(f"{rule.code:<{width}}  {severity:<10}  {typographic(rule.title)}{switched}")
    return 0


def _known(family: str, families: set[str]) -> str:
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion

    found = family.upper()
    if found not in families:
        raise ConfigurationError(f"famille inconnue « {family} »", remedy=suggestion(found, families))
    return found


def _json(rule: AnyRule, off: set[str]) -> dict[str, object]:
    return {
        "code": rule.code,
        "family": rule.family,
        "subject": rule.subject,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "reference": rule.reference,
        "rests_on": list(rule.rests_on),
        "needs": sorted(rule.needs),
        "title": rule.title,
        "switched_off": rule.code in off,
    }
