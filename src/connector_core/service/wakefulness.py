"""Waiting, and noticing that the PC has slept.

While a PC sleeps some clocks stand still and others go on, as the system has it. Either a wait then took much longer
than was asked for, or the clock on the wall went on by much more than the one that measures. A wall clock that is set
looks the same; taking it for a sleep costs one look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

SLACK = 15.0
"""Seconds by which clocks may differ, or a wait be late, on a PC that is awake."""
LONGEST = 60.0
"""Seconds of the longest wait, so that a sleep is noticed soon after it."""


@dataclass(slots=True)
class Wakefulness:
    """Waits on events. `clock` measures, `wall` tells the time of day; both in seconds."""

    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _apart: float = field(init=False)
    """How far the clocks are apart."""

    def __post_init__(self) -> None:
        self._apart = self.wall() - self.clock()

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait until the event is set, so many seconds or `LONGEST` at most; whether the PC has slept, or its clock
        was set, since the last wait ended."""
        asked = min(max(seconds, 0.0), LONGEST)
        begun = self.clock()
        event.wait(asked)
        now = self.clock()
        apart = self.wall() - now
        slept = now - begun > asked + SLACK or abs(apart - self._apart) > SLACK
        self._apart = apart
        return slept
