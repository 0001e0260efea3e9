"""A layout of tables as SQL: what each engine calls the types, how it quotes names, and how it writes values.

`script` is the text of a whole database; `statements` are the tables and parameterised inserts for a driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from connector_core.testing.exports.relational import Filled, Kind, SqlColumn, SqlTable, SqlType, Value


@dataclass(frozen=True, slots=True)
class Flavour:
    """An engine's SQL. `types` are patterns for `size` and `scale`; `marker` is where its driver puts a value; `begin`
    begins a transaction, where that is to be said."""

    types: Mapping[Kind, str]
    marker: str
    quote: tuple[str, str] = ('"', '"')
    yes: str = "1"
    no: str = "0"
    begin: str | None = None

    def name(self, name: str) -> str:
        """A name, quoted as it is written."""
        opening, closing = self.quote
        if opening in name or closing in name:
            raise ValueError(f"not a name: {name}")
        return f"{opening}{name}{closing}"

    def type(self, typed: SqlType) -> str:
        """What the engine calls a type."""
        return self.types[typed.kind].format(size=typed.size, scale=typed.scale)

    def literal(self, value: Value) -> str:
        """A value as it stands in a statement."""
        match value:
            case None:
                return "NULL"
            case bool():
                return self.yes if value else self.no
            case int() | Decimal():
                return str(value)
            case datetime():
                return f"'{value:%Y-%m-%d %H:%M:%S}'"
            case date() | time():
                return f"'{value.isoformat()}'"
            case str():
                return "'" + value.replace("'", "''") + "'"


_COMMON: dict[Kind, str] = {
    "integer": "INTEGER",
    "text": "VARCHAR({size})",
    "char": "CHAR({size})",
    "memo": "TEXT",
    "numeric": "NUMERIC({size},{scale})",
    "money": "NUMERIC(9,2)",
    "cents": "INTEGER",
    "hundredths": "INTEGER",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "boolean": "SMALLINT",
}
FIREBIRD = Flavour(_COMMON | {"memo": "BLOB SUB_TYPE TEXT"}, "?")
POSTGRESQL = Flavour(
    _COMMON | {"timestamp": "TIMESTAMP(0)", "boolean": "BOOLEAN"}, "%s", yes="TRUE", no="FALSE", begin="BEGIN"
)
MARIADB = Flavour(_COMMON | {"timestamp": "DATETIME", "boolean": "TINYINT(1)"}, "%s", ("`", "`"))
SQLITE = Flavour(_COMMON | {"boolean": "BOOLEAN", "money": "DECIMAL"}, "?")
SQL_SERVER = Flavour(
    _COMMON | {"text": "NVARCHAR({size})", "memo": "NVARCHAR(MAX)", "timestamp": "DATETIME", "boolean": "BIT"},
    "%s",
    ("[", "]"),
)


def create_table(table: SqlTable, flavour: Flavour) -> str:
    """The statement that makes a table."""
    parts = [_declared(column, column.name == table.key, flavour) for column in table.columns]
    return f"CREATE TABLE {flavour.name(table.name)} (\n  " + ",\n  ".join(parts) + "\n)"


def insert(table: SqlTable, flavour: Flavour) -> str:
    """The statement that adds a row, with a marker for each cell."""
    return _insert(table, flavour, ", ".join(flavour.marker for _ in table.columns))


def script(tables: Iterable[Filled], flavour: Flavour, *, before: Sequence[str] = (), after: Sequence[str] = ()) -> str:
    """The whole database as statements ended by semicolons, between those given."""
    return "".join(f"{statement};\n" for statement in (*before, *_script(tables, flavour), *after))


def _script(tables: Iterable[Filled], flavour: Flavour) -> Iterator[str]:
    kept = tuple(tables)
    begin = () if flavour.begin is None else (flavour.begin,)
    yield from begin
    for filled in kept:
        yield create_table(filled.table, flavour)
    yield "COMMIT"
    yield from begin
    for filled in kept:
        for row in filled.rows:
            yield _insert(filled.table, flavour, ", ".join(flavour.literal(value) for value in row))
    yield "COMMIT"


def _insert(table: SqlTable, flavour: Flavour, cells: str) -> str:
    return f"INSERT INTO {flavour.name(table.name)} VALUES ({cells})"


def _declared(column: SqlColumn, key: bool, flavour: Flavour) -> str:
    return f"{flavour.name(column.name)} {flavour.type(column.type)}{' NOT NULL PRIMARY KEY' if key else ''}"


Deploy = Callable[[str, Sequence[Sequence[Value]]], object]
"""Runs a statement once for each row of values, or once where there is none."""


def deploy(tables: Iterable[Filled], flavour: Flavour, run: Deploy, commit: Callable[[], None]) -> None:
    """Make the tables and add their rows through a driver."""
    kept = tuple(tables)
    for filled in kept:
        run(create_table(filled.table, flavour), [()])
    commit()
    for filled in kept:
        if filled.rows:
            run(insert(filled.table, flavour), filled.rows)
    commit()
