"""What databases have given: begun when they are due, read when they have ended, noted as read after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from connector_core.errors import ConnectorError, ConnectorRests, StoreError
from connector_core.pipeline.given import Input
from connector_core.pipeline.silence import Listening
from connector_core.service.course import MAX_TRIES, Course, said_of
from connector_core.service.databases import Databases, Ended
from connector_core.service.source_files import SourceFiles, input_of
from connector_core.settings.model import Source
from connector_core.sources.database.passes import Known, problem_of


@dataclass(frozen=True, slots=True)
class Extracts:
    """Takes what the databases of sources have given."""

    files: SourceFiles
    listening: Listening
    databases: Databases

    def take(self, sources: Mapping[str, Source], polls: Sequence[str], course: Course) -> None:
        """Begin to read the databases that are due, and take what those that were being read have given."""
        for ended in self.databases.ended():
            course.polled.append(ended.source)
            if ended.source in sources:
                self._take(sources[ended.source], ended, course)
        for name in polls:
            try:
                self.databases.start(sources[name])
            except StoreError:
                raise
            except ConnectorError as error:
                course.problems[name] = error.what
                course.polled.append(name)

    def _take(self, source: Source, ended: Ended, course: Course) -> None:
        """Read what a database has given."""
        if ended.passed is None or ended.error is not None:
            course.problems[source.id] = "la base n'a rien donné" if ended.error is None else ended.error.what
            return
        passed, copy = ended.passed, ended.copy
        problem = problem_of(passed)
        if problem is not None:
            course.problems[source.id] = f"lecture suspendue : {problem}"
            reader = self.databases.known(source.id).connector
            self.databases.note(source.id, msgspec.structs.replace(passed.known, paused=problem, connector=reader))
            return
        if copy is not None:
            given = input_of(source, copy)
            try:
                course.outcomes.append(self.files.pipeline.attempt([given], course.day))
            except StoreError:
                raise
            except ConnectorRests as error:
                course.problems[source.id] = error.what
                return
            except Exception as failure:  # noqa: BLE001  # a connector's own failure: set aside when it fails again
                course.trouble(source, failure)
                course.problems[source.id] = said_of(failure)
                self._fail(source, given, passed.known, said_of(failure))
                return
            finally:
                self.files.spool.forget(source.id, copy.sha256)
        else:
            self.listening.heard(source.id, self.databases.clock())
        self.databases.note(source.id, passed.known)

    def _fail(self, source: Source, given: Input, after: Known, reason: str) -> None:
        """Count a failure of the connector over what a database holds; after the third it waits for other content."""
        known = self.databases.known(source.id)
        failures = known.failures + 1
        if failures >= MAX_TRIES:
            self.files.pipeline.set_aside(given, f"{reason}, {failures} fois ; la base est relue quand elle change")
            self.databases.note(source.id, after)
        else:
            self.databases.note(source.id, msgspec.structs.replace(known, failures=failures))
