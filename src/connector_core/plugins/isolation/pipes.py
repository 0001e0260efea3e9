"""The pipes to a connector in a process of its own.

Whoever waits for that process waits no longer than it wants to, whatever the process does with its ends: each pipe has
a thread that alone may be blocked in it. A message is its length in four bytes, then itself.
"""

from __future__ import annotations

import queue
import threading
from typing import IO

from connector_core.plugins.isolation.messages import LONGEST_ANSWER

LENGTH_BYTES = 4


class Closed(Exception):
    """The other end is closed, or what came through is no message."""


def read_message(stream: IO[bytes], longest: int | None = None) -> bytes:
    """The next message; Closed when there is none, or one that is too long."""
    size = int.from_bytes(_exactly(stream, LENGTH_BYTES), "big")
    if longest is not None and size > longest:
        raise Closed
    return _exactly(stream, size)


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Send a message; OSError when the other end is closed."""
    stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    stream.flush()


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise Closed
    return data


class Pipes:
    """Both pipes. Nothing here waits but `next`, and that no longer than it is told."""

    def __init__(self, to: IO[bytes], back: IO[bytes]) -> None:
        self._to = to
        self._back = back
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._incoming: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        for work in (self._write, self._read):
            threading.Thread(target=work, daemon=True, name="isolation").start()

    def send(self, message: bytes) -> None:
        self._outgoing.put(message)

    def next(self, seconds: float) -> bytes | None:
        """The next message; None when it has not come in time. Raise Closed when no more will come."""
        try:
            message = self._incoming.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if message is None:
            self._incoming.put(None)
            raise Closed
        return message

    def close(self) -> None:
        """Nothing more is sent: an idle process ends. What was sent goes before."""
        self._outgoing.put(None)

    def let_go(self) -> None:
        """Nothing more is read either, the process being gone: what still lies there is thrown away."""
        self.close()
        while True:
            try:
                self._incoming.get_nowait()
            except queue.Empty:
                return

    def _write(self) -> None:
        try:
            with self._to:
                while (message := self._outgoing.get()) is not None:
                    write_message(self._to, message)
        except OSError:  # the process is gone; the other thread tells it
            return

    def _read(self) -> None:
        try:
            with self._back:
                while True:
                    self._incoming.put(read_message(self._back, LONGEST_ANSWER))
        except (Closed, OSError, ValueError):
            self._incoming.put(None)
