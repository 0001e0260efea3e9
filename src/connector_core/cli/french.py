"""click in French: the headings of its help, its usage errors, and the types of our options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    _Days = click.ParamType[date]
else:
    _Days = click.ParamType  # not generic in every version of click that we take

_HEADINGS = {"Options": "Options", "Commands": "Commandes", "Positional arguments": "Arguments"}
_HELP = "Affiche cette aide."
_MESSAGES = (
    ("Got unexpected extra argument", "un argument de trop"),
    ("Missing command", "il manque une commande"),
)


class Formatter(click.HelpFormatter):
    """Help pages with French headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "Utilisation : ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(f"{_HEADINGS.get(heading, heading)} ")


class FrenchContext(click.Context):
    formatter_class = Formatter


def french(command: click.Command) -> click.Command:
    """Make a command, and what is under it, speak French; gives the same command."""
    command.context_class = FrenchContext
    option = command.get_help_option(click.Context(command))
    if option is not None:
        option.help = _HELP
    if isinstance(command, click.Group):
        command.subcommand_metavar = "COMMANDE …"
        for each in command.commands.values():
            french(each)
    return command


def usage_message(error: click.ClickException) -> str:
    """What a usage error says, in French and with the way to the help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    what = _what(error)
    end = "" if what.endswith((".", "?")) else "."
    where = f" Voyez « {context.command_path} --help »." if context is not None else ""
    return f"{what}{end}{where}"


def _what(error: click.ClickException) -> str:
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return "il manque une commande"
        case click.NoSuchOption():
            from connector_core.nearest import suggestion

            near = suggestion(error.option_name, error.possibilities or ())
            return f"option inconnue « {error.option_name} »" + (f". {near}" if near else "")
        case click.MissingParameter():
            return f"il manque {_named(error)}"
        case click.BadParameter():
            return f"{_named(error)} : {error.message}"
        case click.BadOptionUsage():
            if "does not take" in error.message:
                return f"l'option « {error.option_name} » ne prend pas de valeur"
            return f"l'option « {error.option_name} » attend une valeur"
        case _:
            return next((said for start, said in _MESSAGES if error.message.startswith(start)), error.message)


def _named(error: click.BadParameter) -> str:
    param = error.param
    if param is None:
        return "un argument"
    if isinstance(param, click.Option):
        return f"l'option « {max(param.opts, key=len)} »"
    return f"l'argument « {param.metavar or str(param.name).upper()} »"


class Day(_Days):
    """A day: `2026-03-02` or `02/03/2026`."""

    name = "AAAA-MM-JJ"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        text = str(value)
        day, slash, rest = text.partition("/")
        month, _, year = rest.partition("/")
        try:
            return date(int(year), int(month), int(day)) if slash else date.fromisoformat(text)
        except ValueError:
            self.fail("une date est attendue, par exemple 2026-03-02", param, ctx)


class OneOf(click.Choice[str]):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(choices, case_sensitive=False)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        return f"valeurs possibles : {', '.join(map(str, self.choices))}"
