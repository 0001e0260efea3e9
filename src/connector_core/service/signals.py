"""Being asked to stop by a signal.

What a signal does runs in the middle of whatever the main thread is doing. A lock that it asks for may be one that the
main thread holds, an event's for instance, and then nothing goes on for ever. So the handler only writes to a pipe, and
a thread that waits at its other end does the rest.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Thread
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")
"""What asks a process to end, on one system or another."""


def stop_on_signals(stop: Callable[[], None], *more: str) -> None:
    """Have `stop` called, in a thread of its own, once this process is first asked to end, be it by one of `more`."""
    reading, writing = os.pipe()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        os.write(writing, b"\0")

    def wait() -> None:
        os.read(reading, 1)
        stop()

    Thread(target=wait, name="stop", daemon=True).start()
    for name in (*_NAMES, *more):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, asked)
