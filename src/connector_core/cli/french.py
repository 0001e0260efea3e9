"""click in French: the headings of its help, its usage errors, and the types of our options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    _Days = click.ParamType[date]
    _Numbers = click.ParamType[int]
else:
    _Days = _Numbers = click.ParamType  # not generic in every version of click that we take

_HEADINGS = {"Options": "Options", "Commands": "Commandes", "Positional arguments": "Arguments"}
_HELP = "Affiche cette aide."
_MESSAGES = (
    ("Got unexpected extra argument", "un argument de trop"),
    ("Missing command", "il manque une commande"),
)
_PATHS = (
    ("does not exist.", "ce chemin n'existe pas"),
    ("is a directory.", "c'est un dossier"),
    ("is a file.", "c'est un fichier"),
    ("is not readable.", "ce compte n'a pas le droit de lire ce chemin"),
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
_NO_COMMAND = re.compile(r"No such command '(.*)'")


class Formatter(click.HelpFormatter):
    """Help pages with French headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "Utilisation : ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(f"{_HEADINGS.get(heading, heading)} ")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        told = [(name, text.replace("[required]", "[obligatoire]")) for name, text in rows]
        super().write_dl(told, col_max, col_spacing)


class FrenchContext(click.Context):
    formatter_class = Formatter


def french(command: click.Command) -> click.Command:
    """Make a command, and what is under it, speak French; gives the same command. In the list of its group it is told
    by its first sentence, whole."""
    command.context_class = FrenchContext
    command.short_help = command.short_help or _first_sentence(command.help or "")
    option = command.get_help_option(click.Context(command))
    if option is not None:
        option.help = _HELP
    if isinstance(command, click.Group):
        command.subcommand_metavar = "COMMANDE …"
        for each in command.commands.values():
            french(each)
    return command


def _first_sentence(text: str) -> str:
    sentence, end, _ = text.partition("\n\n")[0].partition(". ")
    return sentence + "." * bool(end)


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
        case click.UsageError() if (unknown := _NO_COMMAND.match(error.message)) is not None:
            return unknown_command(unknown[1], error.ctx)
        case click.MissingParameter():
            return f"il manque {_named(error)}"
        case click.BadParameter() if error.param is not None and isinstance(error.param.type, click.Path):
            said = next((said for end, said in _PATHS if error.message.endswith(end)), error.message)
            return f"{_named(error)} : {said}"
        case click.BadParameter():
            return f"{_named(error)} : {error.message}"
        case click.BadOptionUsage():
            if "does not take" in error.message:
                return f"l'option « {error.option_name} » ne prend pas de valeur"
            return f"l'option « {error.option_name} » attend une valeur"
        case _:
            return next((said for start, said in _MESSAGES if error.message.startswith(start)), error.message)


def unknown_command(name: str, context: click.Context | None) -> str:
    """What is said of a word that is none of a group's commands."""
    from connector_core.nearest import suggestion

    group = None if context is None else context.command
    known = group.list_commands(context) if isinstance(group, click.Group) and context is not None else ()
    near = suggestion(name, known)
    return f"commande inconnue « {name} »" + (f". {near}" if near else "")


def _named(error: click.BadParameter) -> str:
    param = error.param
    if param is None:
        return "un argument"
    if isinstance(param, click.Option):
        return f"l'option « {max(param.opts, key=len)} »"
    return f"l'argument « {param.metavar or str(param.name).upper()} »"


class Day(_Days):
    """A day of this century or the last: `2026-03-02` or `02/03/2026`.

    Others are slips of the hand (`02/03/26`), and counting back from them would leave the calendar.
    """

    name = "AAAA-MM-JJ"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        text = str(value).strip()
        day, slash, rest = text.partition("/")
        month, _, year = rest.partition("/")
        try:
            found = date(int(year), int(month), int(day)) if slash else date.fromisoformat(text)
        except ValueError:
            self.fail("une date est attendue, par exemple 2026-03-02", param, ctx)
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            self.fail(f"une année de {_FIRST_YEAR} à {_LAST_YEAR} est attendue, par exemple 2026-03-02", param, ctx)
        return found


class OneOf(click.Choice[str]):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(choices, case_sensitive=False)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        return f"valeurs possibles : {', '.join(map(str, self.choices))}"


class Whole(_Numbers):
    """A whole number from `least` on, up to `most` where that is given."""

    name = "N"

    def __init__(self, least: int, most: int | None = None) -> None:
        self.least = least
        self.most = most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip()
        number = int(text) if re.fullmatch(r"[+-]?\d{1,9}", text) else None
        if number is None or number < self.least or (self.most is not None and number > self.most):
            bounds = f"à partir de {self.least}" if self.most is None else f"de {self.least} à {self.most}"
            self.fail(f"un nombre entier {bounds} est attendu", param, ctx)
        return number


class Target(click.Path):
    """Where something is to be written: a folder or a file, not one where the other is."""

    def __init__(self, *, folder: bool) -> None:
        super().__init__(path_type=Path)
        self.folder = folder

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(value))
        if self.folder and path.is_file():
            self.fail(f"{path} est un fichier, un dossier est attendu", param, ctx)
        if not self.folder and path.is_dir():
            self.fail(f"{path} est un dossier, un fichier est attendu", param, ctx)
        return path
