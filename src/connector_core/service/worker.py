"""The worker: takes the files it is told of, asks the rules, delivers what is due.

The promise: each file that is told is read at least once and has its effect once. Nothing is remembered between two
tasks that the store does not know, an attempt is one transaction of the store, and the copy that it reads is let go
only after it: killed at any instruction and told again, the worker ends in the same state as if it had never been
killed. A copy that is found at the start and that the store has not read is read, though its original may be gone. A
report that was not written is written later, since the outbox of the store has it.

The day that is asked about does not go back with the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from connector_core.findings.life import Changes
from connector_core.pipeline.outcome import Outcome
from connector_core.pipeline.silence import Listening
from connector_core.service.arrivals import Arrivals
from connector_core.service.course import Course
from connector_core.service.databases import Databases
from connector_core.service.extracts import Extracts
from connector_core.service.left_copies import LeftCopies
from connector_core.service.messages import FileRead, Report, Task, Trouble, Work
from connector_core.service.outbox import Sent
from connector_core.service.source_files import SourceFiles
from connector_core.settings.model import Settings
from connector_core.store.decisions import Decisions
from connector_core.store.store import Store

_EARLIER = "earlier_days"
_DAYS_TO_BELIEVE = 3
"""Different days before the last that was asked about, on which the clock is believed."""


class Outbox(Protocol):
    """What is to be delivered."""

    def queue(self, day: date, changes: Changes) -> None:
        """Have a day delivered, inside the transaction that commits what it says."""
        ...

    def send(self) -> Sent:
        """Deliver what is due."""
        ...


@dataclass(slots=True)
class Worker:
    """Works on the store of one practice; `outbox` delivers what waits in the store and is due; `recovered` says that
    the store was taken from a backup, which has to be told."""

    settings: Settings
    files: SourceFiles
    listening: Listening
    outbox: Outbox
    decisions: Decisions | None = None
    databases: Databases | None = None
    recovered: bool = False
    apart: tuple[str, ...] = ()
    """The sources of whose files each makes sense without the others."""
    _looked: bool = False
    """Whether the copies that an earlier worker left were looked at."""

    def __post_init__(self) -> None:
        self.files.spool.sweep()

    @property
    def store(self) -> Store:
        """The store that is worked on."""
        return self.files.store

    def work(self, task: Task) -> Report:
        """Do a task. Raise StoreError when the store fails; everything can be told again then."""
        course = Course(self._believed(task.day))
        behind = task.reads is not None and self.store.files.reads() < task.reads
        if course.day != task.day:
            back = {"from_day": course.day.isoformat(), "to_day": task.day.isoformat()}
            course.troubles.append(Trouble("clock", {**back, "reason": "l'horloge a reculé"}))
        if not self._looked:
            left = LeftCopies(self.files)
            for source in self.settings.sources:
                left.take(source, course)
            self._looked = True
        self.files.pace.begin()
        arrivals = Arrivals(self.files, self.listening)
        for source in self.settings.sources:
            for failed in task.aside.get(source.id, ()):
                arrivals.set_aside(source, failed, course)
            ready = task.ready.get(source.id)
            if ready:
                arrivals.take(source, ready, course)
        if self.databases is not None:
            sources = {source.id: source for source in self.settings.sources}
            Extracts(self.files, self.listening, self.databases).take(sources, task.polls, course)
        passed = self.files.pipeline.day_passes(course.day)
        if passed.asked:
            course.outcomes.append(passed)
        listened = self.listening.listen(course.day)
        if listened.changes:
            course.outcomes.append(Outcome(changes=listened.changes))
        decided = self.decisions is not None and self.store.decide_again(self.decisions) > 0
        if decided or self.recovered:
            with self.store.transaction():
                self.outbox.queue(course.day, Changes())
            self.recovered = False
        sent = self.outbox.send()
        return Report(
            works=tuple(map(_counted, course.outcomes)),
            done={source: tuple(entries) for source, entries in course.done.items()},
            failed={source: tuple(failed) for source, failed in course.failed.items()},
            settling=course.settling,
            problems=course.problems,
            troubles=(*course.troubles, *sent.troubles),
            listen_at=listened.due,
            deliver_in=sent.due_in,
            reads=self.store.files.reads(),
            behind=behind,
            reading=() if self.databases is None else self.databases.reading,
            apart=self.apart,
            polled=tuple(course.polled),
        )

    def _believed(self, day: date) -> date:
        """The day that is asked about. It does not go back: a clock that was set back would resolve findings that come
        again when it is put right. One that says so on several days is believed, since it was ahead before."""
        as_of, earlier = self.store.fact("as_of"), (self.store.fact(_EARLIER) or "").split()
        if as_of is None or day.isoformat() >= as_of:
            if earlier:
                self._note_earlier([])
            return day
        if day.isoformat() not in earlier:
            earlier.append(day.isoformat())
            self._note_earlier(earlier)
        return day if len(earlier) >= _DAYS_TO_BELIEVE else date.fromisoformat(as_of)

    def _note_earlier(self, days: list[str]) -> None:
        with self.store.transaction():
            self.store.set_fact(_EARLIER, " ".join(days))


def _counted(outcome: Outcome) -> Work:
    files = tuple(
        FileRead(
            each.source,
            each.name,
            each.rows,
            each.new_rows,
            each.rejects,
            each.gone_rows,
            each.tables,
            each.parts,
        )
        for each in outcome.files
    )
    changes = outcome.changes
    return Work(files, outcome.asked, len(changes.new) + len(changes.resurfaced), len(changes.resolved))
