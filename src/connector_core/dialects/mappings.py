"""What a dialect says, once it has been read: tables, records, fields, joins.

`language` reads these from TOML and refuses what is wrong; `compiler` turns them into functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from connector_core.dialects.write_back import WritePlace

FormatKind = Literal["delimited", "xml", "fixed", "dbase", "ical", "database"]

REPEAT = "#"
"""The column that every file has: the rank of a row among equal rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column declared by the dialect: its name, and its place in a fixed-width row, its path in an XML element, or
    the attribute of an element around it."""

    name: str
    start: int = 0
    end: int = 0
    path: str = ""
    ancestor: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """A value found in another table: `table`, by the text of column `on`, in its column `column`."""

    table: str
    on: str
    column: str


class When(NamedTuple):
    """A test of a row: whether the text of a column, `""` for an empty cell, is among some; or, where `among` is false,
    among none of them."""

    column: str
    texts: frozenset[str]
    among: bool


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """How one field of the model is filled: from a constant, from columns, or from a joined table; `when` limits it to
    rows that pass the test."""

    target: str
    line: int
    columns: tuple[str, ...] = ()
    converter: str = "text"
    values: Mapping[str, str] | None = None
    constant: object = None
    join: Join | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """How one record is made of a row; `when` limits it to rows that pass the test."""

    kind: str
    line: int
    fields: tuple[FieldMapping, ...]
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a table contributes to joins: its rows by column `key`."""

    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One table of a dialect. `file` is a pattern of file names; `elements` XML tags; `record_type` a fixed prefix;
    `key` the columns that tell the rows of a database's table apart, `version_column` the one that grows with every
    change of a row, `growing_column` the one in which every new row has more than all before it."""

    name: str
    line: int
    records: tuple[RecordMapping, ...]
    file: str | None = None
    columns: tuple[Column, ...] = ()
    elements: tuple[str, ...] = ()
    record_type: str | None = None
    length: int | None = None
    remember: Remembered | None = None
    ignore: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    version_column: str | None = None
    growing_column: str | None = None

    def fetched_columns(self) -> tuple[str, ...]:
        """The columns that are read of a database's table, those of its key first."""
        return tuple(dict.fromkeys((*self.key, *self.used_columns())))

    def used_columns(self) -> tuple[str, ...]:
        """Every column of the file that the mappings read, in order of first use."""
        return tuple(name for name, _ in self.column_uses() if name != REPEAT)

    def column_uses(self) -> tuple[tuple[str, int], ...]:
        """Every column the mappings read, once each, with the line that first does."""
        used: dict[str, int] = {}
        for record in self.records:
            if record.when is not None:
                used.setdefault(record.when.column, record.line)
            for field in record.fields:
                asked = () if field.when is None else (field.when.column,)
                for column in (*field.columns, *(() if field.join is None else (field.join.on,)), *asked):
                    used.setdefault(column, field.line)
        if self.remember is not None:
            for column in (self.remember.key, *self.remember.columns):
                used.setdefault(column, self.line)
        return tuple(used.items())

    @property
    def counts_repeats(self) -> bool:
        """Whether the rank of a row among equal rows is read."""
        return any(REPEAT in field.columns for record in self.records for field in record.fields)


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """The physical format, as the dialect states it; what is left out has the format's usual value."""

    kind: FormatKind
    options: Mapping[str, str | int | bool]

    def text(self, name: str, default: str) -> str:
        return str(self.options.get(name, default))


@dataclass(frozen=True, slots=True)
class Dialect:
    """A vendor's layout. `digest` identifies the text it was read from.

    `connector` is what the dialect says to the connector alone; the core knows no key of it. `write_back` are the
    places where the software may be given flags.
    """

    id: str
    title: str
    version: str
    format: FormatSpec
    tables: tuple[TableMapping, ...]
    digest: str
    place: str
    connector: Mapping[str, str]
    write_back: tuple[WritePlace, ...] = ()

    @property
    def joins_files(self) -> bool:
        """Whether a table finds values in another one, which may lie in another file: of a database, all lie in one."""
        if self.format.kind == "database":
            return False
        fields = (field for table in self.tables for record in table.records for field in record.fields)
        return any(field.join is not None for field in fields)

    def table(self, name: str) -> TableMapping:
        return next(table for table in self.tables if table.name == name)
