"""The daemon: looks at the folders, has what is ready taken by a worker, and waits to be woken.

It opens no file's content and no store: what it knows is which files lie where, and which of them were taken since it
started. It forgets these when the worker tells that the store is an older one than it was: what lies in the folders is
told again, and the store knows what it has read. So it stays small, and nothing that a connector does to its process
stops the watching. A worker that ends in the middle of a task is told again, the second time file by file. A file that
fails three times, be it that its connector raises or that the worker ends, is set aside.

Every folder is looked at when the daemon starts, on its own interval, when a hint says so, when its hints had to be
started again, and after the PC has slept. A folder that does not answer, or a file that never settles, holds up nothing
else; a folder with very many files is taken in batches.

A database is read on the interval of its source, by a process of its own that the worker starts; meanwhile the worker
does whatever else there is to do, and is asked now and then whether the reading has ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event
from typing import Protocol

from connector_core.errors import ConnectorError, SourceError, StoreUnavailable
from connector_core.service.messages import Entries, Failed, Report, Task, Work
from connector_core.service.polling import ASK_AGAIN, PolledSource
from connector_core.service.wakefulness import Wakefulness
from connector_core.service.watching import WatchedSource
from connector_core.settings.model import Settings
from connector_core.sources.folder import Entry, FileSystem, LocalFileSystem
from connector_core.sources.reach import Reach, reach_of
from connector_core.sources.watch import FolderHints

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""Tries before a file that breaks its connector, or ends the worker, is set aside."""
BATCH = 500
"""How many files one task has at most."""
_SHORTEST = 0.2
"""Seconds to the next delivery, however soon it is due."""
_LINGER = 10.0
"""Seconds after its last task that a worker is kept for the next one."""


class WorkerEnded(SourceError):
    """The worker ended before it answered."""

    def __init__(self) -> None:
        super().__init__("le programme qui lit les fichiers s'est arrêté", remedy="Nouvel essai bientôt")


class Works(Protocol):
    """Does tasks, in this process or another."""

    def prepare(self) -> None:
        """There will be a task soon: what it takes to begin is begun. Waits for nothing and raises nothing."""
        ...

    def work(self, task: Task) -> Report:
        """Do a task. Raise StoreError when the store fails, WorkerEnded when there is no answer."""
        ...

    def interrupt(self) -> None:
        """Leave the task that is being done, in another thread, where that loses nothing; do none any more."""
        ...

    def close(self) -> None:
        """Give back what working needed; the next task takes it again."""
        ...


@dataclass(slots=True)
class Turn:
    """What one turn did."""

    works: list[Work] = field(default_factory=list)
    settling: int = 0
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Daemon:
    """The daemon of one practice. `turn` does everything that is to be done now; `run` does so until `stop` is set.

    `told` is given each piece of work, `standing` what is wrong with which source, each time that changes. `clock`
    measures and `wall` tells the time of day, both in seconds; `reach` says where a folder lies.
    """

    settings: Settings
    worker: Works
    today: Callable[[], date]
    told: Callable[[Work], None] = lambda _work: None
    standing: Callable[[Mapping[str, str]], None] = lambda _problems: None
    turned: Callable[[], None] = lambda: None
    """Called after each turn, whatever came of it: a daemon that hangs calls no more."""
    queued: Callable[[], bool] = lambda: False
    """Whether somebody else has queued something to deliver since this was last asked."""
    answered: Callable[[], None] = lambda: None
    """Called once, when a worker has answered: the store is open and its rules were asked."""
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    file_system: FileSystem = field(default_factory=LocalFileSystem)
    reach: Callable[[Path], Reach] = reach_of
    stop: Event = field(default_factory=Event)
    _wake: Event = field(default_factory=Event)
    _watched: dict[str, WatchedSource] = field(default_factory=dict)
    _polled: dict[str, PolledSource] = field(default_factory=dict)
    _reading_at: float | None = None
    """When the worker is asked how far the databases are that it reads, by the clock."""
    _asked_on: date | None = None
    """The day that was last asked about."""
    _ask_at: float | None = None
    """The time of day from which the worker has something to say without any new file."""
    _kept_until: float | None = None
    """How long the worker is kept; None where there is none."""
    _deliver_at: float | None = None
    """When the worker has something to deliver, by the clock."""
    _reads: int | None = None
    """What the worker last said that the store knows to have been read."""
    _has_answered: bool = False
    _tries: dict[Entry, int] = field(default_factory=dict)
    """How often a file has failed."""
    _problems: dict[str, str] = field(default_factory=dict)
    """What was last told."""

    def __post_init__(self) -> None:
        for source in self.settings.sources:
            if source.folder is not None:
                self._watched[source.id] = WatchedSource(
                    source, source.folder, self.settings.daemon, self.file_system, self.reach
                )
            else:
                self._polled[source.id] = PolledSource(source)

    def run(self) -> None:
        """Turn until told to stop. Being woken is a hint; a look on each folder's interval is the truth.

        Raise what is wrong from the beginning: a key that is not the store's, plugins that don't fit the configuration.
        A disk that is full then, and whatever fails later, is logged and tried again.
        """
        by_folder: dict[Path, list[WatchedSource]] = {}
        for watched in self._watched.values():
            by_folder.setdefault(watched.path, []).append(watched)
        self._prepare()
        hints = FolderHints(
            by_folder, self._wake, lambda folder: any(watched.watchable() for watched in by_folder[folder])
        )
        wakefulness = Wakefulness(self.clock, self.wall)
        survived: tuple[type[ConnectorError], ...] = (WorkerEnded, StoreUnavailable)
        started: set[Path] = set()
        begun = self.clock()
        try:
            while True:
                self._wake.clear()
                if self.stop.is_set():
                    break
                heard = hints.heard()
                self._hinted(watched for folder in heard for watched in by_folder[folder])
                due = [source for source, watched in self._watched.items() if watched.next_look <= self.clock()]
                try:
                    self.turn(due)
                except survived as error:
                    if self.stop.is_set():
                        break
                    log.error("turn", extra={"reason": error.what})
                    self._later(due)
                if survived != (ConnectorError,):
                    survived = (ConnectorError,)
                    log.info("ready", extra={"seconds": round(self.clock() - begun, 3)})
                changed = {self._watched[source].path for source in due if self._watched[source].changed}
                again = hints.supervise() | hints.missed(changed - heard)
                # Hints that had to be started twice running wait for the interval.
                self._hinted(watched for folder in again - started for watched in by_folder[folder])
                started = again
                self._let_worker_go()
                self.turned()
                if wakefulness.wait(self._wake, self._pause()):
                    self._slept(hints)
        finally:
            hints.close()
            self.worker.close()

    def interrupt(self) -> None:
        """Stop, and leave the task that is being done where that loses nothing."""
        self.stop.set()
        self._wake.set()
        self.worker.interrupt()

    def turn(self, sources: Collection[str] | None = None) -> Turn:
        """Look at some sources once, or at every one, and have done what is ready."""
        turn = Turn()
        day = self.today()
        ready: Entries = {}
        looked = self._watched if sources is None else sources
        for source in looked:
            look = self._watched[source].look(self.clock)
            turn.settling += look.settling
            if look.ready:
                ready[source] = look.ready
            elif look.again is not None and look.again <= _LINGER:
                self._prepare()
        try:
            if self.queued():
                self._deliver_at = self.clock()
            polls = self._polls(sources)
            if ready or day != self._asked_on or self._asks():
                self._have_done(day, ready, turn)
                self._asked_on = day
            if polls or self._reads_due():
                self._have_read(day, polls, turn)
        finally:
            self._tell()
        turn.problems = {source: self._problems[source] for source in looked if source in self._problems}
        return turn

    def _polls(self, sources: Collection[str] | None) -> tuple[str, ...]:
        """The sources whose databases are to be read now."""
        now = self.clock()
        return tuple(
            name for name, polled in self._polled.items() if polled.due(now) or (sources is None and not polled.reading)
        )

    def _reads_due(self) -> bool:
        return self._reading_at is not None and self._reading_at <= self.clock()

    def _have_read(self, day: date, polls: tuple[str, ...], turn: Turn) -> None:
        """Have databases read, and what was read taken. A worker that ends over it is not told again before the next
        interval."""
        for name in polls:
            self._polled[name].begun()
        try:
            self._note(Task(day, polls=polls, reads=self._reads), turn)
        except WorkerEnded as error:
            log.error("worker", extra={"files": 0})
            self._readings_ended(error.what)
        except ConnectorError:
            self._readings_ended(None)
            raise

    def _readings_ended(self, problem: str | None) -> None:
        """The worker that was reading databases is gone."""
        self._reading_at = None
        for polled in self._polled.values():
            if polled.reading:
                polled.ended(self.clock(), problem)

    def _asks(self) -> bool:
        """Whether the worker has something to say, or to deliver, without any new file."""
        silent = self._ask_at is not None and self._ask_at <= self.wall()
        return silent or (self._deliver_at is not None and self._deliver_at <= self.clock())

    def _prepare(self) -> None:
        self.worker.prepare()
        self._kept_until = self.clock() + _LINGER

    def _let_worker_go(self) -> None:
        """End the worker some time after its last task, so that what working takes is given back."""
        if self._kept_until is not None and self.clock() >= self._kept_until:
            self._kept_until = None
            self.worker.close()

    def _pause(self) -> float:
        """How long there is nothing to do, in seconds."""
        moments = [watched.next_look for watched in self._watched.values()]
        moments += [polled.next_poll for polled in self._polled.values() if not polled.reading]
        moments += [each for each in (self._kept_until, self._deliver_at, self._reading_at) if each is not None]
        pause = min(moments, default=float("inf")) - self.clock()
        return pause if self._ask_at is None else min(pause, self._ask_at - self.wall())

    def _hinted(self, sources: Iterable[WatchedSource]) -> None:
        for watched in sources:
            watched.hinted(self.clock())

    def _later(self, sources: Iterable[str]) -> None:
        for source in sources:
            self._watched[source].later(self.clock())
        rescan = self.settings.daemon.rescan.total_seconds()
        if self._ask_at is not None:
            self._ask_at = max(self._ask_at, self.wall() + rescan)
        if self._deliver_at is not None:
            self._deliver_at = max(self._deliver_at, self.clock() + rescan)

    def _slept(self, hints: FolderHints) -> None:
        """After a sleep of the PC nothing is taken for granted: neither hints, nor that files stood still."""
        log.info("resume")
        self._asked_on = None
        for polled in self._polled.values():
            polled.begin_anew(self.clock())
        for watched in self._watched.values():
            watched.begin_anew(self.clock())
            hints.restart(watched.path)

    def _have_done(self, day: date, ready: Entries, turn: Turn) -> None:
        """Have the files of a day taken together, since they may be one export, and once more together when the worker
        ends: it may have been killed. Those that failed before, or all when it ends again, are told one by one."""
        for source in ready:
            self._watched[source].begin_work()
        doubtful = {each for each in _each(ready) if each[1] in self._tries}
        for batch in _batches(each for each in _each(ready) if each not in doubtful):
            for last in (False, True):
                if self.stop.is_set():
                    return
                try:
                    self._note(Task(day, batch, reads=self._reads), turn)
                    break
                except WorkerEnded:
                    if self.stop.is_set():
                        return
                    log.error("worker", extra={"files": sum(map(len, batch.values()))})
                    if last and not batch:
                        raise
                    if last:
                        doubtful.update(_each(batch))
        for source, entry in sorted(doubtful):
            if self.stop.is_set():
                return
            self._have_one_done(day, source, entry, turn)

    def _have_one_done(self, day: date, source: str, entry: Entry, turn: Turn) -> None:
        try:
            self._note(Task(day, {source: (entry,)}, reads=self._reads), turn)
        except WorkerEnded as error:
            if self.stop.is_set():
                return
            log.error("worker", extra={"source": source, "files": 1})
            self._failed(day, source, Failed(entry, error.what), turn)

    def _failed(self, day: date, source: str, failed: Failed, turn: Turn) -> None:
        """Count a failure; the third is the last."""
        self._watched[source].went_wrong(failed.reason)
        tries = self._tries[failed.entry] = self._tries.get(failed.entry, 0) + 1
        if tries >= MAX_TRIES:
            told = Failed(failed.entry, f"{failed.reason}, {tries} fois", failed.poison)
            self._note(Task(day, aside={source: (told,)}, reads=self._reads), turn)

    def _note(self, task: Task, turn: Turn) -> None:
        """Have a task done, and note what it came to."""
        report = self.worker.work(task)
        now = self.clock()
        if not self._has_answered:
            self._has_answered = True
            self.answered()
        self._kept_until = now + _LINGER
        self._ask_at = None if report.listen_at is None else report.listen_at.timestamp()
        self._reads = report.reads
        if report.behind:
            log.warning("behind")
            turn.settling += sum(watched.forget(now) for watched in self._watched.values())
            for polled in self._polled.values():
                polled.begin_anew(now)
        turn.settling += report.settling
        self._deliver_at = None if report.deliver_in is None else now + max(report.deliver_in, _SHORTEST)
        for source in report.polled:
            self._polled[source].ended(now, report.problems.get(source))
        for source, polled in self._polled.items():
            if polled.reading and source not in (*report.reading, *report.polled):
                polled.ended(now, WorkerEnded().what)
        self._reading_at = now + ASK_AGAIN if report.reading else None
        for source, watched in self._watched.items():
            watched.folder.together = source not in report.apart
        for source, problem in report.problems.items():
            if source in self._watched:
                self._watched[source].went_wrong(problem)
        for source, entries in task.ready.items():
            ended = {*report.done.get(source, ()), *(each.entry for each in report.failed.get(source, ()))}
            for entry in entries:
                if entry not in ended:
                    self._watched[source].not_taken(entry, now)
        for source, entry in _each(report.done):
            self._watched[source].done(entry)
            self._tries.pop(entry, None)
        for trouble in report.troubles:
            log.error(trouble.event, extra=trouble.fields)
        for work in report.works:
            turn.works.append(work)
            _log_work(work)
            self.told(work)
        for source, each in report.failed.items():
            for failed in each:
                self._failed(task.day, source, failed, turn)

    def _tell(self) -> None:
        """Say what is wrong with which source, where that has changed; what is over is withdrawn."""
        wrong = {source: watched.problem for source, watched in self._watched.items()}
        wrong |= {source: polled.problem for source, polled in self._polled.items()}
        problems = {source: problem for source, problem in wrong.items() if problem is not None}
        if problems == self._problems:
            return
        for source, problem in problems.items():
            if self._problems.get(source) != problem:
                log.warning("problem", extra={"source": source, "reason": problem})
        for source in self._problems.keys() - problems.keys():
            log.info("problem over", extra={"source": source})
        self._problems = problems
        self.standing(problems)


def _each(entries: Entries) -> Iterator[tuple[str, Entry]]:
    return ((source, entry) for source, found in entries.items() for entry in found)


def _batches(files: Iterable[tuple[str, Entry]]) -> Iterator[Entries]:
    """The files in the same order, so many at a time; once nothing where there are none."""
    batch: dict[str, list[Entry]] = {}
    count = 0
    for source, entry in files:
        batch.setdefault(source, []).append(entry)
        count += 1
        if count % BATCH == 0:
            yield {name: tuple(entries) for name, entries in batch.items()}
            batch = {}
    if batch or not count:
        yield {name: tuple(entries) for name, entries in batch.items()}


def _log_work(work: Work) -> None:
    log.info(
        "work",
        extra={
            "files": len(work.files),
            "rows": sum(file.rows for file in work.files),
            "new_rows": sum(file.new_rows for file in work.files),
            "gone_rows": sum(file.gone_rows for file in work.files),
            "rejects": sum(file.rejects for file in work.files),
            "tables": sum(file.tables for file in work.files),
            "parts": sum(file.parts for file in work.files),
            "asked": work.asked,
            "opened": work.opened,
            "resolved": work.resolved,
        },
    )
