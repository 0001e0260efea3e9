"""A database as calibration is given it: the rows that an examination brought, as tables of a sample.

A dialect must say what tells the rows of a table apart: the primary key, else the fewest columns that do so in the
sample. A column whose name says that it holds the moment of the last change, and whose values are moments, is taken for
the sign of change. Where there is none, a primary key that grows as the dates of its rows do is proposed as what new
rows are known by, and no more than proposed: a change of an old row is seen later then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, pairwise

from connector_core.dialects.calibration.relations import is_key
from connector_core.dialects.calibration.sample import Column, Declared, Growing, Sample, Table
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import phrase
from connector_core.sources.database.engine import Table as Described
from connector_core.sources.database.exchange import Examined, Sampled

_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
SAMPLED = 3000
"""Rows of each table that are looked at."""
_CHANGED = ("modif", "maj", "mise", "change", "update", "revision", "version")
"""Words, or their beginnings, of the name of a column that holds when a row was last changed."""
_GROWN = 30
"""Rows that must say that a key grows with time, """
_DAYS = 10
"""and different days among them: that so many come in order by chance is out of the question."""
_TOGETHER = 3
"""Columns that may be needed together to tell rows apart, before all of them are taken."""


def sample_of(examined: Examined) -> Sample:
    """The tables that have rows which the account may read."""
    return Sample(
        [
            _table(table, sampled)
            for table in examined.schema.tables
            if (sampled := examined.sampled.get(table.name)) is not None and sampled.values
        ],
        {"kind": "database"},
    )


def _table(table: Described, sampled: Sampled) -> Table:
    columns = [
        Column(
            column.name,
            column.name,
            [row[place].strip() for row in sampled.values],
            declared=_declared(column.type),
        )
        for place, column in enumerate(table.columns)
    ]
    head: dict[str, object] = {"key": list(table.key or _key(columns))}
    version = _version(columns)
    if version:
        head["version_column"] = version
    return Table(table.name, table.name, columns, head, table.key, None if version else _growing(columns, table.key))


def _declared(type_name: str) -> Declared:
    """What a type of any engine says of a column. SQLite takes anything in any column: its types say what is meant."""
    name = type_name.upper()
    if name.startswith(("TIMESTAMP", "DATETIME", "SMALLDATETIME")):
        return "moment"
    if name.startswith(("BOOL", "BIT")) or name == "TINYINT(1)":
        return "flag"
    return next((declared for beginning, declared in _TYPES if name.startswith(beginning)), "")


_TYPES: tuple[tuple[str, Declared], ...] = (
    ("DATE", "day"),
    ("TIME", "clock"),
    ("INT", "number"),
    ("SMALLINT", "number"),
    ("BIGINT", "number"),
    ("TINYINT", "number"),
    ("NUMERIC", "number"),
    ("DECIMAL", "number"),
    ("DOUBLE", "number"),
    ("FLOAT", "number"),
    ("REAL", "number"),
    ("MONEY", "number"),
    ("CURRENCY", "number"),
)


def _key(columns: Sequence[Column]) -> Sequence[str]:
    """The columns that tell rows apart where the database does not say."""
    for column in columns:
        if is_key(Shape(column)):
            return (column.name,)
    filled = [column for column in columns if all(column.cells)]
    for size in range(2, _TOGETHER + 1):
        for together in combinations(filled[:8], size):
            rows = list(zip(*(column.cells for column in together), strict=True))
            if len(set(rows)) == len(rows):
                return [column.name for column in together]
    return [column.name for column in columns]


def _version(columns: Sequence[Column]) -> str:
    """The column that holds when a row was last changed, "" where none is evident."""
    for column in columns:
        shape = Shape(column)
        says = any(word.startswith(each) for word in phrase(column.title) for each in _CHANGED)
        if says and shape.fill == 1 and shape.moment:
            return column.name
    return ""


def _growing(columns: Sequence[Column], key: Sequence[str]) -> Growing | None:
    """The key that has grown with the dates of its rows, without an exception; None where none is evident."""
    counted = next((each for each in columns if (each.name,) == tuple(key)), None)
    if counted is None or counted.declared != "number" or not all(map(_WHOLE.fullmatch, counted.cells)):
        return None
    if len(counted.cells) < _GROWN:
        return None
    order = sorted(range(len(counted.cells)), key=lambda row: int(counted.cells[row]))
    for column in columns:
        moments = [moment for moment in Shape(column).instants if moment is not None]
        if len(moments) < len(order) or len({moment.date() for moment in moments}) < _DAYS:
            continue
        if all(moments[one] <= moments[other] for one, other in pairwise(order)):
            return Growing(counted.name, column.name, len(order))
    return None
