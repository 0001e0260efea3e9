"""A vendor's file while it is copied: read once, from its beginning to its end.

On a disk of this PC it is read plainly. A share may stop answering in the middle of a file, and the system then keeps
whoever reads waiting for minutes: there the file is opened and read by a thread of its own, each of whose answers has
to come in time. After one that does not, the thread is left to itself; it closes the file when the share lets it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import BinaryIO, Protocol, TypeVar

from connector_core.errors import SourceError

T = TypeVar("T")

_BLOCK = 1 << 20


class Readable(Protocol):
    """Bytes, one block after the other."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""
        ...


class Original(Readable, Protocol):
    """A file that is open for reading."""

    def state(self) -> tuple[int, int]:
        """What changes when the file is written to."""
        ...


class ShareSilent(SourceError):
    """A share did not answer in time; the rest of its files would keep whoever asks waiting as long."""


@contextmanager
def opened(path: Path, patience: float | None) -> Iterator[Original]:
    """Open a file. With `patience`, in seconds, each answer has to come within it.

    Raise OSError as the system does, ShareSilent when an answer does not come.
    """
    if patience is None:
        with path.open("rb") as stream:
            yield _Plain(stream)
        return
    asked = _InTime(path, patience)
    try:
        asked.wait_until_open()
        yield asked
    finally:
        asked.end()


def sha256_of(path: Path, patience: float | None) -> str:
    """The SHA-256 of a file's content; raises as `opened` does."""
    digest = hashlib.sha256()
    with opened(path, patience) as original:
        while block := original.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class _Plain:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.read = stream.read

    def state(self) -> tuple[int, int]:
        return _state(self._stream)


class _InTime:
    """Asks a thread, which opens the file, and closes it when it is told to end."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._open: SimpleQueue[bool | OSError] = SimpleQueue()
        self._questions: SimpleQueue[Callable[[BinaryIO], None] | None] = SimpleQueue()
        Thread(target=self._run, name="share", daemon=True).start()

    def wait_until_open(self) -> None:
        self._said(self._open)

    def read(self, size: int) -> bytes:
        return self._ask(lambda stream: stream.read(size))

    def state(self) -> tuple[int, int]:
        return self._ask(_state)

    def end(self) -> None:
        self._questions.put(None)

    def _ask(self, question: Callable[[BinaryIO], T]) -> T:
        answers: SimpleQueue[T | OSError] = SimpleQueue()

        def answer(stream: BinaryIO) -> None:
            try:
                answers.put(question(stream))
            except OSError as failure:
                answers.put(failure)

        self._questions.put(answer)
        return self._said(answers)

    def _said(self, answers: SimpleQueue[T | OSError]) -> T:
        try:
            said = answers.get(timeout=self._patience)
        except Empty:
            raise ShareSilent(
                "le partage ne répond plus", where=str(self._path), remedy="Nouvel essai bientôt"
            ) from None
        if isinstance(said, OSError):
            raise said
        return said

    def _run(self) -> None:
        try:
            with self._path.open("rb") as stream:
                self._open.put(True)
                while (answer := self._questions.get()) is not None:
                    answer(stream)
        except OSError as failure:
            self._open.put(failure)


def _state(stream: BinaryIO) -> tuple[int, int]:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns
