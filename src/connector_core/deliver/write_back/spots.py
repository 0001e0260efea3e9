"""Where flags lie in a database: what is read of a spot, what it becomes with a flag or without, and the one statement
that makes it so. Pure: nothing here talks to a database.

The promise of this module: a statement names the table and the columns that the dialect declares, and no other; it
changes one row, the patient's own or one that this program has added, and only as long as that row is what was read.
Values are never part of the text of a statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Protocol

from connector_core.deliver.write_back.flags import signed, value_of
from connector_core.deliver.write_back.note import has_line, with_line, without_line
from connector_core.deliver.write_back.outcome import CHANGED
from connector_core.dialects.write_back import FlagValue, NotePlace, RowPlace
from connector_core.store.write_back import Content, Flag, Held

SQLValue = str | int | date | None
Row = Mapping[str, object]

_NOT_TEXT = re.compile("[\ud800-\udfff]")
"""What stands for bytes that are no text."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a database writes what databases write differently: the place of a value, the end of a SELECT that locks the
    row, the next number of a sequence."""

    marker: str = "?"
    lock: str = ""
    next_number: str = ""

    def name(self, name: str) -> str:
        """A table or a column, as the dialect names it."""
        quoted = name.replace('"', '""')
        return f'"{quoted}"' if self.marker == "?" else f'"{quoted}"'.replace("%", "%%")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and the values in it, in order."""

    sql: str
    values: tuple[SQLValue, ...] = ()


class Unwritable(Exception):
    """A flag can't be written there, or taken out; `reason` says why, in French and without data."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Spots(Protocol):
    """The spots of one place. A content is None where there is no row."""

    @property
    def id(self) -> str: ...

    @property
    def table(self) -> str: ...

    @property
    def columns(self) -> Sequence[str]:
        """What the table must have."""
        ...

    def spot_of(self, flag: Flag) -> str:
        """The spot in which a flag lies. Raise Unwritable."""
        ...

    def look(self, spot: str, *, lock: bool) -> Statement:
        """What reads a spot."""
        ...

    def content(self, rows: Sequence[Row]) -> Content | None:
        """What was read, exactly. Raise Unwritable where it is nothing that can be written to."""
        ...

    def bears(self, content: Content | None, flag: Flag) -> bool:
        """Whether the mark of a flag is in there."""
        ...

    def put(self, content: Content | None, flag: Flag) -> Content:
        """What becomes of a content with one more flag. Raise Unwritable."""
        ...

    def take(self, content: Content | None, flag: Flag, *, pristine: bool) -> Content | None:
        """What becomes of it without a flag; `pristine` where it is what was written last. Raise Unwritable where
        somebody else has changed the flag."""
        ...

    def adopted(self, content: Content | None, flags: Sequence[Flag]) -> Held:
        """What a spot holds that bears flags the ledger knows nothing of."""
        ...

    def change(self, spot: str, before: Content | None, after: Content | None, flags: Sequence[Flag]) -> Statement:
        """What makes one content of the other."""
        ...

    def same(self, found: Content | None, expected: Content | None) -> bool:
        """Whether what was read back is what was written."""
        ...


@dataclass(frozen=True, slots=True)
class NoteSpots:
    """A text column of the patient's row."""

    place: NotePlace
    grammar: Grammar

    @property
    def id(self) -> str:
        return self.place.id

    @property
    def table(self) -> str:
        return self.place.table

    @property
    def columns(self) -> Sequence[str]:
        return (self.place.key, self.place.column)

    def spot_of(self, flag: Flag) -> str:
        return str(_value(self.place.row, flag))

    def look(self, spot: str, *, lock: bool) -> Statement:
        name = self.grammar.name
        end = self.grammar.lock if lock else ""
        return Statement(
            f"SELECT {name(self.place.column)} FROM {name(self.place.table)}"
            f" WHERE {name(self.place.key)} = {self.grammar.marker}{end}",
            (self._key(spot),),
        )

    def content(self, rows: Sequence[Row]) -> Content | None:
        if len(rows) > 1:
            raise Unwritable("plusieurs lignes portent l'identifiant de ce patient")
        if not rows:
            return None
        text = rows[0][self.place.column]
        if text is not None and not isinstance(text, str):
            raise Unwritable(f"la colonne « {self.place.column} » n'est pas un texte")
        if text is not None and _NOT_TEXT.search(text):
            raise Unwritable("la note a des caractères que rien ne sait lire ; elle reste comme elle est")
        return {self.place.column: text}

    def bears(self, content: Content | None, flag: Flag) -> bool:
        return flag.mark in (self._text(content) or "").casefold()

    def put(self, content: Content | None, flag: Flag) -> Content:
        if content is None:
            raise Unwritable("le patient n'a pas de ligne dans cette table")
        text = with_line(self._text(content), signed(flag))
        if self.place.length is not None and len(text) > self.place.length:
            raise Unwritable("la place manque dans la note")
        return {self.place.column: text}

    def take(self, content: Content | None, flag: Flag, *, pristine: bool) -> Content | None:
        if not self.bears(content, flag):
            return content
        text, line = self._text(content) or "", signed(flag)
        if not has_line(text, line):
            raise Unwritable(CHANGED)
        return {self.place.column: without_line(text, line)}

    def adopted(self, content: Content | None, flags: Sequence[Flag]) -> Held:
        text = self._text(content)
        for flag in flags:
            if text is not None and has_line(text, signed(flag)):
                text = without_line(text, signed(flag))
        return Held({self.place.column: text}, None if content is None else dict(content))

    def change(self, spot: str, before: Content | None, after: Content | None, flags: Sequence[Flag]) -> Statement:
        name, marker = self.grammar.name, self.grammar.marker
        column, text = name(self.place.column), self._text(before)
        unchanged = f"{column} IS NULL" if text is None else f"{column} = {marker}"
        return Statement(
            f"UPDATE {name(self.place.table)} SET {column} = {marker}"
            f" WHERE {name(self.place.key)} = {marker} AND {unchanged}",
            (self._text(after), self._key(spot), *(() if text is None else (text,))),
        )

    def same(self, found: Content | None, expected: Content | None) -> bool:
        return found == expected

    def _key(self, spot: str) -> SQLValue:
        return int(spot) if self.place.row.written_as == "integer" else spot

    def _text(self, content: Content | None) -> str | None:
        return None if content is None else content[self.place.column]


@dataclass(frozen=True, slots=True)
class RowSpots:
    """A row of its own, in a table of alerts or in the agenda."""

    place: RowPlace
    grammar: Grammar

    @property
    def id(self) -> str:
        return self.place.id

    @property
    def table(self) -> str:
        return self.place.table

    @property
    def columns(self) -> Sequence[str]:
        return tuple(self.place.columns)

    def spot_of(self, flag: Flag) -> str:
        for value in self.place.columns.values():
            _value(value, flag)
        return flag.mark

    def look(self, spot: str, *, lock: bool) -> Statement:
        end = self.grammar.lock if lock else ""
        where, value = self._where(spot)
        return Statement(f"SELECT * FROM {self.grammar.name(self.place.table)} WHERE {where}{end}", (value,))

    def content(self, rows: Sequence[Row]) -> Content | None:
        if len(rows) > 1:
            raise Unwritable("plusieurs lignes portent la marque de ce signalement ; elles restent")
        return {name: exact(value) for name, value in rows[0].items()} if rows else None

    def bears(self, content: Content | None, flag: Flag) -> bool:
        return content is not None

    def put(self, content: Content | None, flag: Flag) -> Content:
        return {
            name: exact(_value(value, flag)) for name, value in self.place.columns.items() if value.sequence is None
        }

    def take(self, content: Content | None, flag: Flag, *, pristine: bool) -> Content | None:
        if content is not None and not pristine:
            raise Unwritable(CHANGED)
        return None

    def adopted(self, content: Content | None, flags: Sequence[Flag]) -> Held:
        ours = all(self.same(content, self.put(None, flag)) for flag in flags)
        return Held(None, dict(content) if ours and content is not None else None)

    def change(self, spot: str, before: Content | None, after: Content | None, flags: Sequence[Flag]) -> Statement:
        name, marker = self.grammar.name, self.grammar.marker
        if after is None:
            where, key = self._where(spot)
            return Statement(f"DELETE FROM {name(self.place.table)} WHERE {where}", (key,))
        (flag,) = flags
        places: list[str] = []
        values: list[SQLValue] = []
        for value in self.place.columns.values():
            if value.sequence is not None:
                places.append(self.grammar.next_number.format(name(value.sequence)))
            else:
                places.append(marker)
                values.append(_value(value, flag))
        columns = ", ".join(name(column) for column in self.place.columns)
        return Statement(
            f"INSERT INTO {name(self.place.table)} ({columns}) VALUES ({', '.join(places)})", tuple(values)
        )

    def same(self, found: Content | None, expected: Content | None) -> bool:
        if found is None or expected is None:
            return found is expected
        return all(name in found and _loose(found[name]) == _loose(value) for name, value in expected.items())

    def _where(self, spot: str) -> tuple[str, SQLValue]:
        column, marker = self.grammar.name(self.place.mark), self.grammar.marker
        if self.place.columns[self.place.mark].part == "mark":
            return f"{column} = {marker}", spot
        return f"{column} LIKE {marker}", f"%(connector {spot})%"


def _value(value: FlagValue, flag: Flag) -> SQLValue:
    try:
        return value_of(value, flag)
    except ValueError:
        raise Unwritable("l'identifiant du patient n'est pas un nombre, que cette table demande") from None


def exact(value: object) -> str | None:
    """A value of a database as text that is equal only for the same value of the same type."""
    match value:
        case None:
            return None
        case bool():
            return f"bool {value}"
        case str():
            return f"text {value}"
        case int():
            return f"number {value}"
        case Decimal():
            return f"number {value:f}" if value == value.to_integral_value() else f"number {value}"
        case datetime() | date() | time():
            return f"time {value.isoformat()}"
        case bytes() | bytearray() | memoryview():
            return f"bytes {bytes(value).hex()}"
        case _:
            return f"{type(value).__name__} {value}"


def _loose(value: str | None) -> str | None:
    """The same for what a column makes of a value: padded, a number for digits, midnight for a day."""
    if value is None:
        return None
    kind, _, rest = value.partition(" ")
    match kind:
        case "number":
            return format(Decimal(rest).normalize(), "f")
        case "time":
            return rest.removesuffix("T00:00:00")
        case _:
            return rest.rstrip(" ")
