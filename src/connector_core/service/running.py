"""Which program runs the daemon, for whoever changes it: a newer one that took the service over must be told from the
former.

One small file beside the store says it. It is there while a daemon runs whose worker has opened the store; a daemon
that starts takes away what a former one left.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from connector_core import __version__


class Program(msgspec.Struct, frozen=True):
    """A program: its version, and the folder of its interpreter."""

    version: str
    folder: str


def this_program() -> Program:
    """The program that runs this."""
    return Program(__version__, str(Path(sys.executable).parent))


class Running:
    """Keeps the file for one run of the daemon. That it can't be written is no reason not to watch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def tell(self) -> None:
        """The store is open."""
        temporary = self._path.with_suffix(".tmp")
        with suppress(OSError):
            temporary.write_bytes(msgspec.json.encode(this_program()))
            temporary.replace(self._path)


def read_running(path: Path) -> Program | None:
    """The program whose worker last opened the store; None when none has since a daemon was started."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Program)
    except (OSError, msgspec.DecodeError):
        return None
