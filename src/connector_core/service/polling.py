"""One database under watch: when it is to be read, whether it is being read, what is wrong with it.

Times are those of a monotonic clock, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector_core.settings.model import Source

ASK_AGAIN = 0.5
"""Seconds after which a worker that reads a database is asked how far it is."""


@dataclass(slots=True)
class PolledSource:
    """What the daemon knows of one source whose database is read."""

    source: Source
    next_poll: float = float("-inf")
    reading: bool = False
    problem: str | None = None

    def due(self, now: float) -> bool:
        """Whether it is to be read now."""
        return not self.reading and self.next_poll <= now

    def begun(self) -> None:
        """A worker was told to read it."""
        self.reading = True

    def ended(self, now: float, problem: str | None) -> None:
        """A reading has ended, or could not begin."""
        self.reading = False
        self.problem = problem
        self.next_poll = now + self.source.poll.total_seconds()

    def begin_anew(self, now: float) -> None:
        """The PC has slept, or the store is an older one than it was: it is read now."""
        self.next_poll = now
