"""What a letter, a message or a quote is before it becomes a file, and what the practice says of itself in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Medium = Literal["letter", "email", "sms", "phone", "quote"]


@dataclass(frozen=True, slots=True)
class Sender:
    """The practice, as its letters say it; what is None is left out."""

    name: str
    reply_within: timedelta
    address: tuple[str, ...] = ()
    town: str | None = None
    phone: str | None = None
    email: str | None = None
    payment: str | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The lines at the head of a letter."""
        return tuple(line for line in (self.name, *self.address, self.phone, self.email) if line)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: its cells in a table, and the same in one sentence."""

    cells: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A list of invoices or acts; `total` is the last line where there are several. Amounts are in the last column."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    total: str

    @property
    def has_total(self) -> bool:
        """Whether the total says more than the lines do: one line is its own."""
        return len(self.rows) > 1


@dataclass(frozen=True, slots=True)
class Signatures:
    """Places to sign, side by side, under what each bears."""

    places: tuple[str, ...]


Block = str | Table | Signatures


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft. `file` is its name without ending, `recipient` the lines of the addressee."""

    file: str
    medium: Medium
    sender: Sender
    recipient: tuple[str, ...]
    written_on: date
    subject: str
    blocks: tuple[Block, ...]
