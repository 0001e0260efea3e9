"""Reading at a pace that leaves the PC to whoever works on it.

After each stretch of reading the load that others make is looked at; while it is high, reading pauses for a moment. All
the pauses of one task together are bounded, so that work ends however busy the PC is, and a service that is told to
stop does so soon.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

BUSY = 0.5
"""The part of the PC's processors that others may use before reading makes way."""
PAUSE = 0.2
"""Seconds of one pause."""
_PAUSES = 5
"""Pauses after one stretch at most: a second, after which the next stretch is read all the same."""
LONGEST = 15.0
"""Seconds of all the pauses of one task."""
_ALL_PAUSES = round(LONGEST / PAUSE)
_STRETCH = 4 << 20
"""Bytes between two looks at the load: a usual export is read without any."""
_FILE = 1 << 16
"""Bytes that a file counts for at least: opening one costs too."""


class Pace(Protocol):
    """Told what is read, it takes the time it takes."""

    def begin(self) -> None:
        """Another task begins."""
        ...

    def file(self) -> None:
        """A file is about to be read."""
        ...

    def read(self, size: int) -> None:
        """So many bytes were read."""
        ...


class Told:
    """A pace that also tells, of each file and each piece of one, that reading goes on."""

    def __init__(self, pace: Pace, goes_on: Callable[[], None]) -> None:
        self.pace = pace
        self._goes_on = goes_on

    def begin(self) -> None:
        self.pace.begin()

    def file(self) -> None:
        self._goes_on()
        self.pace.file()

    def read(self, size: int) -> None:
        self._goes_on()
        self.pace.read(size)


class FullSpeed:
    """No pauses."""

    def begin(self) -> None:
        return None

    def file(self) -> None:
        return None

    def read(self, size: int) -> None:
        return None


class Gentle:
    """Pauses while others keep the PC busy; `others` tells which part of it they have used since it was last asked."""

    def __init__(self, others: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> None:
        self._others = others
        self._sleep = sleep
        self._stretch = 0
        self._left = _ALL_PAUSES

    def begin(self) -> None:
        self._left = _ALL_PAUSES
        self._stretch = 0
        self._others()

    def file(self) -> None:
        self.read(_FILE)

    def read(self, size: int) -> None:
        self._stretch += size
        if self._stretch < _STRETCH:
            return
        self._stretch = 0
        for _ in range(_PAUSES):
            if self._left == 0 or self._others() <= BUSY:
                return
            self._left -= 1
            self._sleep(PAUSE)
