"""Notes of the shadows that were made here, each with the process that holds it.

They lie in a folder that only this account may enter: what is noted there is deleted, and no one else may have a say in
that. A note that can't be read is one of a process that ended while it wrote it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from connector_core.access import make_private_folder

ID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
"""What Windows calls a shadow."""
_SAME = 1.0
"""Seconds that two readings of when a process began may be apart."""


class _Holder(msgspec.Struct, frozen=True):
    """A process: its number, which another has later, and when it began."""

    number: int
    began: float


def folder_of_account() -> Path:
    """Where this account has its notes; it may not exist."""
    import platformdirs

    return platformdirs.user_data_path("connector", appauthor=False) / "cliches"


def note(folder: Path, shadow: str) -> Path:
    """Note a shadow of this process, to the disk. Raise OSError."""
    make_private_folder(folder)
    path = folder / f"{shadow}.json"
    with path.open("wb") as stream:
        stream.write(msgspec.json.encode(_Holder(os.getpid(), psutil.Process().create_time())))
        stream.flush()
        os.fsync(stream.fileno())
    return path


def left(folder: Path) -> Iterator[tuple[str, Path]]:
    """The shadows of processes that are gone, with their notes."""
    for path in sorted(folder.glob("*.json")):
        if ID.fullmatch(path.stem) is not None and not _held(path):
            yield path.stem, path


def _held(path: Path) -> bool:
    try:
        holder = msgspec.json.decode(path.read_bytes(), type=_Holder)
        return abs(psutil.Process(holder.number).create_time() - holder.began) < _SAME
    except (OSError, msgspec.MsgspecError, psutil.Error):
        return False
