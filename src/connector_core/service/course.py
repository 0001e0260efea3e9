"""One task of the worker while it is done: what was read, what failed, what is left for later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from connector_core.errors import ConnectorBroke, ConnectorError
from connector_core.pipeline.outcome import Outcome
from connector_core.service.messages import Failed, Trouble
from connector_core.settings.model import Source
from connector_core.sources.folder import Entry

MAX_TRIES = 3
"""Tries before a file that breaks its connector, or ends the worker, is set aside."""


@dataclass(slots=True)
class Course:
    """What came of a task so far. `day` is the one that is asked about."""

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
        """A file was dealt with."""
        self.done.setdefault(source.id, []).append(entry)

    def fail(self, source: Source, entry: Entry, failure: Exception) -> None:
        """A connector failed on a file, which is told again."""
        self.trouble(source, failure)
        self.failed.setdefault(source.id, []).append(
            Failed(entry, said_of(failure), isinstance(failure, ConnectorBroke))
        )

    def trouble(self, source: Source, failure: Exception) -> None:
        """Something of a source failed: for the log, by the type of the failure alone."""
        self.troubles.append(Trouble("attempt", {"source": source.id, "failure": type(failure).__name__}))


def said_of(failure: Exception) -> str:
    """A connector's failure in a sentence; what an exception that is not ours says may quote a row."""
    if isinstance(failure, ConnectorError):
        return failure.what
    return f"le connecteur a échoué ({type(failure).__name__})"
