"""What a connector is: the objects a vendor's plugin registers, and what the core asks of them.

The core calls one connector at a time. A connector never opens the vendor's own file: it is given a `Probe` (the
first bytes and the name) to say whether it knows the file, then a `SpooledFile` (a private copy, already hashed) to
read. Reading and understanding are separate steps: `read` yields rows with their place, cheaply, and `records` makes
drafts of the common model of one row, so that a row whose bytes were seen before is never decoded again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from connector_core import __version__
from connector_core.dialects.drafts import Draft, Lookup, Waiting
from connector_core.formats.document import PROBE_BYTES, Probe, SpooledFile
from connector_core.formats.extract import ExtractHeader
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers

Capability = Literal["files", "database", "returns", "write_back"]


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """Who a connector is. `id` is stable and unique; it is what the configuration names.

    `verified` is False for a connector whose layouts nobody has seen on an installation ("reference dialect").
    `requires_core` is a version specifier such as `">=0.1,<1"`.
    """

    id: str
    vendor: str
    product: str
    version: str
    capabilities: frozenset[Capability] = frozenset({"files"})
    verified: bool = False
    requires_core: str = ">=0.1"


@dataclass(frozen=True, slots=True)
class Claim:
    """A connector knows this file. `score` is between 0 and 1; `reason` says in French what it recognised.

    `dialect` and `variant` come back to the connector when the file is read. Two equal best claims are reported as
    ambiguous, never picked.
    """

    connector: str
    dialect: str
    score: float
    reason: str
    variant: str = ""
    version: str = ""


class Reading(Protocol):
    """One file being read.

    `rows` yields every row with its place and table; it raises FileRefused where the file is damaged, after the rows
    before the damage. `records` makes drafts of one row; it raises RowRefused for a bad row, and answers `Waiting` when
    a joined table is missing. `remember` gives what a row contributes to the look-ups: (table, key, values), or None.
    `tables` lists the tables the file may hold, those that others join on first. `covers` says what they can express.
    """

    @property
    def tables(self) -> Sequence[str]: ...

    @property
    def covers(self) -> Covers: ...

    @property
    def remembers(self) -> bool:
        """Whether other tables join on what this file holds; such files are read first."""
        ...

    @property
    def signature(self) -> str:
        """Digest of everything that decides how bytes become records; when it changes, rows are understood anew."""
        ...

    def rows(self) -> Iterator[Row]: ...

    def records(self, row: Row, lookup: Lookup) -> list[Draft] | Waiting: ...

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None: ...


@runtime_checkable
class OfDatabase(Protocol):
    """What a reading may offer beside the rest: that its file is the extract of a database.

    Of its tables some have every row that there is: one that such a table had in an earlier extract and has no more was
    deleted, and what it said is withdrawn. Others are parts, which say nothing of the rows that they lack. A file that
    a vendor exports never says either.
    """

    @property
    def extract(self) -> ExtractHeader | None:
        """What the extract has; None where the file is none."""
        ...


@runtime_checkable
class Joins(Protocol):
    """What a reading may offer beside the rest: on which tables the rows of its file join. Where it says nothing, they
    may join on any."""

    @property
    def joins(self) -> Collection[str]:
        """The tables, by the names that `remember` gives them."""
        ...


class Connector(Protocol):
    """A vendor's connector."""

    @property
    def info(self) -> ConnectorInfo: ...

    def identify(self, probe: Probe) -> Claim | None:
        """Whether this connector knows the file; None when it does not."""
        ...

    def is_complete(self, probe: Probe) -> bool:
        """Whether the vendor has finished writing the file, as far as its beginning and size tell."""
        ...

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        """Start reading a file that this connector claimed."""
        ...


@runtime_checkable
class Describes(Protocol):
    """What a connector may offer beside the rest: everything that a file of its own says, as the format names it.

    It serves formats whose records are not those of the common model, such as a payer's return. `describe` answers what
    JSON can hold: `format`, `groups` (each with its `header` and `records`, of a `type` and `fields`) and `warnings`,
    where a damaged file says what could not be read. None for a file of which there is nothing to tell.

    What it answers holds what the file holds, people included: it is shown to whoever asked for the file on a screen,
    and never written anywhere.
    """

    def describe(self, file: SpooledFile, claim: Claim) -> Mapping[str, object] | None: ...


@dataclass(frozen=True, slots=True)
class Registered:
    """A connector and the distribution it came from; `digest` is of its files, where that is known."""

    connector: Connector
    distribution: str
    distribution_version: str
    digest: str = ""

    @property
    def stamp(self) -> str:
        """What it is made of, for people and for comparing: distribution, version, files, core."""
        known = f"{self.distribution} {self.distribution_version}".strip() or self.connector.info.id
        files = f", fichiers {self.digest[:12]}" if self.digest else ""
        return f"{known}, connecteur {self.connector.info.version}{files}, connector-core {__version__}"


__all__ = [
    "PROBE_BYTES",
    "Capability",
    "Claim",
    "Connector",
    "ConnectorInfo",
    "Describes",
    "Draft",
    "Joins",
    "Lookup",
    "OfDatabase",
    "Probe",
    "Reading",
    "Registered",
    "SpooledFile",
    "Waiting",
]
