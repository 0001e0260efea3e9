"""What an attempt did: how each file ended, what was asked, what changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector_core.findings.life import Changes
from connector_core.store.files import FileState


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """How one file ended."""

    source: str
    name: str
    sha256: str
    state: FileState
    connector: str | None
    dialect: str | None
    rows: int
    new_rows: int
    rejects: int
    reason: str | None
    gone_rows: int = 0
    """Rows of a database that were there before and are no more, be it that they say something else now."""
    tables: int = 0
    """Tables of a database that the file has."""
    parts: int = 0
    """Those of them of which it has some rows only."""


@dataclass(slots=True)
class Outcome:
    """What an attempt did."""

    files: list[FileOutcome] = field(default_factory=list)
    records: int = 0
    asked: int = 0
    changes: Changes = field(default_factory=Changes)
