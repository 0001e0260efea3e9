"""Copies that an earlier worker has left: what an end in the middle of a task, or the loss of the store, left unread.

The promise: a copy that the store has not read is read, though its original may be gone; one whose reading ends the
worker time and again is set aside, so that the others are read.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector_core.errors import ConnectorBroke, ConnectorRests, SourceError, StoreError
from connector_core.service.course import MAX_TRIES, Course
from connector_core.service.interruption import Interrupted
from connector_core.service.source_files import SourceFiles, input_of
from connector_core.settings.model import Source
from connector_core.sources.originals import ShareSilent
from connector_core.sources.spool import LeftCopy

_FAILED = "la lecture de ce fichier a échoué plusieurs fois"


@dataclass(frozen=True, slots=True)
class LeftCopies:
    """Reads what was left, once, before anything else."""

    files: SourceFiles

    def take(self, source: Source, course: Course) -> None:
        """Read the copies of a source that were not read and that nothing else has; let go of those that were read."""
        taken = self.files.store.files.taken(source.id)
        poisoned = self.files.pipeline.poisoned(source.id, source.connector)
        fresh: list[LeftCopy] = []
        for left in self.files.spool.left():
            if left.source != source.id:
                continue
            self.files.pace.file()
            if left.copy.sha256 in taken:
                self.files.tidy(source, left.copy)
            elif left.copy.sha256 in poisoned:
                continue
            elif not self.files.lies_there(source, left.copy):
                if left.tries:
                    self._try(source, [left], course)
                else:
                    fresh.append(left)
        self._try(source, fresh, course)

    def _try(self, source: Source, lefts: list[LeftCopy], course: Course) -> None:
        """Read copies together, or each alone where that fails; one that fails time and again is set aside."""
        tried: list[LeftCopy] = []
        for left in lefts:
            given = input_of(source, left.copy)
            if left.tries >= MAX_TRIES:
                self.files.pipeline.set_aside(given, f"{_FAILED} ; il est mis de côté")
                self.files.tidy(source, left.copy)
            elif self._complete(source, left, course):
                tried.append(self.files.spool.tried(left))
        if not tried:
            return
        inputs = [input_of(source, left.copy) for left in tried]
        again = self.files.waiting(source, {given.file.sha256 for given in inputs})
        try:
            course.outcomes.append(self.files.read(source, [*again, *inputs], course))
        except StoreError:
            raise
        except Interrupted:
            for left in tried:
                self.files.spool.untried(left)
            raise
        except (ConnectorRests, ShareSilent) as error:
            course.problems[source.id] = error.what
            return
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone, at the latest next time
            course.trouble(source, failure)
            if len(tried) > 1:
                for left in tried:
                    self._try(source, [left], course)
            else:
                self._fail(source, tried[0], failure)
            return
        for given in (*again, *inputs):
            self.files.tidy(source, given.file)

    def _complete(self, source: Source, left: LeftCopy, course: Course) -> bool:
        """Whether the vendor has finished a file of which a copy was left."""
        try:
            return self.files.pipeline.complete(input_of(source, left.copy))
        except ConnectorRests as error:
            course.problems[source.id] = error.what
        except (SourceError, StoreError):
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: counted
            course.trouble(source, failure)
            self._fail(source, self.files.spool.tried(left), failure)
        return False

    def _fail(self, source: Source, left: LeftCopy, failure: Exception) -> None:
        """After the last failure of a connector's process, its copy is kept for when the connector has changed."""
        if isinstance(failure, ConnectorBroke) and left.tries >= MAX_TRIES:
            copy = self.files.spool.untried(left).copy
            reason = f"{failure.what}, {left.tries} fois ; le fichier est mis de côté"
            self.files.pipeline.set_aside(input_of(source, copy), reason, poison=True)
