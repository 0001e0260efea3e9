"""Groups of commands: one whose commands are imported when they are used, one with a command of its own by default."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import ClassVar, NoReturn

import click

from connector_core.cli import boundary, console
from connector_core.cli.french import FrenchContext, french, unknown_command


class LazyGroup(click.Group):
    """The commands of `table`: for each name, the module whose `command` it is, and its one line of help; one without
    is for the program itself, and not shown.

    Calling it is calling the program: errors become sentences and exit codes, and the integer that a command answers is
    its exit code.
    """

    context_class = FrenchContext
    table: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        command = import_module(entry[0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry[0]}.command is not a command")
        return french(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table and not args[0].startswith("-"):
            ctx.fail(unknown_command(args[0], ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commandes"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.table.items() if summary])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:  # the boundary of the program
            told = boundary.unforeseen(error, _log_folder(ctx), ctx.invoked_subcommand or "")
            if told is None:
                raise
        raise told

    def main(  # type: ignore[override]  # it always ends the program, as the base does by default
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "connector",
        complete_var: str | None = None,
        **extra: object,
    ) -> NoReturn:
        console.prepare()
        extra.pop("standalone_mode", None)
        run = super().main
        sys.exit(boundary.guarded(lambda: run(args, prog_name, complete_var, standalone_mode=False, **extra)))


def _log_folder(ctx: click.Context) -> Callable[[], Path]:
    def folder() -> Path:
        from connector_core.cli.context import Context

        return (ctx.obj if isinstance(ctx.obj, Context) else Context()).log_folder()

    return folder


class DefaultGroup(click.Group):
    """A group whose command `default` is meant when none is named."""

    default = "list"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in self.get_help_option_names(ctx)):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
