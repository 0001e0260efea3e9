"""What a dialect for a database reads: which tables, which columns of them, in which order."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connector_core.dialects.mappings import Dialect, TableMapping


class PlannedTable(msgspec.Struct, frozen=True):
    """A table as the dialect names it: its columns, the first `key` of which tell rows apart. `version` grows with
    every change of a row, `growing` with every new row alone. `joined` when other tables are understood with what it
    says."""

    name: str
    columns: tuple[str, ...]
    key: int
    version: str | None = None
    joined: bool = False
    growing: str | None = None

    @property
    def mark(self) -> str | None:
        """The column by which rows can be asked for that are new, be it that they have changed as well."""
        return self.version or self.growing

    @property
    def compared(self) -> bool:
        """Whether its rows are compared with those that are held, one by one."""
        return self.joined or self.mark is not None


class Plan(msgspec.Struct, frozen=True):
    """What a dialect reads, the tables that others join on first. `digest` is that of the dialect's text."""

    dialect: str
    title: str
    digest: str
    tables: tuple[PlannedTable, ...]


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
                table.growing_column,
            )
            for table in _joined_first(dialect.tables)
        ),
    )


def database_plans(dialects: Iterable[Dialect]) -> tuple[Plan, ...]:
    """What those of these dialects that are for databases read."""
    return tuple(plan_of(each) for each in dialects if each.format.kind == "database")


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
