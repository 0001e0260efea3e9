"""Copies of files that another program has open and may be writing to.

A file has no moment of its own: a copy may hold half of what was being written. So it is copied, left alone for a
while, and read again: a copy is taken only when the file was the same all along, from the end of the copy to the
beginning of the second reading. A program that writes without a pause for as long as that is waited for, to a limit.

The copy lies in a folder that only this account may enter, and goes with it. A process that was killed leaves its copy
behind; the next one removes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import xxhash

STILL = 1.0
"""Seconds between the copy and the second reading. Access writes what belongs together within half a second."""
PATIENCE = 45.0
"""Seconds after which a file that never rests is given up."""
_PREFIX = "connector-base-"
_BLOCK = 1 << 20


class NeverStill(Exception):
    """The file was written to all the time."""


@contextmanager
def copied(path: Path, *, still: float = STILL, patience: float = PATIENCE) -> Iterator[tuple[Path, str]]:
    """A copy of the file as it was at one moment, and the digest of its bytes.

    Raise OSError where it can't be read, NeverStill where it was written to without a pause.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        copy = folder / f"base{path.suffix}"
        end = time.monotonic() + patience
        digest = _copy(path, copy)
        while True:
            time.sleep(still)
            again = _digest(path)
            if again == digest:
                break
            if time.monotonic() > end:
                raise NeverStill
            digest = _copy(path, copy)
        yield copy, digest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
