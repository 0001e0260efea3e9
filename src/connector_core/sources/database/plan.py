"""What is read of a database: the tables and columns that a dialect names, found in the schema that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from connector_core.dialects.compiler import same_name
from connector_core.dialects.mappings import Dialect, TableMapping
from connector_core.sources.database.engine import Schema, TableRead


class PlannedTable(msgspec.Struct, frozen=True):
    """A table as the dialect names it: its columns, the first `key` of which tell rows apart. `joined` when other
    tables are understood with what it says."""

    name: str
    columns: tuple[str, ...]
    key: int
    version: str | None = None
    joined: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What a dialect reads, the tables that others join on first. `digest` is that of the dialect's text."""

    dialect: str
    title: str
    digest: str
    tables: tuple[PlannedTable, ...]


class Found(msgspec.Struct, frozen=True):
    """A planned table as it is in the database."""

    planned: PlannedTable
    table: str
    read: TableRead
    version: str | None


def plan_of(dialect: Dialect) -> Plan:
    """What a dialect for a database reads."""
    return Plan(
        dialect.id,
        dialect.title,
        dialect.digest,
        tuple(
            PlannedTable(
                table.name,
                table.fetched_columns(),
                len(set(table.key)),
                table.version_column,
                table.remember is not None,
            )
            for table in _joined_first(dialect.tables)
        ),
    )


def _joined_first(tables: Iterable[TableMapping]) -> list[TableMapping]:
    """Tables in an order in which each comes after those that it joins on, as far as there is one."""
    left = {table.name: table for table in tables}
    ordered: list[TableMapping] = []
    while left:
        ready = [
            table
            for table in left.values()
            if not any(
                field.join is not None and field.join.table in left and field.join.table != table.name
                for record in table.records
                for field in record.fields
            )
        ] or [next(iter(left.values()))]
        ready.sort(key=lambda table: table.remember is None)
        ordered.append(ready[0])
        del left[ready[0].name]
    return ordered


def found_in(plan: Plan, schema: Schema) -> tuple[list[Found], list[str]]:
    """The planned tables in a schema, and what is missing of them, as `TABLE` or `TABLE.COLUMN`."""
    by_name = {table.name: table for table in schema.tables}
    table_of = _finder(by_name)
    found: list[Found] = []
    missing: list[str] = []
    for planned in plan.tables:
        named = table_of(planned.name)
        if named is None:
            missing.append(planned.name)
            continue
        table = by_name[named]
        column_of = _finder(table.names())
        wanted = [*planned.columns, *([planned.version] if planned.version else [])]
        real = [column_of(name) for name in wanted]
        absent = [f"{planned.name}.{name}" for name, each in zip(wanted, real, strict=True) if each is None]
        missing += absent
        if not absent:
            names = [str(each) for each in real]
            read = TableRead(table.name, tuple(names[: len(planned.columns)]), tuple(names[: planned.key]))
            found.append(Found(planned, table.name, read, names[-1] if planned.version else None))
    return found, missing


def _finder(names: Iterable[str]) -> Callable[[str], str | None]:
    """Finds the one of these names that is meant: itself, else the only one that compares equal."""
    every = frozenset(names)
    compared: dict[str, list[str]] = {}
    for name in every:
        compared.setdefault(same_name(name), []).append(name)

    def find(name: str) -> str | None:
        alike = compared.get(same_name(name), [])
        return name if name in every else alike[0] if len(alike) == 1 else None

    return find
