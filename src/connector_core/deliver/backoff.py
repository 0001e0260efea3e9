"""When what could not be delivered is tried again: later each time, never all at once, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(minutes=15)
"""A workbook that somebody closes is replaced a quarter of an hour later at the latest."""
MAX_TRIES = 48
"""About nine hours of tries, a working day; what the next day brings takes the place of what was given up."""


def pause(tries: int, random: Callable[[], float]) -> timedelta:
    """How long to wait after so many failed tries (1 at least): doubled each time up to `LONGEST`, of which chance
    (`random` gives 0 to 1) takes up to half, so that several PCs do not ask a share all at once."""
    doubled: timedelta = FIRST * (1 << min(tries - 1, 16))
    return min(doubled, LONGEST) * (0.5 + random() / 2)
