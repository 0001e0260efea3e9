"""What calibration is given: tables with columns and the cells of their first rows, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Declared = Literal["day", "moment", "clock", "flag", "number", ""]
"""What the source says that a column holds: days, moments (which may be days or hours), hours, yes or no, numbers; ""
where it says nothing, or texts, which may be anything."""


@dataclass(frozen=True, slots=True)
class Via:
    """Where the cells of a column come from that stands in another table: its name there is `column`, and the row is
    the one whose `key` holds what this row has in `on`."""

    table: str
    on: str
    key: str
    column: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `name` tells it apart, in the dialect too; `title` is what the source calls it, "" where it
    does not; `cells` are its texts without white space around, row by row, "" for an empty one.

    `inherited` marks a value that stands around the row, such as the attribute of an outer XML element.
    """

    name: str
    title: str
    cells: Sequence[str]
    inherited: bool = False
    via: Via | None = None
    declared: Declared = ""


@dataclass(frozen=True, slots=True)
class Growing:
    """A column in which each row that was looked at has more than those before it, as `by`, a date, says in every row:
    the rows that say so are `rows`. Whether it stays so, the software alone knows."""

    column: str
    by: str
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind. `name` is that of the table in the dialect; `title` is what the source calls it, "" where it
    does not. `head` are the lines of the dialect that say where its rows are, as keys of `[[table]]`; `key` are the
    columns of the primary key, where the source declares one; `growing` is proposed to whoever reads the dialect.
    """

    name: str
    title: str
    columns: Sequence[Column]
    head: Mapping[str, object] = field(default_factory=dict)
    key: Sequence[str] = ()
    growing: Growing | None = None

    @property
    def rows(self) -> int:
        return len(self.columns[0].cells) if self.columns else 0


@dataclass(frozen=True, slots=True)
class Sample:
    """An export, or a database, as calibration sees it. `format` are the keys of `[format]`."""

    tables: Sequence[Table]
    format: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Listed:
    """How the texts of a column read as a closed list: `meanings` of those that could be read, the others in `unread`;
    `score` from 0 to 1. `told` says that the texts are words of this list and of hardly any other: several of them are
    whole words of it, and more are read than not."""

    meanings: Mapping[str, str]
    unread: tuple[str, ...]
    score: float
    told: bool = False
