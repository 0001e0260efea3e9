"""Fields that another table holds: a code whose letter and coefficient a list of codes says, the patient of an act who
is that of its prise en charge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.relations import Link, Relations, Sampled
from connector_core.dialects.calibration.shapes import Shape


@dataclass(frozen=True, slots=True)
class Found:
    """A field filled through another table: by the text of column `on` in this one, from `shape` of `table` whose key
    is `key`."""

    field: Field
    on: Shape
    table: str
    key: str
    shape: Shape
    converter: str


def code_lists(relations: Relations) -> frozenset[str]:
    """The tables that only say what codes mean: each row a code, a lettre-clé and a coefficient, and no day."""
    return frozenset(
        table.name
        for table in relations.tables
        if table.keys and _cotation(table) is not None and not any(each.day or each.moment for each in table.shapes)
    )


def _cotation(table: Sampled) -> tuple[Shape, Shape] | None:
    """The columns of the letter and of the coefficient of a list of codes."""
    letters = [shape for shape in table.shapes if shape.letter > 0.8 and shape.fill > 0.9 and shape.cotation < 0.5]
    numbers = [shape for shape in table.shapes if shape.number in ("fr", "point") and shape.fill > 0.9]
    numbers += [shape for shape in table.shapes if shape.padded and shape not in table.keys]
    return (letters[0], numbers[0]) if letters and numbers else None


def cotations(relations: Relations, table: Sampled, lists: frozenset[str]) -> Iterator[Found]:
    """The letter and the coefficient of a table's codes."""
    for shape in table.shapes:
        for link in relations.links.get((table.name, shape.name), ()):
            if link.table in lists:
                held = _cotation(relations.table(link.table))
                if held is not None:
                    yield from _held(shape, link, held)
                    return


def _held(shape: Shape, link: Link, held: tuple[Shape, Shape]) -> Iterator[Found]:
    letter, number = held
    fields = kinds()["act"].fields
    yield Found(fields["letter"], shape, link.table, link.key, letter, "text")
    yield Found(fields["coefficient"], shape, link.table, link.key, number, number.decimals[0])


def through(relations: Relations, table: Sampled, field: Field, tables: Mapping[str, tuple[str, str]]) -> Found | None:
    """The field of a table through another that has a column of that name: `tables` says for each which column is its
    key, and which fills the field."""
    best: tuple[float, Found] | None = None
    for shape in table.shapes:
        for link in relations.links.get((table.name, shape.name), ()):
            held = tables.get(link.table)
            if held is None or held[0] != link.key:
                continue
            found = Found(field, shape, link.table, link.key, relations.shape(link.table, held[1]), "text")
            if best is None or link.strength > best[0]:
                best = link.strength, found
    return None if best is None else best[1]
