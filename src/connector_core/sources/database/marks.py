"""Marks: the value of a column from which on rows are asked for, kept as text from one pass to the next.

A mark keeps the type that the driver gave the value, so that the database compares it in the column's own order: text
in its collation, numbers as numbers, moments as moments. Texts are never compared here.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

MarkValue = int | float | Decimal | str | bytes | datetime | date


def mark_of(value: object) -> str | None:
    """The mark that a value of a column is; None where there is none. Of a type that no rows are asked by, it only
    tells whether the value is another."""
    match value:
        case None:
            return None
        case bool():
            return f"other {value}"
        case int():
            return f"int {value}"
        case float():
            return f"real {value!r}"
        case Decimal():
            return f"number {value}"
        case datetime():
            return f"moment {value.isoformat()}"
        case date():
            return f"day {value.isoformat()}"
        case bytes():
            return f"bytes {value.hex()}"
        case str() if value.isprintable():
            return f"text {value}"
        case other:
            return f"other {other!a}"


def value_of(mark: str | None) -> MarkValue | None:
    """The value to ask for rows by; None where a mark is none to ask by."""
    kind, _, text = (mark or "").partition(" ")
    match kind:
        case "int":
            return int(text)
        case "real":
            return float(text)
        case "number":
            return Decimal(text)
        case "moment":
            return datetime.fromisoformat(text)
        case "day":
            return date.fromisoformat(text)
        case "bytes":
            return bytes.fromhex(text)
        case "text":
            return text
        case _:
            return None


def is_below(mark: str, other: str) -> bool | None:
    """Whether a mark is below another one of its column; None where the database alone can tell."""
    value, than = value_of(mark), value_of(other)
    match value, than:
        case int() | Decimal(), int() | Decimal():
            return value < than
        case datetime(), datetime() if (value.tzinfo is None) is (than.tzinfo is None):
            return value < than
        case _:
            return None
