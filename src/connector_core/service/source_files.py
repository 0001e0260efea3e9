"""The files of sources as the worker handles them: copied to the spool, read in one attempt, kept while they wait.

The promise: a copy is let go of only after the attempt that has read it, and kept while a row of it still waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connector_core.errors import ConnectorError, SourceError, reason_of
from connector_core.formats.document import SpooledFile
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input
from connector_core.pipeline.outcome import Outcome
from connector_core.service.course import Course
from connector_core.settings.model import Source
from connector_core.sources.folder import Entry, LocalFileSystem
from connector_core.sources.names import written_name
from connector_core.sources.originals import ShareSilent, sha256_of
from connector_core.sources.pace import FullSpeed, Pace
from connector_core.sources.reach import Reach, reach_of
from connector_core.sources.spool import Spool, SpooledCopy
from connector_core.sources.timely import PATIENCE, TimelyFileSystem
from connector_core.store.store import Store


@dataclass(slots=True)
class SourceFiles:
    """Copies, reads and lets go of files; `pace` is the one that the spool reads at."""

    store: Store
    spool: Spool
    pipeline: Pipeline
    pace: Pace = field(default_factory=FullSpeed)
    reach: Callable[[Path], Reach] = reach_of
    """Where a folder lies."""
    patience: float = PATIENCE
    """Seconds that a share has for each answer."""

    def copied(self, source: Source, entry: Entry, course: Course) -> SpooledCopy | None:
        """A file in the spool; None where it can't be copied now, which is told as a problem of its source."""
        try:
            return self.spool.take(source.id, entry.path, self._patience(source))
        except SourceError as error:
            course.problems[source.id] = error.what
            if isinstance(error, ShareSilent):
                course.silent.add(source.id)
            return None

    def read(self, source: Source, inputs: list[Input], course: Course) -> Outcome:
        """One attempt at files of a source; those that are read again with them are let go of after it."""
        lying: list[Input] = []

        def again(_source: str, arriving: Collection[str]) -> list[Input]:
            lying.extend(self._lying(source, arriving, course))
            return lying

        try:
            return self.pipeline.attempt(inputs, course.day, lying=again)
        finally:
            for given in lying:
                self.tidy(source, given.file)

    def _lying(self, source: Source, arriving: Collection[str], course: Course) -> Iterator[Input]:
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
            copy = self.copied(source, entry, course)
            if source.id in course.silent:
                raise ShareSilent(course.problems[source.id], where=str(source.folder))
            if copy is not None and copy.sha256 in taken:
                yield input_of(source, copy)

    def waiting(self, source: Source, arriving: set[str]) -> list[Input]:
        """Files whose rows wait for a table that may be arriving now."""
        copies = [
            self.spool.find(source.id, sha256)
            for sha256 in self.store.files.waiting(source.id)
            if sha256 not in arriving
        ]
        return [input_of(source, copy) for copy in copies if copy is not None]

    def tidy(self, source: Source, copy: SpooledFile) -> None:
        """Keep a copy only while something in it still waits."""
        if isinstance(copy, SpooledCopy) and copy.sha256 not in self.store.files.waiting(source.id):
            self.spool.forget(source.id, copy.sha256)

    def lies_there(self, source: Source, copy: SpooledCopy) -> bool:
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


def input_of(source: Source, copy: SpooledCopy) -> Input:
    """A copy as the pipeline is given it."""
    return Input(source.id, copy, (source.connector,), source.dialect)


def _has_one_of(digests: Collection[str], path: Path, patience: float | None) -> bool:
    """Whether a file has one of these contents; not where it can't be read. Raises ShareSilent as `sha256_of` does."""
    try:
        return sha256_of(path, patience) in digests
    except OSError:
        return False
