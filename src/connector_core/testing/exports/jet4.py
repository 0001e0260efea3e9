"""Writes tables into an Access file of the form Jet 4 (`.mdb`, Access 2000 to 2003), without Access.

For invented data only, and to be read: tables have no index, no memo, at most 2 MB each, and the file is `msaccessdb`'s
empty one with pages added to it. MDBTools reads it; Access itself has not been tried. The layout of pages and rows is
the one that the MDBTools project has published in its HACKING file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from connector_core.testing.exports.relational import Filled, Kind, SqlType, Value

PAGE = 4096
_BOOLEAN, _LONG, _MONEY, _DOUBLE, _DATE, _TEXT = 1, 4, 5, 7, 8, 10
_SIZES = {_BOOLEAN: 0, 3: 2, _LONG: 4, _MONEY: 8, _DOUBLE: 8, _DATE: 8}
_TYPES: dict[Kind, int] = {
    "integer": _LONG,
    "text": _TEXT,
    "char": _TEXT,
    "money": _MONEY,
    "numeric": _DOUBLE,
    "cents": _LONG,
    "hundredths": _LONG,
    "date": _DATE,
    "time": _DATE,
    "timestamp": _DATE,
    "boolean": _BOOLEAN,
}
_FIRST_DAY = date(1899, 12, 30)
_MARK = 0x659
_FRENCH = 0x40C
_CATALOG = 2
_TABLES_FOLDER = 0x0F000001
_OWNER = b"\x42\x9f"
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001  # Access keeps no zone
_DATA_HEAD, _DEFINITION_HEAD, _COLUMN_SIZE, _INDEX_SIZE = 14, 63, 25, 12
_MAP_BYTES = 64


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as a table's definition has it. `place` is its offset among the fixed ones, else its rank."""

    name: str
    type: int
    number: int
    fixed: bool
    place: int
    length: int


def write_jet4(tables: Iterable[Filled], path: Path) -> Path:
    """A new file with these tables; one that is there is replaced."""
    import msaccessdb

    path.unlink(missing_ok=True)
    msaccessdb.create(str(path))
    file = _File(bytearray(path.read_bytes()))
    for filled in tables:
        file.add(filled)
    path.write_bytes(file.content)
    return path


class _File:
    """The pages of a file."""

    def __init__(self, content: bytearray) -> None:
        self.content = content

    def add(self, filled: Filled) -> None:
        """Add a table: its definition, the map of its pages, its rows, its entry in the catalog."""
        definition, map_page = self._new_page(), self._new_page()
        self._begin_data(map_page, 0)
        columns = _columns([(each.name, each.type) for each in filled.table.columns])
        pages = self._write_rows(definition, columns, filled.rows)
        start = definition - definition % 8
        if any(page - start >= _MAP_BYTES * 8 for page in pages):
            raise ValueError(f"too many rows for the table {filled.table.name}")
        self._add_row(map_page, _page_map(start, pages))
        self._add_row(map_page, _page_map(start, []))
        text = _definition(columns, len(filled.rows), map_page)
        self._page(definition)[: len(text)] = text
        self._enter(filled.table.name, definition)

    def _page(self, number: int) -> memoryview:
        return memoryview(self.content)[number * PAGE : (number + 1) * PAGE]

    def _new_page(self) -> int:
        self.content += bytes(PAGE)
        return len(self.content) // PAGE - 1

    def _begin_data(self, number: int, owner: int) -> None:
        struct.pack_into("<BBHI", self._page(number), 0, 1, 1, PAGE - _DATA_HEAD, owner)

    def _write_rows(self, owner: int, columns: Sequence[_Column], rows: Sequence[Sequence[Value]]) -> list[int]:
        pages: list[int] = []
        for row in rows:
            text = _row(columns, [_bytes(column.type, value) for column, value in zip(columns, row, strict=True)])
            if not pages or not self._add_row(pages[-1], text):
                pages.append(self._new_page())
                self._begin_data(pages[-1], owner)
                if not self._add_row(pages[-1], text):
                    raise ValueError("a row is longer than a page")
        return pages

    def _add_row(self, number: int, text: bytes) -> bool:
        """Put a row on a data page, unless it is full: rows grow from its end, their places from its beginning."""
        page = self._page(number)
        count: int = struct.unpack_from("<H", page, 12)[0]
        end = PAGE if not count else struct.unpack_from("<H", page, _DATA_HEAD + 2 * (count - 1))[0] & 0x1FFF
        begin = end - len(text)
        head = _DATA_HEAD + 2 * (count + 1)
        if begin < head:
            return False
        page[begin:end] = text
        struct.pack_into("<H", page, _DATA_HEAD + 2 * count, begin)
        struct.pack_into("<H", page, 12, count + 1)
        struct.pack_into("<H", page, 2, begin - head)
        return True

    def _enter(self, name: str, definition: int) -> None:
        columns = self._columns_of(_CATALOG)
        values: dict[str, bytes | bool | None] = {
            "Id": struct.pack("<i", definition),
            "ParentId": struct.pack("<i", _TABLES_FOLDER),
            "Name": name.encode("utf-16-le"),
            "Type": struct.pack("<h", 1),
            "DateCreate": _bytes(_DATE, _MADE),
            "DateUpdate": _bytes(_DATE, _MADE),
            "Owner": _OWNER,
            "Flags": struct.pack("<i", 0),
        }
        text = _row(columns, [values.get(column.name) for column in columns])
        for number in range(len(self.content) // PAGE):
            page = self._page(number)
            if page[0] == 1 and struct.unpack_from("<I", page, 4)[0] == _CATALOG and self._add_row(number, text):
                break
        else:
            raise ValueError("no room in the catalog")
        head = self._page(_CATALOG)
        struct.pack_into("<I", head, 16, struct.unpack_from("<I", head, 16)[0] + 1)

    def _columns_of(self, definition: int) -> list[_Column]:
        page = self._page(definition)
        count: int = struct.unpack_from("<H", page, 45)[0]
        indexes: int = struct.unpack_from("<I", page, 51)[0]
        begin = _DEFINITION_HEAD + indexes * _INDEX_SIZE
        place = begin + count * _COLUMN_SIZE
        found = []
        for column in range(count):
            at = begin + column * _COLUMN_SIZE
            length: int = struct.unpack_from("<H", page, place)[0]
            name = bytes(page[place + 2 : place + 2 + length]).decode("utf-16-le")
            place += 2 + length
            number, rank = struct.unpack_from("<HH", page, at + 5)
            offset, size = struct.unpack_from("<HH", page, at + 21)
            fixed = bool(page[at + 15] & 1)
            found.append(_Column(name, page[at], number, fixed, offset if fixed else rank, size))
        return sorted(found, key=lambda each: each.number)


def _columns(named: Iterable[tuple[str, SqlType]]) -> list[_Column]:
    found, offset, rank = [], 0, 0
    for number, (name, typed) in enumerate(named):
        kind = _TYPES.get(typed.kind)
        if kind is None:
            raise ValueError(f"no type of Access here: {typed.kind}")
        if kind == _TEXT:
            found.append(_Column(name, kind, number, False, rank, 2 * typed.size))
            rank += 1
        else:
            found.append(_Column(name, kind, number, True, offset, max(_SIZES[kind], 1)))
            offset += _SIZES[kind]
    return found


def _definition(columns: Sequence[_Column], rows: int, map_page: int) -> bytes:
    body = b"".join(
        struct.pack(
            "<BIHHHHHBBIHH",
            column.type,
            _MARK,
            column.number,
            0 if column.fixed else column.place,
            column.number,
            _FRENCH if column.type == _TEXT else 0,
            0,
            (1 if column.fixed else 0) | 2,
            0,
            0,
            column.place if column.fixed else 0,
            column.length,
        )
        for column in columns
    )
    for column in columns:
        name = column.name.encode("utf-16-le")
        body += struct.pack("<H", len(name)) + name
    body += b"\xff\xff"
    variable = sum(not column.fixed for column in columns)
    size = _DEFINITION_HEAD + len(body)
    if size > PAGE:
        raise ValueError("too many columns for a page")
    place = map_page.to_bytes(3, "little")
    head = struct.pack("<BBHI", 2, 1, PAGE - size, 0)
    head += struct.pack("<IIII", size - 8, _MARK, rows, 0)
    head += bytes([1, 0, 0, 0]) + bytes(12) + b"\x4e"
    head += struct.pack("<HHHII", len(columns), variable, len(columns), 0, 0)
    return head + b"\0" + place + b"\1" + place + body


def _page_map(start: int, pages: Iterable[int]) -> bytes:
    """Which pages hold a table's rows: a bit each, from the page `start`."""
    bits = bytearray(_MAP_BYTES)
    for page in pages:
        bits[(page - start) // 8] |= 1 << ((page - start) % 8)
    return b"\0" + struct.pack("<I", start) + bytes(bits)


def _row(columns: Sequence[_Column], cells: Sequence[bytes | bool | None]) -> bytes:
    """A row: the fixed cells, the others, where those end and begin, and a bit for each cell that is there."""
    fixed = bytearray(
        max((each.place + _SIZES.get(each.type, each.length) for each in columns if each.fixed), default=0)
    )
    others = [b""] * sum(not each.fixed for each in columns)
    present = bytearray((len(columns) + 7) // 8)
    for column, cell in zip(columns, cells, strict=True):
        if cell is None or cell is False:
            continue
        present[column.number // 8] |= 1 << (column.number % 8)
        if cell is True:
            continue
        if column.fixed:
            fixed[column.place : column.place + len(cell)] = cell
        else:
            others[column.place] = cell
    text = struct.pack("<H", len(columns)) + bytes(fixed)
    begins = []
    for cell in others:
        begins.append(len(text))
        text += cell
    text += struct.pack("<H", len(text))
    for begin in reversed(begins):
        text += struct.pack("<H", begin)
    return text + struct.pack("<H", len(others)) + bytes(present)


def _bytes(kind: int, value: Value) -> bytes | bool | None:
    match value:
        case None:
            return None
        case bool():
            return value
        case datetime():
            midnight = datetime.combine(value.date(), time())
            return struct.pack("<d", (value.date() - _FIRST_DAY).days + (value - midnight).seconds / 86400)
        case date():
            return struct.pack("<d", (value - _FIRST_DAY).days)
        case time():
            return struct.pack("<d", (value.hour * 3600 + value.minute * 60 + value.second) / 86400)
        case Decimal() if kind == _MONEY:
            return struct.pack("<q", int(value.scaleb(4)))
        case Decimal():
            return struct.pack("<d", value)
        case int():
            return struct.pack("<i", value)
        case str():
            return value.encode("utf-16-le")
