"""Reading files with a connector as the pipeline does, and everything that this makes the connector say.

Whatever a connector raises is kept, not raised; so is what it logs, warns and prints.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from connector_core.dialects.drafts import Draft, Waiting
from connector_core.errors import ConnectorError, RowRefused
from connector_core.formats.document import SpooledFile, probe_of
from connector_core.formats.rows import Row, locator
from connector_core.model.coverage import Covers
from connector_core.model.pivot import record_to_json, validated
from connector_core.model.records import Record
from connector_core.model.shape import target_of
from connector_core.plugins.connector import Claim, Connector, Reading
from connector_core.plugins.guard import Raised, guarded


@dataclass(frozen=True)
class MemoryFile:
    """A spooled file that is only in memory."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    @contextlib.contextmanager
    def as_path(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, self.name)
            path.write_bytes(self.content)
            yield path


@dataclass(frozen=True, slots=True)
class Crash:
    """Something other than the errors that a connector may raise; `during` is what it was asked."""

    during: str
    error: BaseException


@dataclass
class Told:
    """What files gave and what was said of them. `lines` are records as lines of the pivot format, where kept."""

    claims: dict[str, Claim] = field(default_factory=dict)
    covers: Covers = field(default_factory=Covers)
    covering: dict[str, Covers] = field(default_factory=dict)
    """What each file covers."""
    filled: dict[str, set[str]] = field(default_factory=dict)
    """The fields that a row of each file has filled, where lines are kept: `act.amount`."""
    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[tuple[str, Row]] = field(default_factory=list)
    most_of_a_row: int = 0
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    errors: list[tuple[str, ConnectorError]] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Files that are not claimed, or not complete."""
    inexact: set[str] = field(default_factory=set)
    """Decimal fields that were given something else than a Decimal."""
    messages: set[str] = field(default_factory=set)
    logged: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said: a person would take the files for whole."""
        return not (self.rejects or self.errors or self.crashes or self.unknown)


@dataclass
class Known:
    """What rows contribute to look-ups, by file, so that one file can be read again beside the others."""

    entries: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        found = self.entries.get((table, key))
        return None if found is None else found[1]

    def without(self, name: str) -> Known:
        return Known({key: entry for key, entry in self.entries.items() if entry[0] != name})


def sharing(lines: Iterable[str]) -> str:
    """Of which kinds records that differ share an id, and the fields in which they do; empty where none does."""
    said: defaultdict[tuple[str, str], dict[str, dict[str, object]]] = defaultdict(dict)
    for line in lines:
        record = json.loads(line)
        said[record["record"], record["id"]][line] = record
    counts: Counter[str] = Counter()
    fields: set[str] = set()
    for (kind, _), found in said.items():
        if len(found) > 1:
            counts[kind] += 1
            records = list(found.values())
            names = set().union(*records)
            fields |= {
                f"{kind}.{name}" for name in names if any(each.get(name) != records[0].get(name) for each in records)
            }
    told = ", ".join(f"{number} of {kind}" for kind, number in counts.items())
    return f"{told}, in {', '.join(sorted(fields))}" if told else ""


class _Listener(logging.Handler):
    def __init__(self, logged: set[str]) -> None:
        super().__init__(logging.DEBUG)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.add(self.format(record))


@contextlib.contextmanager
def listening(logged: set[str]) -> Iterator[None]:
    """Keep all that is logged, warned and printed meanwhile; it comes into no other log."""
    root, printed = logging.getLogger(), io.StringIO()
    level, handlers = root.level, root.handlers
    root.handlers = [_Listener(logged)]
    root.setLevel(logging.DEBUG)
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            yield
    finally:
        root.setLevel(level)
        root.handlers = handlers
        logged.update(str(each.message) for each in warned)
        logged.update(line for line in printed.getvalue().splitlines() if line.strip())


def read(connector: Connector, files: Sequence[SpooledFile], known: Known | None = None, *, keep: bool = True) -> Told:
    """Read files, those that others join on first. Lines and rows are kept only where asked, since there may be many.

    `known` is what look-ups find from the start; it gains what these files contribute.
    """
    reader = _Reader(connector, Told(), Known() if known is None else known, keep)
    with listening(reader.told.logged):
        readings = [opened for file in files if (opened := reader.opened(file)) is not None]
        for name, each in sorted(readings, key=lambda found: not found[1].remembers):
            reader.read(name, each)
    return reader.told


@dataclass
class _Reader:
    connector: Connector
    told: Told
    known: Known
    keep: bool

    def opened(self, file: SpooledFile) -> tuple[str, Reading] | None:
        """The reading of a file that is claimed, with the file's name."""
        name, told = file.name, self.told
        probe = guarded(lambda: probe_of(file))
        if isinstance(probe, Raised):
            self._raised(name, "open", probe.error)
            return None
        claim = guarded(lambda: self.connector.identify(probe))
        if isinstance(claim, Raised):
            self._raised(name, "identify", claim.error)
            return None
        complete = guarded(lambda: self.connector.is_complete(probe))
        if isinstance(complete, Raised):
            self._raised(name, "is_complete", complete.error)
            return None
        if claim is None or claim.score <= 0 or not complete:
            told.unknown.append(name)
            return None
        told.claims[name] = claim
        told.messages.add(claim.reason)
        reading = guarded(lambda: self.connector.read(file, claim))
        if isinstance(reading, Raised):
            self._raised(name, "read", reading.error)
            return None
        covers = guarded(lambda: (reading.remembers, reading.signature, reading.covers)[-1])
        if isinstance(covers, Raised):
            self._raised(name, "read", covers.error)
            return None
        told.covers |= covers
        told.covering[name] = covers
        return name, reading

    def read(self, name: str, reading: Reading) -> None:
        rows, last = iter(_rows(reading)), None
        while True:
            row = next(rows)
            if row is None:
                return
            if isinstance(row, Raised):
                self._raised(name, "rows", row.error, "fichier" if last is None else locator(last.place))
                return
            last = row
            made = guarded(lambda: self._records(name, reading, row))  # noqa: B023  # called at once
            if isinstance(made, Raised):
                self._raised(name, "records", made.error, locator(row.place))

    def _records(self, name: str, reading: Reading, row: Row) -> None:
        entry = reading.remember(row)
        if entry is not None:
            self.known.entries[entry[0], entry[1]] = (name, entry[2])
        drafts = reading.records(row, self.known)
        if isinstance(drafts, Waiting):
            raise RowRefused(f"attend la table « {drafts.table} »")
        self.told.inexact.update(_inexact(drafts))
        records = [validated(kind, values) for kind, values in drafts]
        self.told.counts.update(record.record for record in records)
        self.told.most_of_a_row = max(self.told.most_of_a_row, len(records))
        if self.keep:
            given = {
                f"{kind.record}.{each}" for kind, values in drafts for each, value in values.items() if _says(value)
            }
            self.told.filled.setdefault(name, set()).update(given)
            self.told.rows.append((name, row))
            self.told.lines += map(line_of, records)

    def _raised(self, name: str, during: str, error: BaseException, place: str = "fichier") -> None:
        told = self.told
        match error:
            case RowRefused() if during == "records":
                told.rejects.append((name, place, error.reason))
                told.messages.add(error.reason)
            case ConnectorError():
                told.errors.append((name, error))
                # Where a row is may hold its key, in an error as in a refusal: neither is a message.
                where = None if error.where == place else error.where
                told.messages.update(text for text in (error.what, where, error.remedy) if text)
            case _:
                told.crashes.append(Crash(during, error))


def _rows(reading: Reading) -> Iterator[Row | Raised | None]:
    """The rows, what ended them if anything did, then None."""
    started = guarded(reading.rows)
    if isinstance(started, Raised):
        yield started
        return
    while True:
        row = guarded(lambda: next(started, None))
        yield row
        if row is None or isinstance(row, Raised):
            return


def _says(value: object) -> bool:
    """Whether a value is one: neither missing nor an empty list."""
    return value is not None and value != () and value != []


def _inexact(drafts: Iterable[Draft]) -> Iterator[str]:
    for kind, values in drafts:
        for name, value in values.items():
            if value is None or isinstance(value, Decimal) or name not in kind.model_fields:
                continue
            if target_of(kind, name) == "decimal":
                yield f"{kind.record}.{name}"


def line_of(record: Record) -> str:
    """A record as a line of the pivot format, its keys in order."""
    return json.dumps(record_to_json(record), sort_keys=True, ensure_ascii=False)
