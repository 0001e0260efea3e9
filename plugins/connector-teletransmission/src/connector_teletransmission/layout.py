"""Layouts: what stands in which columns of a record, compiled so that one call checks a record and one call splits it.

The layouts are data (`layouts/*.csv`): for each record its fields one after the other, so that a column belongs to one
field and none is left over. Columns are counted from 1, as the norms do.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import accumulate
from operator import itemgetter
from typing import Literal, cast

from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion

Kind = Literal["N", "A", "S", "=", "@"]
"""N digits, or blank where nothing is said; A text; S a sign, N for less than nothing; = a constant; @ the end mark."""

Values = tuple[str, ...]

ENCODING = "latin-1"
"""Any byte is one character and back: what is written is what was read."""

_READ_AS: Mapping[Kind, str] = {
    "N": "(?:[0-9]{{{width}}}| {{{width}}})",
    "A": "[ -~]{{{width}}}",
    "S": "[NP ]",
    "=": "{constant}",
    "@": "@",
}
_SAID: Mapping[Kind, str] = {
    "N": "des chiffres sont attendus",
    "A": "un octet non imprimable",
    "S": "un signe N ou P est attendu",
    "=": "« {constant} » est attendu",
    "@": "la marque de fin « @ » est attendue",
}


@dataclass(frozen=True, slots=True)
class Field:
    """Some columns of a record, `start` to `end`, both included."""

    name: str
    start: int
    end: int
    kind: Kind
    constant: str = ""

    @property
    def width(self) -> int:
        return self.end - self.start + 1

    @property
    def pattern(self) -> str:
        """What the columns may hold, as a regular expression."""
        return _READ_AS[self.kind].format(width=self.width, constant=re.escape(self.constant))

    @property
    def expected(self) -> str:
        """What the columns should hold, in French."""
        return _SAID[self.kind].format(constant=self.constant)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in a record, and in which column (from 1) it begins; `odd` is the byte a text should not hold."""

    column: int
    what: str
    field: str = ""
    odd: int | None = None


@dataclass(frozen=True)
class Layout:
    """One kind of record."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def length(self) -> int:
        return self.fields[-1].end

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def fits(self) -> Callable[[bytes, int], object]:
        """Whether the bytes from an offset are such a record without any flaw: truthy when they are."""
        return re.compile("".join(field.pattern for field in self.fields).encode("ascii")).match

    def flaws(self, raw: bytes) -> list[Flaw]:
        """Everything wrong in a record, in the order of the columns."""
        found: list[Flaw] = []
        for field in self.fields:
            content = raw[field.start - 1 : field.end]
            if len(content) < field.width:
                return [*found, Flaw(len(raw) + 1, "l'enregistrement est coupé")]
            if re.fullmatch(field.pattern.encode("ascii"), content) is None:
                at = next((n for n, byte in enumerate(content) if not 0x20 <= byte <= 0x7E), 0)
                odd = content[at] if field.kind == "A" else None
                found.append(Flaw(field.start + at, f"{field.name} : {field.expected}", field.name, odd))
        return found

    def getter(self, *names: str) -> Callable[[str], Values]:
        """A function that takes these fields out of a decoded record; two names or more."""
        return cast("Callable[[str], Values]", itemgetter(*(self._slices[name] for name in names)))

    def column(self, name: str) -> int:
        """The first column of a field."""
        return self.by_name[name].start

    def offsets(self, name: str) -> slice:
        """Where a field lies in the bytes of a record."""
        return self._slices[name]

    def values(self, raw: bytes) -> dict[str, str]:
        """Every field by its name, without the spaces that pad it; the end mark and empty fillers are left out."""
        text = raw.decode(ENCODING)
        content = {field.name: text[field.start - 1 : field.end].rstrip(" ") for field in self.fields}
        return {name: value for name, value in content.items() if name != "@" and (value or "filler" not in name)}

    def build(self, given: Mapping[str, str]) -> bytes:
        """A record of these values: digits are filled with zeros on the left, texts with spaces on the right.

        A field that is not given holds zeros or spaces. A value that does not fit, or of a field there is none of, is a
        ConfigurationError.
        """
        unknown = [name for name in given if name not in self.by_name]
        if unknown:
            remedy = suggestion(unknown[0], self.by_name)
            raise ConfigurationError(f"champ inconnu « {unknown[0]} »", where=self.name, remedy=remedy)
        raw = "".join(_filled(field, given.get(field.name)) for field in self.fields).encode(ENCODING)
        flaws = self.flaws(raw)
        if len(raw) != self.length or any(flaw.odd is None for flaw in flaws):
            what = flaws[0].what if flaws else "une valeur est trop longue"
            raise ConfigurationError(what, where=self.name)
        return raw

    @cached_property
    def _slices(self) -> Mapping[str, slice]:
        return {field.name: slice(field.start - 1, field.end) for field in self.fields}


def _filled(field: Field, value: str | None) -> str:
    match field.kind:
        case "=" | "@":
            return field.constant
        case "N":
            return (value or "").rjust(field.width, "0") if value != " " else " " * field.width
        case "S":
            return value or " "
        case "A":
            return (value or "").ljust(field.width)


def load_layouts(name: str) -> Mapping[str, Layout]:
    """The layouts of one data file, by record."""
    text = files("connector_teletransmission").joinpath("layouts", name).read_text(encoding="ascii")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    by_record: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        by_record.setdefault(row["record"], []).append(row)
    return {record: Layout(record, tuple(_fields(record, each))) for record, each in by_record.items()}


def _fields(record: str, rows: Sequence[Mapping[str, str]]) -> list[Field]:
    ends = list(accumulate(int(row["width"]) for row in rows))
    return [
        Field(
            row["field"],
            end - int(row["width"]) + 1,
            end,
            cast("Kind", row["kind"]),
            _constant(record, row["field"], row["kind"], int(row["width"])),
        )
        for row, end in zip(rows, ends, strict=True)
    ]


def _constant(record: str, field: str, kind: str, width: int) -> str:
    """A constant is its own name between quotes, else the record's number, which stands first in it."""
    match kind:
        case "@":
            return "@"
        case "=":
            return field.strip("'") if field.startswith("'") else record[:width]
        case _:
            return ""
