"""What the worker asks of the system: to be served after whoever works on the PC, and how busy that one keeps it."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

_NICE = 10
_LAST = 7
"""Of the eight ranks that Linux gives to ordinary reading and writing."""


def step_back() -> None:
    """Take a lower priority for this process, for its processor time and, where the system has one, for its reading and
    writing. What the system refuses is done without."""
    process = psutil.Process()
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(max(int(process.nice()), _NICE))
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.ionice(psutil.IOPRIO_LOW)
        elif sys.platform == "linux":
            process.ionice(psutil.IOPRIO_CLASS_BE, _LAST)


@dataclass(slots=True)
class OthersLoad:
    """The part of the PC's processors, from 0 to 1, that other processes have used since this was last called."""

    _before: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        self._before = _times()

    def __call__(self) -> float:
        now = _times()
        total, busy, own = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        return min(max((busy - own) / total, 0.0), 1.0) if total > 0 else 0.0


def _times() -> tuple[float, float, float]:
    """The seconds of all processors so far: all of them, those in use, those used by this process."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    own = psutil.Process().cpu_times()
    # Linux counts what guests use among what users do.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total, total - idle, own.user + own.system
