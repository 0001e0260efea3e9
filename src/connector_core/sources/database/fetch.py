"""Having a database read by a child process, which may print, hang or die: whoever asks goes on.

It is waited for as long as it answers: one that says nothing for `SILENCE` seconds, or has not ended after `LONGEST`,
is killed. What it has given until then is thrown away. It ends by itself when whoever asked is gone, which it notices
by its standard input: that stays open for as long as it is wanted.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import IO, Protocol, TypeVar, cast

import msgspec

from connector_core import errors
from connector_core.errors import ConnectorError, SourceError
from connector_core.sources.database.exchange import MODULE, Answer, Refused, Request, receive

SILENCE = 60.0
"""Seconds without a word after which a reader is given up."""
LONGEST = 1800.0
"""Seconds of one reading altogether."""
_LOOK = 0.5
"""Seconds between two looks at whether a reading is still wanted."""
_WAITING = 16
"""Frames that may wait: a reader that is faster than what becomes of it waits itself."""

A = TypeVar("A", bound=Answer)


class Reads(Protocol):
    """A reading that goes on, wherever it does."""

    @property
    def stream(self) -> io.RawIOBase:
        """The bytes of its extract, as they come."""
        ...

    def answer(self, kind: type[A]) -> A:
        """What it came to, once everything was read."""
        ...

    def end(self) -> None:
        """Let go of it."""
        ...


class Fetching(io.RawIOBase):
    """A reading that goes on: the bytes of its extract as a stream, then its answer."""

    def __init__(self, process: subprocess.Popen[bytes], where: str, silence: float, longest: float) -> None:
        super().__init__()
        self._process = process
        self._where = where
        self._silence = silence
        self._until = time.monotonic() + longest
        self._frames: Queue[tuple[bytes, bytes] | None] = Queue(_WAITING)
        self._closed = Event()
        self._held = b""
        self._answer: bytes | None = None
        Thread(target=self._pump, daemon=True).start()

    @property
    def stream(self) -> io.RawIOBase:
        return self

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a buffer is what io gives
        while not self._held and self._answer is None:
            self._held = self._next()
        part = self._held[: len(buffer)]
        buffer[: len(part)] = part
        self._held = self._held[len(part) :]
        return len(part)

    def answer(self, kind: type[A]) -> A:
        """What it came to, once everything was read. Raise what the child raised, SourceError when it died."""
        while self._answer is None:
            self._next()
        return msgspec.json.decode(self._answer, type=kind)

    def end(self) -> None:
        """Let go of the child, wherever it is."""
        self._closed.set()
        if self._process.poll() is None:
            self._process.kill()
        with suppress(OSError):
            cast(IO[bytes], self._process.stdin).close()
        self._process.wait()

    def _next(self) -> bytes:
        """The bytes of the next frame of the extract; empty at the answer."""
        frame = self._awaited()
        if frame is None:
            raise self._given_up("le programme qui lit la base s'est arrêté")
        letter, content = frame
        if letter == b"E":
            raise error_of(content)
        if letter == b"A":
            self._answer = content
            return b""
        return content

    def _awaited(self) -> tuple[bytes, bytes] | None:
        """The next frame, None where there are no more; whoever lets go of the reading ends the wait."""
        until = min(time.monotonic() + self._silence, self._until)
        while not self._closed.is_set():
            try:
                return self._frames.get(timeout=max(0.0, min(_LOOK, until - time.monotonic())))
            except Empty:
                if time.monotonic() >= until:
                    raise self._given_up("la base ne répond plus ; sa lecture est abandonnée") from None
        return None

    def _given_up(self, why: str) -> SourceError:
        return SourceError(why, where=self._where, remedy="Nouvel essai à la prochaine lecture")

    def _pump(self) -> None:
        stream = cast(IO[bytes], self._process.stdout)
        frame: tuple[bytes, bytes] | None = None
        while not self._closed.is_set():
            try:
                frame = receive(cast("io.BufferedReader", stream))
            except (OSError, ValueError):
                frame = None
            while not self._closed.is_set():
                with suppress(Full):
                    self._frames.put(frame, timeout=1.0)
                    break
            if frame is None:
                break
        stream.close()


Reader = Callable[[], subprocess.Popen[bytes]]


@contextmanager
def fetching(
    request: Request, *, silence: float = SILENCE, longest: float = LONGEST, command: tuple[str, ...] | None = None
) -> Iterator[Fetching]:
    """Start reading. The child is gone at the end of the block, whatever becomes of it."""
    process = subprocess.Popen(
        command or (sys.executable, "-m", MODULE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if _debugging() else subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    found = Fetching(process, request.address, silence, longest)
    try:
        with suppress(OSError):
            asked = cast(IO[bytes], process.stdin)
            asked.write(msgspec.json.encode(request) + b"\n")
            asked.flush()
        yield found
    finally:
        found.end()


def asked(request: Request, kind: type[A], *, silence: float = SILENCE) -> A:
    """Ask something that has no extract."""
    with fetching(request, silence=silence) as found:
        return found.answer(kind)


def _debugging() -> bool:
    return os.environ.get("CONNECTOR_DEBUG", "") not in ("", "0")


def error_of(content: bytes) -> ConnectorError:
    """The error that a child told."""
    told = msgspec.json.decode(content, type=Refused)
    kind = getattr(errors, told.kind, ConnectorError)
    made: ConnectorError = kind(told.what, where=told.where, remedy=told.remedy)
    return made
