"""The daemon: looks at the folders, has what is ready taken by a worker, and waits to be woken.

It opens no file's content and no store: what it knows is which files lie where, and which of them were taken since it
started. So it stays small, and nothing that a connector does to its process stops the watching. A worker that ends in
the middle of a task is told again, file by file. A file that fails three times, be it that its connector raises or that
the worker ends, is set aside.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from typing import Protocol

from connector_core.errors import ConnectorError, SourceError
from connector_core.service.messages import Entries, Failed, Report, Task, Work
from connector_core.settings.model import Settings
from connector_core.sources.folder import Entry, FileSystem, LocalFileSystem, WatchedFolder
from connector_core.sources.watch import FolderHints

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""Tries before a file that breaks its connector, or ends the worker, is set aside."""
_SHORTEST = 0.2
"""Seconds between two looks while something is settling."""
_LINGER = 10.0
"""Seconds after its last task that a worker is kept for the next one."""


class WorkerEnded(SourceError):
    """The worker ended before it answered."""

    def __init__(self) -> None:
        super().__init__("le programme qui lit les fichiers s'est arrêté", remedy="Nouvel essai bientôt")


class Works(Protocol):
    """Does tasks, in this process or another."""

    def work(self, task: Task) -> Report:
        """Do a task. Raise StoreError when the store fails, WorkerEnded when there is no answer."""
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

    @property
    def worked(self) -> bool:
        return bool(self.works)


@dataclass(slots=True)
class Daemon:
    """The daemon of one practice. `turn` does everything that is to be done now; `run` does so until `stop` is set."""

    settings: Settings
    worker: Works
    today: Callable[[], date]
    told: Callable[[Work], None] = lambda _work: None
    turned: Callable[[], None] = lambda: None
    """Called after each turn, whatever came of it: a daemon that hangs calls no more."""
    clock: Callable[[], float] = time.monotonic
    file_system: FileSystem = field(default_factory=LocalFileSystem)
    stop: Event = field(default_factory=Event)
    _wake: Event = field(default_factory=Event)
    _folders: dict[str, WatchedFolder] = field(default_factory=dict)
    _asked_on: date | None = None
    """The day that was last asked about."""
    _tries: dict[Entry, int] = field(default_factory=dict)
    """How often a file has failed."""

    def __post_init__(self) -> None:
        for source in self.settings.sources:
            if source.folder is not None:
                settle = source.settle.total_seconds()
                self._folders[source.id] = WatchedFolder(source.folder, settle, self.file_system)

    def run(self) -> None:
        """Turn until told to stop. Being woken is a hint; a look every `rescan` is the truth.

        Raise what is wrong from the beginning: a store that can't be opened, plugins that don't fit the configuration.
        From then on, what fails is logged and tried again.
        """
        hints = FolderHints((watched.folder for watched in self._folders.values()), self._wake)
        survived: tuple[type[ConnectorError], ...] = (WorkerEnded,)
        try:
            while True:
                self._wake.clear()
                if self.stop.is_set():
                    break
                try:
                    wait = self._turned()
                except survived as error:
                    log.error("turn", extra={"reason": error.what})
                    wait = self.settings.daemon.rescan.total_seconds()
                survived = (ConnectorError,)
                hints.supervise()
                self.turned()
                self._wake.wait(wait)
        finally:
            hints.close()
            self.worker.close()

    def interrupt(self) -> None:
        """Stop after the turn that is running."""
        self.stop.set()
        self._wake.set()

    def turn(self) -> Turn:
        """Look at every source once and have done what is ready."""
        turn = Turn()
        day = self.today()
        ready: Entries = {}
        for source, watched in self._folders.items():
            look = watched.look(self.clock())
            turn.settling += look.settling
            if look.problem is not None:
                turn.problems[source] = look.problem
            if look.ready:
                ready[source] = look.ready
        if ready or day != self._asked_on:
            self._have_done(day, ready, turn)
            self._asked_on = day
        return turn

    def _turned(self) -> float:
        """One turn; returns how long to wait for the next, in seconds."""
        rescan = self.settings.daemon.rescan.total_seconds()
        turn = self.turn()
        if turn.settling:
            return self._settling_wait()
        if turn.worked:
            return min(rescan, _LINGER)
        self.worker.close()
        return rescan

    def _settling_wait(self) -> float:
        settles = [watched.settle for watched in self._folders.values()]
        return max(_SHORTEST, min(settles, default=1.0) / 2)

    def _have_done(self, day: date, ready: Entries, turn: Turn) -> None:
        """Have the files of a day taken; those that failed before, or all when the worker ends over them, one by
        one."""
        doubtful = {each for each in _each(ready) if each[1] in self._tries}
        calm: Entries = {}
        for source, entry in _each(ready):
            if (source, entry) not in doubtful:
                calm[source] = (*calm.get(source, ()), entry)
        try:
            self._note(day, self.worker.work(Task(day, calm)), turn)
        except WorkerEnded:
            log.error("worker", extra={"files": sum(map(len, calm.values()))})
            if not calm:
                raise
            doubtful.update(_each(calm))
        for source, entry in sorted(doubtful):
            self._have_one_done(day, source, entry, turn)

    def _have_one_done(self, day: date, source: str, entry: Entry, turn: Turn) -> None:
        try:
            self._note(day, self.worker.work(Task(day, {source: (entry,)})), turn)
        except WorkerEnded as error:
            log.error("worker", extra={"source": source, "files": 1})
            self._failed(day, source, Failed(entry, error.what), turn)

    def _failed(self, day: date, source: str, failed: Failed, turn: Turn) -> None:
        """Count a failure; the third is the last."""
        turn.problems[source] = failed.reason
        tries = self._tries[failed.entry] = self._tries.get(failed.entry, 0) + 1
        if tries >= MAX_TRIES:
            told = Failed(failed.entry, f"{failed.reason}, {tries} fois")
            self._note(day, self.worker.work(Task(day, aside={source: (told,)})), turn)

    def _note(self, day: date, report: Report, turn: Turn) -> None:
        turn.settling += report.settling
        turn.problems.update(report.problems)
        for source, entry in _each(report.done):
            self._folders[source].done(entry)
            self._tries.pop(entry, None)
        for trouble in report.troubles:
            log.error(trouble.event, extra=trouble.fields)
        for work in report.works:
            turn.works.append(work)
            _log_work(work)
            self.told(work)
        for source, each in report.failed.items():
            for failed in each:
                self._failed(day, source, failed, turn)


def _each(entries: Entries) -> Iterator[tuple[str, Entry]]:
    return ((source, entry) for source, found in entries.items() for entry in found)


def _log_work(work: Work) -> None:
    log.info(
        "work",
        extra={
            "files": len(work.files),
            "rows": sum(file.rows for file in work.files),
            "new_rows": sum(file.new_rows for file in work.files),
            "rejects": sum(file.rejects for file in work.files),
            "asked": work.asked,
            "opened": work.opened,
            "resolved": work.resolved,
        },
    )
