"""A sheet of the workbook before any format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

Cell = str | int | Decimal | Fraction | date | datetime | None
"""A text, a count, an amount in euros, a rate (a half is 50 %), a day, a moment of the practice's zone, or nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and a width in characters."""

    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, its columns, its rows. `printed` are the first columns, those that go on paper; None for
    all."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    printed: int | None = None
