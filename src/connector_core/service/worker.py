"""The worker: takes the files it is told of, asks the rules, delivers what is due.

Nothing is remembered between two tasks that the store does not know: killed at any instruction and told again, the
worker ends in the same state as if it had never been killed. Files of one source are one attempt; when one of them
breaks its connector, each is tried alone, so that the others are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from connector_core.errors import ConnectorError, SourceError, StoreError
from connector_core.pipeline.attempt import Input, Outcome, Pipeline
from connector_core.pipeline.silence import Listening
from connector_core.service.messages import Failed, FileRead, Report, Task, Trouble, Work
from connector_core.service.outbox import Sent
from connector_core.settings.model import Settings, Source
from connector_core.sources.folder import Entry
from connector_core.sources.pace import FullSpeed, Pace
from connector_core.sources.spool import Spool, SpooledCopy
from connector_core.store.store import Store


@dataclass(slots=True)
class _Course:
    """One task being done."""

    day: date
    outcomes: list[Outcome] = field(default_factory=list)
    done: dict[str, list[Entry]] = field(default_factory=dict)
    failed: dict[str, list[Failed]] = field(default_factory=dict)
    settling: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def end(self, source: Source, entry: Entry) -> None:
        self.done.setdefault(source.id, []).append(entry)


@dataclass(slots=True)
class Worker:
    """Works on the store of one practice; `deliver` delivers what waits in the store and is due; `pace` is the one that
    the spool reads at."""

    settings: Settings
    store: Store
    spool: Spool
    pipeline: Pipeline
    listening: Listening
    deliver: Callable[[], Sent]
    pace: Pace = field(default_factory=FullSpeed)

    def __post_init__(self) -> None:
        self.spool.sweep()

    def work(self, task: Task) -> Report:
        """Do a task. Raise StoreError when the store fails; everything can be told again then."""
        course = _Course(task.day)
        self.pace.begin()
        for source in self.settings.sources:
            for failed in task.aside.get(source.id, ()):
                self._set_aside(source, failed, course)
            ready = task.ready.get(source.id)
            if ready:
                self._take(source, ready, course)
        passed = self.pipeline.day_passes(task.day)
        if passed.asked:
            course.outcomes.append(passed)
        listened = self.listening.listen(task.day)
        if listened.changes:
            course.outcomes.append(Outcome(changes=listened.changes))
        sent = self.deliver()
        return Report(
            works=tuple(map(_counted, course.outcomes)),
            done={source: tuple(entries) for source, entries in course.done.items()},
            failed={source: tuple(failed) for source, failed in course.failed.items()},
            settling=course.settling,
            problems=course.problems,
            troubles=(*course.troubles, *sent.troubles),
            listen_at=listened.due,
            deliver_in=sent.due_in,
        )

    def _take(self, source: Source, ready: Sequence[Entry], course: _Course) -> None:
        taken = self.store.files.taken(source.id)
        inputs: list[tuple[Entry, Input]] = []
        for entry in ready:
            self.pace.file()
            copy = self._copied(source, entry, course)
            if copy is None:
                continue
            if copy.sha256 in taken:
                self.listening.heard(source.id, datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC))
                course.end(source, entry)
                self._tidy(source, copy)
                continue
            given = Input(source.id, copy, (source.connector,), source.dialect)
            if not self.pipeline.complete(given):
                course.settling += 1
                self._tidy(source, copy)
                continue
            inputs.append((entry, given))
        if inputs:
            self._attempt(source, inputs, course)

    def _copied(self, source: Source, entry: Entry, course: _Course) -> SpooledCopy | None:
        try:
            return self.spool.take(entry.path)
        except SourceError as error:
            course.problems[source.id] = error.what
            return None

    def _attempt(self, source: Source, inputs: list[tuple[Entry, Input]], course: _Course) -> None:
        again = self._waiting(source, {given.file.sha256 for _, given in inputs})
        try:
            outcome = self.pipeline.attempt([*again, *(given for _, given in inputs)], course.day)
        except StoreError:
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone below, then told
            course.troubles.append(Trouble("attempt", {"source": source.id, "failure": type(failure).__name__}))
            if len(inputs) > 1:
                for alone in inputs:
                    self._attempt(source, [alone], course)
                return
            ((entry, given),) = inputs
            course.failed.setdefault(source.id, []).append(Failed(entry, _reason(failure)))
            self._tidy(source, given.file)
            return
        course.outcomes.append(outcome)
        for entry, given in inputs:
            course.end(source, entry)
            self._tidy(source, given.file)
        for waited in again:
            self._tidy(source, waited.file)

    def _set_aside(self, source: Source, failed: Failed, course: _Course) -> None:
        copy = self._copied(source, failed.entry, course)
        if copy is not None:
            given = Input(source.id, copy, (source.connector,), source.dialect)
            self.pipeline.set_aside(given, f"{failed.reason} ; le fichier est mis de côté")
            course.end(source, failed.entry)
            self._tidy(source, copy)

    def _waiting(self, source: Source, arriving: set[str]) -> list[Input]:
        """Files whose rows wait for a table that may be arriving now."""
        names = {facts.sha256: facts.name for facts in self.store.files.list_files(source.id)}
        copies = [
            self.spool.find(names[sha256], sha256)
            for sha256 in self.store.files.waiting(source.id)
            if sha256 not in arriving
        ]
        return [Input(source.id, copy, (source.connector,), source.dialect) for copy in copies if copy is not None]

    def _tidy(self, source: Source, copy: object) -> None:
        """Keep a copy only while something in it still waits."""
        if isinstance(copy, SpooledCopy) and copy.sha256 not in self.store.files.waiting(source.id):
            self.spool.forget(copy.sha256)


def _reason(failure: Exception) -> str:
    if isinstance(failure, ConnectorError):
        return failure.what
    return f"le connecteur a échoué ({type(failure).__name__})"


def _counted(outcome: Outcome) -> Work:
    files = tuple(FileRead(each.source, each.name, each.rows, each.new_rows, each.rejects) for each in outcome.files)
    changes = outcome.changes
    return Work(files, outcome.asked, len(changes.new) + len(changes.resurfaced), len(changes.resolved))
