"""What became of a schema: the difference between what is known and what is there, and what may have moved where.

A vendor's update adds, renames and drops columns and changes types. Whatever it does to a table that is read, nothing
more is read of the database before a person has looked, since a column that only kept its name reads with a wrong
meaning. The order of columns means nothing: all are asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from connector_core.dialects.compiler import same_name
from connector_core.sources.database.engine import Column, Schema, Table

_ALIKE = 0.35
"""From what likeness on a column or a table may be another one that is gone."""

ChangeKind = Literal["table_gone", "column_gone", "column_new", "type_changed", "key_changed"]


class Change(msgspec.Struct, frozen=True):
    """One difference. `moved_to` is what probably stands for what is gone, `reason` why it is thought so (French)."""

    kind: ChangeKind
    table: str
    column: str = ""
    before: str = ""
    now: str = ""
    moved_to: str = ""
    reason: str = ""


def same(known: Schema, now: Schema) -> bool:
    """Whether tables are what they were, but for the order of their columns."""
    return _signature(known) == _signature(now)


def differences(known: Schema, now: Schema) -> tuple[Change, ...]:
    """What has become of the tables that are known."""
    tables = {table.name: table for table in now.tables}
    found: list[Change] = []
    for table in known.tables:
        there = tables.get(table.name)
        found += [_gone(table, known, now)] if there is None else _of_table(table, there)
    return tuple(found)


def _signature(schema: Schema) -> object:
    return {
        table.name: (frozenset((column.name, column.type) for column in table.columns), table.key)
        for table in schema.tables
    }


def _gone(table: Table, known: Schema, now: Schema) -> Change:
    """A table that is gone; the new one that has most of its columns, if any has."""
    others = [each for each in now.tables if known.table(each.name) is None]
    scored = [(_overlap(table, each) / 2 + _likeness(table.name, each.name) / 2, each) for each in others]
    score, nearest = max(scored, key=lambda each: each[0], default=(0.0, None))
    if nearest is None or score < _ALIKE:
        return Change("table_gone", table.name)
    shared = len({*table.names()} & {*nearest.names()})
    reason = f"{shared} de ses {len(table.columns)} colonnes y sont"
    return Change("table_gone", table.name, moved_to=nearest.name, reason=reason)


def _of_table(known: Table, now: Table) -> Iterator[Change]:
    before, after = ({column.name: column for column in table.columns} for table in (known, now))
    new = [column for column in now.columns if column.name not in before]
    for place, column in enumerate(known.columns):
        there = after.get(column.name)
        if there is None:
            moved_to, reason = _moved(column, place, known, now, new)
            yield Change("column_gone", known.name, column.name, column.type, moved_to=moved_to, reason=reason)
        elif there.type != column.type:
            yield Change("type_changed", known.name, column.name, column.type, there.type)
    for column in new:
        yield Change("column_new", known.name, column.name, now=column.type)
    if known.key != now.key:
        yield Change("key_changed", known.name, before=", ".join(known.key), now=", ".join(now.key))


def _moved(column: Column, place: int, known: Table, now: Table, new: Iterable[Column]) -> tuple[str, str]:
    """The new column that probably has what a column had that is gone, and why."""
    best: tuple[float, str, str] = (0.0, "", "")
    for each in new:
        likeness = _likeness(column.name, each.name)
        reasons = ["un nom voisin"] if likeness >= _ALIKE else []
        score = likeness / 2
        if each.type == column.type:
            score += 0.25
            reasons.append("le même type")
        if now.columns.index(each) == place:
            score += 0.15
            reasons.append("la même place")
        if len(now.columns) == len(known.columns):
            score += 0.1
        if score > best[0]:
            best = score, each.name, " et ".join(reasons)
    return best[1:] if best[0] >= _ALIKE else ("", "")


def _overlap(table: Table, other: Table) -> float:
    names, others = {*table.names()}, {*other.names()}
    return len(names & others) / max(len(names | others), 1)


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, same_name(name), same_name(other)).ratio()
