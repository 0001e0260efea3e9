"""A file system that answers in time or not at all.

The system may keep whoever asks a share that has dropped waiting for minutes. Here the question is asked by a thread of
its own: after `PATIENCE` the share counts as gone, those beside it are looked at, and it is not asked again before the
last question has ended.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import BinaryIO, TypeVar

from connector_core.sources.folder import Entry, FileSystem

PATIENCE = 10.0
"""Seconds that a share may take to answer."""

T = TypeVar("T")


class TimelyFileSystem:
    """Another file system, of which each folder is asked one thing at a time."""

    def __init__(self, inner: FileSystem, patience: float = PATIENCE) -> None:
        self._inner = inner
        self._patience = patience
        self._asked: dict[Path, Thread] = {}

    def entries(self, folder: Path) -> Iterable[Entry]:
        return self._in_time(folder, lambda: list(self._inner.entries(folder)))

    def open(self, path: Path) -> BinaryIO:
        return self._in_time(path.parent, lambda: self._inner.open(path))

    def _in_time(self, folder: Path, ask: Callable[[], T]) -> T:
        before = self._asked.get(folder)
        if before is not None and before.is_alive():
            raise _too_late()
        answer: list[T | Exception] = []

        def asking() -> None:
            try:
                answer.append(ask())
            except Exception as failure:  # noqa: BLE001  # raised again by the one who asked
                answer.append(failure)

        thread = self._asked[folder] = Thread(target=asking, name="share", daemon=True)
        thread.start()
        thread.join(self._patience)
        if not answer:
            raise _too_late()
        (said,) = answer
        if isinstance(said, Exception):
            raise said
        return said


def _too_late() -> OSError:
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
