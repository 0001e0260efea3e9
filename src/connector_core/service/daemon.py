"""The daemon: looks at the folders, takes what is ready, asks the rules, writes the report; then waits to be woken.

Nothing is remembered between two turns that the store does not know: killed at any instruction and started again, the
daemon ends in the same state as if it had never been killed. A file that breaks its connector is tried alone, and set
aside after three tries.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Event

from connector_core.errors import ConnectorError, SourceError, StoreError
from connector_core.pipeline.attempt import Input, Outcome, Pipeline
from connector_core.settings.model import Settings, Source
from connector_core.sources.folder import Entry, FileSystem, LocalFileSystem, WatchedFolder
from connector_core.sources.spool import Spool, SpooledCopy
from connector_core.sources.watch import FolderHints
from connector_core.store.store import Store

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""Tries before a file that breaks its connector is set aside."""
_SHORTEST = 0.2
"""Seconds between two looks while something is settling."""


@dataclass(slots=True)
class Turn:
    """What one turn did."""

    outcomes: list[Outcome] = field(default_factory=list)
    settling: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def worked(self) -> bool:
        return bool(self.outcomes)


@dataclass(slots=True)
class Daemon:
    """The daemon of one practice. `turn` does everything that is to be done now; `run` does so until `stop` is set."""

    settings: Settings
    store: Store
    spool: Spool
    pipeline: Pipeline
    today: Callable[[], date]
    deliver: Callable[[], None]
    told: Callable[[Outcome], None] = lambda _outcome: None
    clock: Callable[[], float] = time.monotonic
    file_system: FileSystem = field(default_factory=LocalFileSystem)
    stop: Event = field(default_factory=Event)
    _wake: Event = field(default_factory=Event)
    _folders: dict[str, WatchedFolder] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)
    """Files that no connector of this run can read; tried again by the next run, which may know more connectors."""

    def __post_init__(self) -> None:
        for source in self.settings.sources:
            if source.folder is not None:
                settle = source.settle.total_seconds()
                self._folders[source.id] = WatchedFolder(source.folder, settle, self.file_system)
        self.spool.sweep()

    def run(self) -> None:
        """Turn until told to stop. Being woken is a hint; a look every `rescan` is the truth."""
        hints = FolderHints((watched.folder for watched in self._folders.values()), self._wake)
        rescan = self.settings.daemon.rescan.total_seconds()
        try:
            while True:
                self._wake.clear()
                if self.stop.is_set():
                    break
                try:
                    turn = self.turn()
                    wait = self._settling_wait() if turn.settling else rescan
                except StoreError as error:
                    log.error("store", extra={"reason": error.what})
                    wait = rescan
                hints.supervise()
                self._wake.wait(wait)
        finally:
            hints.close()

    def interrupt(self) -> None:
        """Stop after the turn that is running."""
        self.stop.set()
        self._wake.set()

    def turn(self) -> Turn:
        """Look at every source once and do what is ready."""
        turn = Turn()
        day = self.today()
        for source in self.settings.sources:
            watched = self._folders.get(source.id)
            if watched is None:
                continue
            look = watched.look(self.clock())
            turn.settling += look.settling
            if look.problem is not None:
                turn.problems[source.id] = look.problem
            if look.ready:
                self._take(source, watched, look.ready, day, turn)
        passed = self.pipeline.day_passes(day)
        if passed.asked:
            turn.outcomes.append(passed)
        if turn.worked:
            for outcome in turn.outcomes:
                _log_work(outcome)
                self.told(outcome)
            self.deliver()
        return turn

    def _settling_wait(self) -> float:
        settles = [watched.settle for watched in self._folders.values()]
        return max(_SHORTEST, min(settles, default=1.0) / 2)

    def _take(self, source: Source, watched: WatchedFolder, ready: Sequence[Entry], day: date, turn: Turn) -> None:
        taken = self.store.files.taken(source.id)
        inputs: list[tuple[Entry, Input]] = []
        for entry in ready:
            try:
                copy = self.spool.take(entry.path)
            except SourceError as error:
                turn.problems[source.id] = error.what
                continue
            if copy.sha256 in taken or copy.sha256 in self._unreadable:
                watched.done(entry)
                self._tidy(source, copy)
                continue
            given = Input(source.id, copy, (source.connector,), source.dialect)
            if not self.pipeline.complete(given):
                turn.settling += 1
                self._tidy(source, copy)
                continue
            inputs.append((entry, given))
        if inputs:
            self._attempt(source, watched, inputs, day, turn)

    def _attempt(
        self, source: Source, watched: WatchedFolder, inputs: list[tuple[Entry, Input]], day: date, turn: Turn
    ) -> None:
        again = self._waiting(source, {given.file.sha256 for _, given in inputs})
        try:
            outcome = self.pipeline.attempt([*again, *(given for _, given in inputs)], day)
        except StoreError:
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone below, then set aside
            log.error("attempt", extra={"source": source.id, "failure": type(failure).__name__})
            if len(inputs) > 1:
                for alone in inputs:
                    self._attempt(source, watched, [alone], day, turn)
                return
            self._failed(source, watched, inputs[0], failure, turn)
            return
        turn.outcomes.append(outcome)
        states = {file.sha256: file.state for file in outcome.files}
        for entry, given in inputs:
            watched.done(entry)
            if states.get(given.file.sha256) in ("unknown", "ambiguous"):
                self._unreadable.add(given.file.sha256)
            self._tidy(source, given.file)
        for waited in again:
            self._tidy(source, waited.file)

    def _failed(
        self, source: Source, watched: WatchedFolder, failed: tuple[Entry, Input], failure: Exception, turn: Turn
    ) -> None:
        entry, each = failed
        tries = self._tries[each.file.sha256] = self._tries.get(each.file.sha256, 0) + 1
        reason = (
            failure.what
            if isinstance(failure, ConnectorError)
            else f"le connecteur a échoué ({type(failure).__name__})"
        )
        turn.problems[source.id] = reason
        if tries >= MAX_TRIES:
            self.pipeline.set_aside(each, f"{reason}, {tries} fois ; le fichier est mis de côté")
            self._unreadable.add(each.file.sha256)
            watched.done(entry)
        self._tidy(source, each.file)

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


def _log_work(outcome: Outcome) -> None:
    log.info(
        "work",
        extra={
            "files": len(outcome.files),
            "rows": sum(file.rows for file in outcome.files),
            "new_rows": sum(file.new_rows for file in outcome.files),
            "rejects": sum(file.rejects for file in outcome.files),
            "asked": outcome.asked,
            "opened": len(outcome.changes.new) + len(outcome.changes.resurfaced),
            "resolved": len(outcome.changes.resolved),
        },
    )
