"""Leaving a task that is being done, at the next place where that loses nothing.

The daemon asks for it by closing the pipe that tasks come through; so does its death. The work learns of it where it
says that it goes on, every few thousand rows or few hundred patients, and between two deliveries. What it has not
committed is as if it had not begun: the files are told again with the next start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread

_PIECE = 65536


class Interrupted(BaseException):
    """The task is to be left. No failure of what is being done, so nothing that counts failures may catch it."""


class Interruption:
    """Reads what tasks come through, a pipe by its descriptor, while they are done. `goes_on` is called when work has
    come further."""

    def __init__(self, pipe: int, goes_on: Callable[[], None]) -> None:
        self._goes_on = goes_on
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._ended = Event()
        self._working = False
        Thread(target=self._listen, args=(pipe,), name="tasks", daemon=True).start()

    def tasks(self) -> Iterator[bytes]:
        """Each task, until there are no more; for the answer to one that was told before that nobody waits."""
        while (line := self._lines.get()) is not None and not self._ended.is_set():
            yield line

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """What is done inside is left when no more tasks come."""
        self._working = True
        try:
            yield
        finally:
            self._working = False

    def goes_on(self) -> None:
        """The work has come further. Raise Interrupted where it is to be left."""
        if self._working and self._ended.is_set():
            raise Interrupted
        self._goes_on()

    def _listen(self, pipe: int) -> None:
        begun = b""
        while piece := os.read(pipe, _PIECE):
            *lines, begun = (begun + piece).split(b"\n")
            for line in lines:
                self._lines.put(line)
        self._ended.set()
        self._lines.put(None)
