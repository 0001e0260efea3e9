"""What the tests of all formats ask of a row."""

from __future__ import annotations

from connector_core.errors import RowRefused
from connector_core.formats.rows import Row, Splitter


def refusal_of(splitter: Splitter, row: Row) -> str:
    """Why a row is refused; empty when it is read."""
    try:
        splitter.values(row.raw)
    except RowRefused as refused:
        return repr(refused)
    return ""
