"""Records of 128 bytes: one right after the other, or each followed by the same line end.

A file may hold several groups (`000` … `999`), each with line ends of its own. What frames the records is kept, so that
a group is written back as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector_core.errors import FileRefused

WIDTH = 128
"""Bytes of a record, whatever it is."""

_NEWLINES = (b"\r\n", b"\n", b"\r")
_BETWEEN_GROUPS = re.compile(rb"[\r\n]*\x1a?[\r\n]*")
_AGAIN = "Récupérez le fichier à nouveau"


def refused(what: str, where: str) -> FileRefused:
    """A file that is cut, reordered or torn; `where` names the record and the column."""
    return FileRefused(what, where=where, remedy=_AGAIN)


@dataclass(frozen=True, slots=True)
class Frames:
    """The records of one group: where the first begins, and what stands after each."""

    data: bytes
    start: int
    newline: bytes

    @classmethod
    def at(cls, data: bytes, start: int) -> Frames:
        """Recognise the line ends by what follows the first record."""
        newline = next((each for each in _NEWLINES if data.startswith(each, start + WIDTH)), b"")
        return cls(data, start, newline)

    @property
    def stride(self) -> int:
        return WIDTH + len(self.newline)

    def offset(self, number: int) -> int:
        """Where a record begins; the first is number 0."""
        return self.start + number * self.stride

    def record(self, number: int) -> bytes:
        """A record; FileRefused where the file ends before it does, or where its line end is not there.

        The last record of the data may lack its line end: whoever reads a trailer judges that.
        """
        begin = self.offset(number)
        raw = self.data[begin : begin + WIDTH]
        if len(raw) < WIDTH:
            what = "le fichier est coupé" if raw else "le fichier s'arrête avant l'enregistrement 999"
            raise refused(what, f"enregistrement {number + 1}, colonne {len(raw) + 1}")
        end = begin + WIDTH
        if self.newline and not self.data.startswith(self.newline, end) and end < len(self.data):
            rest = self.data[end : end + len(self.newline)]
            if len(rest) == len(self.newline) or not self.newline.startswith(rest):
                raise refused("la fin de ligne manque", f"enregistrement {number + 1}, colonne {WIDTH + 1}")
        return raw

    def after(self, number: int) -> bytes:
        """What stands between a trailer and the next group, or the end of the data: line ends, or nothing."""
        end = self.offset(number) + WIDTH
        found = _BETWEEN_GROUPS.match(self.data, end)
        tail = found.group() if found is not None else b""
        following = end + len(tail)
        if following < len(self.data) and not self.data.startswith(b"000", following):
            raise refused(
                "des octets suivent l'enregistrement 999 et ne commencent pas un autre fichier",
                f"enregistrement {number + 2}, colonne 1",
            )
        return tail

    def lacks_its_end(self, tail: bytes) -> bool:
        """Whether the last line end is missing or halved, where every other record has one."""
        return bool(self.newline) and not tail.startswith(self.newline)


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether two columns hold one value: a number may be filled with zeros here, a text with spaces there."""
    return one.strip(b" ").lstrip(b"0") == other.strip(b" ").lstrip(b"0")
