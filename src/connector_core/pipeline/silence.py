"""Keeping an ear on the sources of which something is expected: what their silence opens, a file resolves. And saying
of those whose database is no longer read that it is not.

All sources are one owner of findings, `s`, asked whenever a worker works, and when the next silence falls due. What is
said is written in one transaction of its own; when that is lost, the next asking says it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector_core.findings.life import Changes, advance
from connector_core.pipeline.attempt import Clock, Committing
from connector_core.rules.paused import CODE as PAUSED
from connector_core.rules.paused import Paused, paused
from connector_core.rules.silence import CODE, Awaited, silence
from connector_core.store.store import Store

SOURCES = "s"
"""The owner of what is said of the sources."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A source of which something is expected: its id, the name of its software, and how often."""

    id: str
    name: str
    every: timedelta


@dataclass(frozen=True, slots=True)
class Listened:
    """What listening changed, and when the next source will have been silent for too long."""

    changes: Changes
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Listening:
    """Listens to the expected sources of one practice; `clock` tells the time, `zone` is the practice's, `paused` which
    sources are not read."""

    store: Store
    expected: Sequence[Expected]
    zone: ZoneInfo
    clock: Clock
    committing: Committing | None = None
    paused: Callable[[], Sequence[Paused]] = tuple

    def listen(self, day: date) -> Listened:
        """Say which sources are silent, and that others no longer are. Writes only what is new."""
        now = self.clock().astimezone(self.zone)
        changes = Changes()
        self._expect(now)
        awaited = awaited_sources(self.store, self.expected, self.zone)
        found = [finding for finding in (silence(each, now) for each in awaited) if finding is not None]
        found += map(paused, self.paused())
        known = self.store.answers.lives([SOURCES]).get(SOURCES, {})
        ahead = advance(SOURCES, known, found, {CODE: 1, PAUSED: 1}, day, changes)
        said = {kept.finding for each in found for kept in self.store.answers.find(each.fingerprint)}
        if changes or said != set(found):
            with self.store.transaction():
                self.store.answers.write(ahead.rows)
                for fingerprint in ahead.resolved:
                    self.store.answers.set_state(fingerprint, "resolved", day.isoformat(), None)
                if self.committing is not None:
                    self.committing(day, changes)
        due = min((each.silent_from for each in awaited if each.silent_from > now), default=None)
        return Listened(changes, due)

    def heard(self, source: str, at: datetime) -> None:
        """A file came that says nothing new: nothing to read, and yet no silence. One of the future came now."""
        if all(each.id != source for each in self.expected):
            return
        last = self.store.files.heard().get(source)
        if last is None or at > datetime.fromisoformat(last):
            with self.store.transaction():
                self.store.files.hear(source, min(at, self.clock()).isoformat())

    def _expect(self, now: datetime) -> None:
        """Remember since when something is expected of a source that has never given anything."""
        heard = self.store.files.heard()
        new = [each.id for each in self.expected if each.id not in heard and self.store.fact(_fact(each.id)) is None]
        if new:
            with self.store.transaction():
                for source in new:
                    self.store.set_fact(_fact(source), now.isoformat())


def awaited_sources(store: Store, expected: Sequence[Expected], zone: ZoneInfo) -> list[Awaited]:
    """The expected sources as the store knows them, in their order; those that nobody listened to yet are left out."""
    heard = store.files.heard()
    awaited: list[Awaited] = []
    for each in expected:
        last = heard.get(each.id) or store.fact(_fact(each.id))
        if last is not None:
            moment = datetime.fromisoformat(last).astimezone(zone)
            awaited.append(Awaited(each.id, each.name, each.every, moment, each.id in heard))
    return awaited


def _fact(source: str) -> str:
    return f"expected_since:{source}"
