"""What every reader yields, and what every splitter does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

Place = int | str
"""Where a row is: an int is a 1-based physical line number, a str the number of a record or another text of its own."""


class Row(NamedTuple):
    """One row of a file.

    `table` names the table inside the file ("" when the file is one table, or when no declared table fits the row).
    `raw` is the row's identity: within one table of one layout, equal bytes mean equal content. It's decoded by the
    splitter of the format, never by who recognises it.
    """

    place: Place
    table: str
    raw: bytes


class Splitter(Protocol):
    """Turns the raw bytes of a row into its text values, in column order."""

    def values(self, raw: bytes) -> list[str]:
        """Return the values; raise `RowRefused` where the bytes don't fit the format."""
        ...


def locator(place: Place) -> str:
    """Return the text kept as provenance: "line 31" for a line number, the text itself otherwise."""
    return f"line {place}" if isinstance(place, int) else place


as_row: Callable[[Iterable[object]], Row] = partial(tuple.__new__, Row)
"""Make a row from a (place, table, raw) tuple without running Python code: this is the hot path of a full re-read."""
