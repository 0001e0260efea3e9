"""A fit: how well a column fits a field, and what a round of solving knows from the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a column fits a field. `why` is French and shows no value; `converter` reads the column, `values` are
    the meanings of an enumeration."""

    score: float
    why: str
    converter: str = "text"
    values: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()
    beside: str = ""
    """The column of the day, where this one is the hour of it."""


@dataclass
class Known:
    """What a round of solving knows from the one before: the table of each kind, and its columns by field."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def column(self, kind: str, name: str) -> tuple[str, str] | None:
        """The table and the column of a field."""
        table = self.tables.get(kind)
        found = self.columns.get(kind, {}).get(name)
        return None if table is None or found is None else (table, found)


def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
