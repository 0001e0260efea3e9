"""The worker: takes the files it is told of, asks the rules, delivers what is due.

The promise: each file that is told is read at least once and has its effect once. Nothing is remembered between two
tasks that the store does not know, an attempt is one transaction of the store, and the copy that it reads is let go
only after it: killed at any instruction and told again, the worker ends in the same state as if it had never been
killed. A copy that is found at the start and that the store has not read is read, though its original may be gone. A
report that was not written is written later, since the outbox of the store has it.

The day that is asked about does not go back with the clock.

Files of one source are one attempt; when one of them breaks its connector, each is tried alone, so that the others are
read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from connector_core.errors import ConnectorBroke, ConnectorError, ConnectorRests, SourceError, StoreError, reason_of
from connector_core.findings.life import Changes
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input
from connector_core.pipeline.outcome import Outcome
from connector_core.pipeline.silence import Listening
from connector_core.service.databases import Databases, Ended
from connector_core.service.interruption import Interrupted
from connector_core.service.messages import Failed, FileRead, Report, Task, Trouble, Work
from connector_core.service.outbox import Sent
from connector_core.settings.model import Settings, Source
from connector_core.sources.database.passes import Known, problem_of
from connector_core.sources.folder import Entry, LocalFileSystem
from connector_core.sources.names import written_name
from connector_core.sources.originals import ShareSilent, sha256_of
from connector_core.sources.pace import FullSpeed, Pace
from connector_core.sources.reach import Reach, reach_of
from connector_core.sources.spool import LeftCopy, Spool, SpooledCopy
from connector_core.sources.timely import PATIENCE, TimelyFileSystem
from connector_core.store.decisions import Decisions
from connector_core.store.store import Store

MAX_TRIES = 3
"""Tries before a file that breaks its connector, or ends the worker, is set aside."""
_LEFT = "la lecture de ce fichier a échoué plusieurs fois"
_EARLIER = "earlier_days"
_DAYS_TO_BELIEVE = 3
"""Different days before the last that was asked about, on which the clock is believed."""


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
    silent: set[str] = field(default_factory=set)
    """Sources whose share did not answer: their other files are left for later."""
    polled: list[str] = field(default_factory=list)

    def end(self, source: Source, entry: Entry) -> None:
        self.done.setdefault(source.id, []).append(entry)

    def fail(self, source: Source, entry: Entry, failure: Exception) -> None:
        self.trouble(source, failure)
        self.failed.setdefault(source.id, []).append(
            Failed(entry, _reason(failure), isinstance(failure, ConnectorBroke))
        )

    def trouble(self, source: Source, failure: Exception) -> None:
        self.troubles.append(Trouble("attempt", {"source": source.id, "failure": type(failure).__name__}))


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
    """Works on the store of one practice; `outbox` delivers what waits in the store and is due; `pace` is the one that
    the spool reads at; `recovered` says that the store was taken from a backup, which has to be told."""

    settings: Settings
    store: Store
    spool: Spool
    pipeline: Pipeline
    listening: Listening
    outbox: Outbox
    pace: Pace = field(default_factory=FullSpeed)
    decisions: Decisions | None = None
    databases: Databases | None = None
    recovered: bool = False
    reach: Callable[[Path], Reach] = reach_of
    """Where a folder lies."""
    patience: float = PATIENCE
    """Seconds that a share has for each answer."""
    apart: tuple[str, ...] = ()
    """The sources of whose files each makes sense without the others."""
    _looked: bool = False
    """Whether the copies that an earlier worker left were looked at."""

    def __post_init__(self) -> None:
        self.spool.sweep()

    def work(self, task: Task) -> Report:
        """Do a task. Raise StoreError when the store fails; everything can be told again then."""
        course = _Course(self._believed(task.day))
        behind = task.reads is not None and self.store.files.reads() < task.reads
        if course.day != task.day:
            back = {"from_day": course.day.isoformat(), "to_day": task.day.isoformat()}
            course.troubles.append(Trouble("clock", {**back, "reason": "l'horloge a reculé"}))
        if not self._looked:
            self._take_left(course)
            self._looked = True
        self.pace.begin()
        for source in self.settings.sources:
            for failed in task.aside.get(source.id, ()):
                self._set_aside(source, failed, course)
            ready = task.ready.get(source.id)
            if ready:
                self._take(source, ready, course)
        if self.databases is not None:
            self._read_databases(self.databases, task.polls, course)
        passed = self.pipeline.day_passes(course.day)
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

    def _read_databases(self, databases: Databases, polls: Sequence[str], course: _Course) -> None:
        """Begin to read the databases that are due, and take what those that were being read have given."""
        by_id = {source.id: source for source in self.settings.sources}
        for ended in databases.ended():
            course.polled.append(ended.source)
            if ended.source in by_id:
                self._take_extract(databases, by_id[ended.source], ended, course)
        for name in polls:
            try:
                databases.start(by_id[name])
            except StoreError:
                raise
            except ConnectorError as error:
                course.problems[name] = error.what
                course.polled.append(name)

    def _take_extract(self, databases: Databases, source: Source, ended: Ended, course: _Course) -> None:
        """Read what a database has given."""
        if ended.passed is None or ended.error is not None:
            course.problems[source.id] = "la base n'a rien donné" if ended.error is None else ended.error.what
            return
        passed, copy = ended.passed, ended.copy
        problem = problem_of(passed)
        if problem is not None:
            course.problems[source.id] = f"lecture suspendue : {problem}"
            reader = databases.known(source.id).connector
            databases.note(source.id, msgspec.structs.replace(passed.known, paused=problem, connector=reader))
            return
        if copy is not None:
            given = _input(source, copy)
            try:
                course.outcomes.append(self.pipeline.attempt([given], course.day))
            except StoreError:
                raise
            except ConnectorRests as error:
                course.problems[source.id] = error.what
                return
            except Exception as failure:  # noqa: BLE001  # a connector's own failure: set aside when it fails again
                course.troubles.append(Trouble("attempt", {"source": source.id, "failure": type(failure).__name__}))
                course.problems[source.id] = _reason(failure)
                self._failed(databases, source, given, passed.known, _reason(failure))
                return
            finally:
                self.spool.forget(source.id, copy.sha256)
        else:
            self.listening.heard(source.id, databases.clock())
        databases.note(source.id, passed.known)

    def _failed(self, databases: Databases, source: Source, given: Input, after: Known, reason: str) -> None:
        """Count a failure of the connector over what a database holds; after the third it waits for other content."""
        known = databases.known(source.id)
        failures = known.failures + 1
        if failures >= MAX_TRIES:
            self.pipeline.set_aside(given, f"{reason}, {failures} fois ; la base est relue quand elle change")
            databases.note(source.id, after)
        else:
            databases.note(source.id, msgspec.structs.replace(known, failures=failures))

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

    def _take_left(self, course: _Course) -> None:
        """Read what an end in the middle of a task, or the loss of the store, has left unread and only a copy has;
        let go of the copies that were read."""
        for source in self.settings.sources:
            taken = self.store.files.taken(source.id)
            poisoned = self.pipeline.poisoned(source.id, source.connector)
            fresh: list[LeftCopy] = []
            for left in self.spool.left():
                if left.source != source.id:
                    continue
                self.pace.file()
                if left.copy.sha256 in taken:
                    self._tidy(source, left.copy)
                elif left.copy.sha256 in poisoned:
                    continue
                elif not self._lies_there(source, left.copy):
                    if left.tries:
                        self._try_left(source, [left], course)
                    else:
                        fresh.append(left)
            self._try_left(source, fresh, course)

    def _try_left(self, source: Source, lefts: list[LeftCopy], course: _Course) -> None:
        """Read copies together, or each alone where that fails; one that fails time and again is set aside."""
        tried: list[LeftCopy] = []
        for left in lefts:
            given = _input(source, left.copy)
            if left.tries >= MAX_TRIES:
                self.pipeline.set_aside(given, f"{_LEFT} ; il est mis de côté")
                self._tidy(source, left.copy)
            elif self._left_complete(source, left, course):
                tried.append(self.spool.tried(left))
        if not tried:
            return
        inputs = [_input(source, left.copy) for left in tried]
        again = self._waiting(source, {given.file.sha256 for given in inputs})
        try:
            course.outcomes.append(self._read(source, [*again, *inputs], course))
        except StoreError:
            raise
        except Interrupted:
            for left in tried:
                self.spool.untried(left)
            raise
        except (ConnectorRests, ShareSilent) as error:
            course.problems[source.id] = error.what
            return
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone, at the latest next time
            course.trouble(source, failure)
            if len(tried) > 1:
                for left in tried:
                    self._try_left(source, [left], course)
            else:
                self._left_failed(source, tried[0], failure)
            return
        for given in (*again, *inputs):
            self._tidy(source, given.file)

    def _left_complete(self, source: Source, left: LeftCopy, course: _Course) -> bool:
        """Whether the vendor has finished a file of which a copy was left."""
        try:
            return self.pipeline.complete(_input(source, left.copy))
        except ConnectorRests as error:
            course.problems[source.id] = error.what
        except (SourceError, StoreError):
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: counted
            course.trouble(source, failure)
            self._left_failed(source, self.spool.tried(left), failure)
        return False

    def _left_failed(self, source: Source, left: LeftCopy, failure: Exception) -> None:
        """After the last failure of a connector's process, its copy is kept for when the connector has changed."""
        if isinstance(failure, ConnectorBroke) and left.tries >= MAX_TRIES:
            copy = self.spool.untried(left).copy
            reason = f"{failure.what}, {left.tries} fois ; le fichier est mis de côté"
            self.pipeline.set_aside(_input(source, copy), reason, poison=True)

    def _take(self, source: Source, ready: Sequence[Entry], course: _Course) -> None:
        taken = self.store.files.taken(source.id)
        poisoned = self.pipeline.poisoned(source.id, source.connector)
        inputs: list[tuple[Entry, Input]] = []
        arriving: set[str] = set()
        for entry in ready:
            self.pace.file()
            copy = self._copied(source, entry, course)
            if copy is None:
                if source.id in course.silent:
                    break
                continue
            if copy.sha256 in taken and not self._came_back(source, entry, copy):
                self.listening.heard(source.id, datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC))
                course.end(source, entry)
                self._tidy(source, copy)
                continue
            if copy.sha256 in poisoned:  # its copy is kept for the day when the connector has changed
                course.end(source, entry)
                continue
            if copy.sha256 in arriving:  # the same content under another name is told again when the first was read
                course.settling += 1
                continue
            arriving.add(copy.sha256)
            given = _input(source, copy)
            if self._complete(source, entry, given, course):
                inputs.append((entry, given))
            else:
                self._tidy(source, copy)
        if inputs:
            self._attempt(source, inputs, course)

    def _came_back(self, source: Source, entry: Entry, copy: SpooledCopy) -> bool:
        """Whether a file was written anew as it had been before another content took its place: what that one said
        otherwise is so no more. An old file that was put back keeps its day, and is not what the software says now."""
        at = self.store.files.replaced_at(source.id, copy.sha256, copy.original)
        return at is not None and datetime.fromisoformat(at).timestamp() * 1e9 < entry.mtime_ns

    def _lies_there(self, source: Source, copy: SpooledCopy) -> bool:
        """Whether the original of a copy is still in its folder, unchanged: it is told with what came with it."""
        if source.folder is None:
            return False
        try:
            return sha256_of(source.folder / copy.original, self._patience(source)) == copy.sha256
        except (ConnectorError, OSError):
            return False

    def _patience(self, source: Source) -> float | None:
        """How long a source's folder may take to answer; a disk of this PC is not timed."""
        return None if source.folder is None or self.reach(source.folder) == "local" else self.patience

    def _complete(self, source: Source, entry: Entry, given: Input, course: _Course) -> bool:
        """Whether the vendor has finished a file. One on which its connector fails is not to be read now."""
        try:
            if self.pipeline.complete(given):
                return True
            course.settling += 1
        except ConnectorRests as error:
            course.problems[source.id] = error.what
        except (SourceError, StoreError):
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: counted, and told
            course.fail(source, entry, failure)
        return False

    def _copied(self, source: Source, entry: Entry, course: _Course) -> SpooledCopy | None:
        try:
            return self.spool.take(source.id, entry.path, self._patience(source))
        except SourceError as error:
            course.problems[source.id] = error.what
            if isinstance(error, ShareSilent):
                course.silent.add(source.id)
            return None

    def _attempt(self, source: Source, inputs: list[tuple[Entry, Input]], course: _Course) -> None:
        again = self._waiting(source, {given.file.sha256 for _, given in inputs})
        try:
            outcome = self._read(source, [*again, *(given for _, given in inputs)], course)
        except StoreError:
            raise
        except (ConnectorRests, ShareSilent) as error:
            course.problems[source.id] = error.what
            for _, given in inputs:
                self._tidy(source, given.file)
            return
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone below, then told
            if len(inputs) > 1:
                course.trouble(source, failure)
                for alone in inputs:
                    self._attempt(source, [alone], course)
                return
            ((entry, given),) = inputs
            course.fail(source, entry, failure)
            self._tidy(source, given.file)
            return
        course.outcomes.append(outcome)
        for entry, given in inputs:
            course.end(source, entry)
            self._tidy(source, given.file)
        for waited in again:
            self._tidy(source, waited.file)

    def _read(self, source: Source, inputs: list[Input], course: _Course) -> Outcome:
        """One attempt at files of a source; those that are read again with them are let go of after it."""
        lying: list[Input] = []

        def again(_source: str, arriving: Collection[str]) -> list[Input]:
            lying.extend(self._lying(source, arriving, course))
            return lying

        try:
            return self.pipeline.attempt(inputs, course.day, lying=again)
        finally:
            for given in lying:
                self._tidy(source, given.file)

    def _lying(self, source: Source, arriving: Collection[str], course: _Course) -> Iterator[Input]:
        """Files that were read before and lie in their folder still, but those that are arriving; the oldest first, so
        that the newest has the last word. One that can't be read is left as it was understood.

        Raise ShareSilent when the folder's share does not answer: all is to be read later then.
        """
        patience = self._patience(source)
        taken = self.store.files.taken(source.id).difference(arriving)
        names = {each.name for each in self.store.files.list_files(source.id) if each.sha256 in taken}
        if source.folder is None or not names:
            return
        local = LocalFileSystem()
        file_system = local if patience is None else TimelyFileSystem(local, patience)
        try:
            entries = [each for each in file_system.entries(source.folder) if written_name(each.path.name) in names]
        except OSError as error:
            raise ShareSilent(f"dossier inaccessible ({reason_of(error)})", where=str(source.folder)) from None
        for entry in sorted(entries, key=lambda each: (each.mtime_ns, each.path)):
            self.pace.file()
            if not _has_one_of(taken, entry.path, patience):
                continue
            copy = self._copied(source, entry, course)
            if source.id in course.silent:
                raise ShareSilent(course.problems[source.id], where=str(source.folder))
            if copy is not None and copy.sha256 in taken:
                yield _input(source, copy)

    def _set_aside(self, source: Source, failed: Failed, course: _Course) -> None:
        copy = self._copied(source, failed.entry, course)
        if copy is not None:
            given = _input(source, copy)
            self.pipeline.set_aside(given, f"{failed.reason} ; le fichier est mis de côté", poison=failed.poison)
            course.end(source, failed.entry)
            if not failed.poison:
                self._tidy(source, copy)

    def _waiting(self, source: Source, arriving: set[str]) -> list[Input]:
        """Files whose rows wait for a table that may be arriving now."""
        copies = [
            self.spool.find(source.id, sha256)
            for sha256 in self.store.files.waiting(source.id)
            if sha256 not in arriving
        ]
        return [_input(source, copy) for copy in copies if copy is not None]

    def _tidy(self, source: Source, copy: object) -> None:
        """Keep a copy only while something in it still waits."""
        if isinstance(copy, SpooledCopy) and copy.sha256 not in self.store.files.waiting(source.id):
            self.spool.forget(source.id, copy.sha256)


def _has_one_of(digests: Collection[str], path: Path, patience: float | None) -> bool:
    """Whether a file has one of these contents; not where it can't be read. Raises ShareSilent as `sha256_of` does."""
    try:
        return sha256_of(path, patience) in digests
    except OSError:
        return False


def _input(source: Source, copy: SpooledCopy) -> Input:
    return Input(source.id, copy, (source.connector,), source.dialect)


def _reason(failure: Exception) -> str:
    if isinstance(failure, ConnectorError):
        return failure.what
    return f"le connecteur a échoué ({type(failure).__name__})"


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
