"""Reading one file: its rows hashed, understood by its connector, validated by the model.

A row whose bytes were seen before costs nothing more. A bad row is kept aside with its place; the rest goes on. Damage
ends a file at its place; the rows before it are kept, since they are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from pydantic import ValidationError

from connector_core.dialects.drafts import Draft, Waiting
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.row_hashes import Seeds, key_hash, row_hash
from connector_core.formats.rows import locator
from connector_core.model.pivot import explain
from connector_core.model.records import Record
from connector_core.pipeline.moves import Moves
from connector_core.pipeline.remembered import Remembered
from connector_core.plugins.connector import OfDatabase, Reading
from connector_core.store.codec import encode_record
from connector_core.store.files import Files, FileState
from connector_core.store.held import TableRows

_TELL_EVERY = 2000
"""Rows from one word of how far reading is to the next."""

Validate = Callable[[Mapping[str, object]], Record]
Route = Callable[[Record, bytes, int], None]
"""What is done with a record: itself, as it is stored, and the file that says it as `Moves` knows it."""


class FileOrigin(NamedTuple):
    """Where rows come from: the number of the source, what its ids are prefixed with, and the number of the file."""

    source: int
    prefix: str
    number: int


@dataclass(slots=True)
class FileResult:
    """How reading one file went."""

    rows: int = 0
    new_rows: int = 0
    """Rows that were understood now; those refused are in `rejects`, the others were seen before."""
    state: FileState = "committed"
    reason: str | None = None
    rejects: list[tuple[str, str, bytes | None]] = field(default_factory=list)
    hashes: bytearray = field(default_factory=bytearray)
    """The hashes of the rows that were understood, one after the other."""
    held: dict[str, TableRows] = field(default_factory=dict)
    """The rows of an extract, by table."""


class RowReader:
    """Reads the files of one attempt, and has each record routed as soon as all of its row are valid."""

    def __init__(self, files: Files, moves: Moves | None) -> None:
        self._files = files
        self._moves = moves
        self._read: set[tuple[int, str]] = set()
        """The sources and layouts of which a file was read."""

    def read(
        self,
        origin: FileOrigin,
        reading: Reading,
        remembered: Remembered,
        route: Route,
        so_far: Callable[[int], None],
        *,
        anew: bool,
    ) -> FileResult:
        """Read one file; `so_far` is told how many rows were read, now and then. `anew` says that its rows may say
        something else than they did.

        Of several files of one layout in one attempt, rows of the later ones are understood even if they were seen
        before, since an earlier one may have said otherwise.
        """
        result = FileResult()
        source, prefix, number = origin
        seen = self._files.seen(source, reading.signature)
        first = (source, reading.signature) not in self._read
        skipped = seen if first and seen else frozenset[bytes]()
        self._read.add((source, reading.signature))
        hashes = result.hashes
        remembers = reading.remembers
        seeds = Seeds()
        rows = 0
        said = 0 if self._moves is None else self._moves.reads(number)
        known = bytearray()
        extract = reading.extract if isinstance(reading, OfDatabase) else None
        tables = {} if extract is None else {each.name: (TableRows(each.whole), each.key) for each in extract.tables}
        try:
            for row in reading.rows():
                rows += 1
                if not rows % _TELL_EVERY:
                    so_far(rows)
                found = row_hash(row[2], seeds[row[1]])
                if row[1] in tables:
                    table, width = tables[row[1]]
                    table.keys += key_hash(row[2], width)
                    table.hashes += found
                if found in skipped:
                    known += found
                    continue
                try:
                    if remembers:
                        entry = reading.remember(row)
                        if entry is not None:
                            remembered.add(*entry)
                    drafts = reading.records(row, remembered)
                    if isinstance(drafts, Waiting):
                        if row[1] in tables:
                            tables[row[1]][0].waiting.add(found)
                            raise RowRefused(f"désigne une ligne de « {drafts.table} » qui n'existe pas")
                        result.state = "waiting"
                        raise RowRefused(f"attend la table « {drafts.table} », qui n'a pas encore été lue")
                    records = _valid(drafts)
                except RowRefused as refused:
                    result.rejects.append((locator(row.place), refused.reason, row.raw))
                    continue
                hashes += found
                result.new_rows += first or found not in seen
                for record in records:
                    route(record, encode_record(record, prefix, number, row[0], found), said)
        except FileRefused as refused:
            result.state = "incomplete"
            result.reason = str(refused)
            result.rejects.append((refused.where or "fichier", refused.what, None))
        else:
            result.held = {name: table for name, (table, _) in tables.items()}
        if self._moves is not None and not anew:
            self._moves.has_read(said, bytes(known))
        result.rows = rows
        return result


def _valid(drafts: Iterable[Draft]) -> list[Record]:
    """The records of a row, once all of them are valid."""
    records: list[Record] = []
    for kind, values in drafts:
        try:
            records.append(_validator(kind)(values))
        except ValidationError as error:
            raise RowRefused(explain(kind, error)) from None
    return records


@cache
def _validator(kind: type[Record]) -> Validate:
    kind.model_rebuild()
    validate: Validate = kind.__pydantic_validator__.validate_python
    return validate
