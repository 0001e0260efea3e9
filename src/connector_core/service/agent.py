"""The agent: shows a person's notices in their own session, since a service has no screen.

It reads a folder that the outbox writes to (`connector_core.deliver.mailbox`), and nothing else: neither the store nor
a secret. Outside the person's hours, and once it has shown as many as an hour may have, what waits goes on waiting; the
last that an hour admits tells all the rest together. A notice is shown again if this process is killed between showing
it and its mark, and only then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

from connector_core.deliver.hours import Hours
from connector_core.deliver.mailbox import Letter, Mailbox, Sending
from connector_core.deliver.notice import Notice
from connector_core.deliver.toast import ToastError

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_LOOK = 5.0
"""Seconds between two looks into the folder."""
_AFTER_FAILURE = 60.0
"""Seconds until a desktop that did not take a notice is asked again."""
_LINES = 4
"""Notices of which one that stands for several still says the text."""


class Shows(Protocol):
    """Shows notices to a person."""

    def show(self, notice: Notice) -> None:
        """Show a notice. Raise ToastError when it was not shown."""
        ...


@dataclass(slots=True)
class Agent:
    """The agent of one person. `hours` has the hours of each kind of notice that the person is sent; `clock` gives
    UTC."""

    mailbox: Mailbox
    hours: Mapping[Sending, Hours]
    most_an_hour: int
    desktop: Shows
    clock: Callable[[], datetime]
    stop: Event = field(default_factory=Event)

    def run(self) -> None:
        """Look until told to stop."""
        log.info("start")
        pause = 0.0
        while not self.stop.wait(pause):
            try:
                shown = self.look()
            except ToastError as error:
                log.error("toast", extra={"reason": error.what})
                pause = _AFTER_FAILURE
            else:
                if shown:
                    log.info("shown", extra={"notices": shown})
                pause = _LOOK
        log.info("stop")

    def look(self) -> int:
        """Show what may be shown now; returns how many notices that was. Raise ToastError when the desktop takes
        none: what was not shown waits."""
        now = self.clock()
        letters = [each for each in self.mailbox.waiting(now) if self._admitted(each, now)]
        recent = sum(now - at < _HOUR for at in self.mailbox.times(now) if at <= now)
        shown = 0
        for group in grouped(letters, self.most_an_hour - recent):
            self.desktop.show(together(group))
            self.mailbox.shown(group, now + timedelta(microseconds=shown))
            shown += 1
        return shown

    def _admitted(self, letter: Letter, now: datetime) -> bool:
        hours = self.hours.get(letter.send)
        return hours is not None and hours.admit(now)


def grouped(letters: Sequence[Letter], allowed: int) -> list[Sequence[Letter]]:
    """So many groups at most, the last of which takes all that is left."""
    if allowed <= 0 or not letters:
        return []
    if len(letters) <= allowed:
        return [[each] for each in letters]
    return [*([each] for each in letters[: allowed - 1]), letters[allowed - 1 :]]


def together(letters: Sequence[Letter]) -> Notice:
    """One notice for several."""
    if len(letters) == 1:
        return letters[0].notice
    lines = [each.text.partition("\n")[0] for each in letters[-_LINES:]]
    more = len(letters) - len(lines)
    if more:
        lines.append(f"… et {more} de plus, dans le rapport")
    return Notice(f"{len(letters)} avis", "\n".join(lines))
