"""The commands that the daemon runs for another account, each with the options and the form of every value.

What is not written here is refused. No option that names a file, a folder or another configuration is here, none that
starts a program, and nothing that reads a source. Values reach the program as single words that can't be options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector_core.service.channel import Request

_CODE = re.compile(r"[A-Za-z0-9.-]{1,60}")
_WORD = re.compile(r"[a-z]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{1,64}")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,500}")

_QUICK, _LONG = 120.0, 900.0
"""Seconds that a command may take."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """What may be asked of one command."""

    options: Mapping[str, re.Pattern[str] | None] = field(default_factory=dict)
    """The form of each value; None is an option without one."""
    argument: re.Pattern[str] | None = None
    argument_required: bool = True
    for_administrators: bool = False
    """Not for the accounts that `[service] allow` names."""
    reads: bool = False
    """Whether it reads a secret on its standard input."""
    seconds: float = _QUICK


_JSON: Mapping[str, re.Pattern[str] | None] = {"json": None}

COMMANDS: Mapping[tuple[str, ...], Relayed] = {
    ("status",): Relayed(_JSON),
    ("doctor",): Relayed(_JSON, seconds=_LONG),
    ("report",): Relayed({**_JSON, "on": _DAY}, seconds=_LONG),
    ("findings", "list"): Relayed(
        {**_JSON, "rule": _CODE, "severity": _WORD, "state": _WORD, "patient": _TEXT, "limit": _NUMBER}
    ),
    ("findings", "dismiss"): Relayed({**_JSON, "reason": _TEXT}, _FINGERPRINT),
    ("findings", "reopen"): Relayed(_JSON, _FINGERPRINT),
    ("secrets", "list"): Relayed(_JSON, for_administrators=True),
    ("secrets", "set"): Relayed(_JSON, _SECRET, for_administrators=True, reads=True),
    ("secrets", "delete"): Relayed(_JSON, _SECRET, for_administrators=True),
    ("secrets", "verify"): Relayed(_JSON, _SECRET, argument_required=False, for_administrators=True),
    ("secrets", "rotate"): Relayed(_JSON, for_administrators=True, seconds=_LONG),
}


class NotRelayed(Exception):
    """A request that is none of these."""


def checked(request: Request) -> tuple[Relayed, list[str]]:
    """What a request asks for, and the words of it. Raise NotRelayed for anything else."""
    relayed = COMMANDS.get(request.command)
    if relayed is None or (request.given is not None) != relayed.reads:
        raise NotRelayed
    words = [*(("--no-plugins",) if request.no_plugins else ()), *request.command]
    for name, value in request.options.items():
        words.append(_option(relayed, name, value))
    most = 0 if relayed.argument is None else 1
    least = most if relayed.argument_required else 0
    if not least <= len(request.arguments) <= most:
        raise NotRelayed
    for argument in request.arguments:
        if relayed.argument is None or relayed.argument.fullmatch(argument) is None:
            raise NotRelayed
    if relayed.argument is not None:
        words += ["--", *request.arguments]
    return relayed, words


def _option(relayed: Relayed, name: str, value: str | int | bool) -> str:
    if name not in relayed.options:
        raise NotRelayed
    form = relayed.options[name]
    if form is None:
        if value is not True:
            raise NotRelayed
        return f"--{name}"
    if isinstance(value, bool) or form.fullmatch(str(value)) is None:
        raise NotRelayed
    return f"--{name}={value}"
