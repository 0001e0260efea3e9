"""Reading a file with a dialect: which format gives its rows, and how each row becomes values, then drafts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from connector_core.dialects.compiler import CompiledTable, compile_table
from connector_core.dialects.drafts import Draft, Lookup, Waiting
from connector_core.dialects.mappings import REPEAT, Dialect, TableMapping
from connector_core.dialects.physical import (
    Split,
    Values,
    calendar_properties,
    declared_columns,
    delimited_format,
    expected_encoding,
    fixed_format,
    xml_layout,
)
from connector_core.dialects.recognition import Recognised, find_header, mistaken_for, recognise
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.document import SpooledFile, probe_of
from connector_core.formats.encodings import as_windows, encoding_name, refused_as, text_of, written_in
from connector_core.formats.extract import ExtractHeader, ExtractSplitter, extract_rows, header_of
from connector_core.formats.physical import is_one_byte
from connector_core.formats.rows import Row
from connector_core.formats.xml import declared_encoding
from connector_core.model.coverage import Covers

_AGAIN = b"\x1f#"
"""Set between the bytes of a row and its rank among equal rows, so that each is a row of its own."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A file opened with its format: how to get its rows, how the bytes of each become values, of which columns.

    `values` is by the table that rows name; `names` gives the dialect's own name where that differs.
    """

    rows: Callable[[], Iterator[Row]]
    values: Mapping[str, Split]
    columns: Mapping[str, Sequence[str]]
    names: Mapping[str, str] = field(default_factory=dict)


_Understanding = tuple[Callable[[bytes], Values], Callable[[Values, Lookup], list[Draft] | Waiting]]
"""How the rows of one table are split, and how what they say is understood."""


@dataclass
class DialectReading:
    """One file being read with a dialect."""

    dialect: Dialect
    variant: str
    file: SpooledFile
    version: str
    _compiled: dict[str, CompiledTable] = field(default_factory=dict)
    _understand: dict[str, _Understanding] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(table.name for table in self._tables)

    @property
    def remembers(self) -> bool:
        """Whether other tables join on what this file holds."""
        return bool(self._remembering)

    @property
    def joins(self) -> frozenset[str]:
        """The tables on which rows of this file join."""
        return frozenset(
            each.join.table
            for table in self._tables
            for record in table.records
            for each in record.fields
            if each.join is not None
        )

    @property
    def covers(self) -> Covers:
        """The fields this file's tables fill."""
        return Covers.of(
            f"{record.kind}.{each.target}"
            for table in self._tables
            for record in table.records
            for each in record.fields
        )

    @cached_property
    def extract(self) -> ExtractHeader | None:
        """The header of an extract; None of any other file."""
        return header_of(probe_of(self.file).head) if self.dialect.format.kind == "database" else None

    @cached_property
    def signature(self) -> str:
        columns = sorted((name, tuple(each)) for name, each in self._open.columns.items())
        return hashlib.sha256(f"{self.dialect.digest}|{self.version}|{columns}".encode()).hexdigest()[:32]

    def rows(self) -> Iterator[Row]:
        return _ranked(self._open.rows()) if self._counts_repeats else self._open.rows()

    def records(self, row: Row, lookup: Lookup) -> list[Draft] | Waiting:
        split, drafts = self._understand.get(row[1]) or self._understanding(row[1])
        return drafts(split(row[2]), lookup)

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        name = row.table or self.variant
        if name not in self._remembering:
            return None
        remembered = self._table(name).remembered
        found = None if remembered is None else remembered(self._splitting(name)(row.raw))
        return None if found is None else (name, *found)

    def _understanding(self, table: str) -> _Understanding:
        name = table or self.variant
        found = self._understand[table] = self._splitting(name), self._table(name).drafts
        return found

    def _splitting(self, name: str) -> Callable[[bytes], Values]:
        split = self._open.values.get(name)
        if split is None:
            raise RowRefused("type d'enregistrement inconnu")
        return _apart(split) if self._counts_repeats else split

    def _table(self, name: str) -> CompiledTable:
        compiled = self._compiled.get(name)
        if compiled is None:
            own = self._open.names.get(name, name)
            columns = [*self._open.columns[own], *([REPEAT] if self._counts_repeats else [])]
            compiled = self._compiled[name] = compile_table(self.dialect.table(own), columns, self.dialect.place)
        return compiled

    @cached_property
    def _tables(self) -> tuple[TableMapping, ...]:
        return tuple(table for table in self.dialect.tables if not self.variant or table.name == self.variant)

    @cached_property
    def _remembering(self) -> frozenset[str]:
        return frozenset(table.name for table in self._tables if table.remember is not None)

    @cached_property
    def _counts_repeats(self) -> bool:
        return any(table.counts_repeats for table in self._tables)

    @cached_property
    def _open(self) -> _Open:
        return _OPENERS[self.dialect.format.kind](self)


def _refused_as(reading: DialectReading, found: str, expected: str, by: str | None = None) -> FileRefused:
    """The refusal of a file in another encoding than the one that its dialect, or `by`, names."""
    otherwise = "demandez au technicien de l'indiquer dans le dialecte (« encoding »)"
    return refused_as(found, expected, by or f"« {reading.dialect.title} » attend", otherwise)


def _as_declared(split: Split, declared: str) -> Split:
    """Values of an XML row whose document has not shown yet that it is in the encoding it declares."""

    def values(raw: bytes) -> Values:
        if raw.isascii():
            return split(raw)
        try:
            stored = raw.decode().encode(declared)
        except UnicodeEncodeError:  # a character reference: it says itself what it is
            return split(raw)
        return split(text_of(stored, declared).encode())

    return values


def _as_windows(split: Split) -> Split:
    """Values of an XML row whose document declares latin-1."""
    return lambda raw: split(raw if raw.isascii() else as_windows(raw.decode()).encode())


def _apart(split: Callable[[bytes], Values]) -> Callable[[bytes], Values]:
    """Values of rows that are told apart: the rank among equal rows comes last."""

    def values(raw: bytes) -> Values:
        first, mark, rank = raw.rpartition(_AGAIN)
        return [*split(first if mark else raw), rank.decode() if mark else ""]

    return values


def _ranked(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows told apart from the equal rows before them."""
    seen: Counter[tuple[str, bytes]] = Counter()
    for row in rows:
        seen[row.table, row.raw] += 1
        rank = seen[row.table, row.raw]
        yield row if rank == 1 else row._replace(raw=b"%b%b%d" % (row.raw, _AGAIN, rank))


def _open_delimited(reading: DialectReading) -> _Open:
    table, head = reading.dialect.table(reading.variant), probe_of(reading.file).head
    header = find_header(reading.dialect, table, head)
    if header is None:
        raise FileRefused(
            f"les colonnes attendues par « {reading.dialect.title} » n'y sont pas",
            remedy="Lancez « connector inspect »",
        )
    line, columns = header
    expected = expected_encoding(reading.dialect)
    fmt = delimited_format(reading.dialect, line, written_in(head, expected))
    instead = mistaken_for(reading.dialect, table, head)

    def rows() -> Iterator[Row]:
        if instead:
            raise _refused_as(reading, instead, expected)
        with reading.file.open() as stream:
            yield from fmt.rows(stream)

    return _Open(rows, {table.name: fmt.splitter(len(columns)).values}, {table.name: columns})


def _open_xml(reading: DialectReading) -> _Open:
    layout = xml_layout(reading.dialect.tables)
    head = probe_of(reading.file).head
    declared = declared_encoding(head)
    written = written_in(head, declared)
    unmarked = written.encoding if is_one_byte(declared) and written.encoding == "utf-8" else None

    def rows() -> Iterator[Row]:
        if written.instead:
            raise refused_as(written.instead, declared, "son en-tête annonce", "demandez à son éditeur de l'annoncer")
        with reading.file.open() as stream:
            yield from layout.format.rows(stream, unmarked)

    values = layout.values
    if encoding_name(declared) == "latin-1":
        values = {name: _as_windows(split) for name, split in values.items()}
    if written.doubtful:
        values = {name: _as_declared(split, declared) for name, split in values.items()}
    return _Open(rows, values, declared_columns(reading.dialect.tables), layout.names)


def _open_fixed(reading: DialectReading) -> _Open:
    tables, expected = reading._tables, expected_encoding(reading.dialect)
    written = written_in(probe_of(reading.file).head, expected)
    packed = not reading.dialect.format.options.get("newline", True)
    instead = written.instead or (written.encoding if packed and not is_one_byte(written.encoding) else "")
    fmt = fixed_format(reading.dialect, tables, None if instead else written)

    def rows() -> Iterator[Row]:
        if instead:
            raise _refused_as(reading, instead, expected)
        with reading.file.open() as stream:
            yield from fmt.rows(stream)

    return _Open(rows, {table.name: fmt.splitter(table.name).values for table in tables}, declared_columns(tables))


def _open_dbase(reading: DialectReading) -> _Open:
    from connector_core.formats.dbase import DbaseFormat, likely_code_page

    fmt = DbaseFormat(reading.dialect.format.text("encoding", "") or None)
    with reading.file.as_path() as path:
        splitter = fmt.splitter(path)
    instead = likely_code_page(probe_of(reading.file).head, splitter)

    def rows() -> Iterator[Row]:
        if instead:
            raise _refused_as(reading, instead, splitter.encoding, None if fmt.encoding else "la table annonce")
        with reading.file.as_path() as path:
            yield from fmt.rows(path)

    columns = tuple(each.name for each in splitter.fields)
    return _Open(rows, {reading.variant: splitter.values}, {reading.variant: columns})


def _open_ical(reading: DialectReading) -> _Open:
    from connector_core.formats.ical import COLUMNS, IcalFormat

    table = reading.dialect.table(reading.variant)
    own = tuple(column.name for column in table.columns if column.name not in COLUMNS)
    written = written_in(probe_of(reading.file).head, expected_encoding(reading.dialect))
    fmt = IcalFormat(reading.dialect.format.text("zone", "Europe/Paris"), written.encoding)

    def rows() -> Iterator[Row]:
        with reading.file.open() as stream:
            yield from fmt.rows(stream)

    return _Open(rows, {table.name: calendar_properties(own, fmt.splitter().values)}, {table.name: (*COLUMNS, *own)})


def _open_database(reading: DialectReading) -> _Open:
    tables = reading.dialect.tables
    columns = {table.name: table.fetched_columns() for table in tables}
    announced = {} if reading.extract is None else {table.name: table.columns for table in reading.extract.tables}
    if not announced or any(columns.get(name) != each for name, each in announced.items()):
        raise FileRefused(f"l'extrait n'a pas les colonnes de « {reading.dialect.title} »", remedy="La base sera relue")

    def rows() -> Iterator[Row]:
        with reading.file.open() as stream:
            yield from extract_rows(stream)

    return _Open(rows, {name: ExtractSplitter(len(each)).values for name, each in columns.items()}, columns)


_OPENERS: Mapping[str, Callable[[DialectReading], _Open]] = {
    "delimited": _open_delimited,
    "xml": _open_xml,
    "fixed": _open_fixed,
    "dbase": _open_dbase,
    "ical": _open_ical,
    "database": _open_database,
}

__all__ = ["DialectReading", "Recognised", "recognise"]
