"""`connector parameters`: the dated values of the law and of the practice."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.dated_values import parameter_json, parameter_text
from connector_core.cli.french import Day
from connector_core.cli.lazy import DefaultGroup


@click.group(
    "parameters",
    cls=DefaultGroup,
    help="Liste, montre ou vérifie les valeurs datées que les règles lisent. Sans autre mot, les liste.",
)
def command() -> None:
    pass


@command.command("list", help="Liste les paramètres et leur valeur d'un jour.")
@click.option("--on", type=Day(), help="Jour des valeurs ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def list_command(context: Context, on: date | None, as_json: bool) -> int:
    from connector_core.diagnose.explain import explain_parameter, value_text
    from connector_core.service.assembly import practice_parameters

    day, parameters = on or context.today(), practice_parameters(context.settings)
    answers = [explain_parameter(name, parameters, day) for name in parameters.names()]
    if as_json:
        console.emit({"on": day.isoformat(), "parameters": [parameter_json(each) for each in answers]})
        return 0
    width = max(len(each.name) for each in answers)
    for each in answers:
        value = "inconnu" if each.current is None else value_text(each.current, each.unit)
        click.echo(f"{each.name:<{width}}  {value}  {each.label}")
    return 0


@command.command("show", help="Montre un paramètre : toutes ses valeurs, et leurs textes.")
@click.argument("name", metavar="NOM")
@click.option("--on", type=Day(), help="Jour de la valeur ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def show_command(context: Context, name: str, on: date | None, as_json: bool) -> int:
    from connector_core.diagnose.explain import explain_parameter
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.service.assembly import practice_parameters

    day, parameters = on or context.today(), practice_parameters(context.settings)
    if name not in parameters.names():
        raise ConfigurationError(f"paramètre inconnu « {name} »", remedy=suggestion(name, parameters.names()))
    answer = explain_parameter(name, parameters, day)
    if as_json:
        console.emit({"on": day.isoformat(), "parameter": parameter_json(answer)})
    else:
        for line in parameter_text(answer, day):
            click.echo(line)
    return 0


@command.command(
    "check",
    help="Dit ce qui est à surveiller : valeurs annoncées et non confirmées, textes lus depuis plus d'un an, valeurs "
    "du cabinet. Code de sortie : 1 s'il y en a.",
)
@click.option("--on", type=Day(), help="Jour de la vérification ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def check_command(context: Context, on: date | None, as_json: bool) -> int:
    from connector_core.diagnose.values import remarks
    from connector_core.service.assembly import practice_parameters

    day = on or context.today()
    found = remarks(practice_parameters(context.settings), day)
    if as_json:
        console.emit({"on": day.isoformat(), "remarks": [asdict(each) for each in found]})
    else:
        for each in found:
            click.echo(f"{each.name} : {each.text}")
        if not found:
            click.echo("Rien à surveiller.")
    return 1 if found else 0
