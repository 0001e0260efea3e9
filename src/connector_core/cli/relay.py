"""Commands that the daemon of another account runs in this one's place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click
from click.core import ParameterSource

from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.service.channel import Request

_P = ParamSpec("_P")


def relayed(function: Callable[Concatenate[Context, _P], int]) -> Callable[Concatenate[Context, _P], int]:
    """A command that is asked of the daemon when another account's holds the practice, and run here otherwise."""

    @wraps(function)
    def call(context: Context, /, *values: _P.args, **named: _P.kwargs) -> int:
        code = _asked(context, click.get_current_context())
        return function(context, *values, **named) if code is None else code

    return call


def _asked(context: Context, call: click.Context) -> int | None:
    """The exit code of the daemon's answer; None when the command is to be run here."""
    from connector_core.errors import ConnectorError

    try:
        settings = context.settings
    except ConnectorError:
        return None
    from connector_core.service.channel_client import ask, reach

    connection = reach(settings)
    if connection is None:
        return None
    try:
        return ask(connection, _request(context, call), _show)
    finally:
        connection.close()


def _request(context: Context, call: click.Context) -> Request:
    from connector_core.service.channel import Request
    from connector_core.service.channel_client import options_given
    from connector_core.service.channel_commands import COMMANDS

    words = tuple(call.command_path.split()[1:])
    options: dict[str, str | int | bool] = {}
    arguments: list[str] = []
    for param in call.command.params:
        value = call.params.get(param.name or "")
        if value is None or call.get_parameter_source(param.name or "") is not ParameterSource.COMMANDLINE:
            continue
        plain = value if isinstance(value, bool | int) else str(value)
        if isinstance(param, click.Option):
            options[max(param.opts, key=len).removeprefix("--")] = plain
        else:
            arguments.append(str(value))
    given = None
    asked = options_given(words, options)
    if COMMANDS[words].reads:
        from connector_core.cli.secrets import given_value

        given = given_value().encode()
    return Request(words, asked, tuple(arguments), given, context.no_plugins)


def _show(stream: int, content: bytes) -> None:
    """Pass on what the daemon's account printed; a terminal shows what it can."""
    target = sys.stdout if stream == 1 else sys.stderr
    if target.isatty():
        target.write(content.decode("utf-8", "replace"))
    else:
        target.buffer.write(content)
    target.flush()
