"""Where every error becomes a sentence on standard error and an exit code.

Whatever was not foreseen is told in one sentence, and written without any value to a log file: the type of the error
and our own frames. `CONNECTOR_DEBUG=1` shows the traceback instead, to developers.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import click

from connector_core import __version__
from connector_core.cli.french import usage_message
from connector_core.errors import ConnectorError

INTERRUPTED = 130
WRONG = 2
LOG_NAME = "erreurs.log"
_LOG_BYTES = 1_000_000
_DEBUG = "CONNECTOR_DEBUG"


def debugging() -> bool:
    return os.environ.get(_DEBUG, "") not in ("", "0")


def guarded(run: Callable[[], object]) -> int:
    """The exit code of a call; what it raises for a person to read is written to standard error."""
    try:
        code = run()
    except click.ClickException as error:
        _say(usage_message(error))
        return WRONG
    except click.Abort as abort:
        if isinstance(abort.__cause__, KeyboardInterrupt) or isinstance(abort.__context__, KeyboardInterrupt):
            return INTERRUPTED
        _say("Abandonné : rien n'a été fait.")
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConnectorError as error:
        _say(str(error), where=error.where)
        return error.exit_code
    return code if isinstance(code, int) else 0


def unforeseen(error: Exception, folder: Callable[[], Path], command: str) -> ConnectorError | None:
    """An error that nobody foresaw as one for a person; None for those that pass the boundary as they are."""
    if isinstance(error, ConnectorError | click.ClickException | click.Abort | click.exceptions.Exit):
        return None
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return None
    if debugging():
        return None
    what = f"erreur inattendue ({type(error).__name__})"
    try:
        path = folder() / LOG_NAME
        _log(path, error, command)
    except Exception as failure:  # noqa: BLE001  # telling of an error must not fail in its turn
        reason = type(failure).__name__
        return ConnectorError(
            f"{what} ; le journal n'a pas pu être écrit ({reason})", remedy=f"Relancez avec {_DEBUG}=1"
        )
    return ConnectorError(
        f"{what} ; détails techniques, sans aucune donnée, dans {path}", remedy="Signalez-le en joignant ce fichier"
    )


def _say(text: str, *, where: str | None = None) -> None:
    """Write a sentence, with a capital; a file, and a place that the person has typed, keep their own name."""
    first = text.partition(" ")[0].rstrip(".,")
    is_a_name = where in sys.argv[1:] or any(mark in first for mark in "./\\")
    click.echo(text if is_a_name else text[:1].upper() + text[1:], err=True)


def _log(path: Path, error: Exception, command: str) -> None:
    from datetime import UTC, datetime

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    python = ".".join(map(str, sys.version_info[:3]))
    head = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} connector {__version__}, Python {python}, {sys.platform}, {command}"
    fresh = not path.exists() or path.stat().st_size > _LOG_BYTES
    with path.open("w" if fresh else "a", encoding="utf-8") as file:
        file.write("\n".join([head, *_told(error), ""]) + "\n")


def _told(error: BaseException) -> Iterator[str]:
    """Types and our own frames, from the first cause on; never a message, which may quote a row."""
    cause = error.__cause__ or error.__context__
    if cause is not None and cause is not error:
        yield from _told(cause)
    yield type(error).__name__
    trace = error.__traceback__
    while trace is not None:
        frame = _frame(trace)
        if frame:
            yield f"  {frame}"
        trace = trace.tb_next


def _frame(trace: TracebackType) -> str:
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    if not module.startswith("connector_"):
        return ""
    return f"{module}:{trace.tb_lineno} {trace.tb_frame.f_code.co_name}"
