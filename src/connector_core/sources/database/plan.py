"""The tables and columns that a dialect names, found in the schema of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from connector_core.dialects.compiler import same_name
from connector_core.dialects.plan import Plan, PlannedTable
from connector_core.sources.database.engine import Schema, TableRead


class Found(msgspec.Struct, frozen=True):
    """A planned table as it is in the database; `mark` is the column by which new rows can be asked for."""

    planned: PlannedTable
    table: str
    read: TableRead
    mark: str | None


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
        wanted = [*planned.columns, *filter(None, [planned.mark])]
        real = [column_of(name) for name in wanted]
        absent = [f"{planned.name}.{name}" for name, each in zip(wanted, real, strict=True) if each is None]
        missing += absent
        if not absent:
            names = [str(each) for each in real]
            read = TableRead(table.name, tuple(names[: len(planned.columns)]), tuple(names[: planned.key]))
            found.append(Found(planned, table.name, read, names[-1] if planned.mark else None))
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
