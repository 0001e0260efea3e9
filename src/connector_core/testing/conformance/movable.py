"""The rows of a file that can be moved or left out: lines of it, elements that have a line each, rows of an extract.

Elements are moved among their neighbours only, since what is around one may be part of what it says; rows of an extract
within their table, which counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector_core.formats.extract import EXTRACT_TABLE, EXTRACT_TABLE_END, header_of, table_ends
from connector_core.formats.rows import Row
from connector_core.testing.conformance.told import MemoryFile

_TELLING = 8
"""Bytes of a line that can't be in a row by chance."""


@dataclass(frozen=True)
class Movable:
    """The lines of a file, and the places among them of the rows that may change places with one another."""

    lines: list[bytes]
    groups: list[list[int]]
    counted: bool = False
    """Whether the line after each group says how many there are."""

    @property
    def places(self) -> list[int]:
        return [place for group in self.groups for place in group]

    def reversed(self) -> bytes:
        moved = list(self.lines)
        for group in self.groups:
            for to, place in zip(group, group[::-1], strict=True):
                moved[to] = self.lines[place]
        return b"".join(moved)

    def without(self, place: int) -> bytes:
        """The file without one of its rows."""
        left = list(self.lines)
        if self.counted:
            group = next(group for group in self.groups if place in group)
            left[group[-1] + 1] = table_ends(len(group) - 1)
        del left[place]
        return b"".join(left)


def rows_in(file: MemoryFile, rows: Iterable[Row]) -> Movable:
    """What can be moved in a file that gave these rows."""
    lines = file.content.splitlines(keepends=True)
    if header_of(file.content) is not None:
        return Movable(lines, list(_tables(lines)), counted=True)
    places = [(row.place - 1, row.raw) for row in rows if isinstance(row.place, int)]
    texts = [place for place, raw in places if _is_text(lines, place, raw)]
    elements = sorted({place for place, _ in places if _is_element(lines, place)})
    return Movable(lines, [texts] if texts else _runs(elements))


def _is_text(lines: list[bytes], place: int, raw: bytes) -> bool:
    line = lines[place].rstrip(b"\r\n") if 0 <= place < len(lines) else b""
    return line == raw or (len(line) >= _TELLING and line in raw)


def _is_element(lines: list[bytes], place: int) -> bool:
    if not (0 <= place < len(lines) and lines[place].lstrip().startswith(b"<")):
        return False
    from lxml import etree

    try:
        etree.fromstring(lines[place].decode("latin-1"), etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return False
    return True


def _tables(lines: list[bytes]) -> Iterator[list[int]]:
    """The places of the rows of each table of an extract that has some."""
    begin = 0
    for place, line in enumerate(lines):
        if line.startswith(EXTRACT_TABLE):
            begin = place + 1
        elif line.startswith(EXTRACT_TABLE_END) and place > begin:
            yield list(range(begin, place))


def _runs(places: list[int]) -> list[list[int]]:
    """Places that follow one another, together."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs
