"""A command's end of the local channel: finds the daemon of another account, and has it do what this account can't.

The channel is used when the daemon that holds the practice runs as another account, or when only the daemon was given
the secrets (systemd's credentials). In the daemon's own account a command opens the store itself, as it does when no
daemon runs. Before anything is said, the daemon has proven by the system's word that it is the owner of the practice's
folder: a secret is not told to whoever happens to listen.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.secrets.opening import reachable_here
from connector_core.service.channel import (
    Connection,
    Ended,
    Hello,
    Output,
    Refused,
    Request,
    Unreachable,
    practice_mark,
    receive_said,
    send,
)
from connector_core.service.channel_commands import COMMANDS, NotRelayed, checked
from connector_core.settings.model import Settings

PREPARED = Path("/run/connector")
"""Where systemd's `RuntimeDirectory=connector` is."""
_GREETING = 10.0
_PATIENCE = 960.0
"""Seconds; a little more than the longest command may take."""

Print = Callable[[int, bytes], None]
"""Print something on standard output (1) or error (2)."""


def reach(settings: Settings) -> Connection | None:
    """A connection to the daemon, when it is to do what this account can't; None when this account is to do it.

    Raise Unreachable when this account may not even ask.
    """
    mark = practice_mark(settings.data_folder())
    if sys.platform == "win32":
        from connector_core.service.channel_pipe import connected_to_other

        found: Connection | None = connected_to_other(mark, settings.data_folder(), _GREETING)
        return None if found is None else _greeted(found, mark)
    return _reach_socket(settings, mark)


def ask(connection: Connection, request: Request, show: Print) -> int:
    """Have a command run by the daemon; show what it prints, and return its exit code.

    Raise ConfigurationError when it is not one that the daemon runs, Unreachable when it refuses or ends.
    """
    try:
        checked(request)
    except NotRelayed:
        raise ConfigurationError(
            "le service d'un autre compte tient ce cabinet, et ne fait pas cela pour vous",
            where=" ".join(request.command),
            remedy="Lancez la commande dans le compte du service",
        ) from None
    try:
        return _answered(connection, request, show)
    except OSError:
        # A refusal may already lie there when the request could not be sent any more.
        refusal = _refusal(connection)
    raise refusal or Unreachable(
        "le service n'a pas répondu jusqu'au bout", remedy="Réessayez, ou voyez « connector status »"
    )


def options_given(command: tuple[str, ...], given: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    """The options of a call that can be asked of the daemon. Raise ConfigurationError naming one that can't."""
    known = COMMANDS[command].options
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"l'option « --{name} » ne vaut que dans le compte du service",
                remedy="Le service d'un autre compte tient ce cabinet ; relancez sans elle",
            )
    return dict(given)


def _answered(connection: Connection, request: Request, show: Print) -> int:
    send(connection, request)
    while True:
        match receive_said(connection):
            case Output(stream=stream, content=content):
                show(stream, content)
            case Ended(code=code):
                return code
            case Refused(what=what, remedy=remedy):
                raise Unreachable(what, remedy=remedy)
            case Hello():
                raise OSError("greeted twice")


def _refusal(connection: Connection) -> Unreachable | None:
    with suppress(OSError):
        said = receive_said(connection)
        if isinstance(said, Refused):
            return Unreachable(said.what, remedy=said.remedy)
    return None


def _greeted(connection: Connection, mark: str) -> Connection | None:
    """The connection, when it is this practice's daemon that greets."""
    try:
        said = receive_said(connection)
    except OSError:
        said = None
    if isinstance(said, Hello) and said.practice == mark:
        connection.wait(_PATIENCE)
        return connection
    connection.close()
    return None


def _reach_socket(settings: Settings, mark: str) -> Connection | None:
    from connector_core.service.channel_socket import connect

    denied = False
    for folder in _folders(settings):
        try:
            connection, uid = connect(folder, _GREETING)
        except PermissionError:
            denied = True
            continue
        except OSError:
            continue
        if uid == os.geteuid() and reachable_here(settings.secrets.keyring):
            connection.close()
            return None
        found = _greeted(connection, mark)
        if found is not None:
            _check_owner(folder, uid, found)
            return found
    if not _closed_to_us(settings.data_folder()):
        return None
    where = str(settings.data_folder())
    if denied:
        raise Unreachable(
            "ce compte n'a pas accès au service de connector",
            where=where,
            remedy="Demandez à qui a installé connector de l'ajouter à allow, dans [service]",
        )
    raise Unreachable(
        "le service ne répond pas, et ce compte ne peut pas ouvrir le magasin lui-même",
        where=where,
        remedy="Démarrez le service, ou lancez la commande dans son compte",
    )


def _closed_to_us(data: Path) -> bool:
    """Whether a practice is there that this account may not open."""
    try:
        data.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return not os.access(data, os.R_OK | os.X_OK)


def _folders(settings: Settings) -> Iterator[Path]:
    if settings.service.channel is not None:
        yield settings.service.channel
        return
    yield settings.data_folder()
    yield PREPARED


def _check_owner(folder: Path, uid: int, connection: Connection) -> None:
    """The daemon listens in a folder of its own; anyone else who does is not told anything."""
    status = folder.stat()
    if status.st_uid not in (uid, 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        connection.close()
        raise Unreachable(
            "ce n'est pas le service de connector qui répond",
            where=str(folder),
            remedy="Vérifiez à qui appartient ce dossier",
        )
