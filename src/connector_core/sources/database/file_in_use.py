"""Copies of files that another program has open and may be writing to.

A file has no moment of its own: a copy may hold half of what was being written. So it is copied, left alone for a
while, and read again: a copy is taken only when the file was the same all along, from the end of the copy to the
beginning of the second reading. A program that writes without a pause for as long as that is waited for, to a limit.

Where a file can't be read at all since another program keeps it to itself, or does not rest for as long as reading it
takes, Windows may show it as it was at an instant (`shadow`). An instant may lie in the middle of what belongs
together, too, and nothing in the file says whether it does. So two are had, as far apart as the readings, and a copy is
taken only when the file was the same in both. A file that never rests for as long as that is refused, whatever could be
made of a single instant.

The copy lies in a folder that only this account may enter, and goes with it. A process that was killed leaves its copy
behind; the next one removes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil
import xxhash

from connector_core.access import close_to_others
from connector_core.sources.database.shadow.copies import shadows_of_system
from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.rights import forbidden

STILL = 1.0
"""Seconds between the copy and the second reading. Access writes what belongs together within half a second."""
PATIENCE = 45.0
"""Seconds after which a file that never rests is given up."""
BEFORE_SHADOW = 15.0
"""Seconds after which shadows of a file that does not rest are tried, where there may be any."""
LET_GO = 5.0
"""Seconds that a program may keep a file to itself before shadows are tried: an antivirus does, for a moment."""
KEPT = "ce fichier est ouvert en mode exclusif"
"""What to say of a file that another program keeps to itself."""
_PREFIX = "connector-base-"
_BLOCK = 1 << 20


class Copied(NamedTuple):
    """A copy of a file as it was at one moment, the digest of its bytes, and how it was had, for a technician."""

    path: Path
    digest: str
    way: str


class Instants(Protocol):
    """Shows files as they were at an instant."""

    def clear(self) -> None:
        """Remove what killed processes have left."""
        ...

    def of(self, path: Path, until: float) -> AbstractContextManager[Path]:
        """A file at an instant within the call, which ends by `until`. Raise NoShadow."""
        ...


class Kept(Exception):
    """Another program keeps the file to itself, and there was no shadow of it to be had."""

    def __init__(self, shadow: NoShadow) -> None:
        super().__init__()
        self.shadow = shadow


class NeverStill(Exception):
    """The file was written to all the time; `shadow` is why there was none of it, where one was wanted."""

    def __init__(self, shadow: NoShadow | None = None) -> None:
        super().__init__()
        self.shadow = shadow


@contextmanager
def copied(
    path: Path, *, still: float = STILL, patience: float = PATIENCE, shadows: Instants | None = None
) -> Iterator[Copied]:
    """A copy of the file as it was at one moment; `shadows` are those of this PC, where nothing else is said.

    Raise OSError where it can't be read, Kept or NeverStill where others are in the way.
    """
    _sweep()
    shadows = shadows or shadows_of_system()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        close_to_others(folder)
        copy = folder / f"base{path.suffix}"
        until = time.monotonic() + patience
        if shadows is None:
            yield _at_rest(path, copy, still, until)
        else:
            shadows.clear()
            yield _whichever(path, copy, still, until, shadows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _whichever(path: Path, copy: Path, still: float, until: float, shadows: Instants) -> Copied:
    begun = time.monotonic()
    kept: bool | None = None
    while kept is None:
        try:
            return _at_rest(path, copy, still, min(until, begun + BEFORE_SHADOW))
        except NeverStill:
            kept = False
        except PermissionError:
            if forbidden(path):
                raise
            if time.monotonic() > min(until, begun + LET_GO):
                kept = True
            else:
                time.sleep(still)
    try:
        return _twice(path, copy, still, until, shadows)
    except NoShadow as none:
        if kept:
            raise Kept(none) from None
        without = none
    if time.monotonic() > until:
        raise NeverStill(without)
    try:
        return _at_rest(path, copy, still, until)
    except NeverStill:
        raise NeverStill(without) from None
    except PermissionError:
        if forbidden(path):
            raise
        raise Kept(without) from None


def _at_rest(path: Path, copy: Path, still: float, until: float) -> Copied:
    """The file itself, read twice."""
    digest = _copy(path, copy)
    while True:
        time.sleep(still)
        again = _digest(path)
        if again == digest:
            return Copied(copy, digest, "copie du fichier au repos")
        if time.monotonic() > until:
            raise NeverStill
        digest = _copy(path, copy)


def _twice(path: Path, copy: Path, still: float, until: float, shadows: Instants) -> Copied:
    """Two shadows of it, each read once; how long that takes does not matter to them."""
    while True:
        with shadows.of(path, until) as earlier:
            time.sleep(still)
            with shadows.of(path, until) as later:
                digest = _copy(earlier, copy)
                same = _digest(later) == digest
        if same:
            return Copied(copy, digest, "copie du fichier, la même dans deux clichés instantanés")
        if time.monotonic() > until:
            raise NeverStill


def _copy(path: Path, copy: Path) -> str:
    digest = xxhash.xxh3_128()
    with path.open("rb") as source, copy.open("wb") as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    digest = xxhash.xxh3_128()
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _sweep() -> None:
    """Remove the copies of processes that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
