"""Files that the daemon has found: copied, read together, told as done or as failed.

Files of one source are one attempt; when one of them breaks its connector, each is tried alone, so that the others are
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector_core.errors import ConnectorRests, SourceError, StoreError
from connector_core.pipeline.given import Input
from connector_core.pipeline.silence import Listening
from connector_core.service.course import Course
from connector_core.service.messages import Failed
from connector_core.service.source_files import SourceFiles, input_of
from connector_core.settings.model import Source
from connector_core.sources.folder import Entry
from connector_core.sources.originals import ShareSilent
from connector_core.sources.spool import SpooledCopy


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Takes the files that have arrived in the folders of sources."""

    files: SourceFiles
    listening: Listening

    def take(self, source: Source, ready: Sequence[Entry], course: Course) -> None:
        """Read the files of a source that have settled. What can't be read now is left, and told again."""
        taken = self.files.store.files.taken(source.id)
        poisoned = self.files.pipeline.poisoned(source.id, source.connector)
        inputs: list[tuple[Entry, Input]] = []
        arriving: set[str] = set()
        for entry in ready:
            self.files.pace.file()
            copy = self.files.copied(source, entry, course)
            if copy is None:
                if source.id in course.silent:
                    break
                continue
            if copy.sha256 in taken and not self._came_back(source, entry, copy):
                self.listening.heard(source.id, datetime.fromtimestamp(entry.mtime_ns / 1e9, UTC))
                course.end(source, entry)
                self.files.tidy(source, copy)
                continue
            if copy.sha256 in poisoned:  # its copy is kept for the day when the connector has changed
                course.end(source, entry)
                continue
            if copy.sha256 in arriving:  # the same content under another name is told again when the first was read
                course.settling += 1
                continue
            arriving.add(copy.sha256)
            given = input_of(source, copy)
            if self._complete(source, entry, given, course):
                inputs.append((entry, given))
            else:
                self.files.tidy(source, copy)
        if inputs:
            self._attempt(source, inputs, course)

    def set_aside(self, source: Source, failed: Failed, course: Course) -> None:
        """Set a file aside that has failed too often; one that ended its connector's process is kept as a copy."""
        copy = self.files.copied(source, failed.entry, course)
        if copy is not None:
            given = input_of(source, copy)
            self.files.pipeline.set_aside(given, f"{failed.reason} ; le fichier est mis de côté", poison=failed.poison)
            course.end(source, failed.entry)
            if not failed.poison:
                self.files.tidy(source, copy)

    def _came_back(self, source: Source, entry: Entry, copy: SpooledCopy) -> bool:
        """Whether a file was written anew as it had been before another content took its place: what that one said
        otherwise is so no more. An old file that was put back keeps its day, and is not what the software says now."""
        at = self.files.store.files.replaced_at(source.id, copy.sha256, copy.original)
        return at is not None and datetime.fromisoformat(at).timestamp() * 1e9 < entry.mtime_ns

    def _complete(self, source: Source, entry: Entry, given: Input, course: Course) -> bool:
        """Whether the vendor has finished a file. One on which its connector fails is not to be read now."""
        try:
            if self.files.pipeline.complete(given):
                return True
            course.settling += 1
        except ConnectorRests as error:
            course.problems[source.id] = error.what
        except (SourceError, StoreError):
            raise
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: counted, and told
            course.fail(source, entry, failure)
        return False

    def _attempt(self, source: Source, inputs: list[tuple[Entry, Input]], course: Course) -> None:
        again = self.files.waiting(source, {given.file.sha256 for _, given in inputs})
        try:
            outcome = self.files.read(source, [*again, *(given for _, given in inputs)], course)
        except StoreError:
            raise
        except (ConnectorRests, ShareSilent) as error:
            course.problems[source.id] = error.what
            for _, given in inputs:
                self.files.tidy(source, given.file)
            return
        except Exception as failure:  # noqa: BLE001  # a connector's own failure: tried alone below, then told
            if len(inputs) > 1:
                course.trouble(source, failure)
                for alone in inputs:
                    self._attempt(source, [alone], course)
                return
            ((entry, given),) = inputs
            course.fail(source, entry, failure)
            self.files.tidy(source, given.file)
            return
        course.outcomes.append(outcome)
        for entry, given in inputs:
            course.end(source, entry)
            self.files.tidy(source, given.file)
        for waited in again:
            self.files.tidy(source, waited.file)
