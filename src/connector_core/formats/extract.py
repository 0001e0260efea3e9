r"""Extracts: what was read of a database in one snapshot, as a file.

A database has no file that could be copied, hashed and read again. So a pass over it writes one, and from there on it
is read like any other. The form, in UTF-8:

```
connector-extract 1
{"dialect": "...", "number": 7, "tables": [{"name": "SEANCES", "columns": ["ID", "JOUR"], "key": 1, "whole": true}]}
\T<TAB>SEANCES
12<TAB>2026-03-02
13<TAB>\N
\.<TAB>2
\E
```

The second line says which dialect it was read for, the number of the extract in its source, and the tables with their
columns, those of the key first (`key` is how many). A table begins with `\T`, ends with `\.` and the number of its
rows; `\E` ends the file: one that was cut is refused. `whole` says that every row that the table had is here, so that
a row that is not is gone. Else the rows are a part of it: it says nothing of others, and each row of it takes the place
of the one with its key.

A row is its values apart by tabs, in the text form of PostgreSQL's COPY: `\N` is no value, `\\`, `\t`, `\n`, `\r`,
`\b`, `\f`, `\v` and `\0` stand for what a line can't hold. Values are exact text: numbers with a dot, `2026-03-02`,
`09:30:00`, `2026-03-02 09:30:00`, `true` and `false`, bytes as `\\x` and hexadecimal digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

import msgspec

from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.physical import Damage, whole_lines
from connector_core.formats.rows import Row, as_row

MAGIC = b"connector-extract 1\n"
EXTRACT_TABLE, EXTRACT_TABLE_END, _END = b"\\T\t", b"\\.\t", b"\\E"
_MARK, _MARKS = b"\\", (b"T", b".", b"E")
_TAB = b"\t"
_NULL = "\\N"
_LINES_AT_ONCE = 2000
_READ_AGAIN = "La base sera relue à la prochaine passe"


class ExtractTable(msgspec.Struct, frozen=True):
    """A table of an extract: the first `key` of its columns tell its rows apart; `whole` when no row is left out."""

    name: str
    columns: tuple[str, ...]
    key: int
    whole: bool = True


class ExtractHeader(msgspec.Struct, frozen=True):
    """What an extract holds: for which dialect, its number in its source, its tables in order."""

    dialect: str
    number: int
    tables: tuple[ExtractTable, ...]


def encoded_header(header: ExtractHeader) -> bytes:
    """The first lines of an extract."""
    return MAGIC + msgspec.json.encode(header) + b"\n"


def table_begins(name: str) -> bytes:
    return EXTRACT_TABLE + _escaped(name).encode() + b"\n"


def table_ends(rows: int) -> bytes:
    return EXTRACT_TABLE_END + b"%d\n" % rows


EXTRACT_ENDS = _END + b"\n"


def header_of(head: bytes) -> ExtractHeader | None:
    """The header of a file that begins like this; None when it is no extract, or its header is longer."""
    if not head.startswith(MAGIC):
        return None
    line, end, _ = head[len(MAGIC) :].partition(b"\n")
    try:
        return msgspec.json.decode(line, type=ExtractHeader) if end else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def encoded_rows(rows: Iterable[Sequence[object]]) -> Iterator[tuple[int, bytes]]:
    """Rows of Python values as lines, some thousand at once: how many, and their bytes."""
    lines: list[str] = []
    writers = _WRITERS
    for row in rows:
        lines.append("\t".join([writers[type(value)](value) for value in row]))
        if len(lines) >= _LINES_AT_ONCE:
            yield len(lines), _joined(lines)
            lines = []
    if lines:
        yield len(lines), _joined(lines)


def _joined(lines: list[str]) -> bytes:
    lines.append("")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


_SPECIAL = re.compile(r"[\\\t\n\r\x08\f\v\0]")
_ESCAPES = {"\\": "\\\\", "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
_SPECIAL_BYTES = "".join(_ESCAPES).encode()
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {escape[1]: meant for meant, escape in _ESCAPES.items()}


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text) if _SPECIAL.search(text) else text


def escaped_bytes(text: bytes) -> bytes:
    """What stands in a line for a text in UTF-8, or for several at once."""
    if len(text.translate(None, _SPECIAL_BYTES)) != len(text):
        for special, escape in _ESCAPES.items():  # the backslash comes first
            text = text.replace(special.encode(), escape.encode())
    return text


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


def _float(value: float) -> str:
    return f"{Decimal(repr(value)):f}" if value == value and abs(value) != float("inf") else repr(value)


def _moment(value: datetime) -> str:
    return value.isoformat(" ")


def _clock(value: timedelta) -> str:
    """A time of day, as MySQL's driver gives it."""
    return (_MIDNIGHT + value).time().isoformat() if timedelta() <= value < timedelta(days=1) else str(value)


_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001  # of a day that plays no part


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return "\\\\x" + value.hex()


class _Writers(dict[type, Callable[..., str]]):
    """How values of each type are written: a subclass as the class it is of, what is unknown here as it says itself."""

    def __missing__(self, kind: type) -> Callable[..., str]:
        for known in kind.__mro__[1:]:
            if known in self:
                self[kind] = self[known]
                return self[kind]
        self[kind] = lambda value: _escaped(str(value))
        return self[kind]


_WRITERS = _Writers(
    {
        type(None): lambda _none: _NULL,
        str: _escaped,
        bool: lambda value: "true" if value else "false",
        int: str,
        float: _float,
        Decimal: _decimal,
        date: date.isoformat,
        datetime: _moment,
        time: time.isoformat,
        timedelta: _clock,
        bytes: _bytes,
        bytearray: _bytes,
        memoryview: _bytes,
    }
)


@dataclass(frozen=True, slots=True)
class ExtractSplitter:
    """Turns the raw bytes of a row into its values; no value is ""."""

    columns: int

    def values(self, raw: bytes) -> list[str]:
        """Return the values; raise RowRefused where the bytes are no row of the table."""
        try:
            values = raw.decode().split("\t")
        except UnicodeDecodeError:
            raise RowRefused("la base a donné un texte dans un autre encodage que celui qu'elle annonce") from None
        if len(values) != self.columns:
            raise RowRefused("la ligne n'a pas les colonnes de sa table")
        if b"\\" not in raw:
            return values
        return [_meant(value) if "\\" in value else value for value in values]


def _meant(value: str) -> str:
    return "" if value == _NULL else _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), value)


def extract_rows(stream: BinaryIO) -> Iterator[Row]:
    """The rows of an extract; the place is the table and the key, as in `SEANCES 12`.

    Raise FileRefused where the extract is cut or is none, after the rows before.
    """
    place = "ligne 1"
    lines = _lines(stream)
    try:
        tables = _tables(lines)
        for line in lines:
            if line.startswith(EXTRACT_TABLE):
                name = _meant(line[len(EXTRACT_TABLE) :].decode("utf-8", "replace"))
                if name not in tables:
                    raise _refused("l'extrait a une table qu'il n'annonce pas", place)
                place, placed, count = name, _placing(tables[name]), 0
                for row in lines:
                    if row[:1] == _MARK and row[1:2] in _MARKS:
                        break
                    count += 1
                    place = placed(row)
                    yield as_row((place, name, row))
                else:
                    break
                if row != EXTRACT_TABLE_END + b"%d" % count:
                    raise _refused("il manque des lignes à l'extrait", name)
            elif line == _END:
                return
            else:
                raise _refused("l'extrait est abîmé", place)
    except Damage as damage:
        raise damage.at(place) from None
    raise _refused("l'extrait est coupé", place)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    for block in whole_lines(stream, "utf-8"):
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        yield from lines


def _tables(lines: Iterator[bytes]) -> dict[str, ExtractTable]:
    """The tables that the first lines announce."""
    head = b"".join(line + b"\n" for line in islice(lines, 2))
    header = header_of(head)
    if header is None:
        raise _refused("ce fichier n'est pas un extrait de base", "ligne 1")
    return {table.name: table for table in header.tables}


def _placing(table: ExtractTable) -> Callable[[bytes], str]:
    """Names the place of a row by its table and its key."""
    width, name = table.key, table.name
    if width == 1:
        return lambda row: f"{name} {row.partition(_TAB)[0].decode('utf-8', 'replace')}"
    return lambda row: " ".join((name, row.decode("utf-8", "replace").replace("\t", " ", width - 1).partition("\t")[0]))


def _refused(what: str, where: str) -> FileRefused:
    return FileRefused(what, where=where, remedy=_READ_AGAIN)
