"""Delimited text: rows of a text file whose columns are set apart by one character.

Reading is made for the file that is exported whole every day, of which nearly every row was seen before: iterating
costs no decoding and no splitting; both wait for the splitter. The bytes of a row are those between two line ends.
UTF-16 is the exception: its rows are UTF-8.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, repeat
from typing import BinaryIO, NamedTuple

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.encodings import text_of, unreadable
from connector_core.formats.physical import (
    ROW_LIMIT,
    Damage,
    known_encoding,
    stored_encoding,
    whole_lines,
)
from connector_core.formats.rows import Row, as_row

_DOS_END_OF_FILE = b"\x1a"
_CELL_LIMIT = 131_072  # what the csv module refuses
_EXPORT_AGAIN = "Relancez l'export, ou copiez le fichier à nouveau"
_CHECK_FORMAT = "Vérifiez que le fichier est bien celui qui est attendu"


@dataclass(frozen=True, slots=True)
class DelimitedSplitter:
    """Turns the raw bytes of a delimited row into its values.

    `encoding` is that of the raw bytes, about which each row is asked where it is `doubtful`; `columns` is the number
    of values that a row must have, None for any.
    """

    separator: str
    quote: str | None
    encoding: str
    columns: int | None = None
    doubtful: bool = False

    def values(self, raw: bytes) -> list[str]:
        """Return the values of one row, without their quotes and otherwise as they were written.

        Raise `RowRefused` when the bytes don't decode, a quote isn't closed, or the number of columns is wrong.
        """
        # ASCII, on which every encoding here agrees, is decoded eight times faster than a code page
        text = raw.decode("ascii") if raw.isascii() else self.text(raw)
        quoted = self.quote is not None and self.quote in text
        values = self._unquoted(text) if quoted else text.split(self.separator)
        if self.columns is not None and len(values) != self.columns:
            raise RowRefused(f"la ligne a {len(values)} colonne{'s' * (len(values) > 1)} au lieu de {self.columns}")
        return values

    def text(self, raw: bytes) -> str:
        """Return a row as it is written; raise `RowRefused` when the bytes don't decode."""
        if self.doubtful:
            return text_of(raw, self.encoding)
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            pass
        raise RowRefused(unreadable(raw, self.encoding))

    def _unquoted(self, text: str) -> list[str]:
        quote = self.quote or ""
        if text[:1] == quote == text[-1:] and 1 < len(text) < _CELL_LIMIT:
            cells, between = text[1:-1], f"{quote}{self.separator}{quote}"
            if cells.count(quote) == 2 * cells.count(between):  # every cell quoted, and no quote inside any
                return cells.split(between)
        try:
            (values,) = csv.reader([text], delimiter=self.separator, quotechar=self.quote, strict=True)
            return values
        except (csv.Error, ValueError):
            pass
        raise RowRefused("un guillemet est mal placé ou jamais refermé, ou une cellule est démesurée")


@dataclass(frozen=True, slots=True)
class DelimitedFormat:
    """How one delimited file is written.

    `header` is the 1-based line of the column titles, 0 (or False) when there is none; the lines before it are skipped.
    `skip_blank` leaves empty lines out. `final_newline_required` refuses a file whose last line has no end, which is
    how a cut file looks. `trailer` is the text that begins the last line when that line counts the rows (`Total;` for
    `Total;161519`); such a line isn't a row, and a file without it or with another count is refused. `doubtful` says
    that nothing has shown yet whether `encoding` is the right one, so that each row is asked.
    """

    separator: str = ";"
    quote: str | None = '"'
    encoding: str = "cp1252"
    header: int = 1
    skip_blank: bool = True
    final_newline_required: bool = True
    trailer: str | None = None
    doubtful: bool = False

    def __post_init__(self) -> None:
        known_encoding(self.encoding)
        for name, mark in (("separator", self.separator), ("quote", self.quote)):
            if mark is not None and (len(mark) != 1 or not mark.isascii() or mark in "\r\n\0"):
                raise ConfigurationError("un seul caractère ASCII est attendu", where=name)
        if self.separator == self.quote:
            raise ConfigurationError("le séparateur et le guillemet doivent différer", where="quote")
        if self.trailer == "":
            raise ConfigurationError("le début de la ligne de total est vide", where="trailer")

    def splitter(self, columns: int | None = None) -> DelimitedSplitter:
        """Return the splitter of this format's rows; `columns` is how many values each must have."""
        encoding = stored_encoding(self.encoding)
        return DelimitedSplitter(self.separator, self.quote, encoding, columns, self.doubtful)

    def columns(self, stream: BinaryIO) -> tuple[str, ...]:
        """Return the column titles, read from the beginning of the stream; () for a format without header.

        Raise `FileRefused` when the header is missing or unreadable.
        """
        if not self.header:
            return ()
        row = self._header(self._every_row(stream))
        try:
            return tuple(self.splitter().values(row.raw))
        except RowRefused as refused:
            raise FileRefused(
                f"en-tête illisible : {refused.reason}", where=f"ligne {row.place}", remedy=_CHECK_FORMAT
            ) from None

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the rows after the header, read from the beginning of the stream; the place is the row's first line.

        Raise `FileRefused` at the place of the damage, after the rows before it: a last line without end, an unclosed
        quote, NUL bytes, a byte order mark or UTF-16 that contradicts `encoding`, a missing header, a wrong trailer.
        """
        rows = self._every_row(stream)
        if self.header:
            self._header(rows)
        yield from rows if self.trailer is None else self._counted(rows)

    def _header(self, rows: Iterator[Row]) -> Row:
        for row in rows:
            if row.place == self.header:
                return row
            if isinstance(row.place, int) and row.place > self.header:
                break
        raise FileRefused("la ligne d'en-tête manque", where=f"ligne {self.header}", remedy=_CHECK_FORMAT)

    def _counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        prefix = (self.trailer or "").encode(stored_encoding(self.encoding))
        number = 0
        last: Row | None = None
        for row in rows:
            if last is not None:
                yield last
                number += 1
            last = row
        if last is None or not last.raw.startswith(prefix):
            if last is not None:
                yield last
            raise FileRefused("le fichier semble coupé : la ligne de total manque", remedy=_EXPORT_AGAIN)
        cell = last.raw[len(prefix) :].removeprefix(self.separator.encode()).split(self.separator.encode())[0]
        announced = cell.strip(b' "')
        if not (announced.isdigit() and len(announced) < 19 and int(announced) == number):
            raise FileRefused(
                f"la ligne de total ne correspond pas au nombre de lignes lues ({number})",
                where=f"ligne {last.place}",
                remedy=_EXPORT_AGAIN,
            )

    def _every_row(self, stream: BinaryIO) -> Iterator[Row]:
        stream.seek(0)
        joined = None if self.quote is None else _JoinedRows(_boundaries(self.separator, self.quote))
        number = 1
        damage: Damage | None = None
        try:
            for lines in whole_lines(stream, self.encoding):
                if lines[-1:] not in (b"\n", b"\r"):
                    if not lines.strip(_DOS_END_OF_FILE):
                        break
                    if self.final_newline_required:
                        raise Damage(f"le fichier semble coupé à la ligne {number}, qui n'a pas de fin")
                contents = lines.splitlines()
                if joined is not None and joined.concern(lines, contents):
                    pieces = lines.splitlines(keepends=True)
                    yield from joined.rows(pieces, number, self.skip_blank)
                    number += len(pieces)
                    continue
                if self.skip_blank and b"" in contents:
                    yield from (Row(n, "", raw) for n, raw in enumerate(contents, number) if raw)
                else:
                    yield from map(as_row, zip(count(number), repeat(""), contents))
                number += len(contents)
        except Damage as met:
            damage = met
        if damage is not None:
            raise damage.at(f"ligne {number}")
        if joined is not None and joined.started:
            raise FileRefused(
                "un guillemet ouvert à cette ligne n'est jamais refermé : le fichier semble coupé",
                where=f"ligne {joined.started}",
                remedy=_EXPORT_AGAIN,
            )


class _Boundaries(NamedTuple):
    """Whether a physical line ends its row: one that begins outside quotes, and one that begins inside."""

    quote: bytes
    between: bytes
    outside: Callable[[bytes], object | None]
    inside: Callable[[bytes], object | None]

    def closes(self, line: bytes) -> bool:
        """Tell whether a line that begins outside quotes ends outside them.

        A line whose cells are all quoted, without a quote inside, is known by counting, six times faster.
        """
        if self.quote not in line:
            return True
        if line[:1] == self.quote == line[-1:]:
            quotes = line.count(self.quote, 1, -1)
            if quotes == 2 * line.count(self.between, 1, -1) and len(line) > 1:
                return True
        return self.outside(line) is not None

    def close_all(self, lines: list[bytes]) -> bool:
        """Tell whether every one of these lines has all its cells quoted, without a quote inside: then each is a row.

        It is asked of whole blocks, so that no Python code runs for a line.
        """
        inside = repeat(1), repeat(-1)
        return (
            all(map(bytes.startswith, lines, repeat(self.quote)))
            and all(map(bytes.endswith, lines, repeat(self.quote)))
            and self.quote not in lines
            and [*map(bytes.count, lines, repeat(self.quote), *inside)]
            == [2 * cells for cells in map(bytes.count, lines, repeat(self.between), *inside)]
        )


def _boundaries(separator: str, quote: str) -> _Boundaries:
    """Compile the rule of quoting: a quote opens a cell only at its beginning, and two quotes inside are one."""
    s, q = re.escape(separator.encode()), re.escape(quote.encode())
    inside = rb"(?:[^%b]++|%b%b)*+%b" % (q, q, q, q)
    cell = rb"(?:%b%b[^%b]*+|[^%b%b][^%b]*+|)" % (q, inside, s, q, s, s)
    more = rb"(?:%b%b)*+" % (s, cell)
    return _Boundaries(
        quote=quote.encode(),
        between=f"{quote}{separator}{quote}".encode(),
        outside=re.compile(cell + more).fullmatch,
        inside=re.compile(inside + rb"[^%b]*+" % s + more).fullmatch,
    )


class _JoinedRows:
    """Joins physical lines into rows while a quote is open. `started` is the line of the open row, 0 for none."""

    def __init__(self, boundaries: _Boundaries) -> None:
        self._boundaries = boundaries
        self._parts: list[bytes] = []
        self._size = 0
        self.started = 0

    def concern(self, lines: bytes, contents: list[bytes]) -> bool:
        """Tell whether these lines, given whole and one by one, may hold a row that spans several of them."""
        if self.started:
            return True
        return self._boundaries.quote in lines and not self._boundaries.close_all(contents)

    def rows(self, pieces: list[bytes], number: int, skip_blank: bool) -> Iterator[Row]:
        """Yield the rows that end in these lines, the first of which has this number."""
        quote, _, _, ends_inside = self._boundaries
        closes = self._boundaries.closes
        for here, piece in enumerate(pieces, number):
            content = piece.rstrip(b"\r\n")
            if self.started:
                self._add(piece)
                if quote in content and ends_inside(content):
                    raw = b"".join(self._parts)
                    yield Row(self.started, "", raw[: len(raw) - len(piece) + len(content)])
                    self._parts, self._size, self.started = [], 0, 0
            elif quote not in content or closes(content):
                if content or not skip_blank:
                    yield as_row((here, "", content))
            else:
                self.started = here
                self._add(piece)

    def _add(self, piece: bytes) -> None:
        self._parts.append(piece)
        self._size += len(piece)
        if self._size > ROW_LIMIT:
            raise FileRefused(
                f"un guillemet ouvert à cette ligne n'est pas refermé après {ROW_LIMIT // 1024 // 1024} Mo",
                where=f"ligne {self.started}",
                remedy=_CHECK_FORMAT,
            )
