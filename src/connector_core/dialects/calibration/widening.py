"""Records that lie in two tables of a database: a line of an invoice and the visit that it was of, a patient and the
person. The table that refers is widened by the columns of the other, and read as if it held them itself.

That is done for a table that can't be a record by itself, and where a table refers to another that holds the same kind
of record. The column that refers must bear the name of the other table or of its key: small whole numbers are found in
every key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connector_core.dialects.calibration.lookups import code_lists
from connector_core.dialects.calibration.planning import Plan
from connector_core.dialects.calibration.relations import Relations, Sampled
from connector_core.dialects.calibration.sample import Column, Sample, Via
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import likeness

_SAME_NAME = 0.75
_LETTERS = 0.8


@dataclass(frozen=True, slots=True)
class Widened:
    """A sample some tables of which hold the columns of others, and the names of those others."""

    sample: Sample
    aside: frozenset[str]


def widened(sample: Sample, relations: Relations, plan: Plan) -> Widened | None:
    """The sample with tables widened; None where there is none to widen."""
    lists = code_lists(relations)
    pairs = list(_pairs(relations, plan, lists))
    aside = frozenset(other.name for _, _, other, _ in pairs)
    pairs = [each for each in pairs if each[0].name not in aside]
    if not pairs:
        return None
    added: dict[str, list[Column]] = {}
    for table, on, other, key in pairs:
        added.setdefault(table.name, []).extend(_columns(on, other, key, codes=other.name in lists))
    tables = [
        replace(table, columns=[*table.columns, *added[table.name]]) if table.name in added else table
        for table in sample.tables
    ]
    return Widened(replace(sample, tables=tables), frozenset(other.name for _, _, other, _ in pairs))


def _pairs(relations: Relations, plan: Plan, lists: frozenset[str]) -> Iterator[tuple[Sampled, Shape, Sampled, Shape]]:
    """Tables to widen, the column by which, the table they are widened by, its key."""
    made = {each.table.name: {record.kind for record in each.records} for each in plan.tables}
    for table in relations.tables:
        for other in relations.tables:
            kinds, others = made.get(table.name, set()), made.get(other.name, set())
            incomplete = not kinds and not others and table.name not in lists
            if other is table or not (incomplete or kinds & others):
                continue
            reference = _reference(relations, table, other)
            if reference is not None:
                yield table, reference[0], other, reference[1]


def _reference(relations: Relations, table: Sampled, other: Sampled) -> tuple[Shape, Shape] | None:
    """The column of a table that names rows of another, and the key of that one."""
    own: Sequence[Shape] = table.keys[:1]
    for shape in table.shapes:
        for link in relations.links.get((table.name, shape.name), ()):
            if link.table != other.name or shape in own:
                continue
            key = relations.shape(other.name, link.key)
            if key in other.keys and likeness(shape.title, (key.title, other.title)) >= _SAME_NAME:
                return shape, key
    return None


def _columns(on: Shape, other: Sampled, key: Shape, *, codes: bool) -> Iterator[Column]:
    """The columns of another table, row by row as this one refers to it; of a list of codes, only the letter and the
    numbers."""
    rows = {cell: n for n, cell in enumerate(key.column.cells)}
    places = [rows.get(cell) for cell in on.column.cells]
    for shape in other.shapes:
        if shape is not key and (not codes or shape.letter > _LETTERS or shape.decimals):
            cells = ["" if place is None else shape.column.cells[place] for place in places]
            via = Via(other.name, on.name, key.name, shape.name)
            yield Column(
                f"{other.name}.{shape.name}", shape.column.title, cells, via=via, declared=shape.column.declared
            )
