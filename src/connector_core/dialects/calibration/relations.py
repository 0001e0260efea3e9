"""How columns hang together: keys, references between tables, and what determines what inside a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from connector_core.dialects.calibration.sample import Sample, Table
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import Phrase, phrase

_INCLUDED = 0.9
_DETERMINED = 0.98


@dataclass(eq=False)
class Sampled:
    """A table with the shapes of its columns, in their order."""

    table: Table
    shapes: Sequence[Shape]

    @property
    def name(self) -> str:
        return self.table.name

    @cached_property
    def title(self) -> Phrase:
        return phrase(self.table.title)

    @cached_property
    def keys(self) -> tuple[Shape, ...]:
        """The columns that identify a row; one that the source declares as the key comes first."""
        found = [shape for shape in self.shapes if is_key(shape)]
        return tuple(sorted(found, key=lambda shape: not self.declares(shape)))

    def declares(self, shape: Shape) -> bool:
        """Whether the source declares that a column alone is the key."""
        return tuple(self.table.key) == (shape.name,)

    def place(self, shape: Shape) -> float:
        """Where a column stands among the others, from 0 to 1."""
        return self._places[shape.name] / max(1, len(self.shapes) - 1)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {shape.name: n for n, shape in enumerate(self.shapes)}


@dataclass(frozen=True, slots=True)
class Link:
    """The values of a column are found in a key of another table: the share of them, and how much of it they use."""

    table: str
    key: str
    included: float
    used: float

    @property
    def strength(self) -> float:
        return self.included * (0.55 + 0.45 * min(1.0, self.used * 1.5))


def is_key(shape: Shape) -> bool:
    """Whether every row has a value of its own that could be an identifier."""
    return (
        shape.fill == 1
        and shape.unique == 1
        and not shape.column.inherited
        and not shape.moment
        and (not shape.day or shape.day == "date_compact")
        and shape.number in ("", "whole")
        and (shape.identifier_like > 0.95 or shape.digits > 0.95)
    )


class Relations:
    """The tables of a sample, and what refers to what."""

    def __init__(self, sample: Sample) -> None:
        self.tables = tuple(
            Sampled(table, [Shape(column) for column in table.columns]) for table in sample.tables if table.columns
        )
        self._determined: dict[tuple[int, int], bool] = {}
        self.links: Mapping[tuple[str, str], tuple[Link, ...]] = dict(self._links())
        referred: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for source, links in self.links.items():
            for link in links:
                referred.setdefault((link.table, link.key), []).append(source)
        self.referred: Mapping[tuple[str, str], Sequence[tuple[str, str]]] = referred

    def determines(self, key: Shape, other: Shape) -> bool:
        """Whether a value of `key` always comes with the same value of `other`, a column of the same table."""
        asked = id(key), id(other)
        if asked not in self._determined:
            self._determined[asked] = _determines(key, other)
        return self._determined[asked]

    def link(self, shape: Shape, table: str, column: str) -> Link | None:
        """The reference of a column to any other, where its values are found there."""
        other = self.shape(table, column)
        if not shape.counts or not other.counts or not _alike(shape, other) or shape.flag or shape.number in _BROKEN:
            return None
        met = len(shape.values & other.values)
        included = met / len(shape.values)
        return Link(table, column, included, met / len(other.values)) if included >= _INCLUDED else None

    def table(self, name: str) -> Sampled:
        return next(each for each in self.tables if each.name == name)

    def shape(self, table: str, column: str) -> Shape:
        return next(shape for shape in self.table(table).shapes if shape.name == column)

    def _repeated(self, table: Sampled, keys: Sequence[tuple[Sampled, Shape]]) -> Iterator[Shape]:
        """Identifiers that repeat in their own table because it says several things a row: they refer to nothing else,
        and determine several columns."""
        for shape in table.shapes:
            if shape.identifier_like < 0.95 or not 0.2 < shape.unique < 1 or shape.column.inherited or shape.day:
                continue
            if any(other is not table and shape.values <= key.values for other, key in keys):
                continue
            others = [each for each in table.shapes if each is not shape and len(each.counts) > 1]
            if sum(self.determines(shape, each) for each in others) >= 3:
                yield shape

    def _links(self) -> Iterator[tuple[tuple[str, str], tuple[Link, ...]]]:
        keys = [(table, key) for table in self.tables for key in table.keys if len(key.counts) > 1]
        keys += [(table, key) for table in self.tables for key in self._repeated(table, keys)]
        for table in self.tables:
            for shape in table.shapes:
                if (
                    not shape.counts
                    or shape.moment
                    or (shape.flag and len(shape.counts) < 3)
                    or shape.number in _BROKEN
                ):
                    continue
                found = [
                    Link(other.name, key.name, included, len(shape.values & key.values) / len(key.values))
                    for other, key in keys
                    if other is not table
                    and _alike(shape, key)
                    and (included := len(shape.values & key.values) / len(shape.values)) >= _INCLUDED
                ]
                if found:
                    yield (table.name, shape.name), tuple(sorted(found, key=lambda each: -each.strength))


_BROKEN = ("fr", "point")


def _alike(shape: Shape, key: Shape) -> bool:
    """Whether values may be of one series: numbers are not compared with names."""
    return (shape.digits > 0.5) == (key.digits > 0.5)


def _determines(key: Shape, other: Shape) -> bool:
    seen: dict[str, str] = {}
    kept = total = 0
    for one, two in zip(key.column.cells, other.column.cells, strict=True):
        if one:
            total += 1
            kept += seen.setdefault(one, two) == two
    return total > 0 and kept / total >= _DETERMINED


def holds_between(
    one: Sequence[datetime | None], other: Sequence[datetime | None], test: Callable[[datetime, datetime], bool]
) -> float | None:
    """The share of rows with both moments in which something holds of them; None where there are no such rows."""
    answers = [test(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return sum(answers) / len(answers) if answers else None


def sums(parts: Sequence[Sequence[Decimal | None]], whole: Sequence[Decimal | None]) -> float:
    """The share of rows in which parts make a whole; an empty part is nothing."""
    made = met = 0
    for total, row in zip(whole, zip(*parts, strict=True), strict=True):
        if total is not None and (given := [each for each in row if each]):
            made += 1
            met += sum(given) == total
    return met / made if made else 0.0
