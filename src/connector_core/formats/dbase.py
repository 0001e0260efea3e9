"""dBase III to IV and FoxPro tables.

A table that is being written, or was cut while it was copied, reads without an error as a part of its rows. So a
table is read only when its size, its record length and the number of records it announces agree, and only counts as
read when none of them changed meanwhile.

The raw bytes of a row are its record, then the memos it points to in place of their block numbers: a memo that changed
makes another row, one that only moved doesn't.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.dbase_memo import MemoFile, find_memo, open_memo
from connector_core.formats.encodings import likely_encoding
from connector_core.formats.rows import Row

if TYPE_CHECKING:
    from dbfread.dbf import DBFField

_HEADER_SIZE = 32
_FIELD_SIZE = 32
_END_OF_FIELDS = b"\r"
_END_OF_FILE = b"\x1a"
_KEPT = b" "
_DELETED = b"*"
_RECORDS_AT_ONCE = 1024
_MEMO_LENGTH = 4
_NULLABLE = 2

_VISUAL_FOXPRO = frozenset({0x30, 0x31, 0x32})
_VERSIONS = _VISUAL_FOXPRO | {0x02, 0x03, 0x43, 0x63, 0x83, 0x8B, 0x8E, 0xCB, 0xF5, 0xFB}
_WIDTHS = {"I": 4, "L": 1, "D": 8, "T": 8, "Y": 8}
_HIDDEN = "0"
_SUPPORTED = frozenset("CNFDLMIYTB")

_AS_TEXT = frozenset("CNFDLM")
"""The types of fields that hold text, or nothing but ASCII."""
_CODE_PAGES = frozenset({"cp1252", "cp850", "cp437"})
"""Those for which French text tells whether it is in them."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_JULIAN_DAY_ZERO = 1721425

_CHECK_ENCODING = "Indiquez l'encodage de la table dans le dialecte"
_EXPORT_OTHERWISE = "Exportez cette table sans cette colonne, ou dans un autre format"
_COPY_AGAIN = "Fermez le logiciel qui écrit ce fichier ou attendez qu'il ait fini, puis copiez le fichier à nouveau"


class DbaseField(NamedTuple):
    """A field of a record: `start` counts from 0, after the deletion mark; `kind` is the letter of its type.

    `null_bit` is the bit of the record, from 0, that says that a FoxPro value is unknown whatever the field holds.
    """

    name: str
    kind: str
    start: int
    length: int
    null_bit: int | None = None


@dataclass(frozen=True, slots=True)
class DbaseSplitter:
    """Turns the raw bytes of a dBase row into its values, one per field of `fields`.

    `size` is that of a record without its deletion mark; the memos come after it.
    """

    fields: tuple[DbaseField, ...]
    size: int
    encoding: str

    def values(self, raw: bytes) -> list[str]:
        """Return the values as text: numbers exactly as stored, with a dot; dates and times in ISO form; logicals as
        "T", "F" or "" when unknown; texts and memos without the padding on their right. An empty value is "".

        Raise `RowRefused` when a value doesn't fit the type of its field.
        """
        if len(raw) < self.size:
            raise RowRefused("l'enregistrement n'a pas la longueur que la table déclare")
        values: list[str] = []
        memo_at = self.size
        for field in self.fields:
            if field.kind == "M":
                text_at = memo_at + _MEMO_LENGTH
                memo_at = text_at + int.from_bytes(raw[memo_at:text_at], "big")
                data = raw[text_at:memo_at]
            else:
                data = raw[field.start : field.start + field.length]
            value = "" if self._is_null(field, raw) else self._value(field.kind, data)
            if value is None:
                raise RowRefused(_REASONS[field.kind], fields=(field.name,))
            values.append(value)
        return values

    def _is_null(self, field: DbaseField, raw: bytes) -> bool:
        return field.null_bit is not None and bool(raw[field.null_bit // 8] >> field.null_bit % 8 & 1)

    def _value(self, kind: str, data: bytes) -> str | None:
        try:
            if kind not in "CM":
                return _READERS[kind](data)
            text = data.rstrip(b"\0 ").decode(self.encoding)
        except (ValueError, OverflowError, struct.error):
            return None
        return None if "\0" in text else text


@dataclass(frozen=True, slots=True)
class DbaseFormat:
    """How dBase tables of a source are read: `encoding` replaces the code page that the table declares."""

    encoding: str | None = None

    def __post_init__(self) -> None:
        try:
            b" ".decode(self.encoding or "ascii")
        except LookupError:
            raise ConfigurationError(f"encodage inconnu : « {self.encoding} »") from None

    def columns(self, path: Path) -> tuple[str, ...]:
        """Return the names of the fields; raise `FileRefused` when the header is unreadable."""
        return tuple(field.name for field in self.splitter(path).fields)

    def splitter(self, path: Path) -> DbaseSplitter:
        """Return the splitter of this table's rows; raise `FileRefused` when the header is unreadable.

        Raise `ConfigurationError` when the extra `connector-core[dbase]` isn't installed.
        """
        with path.open("rb") as stream:
            layout = _layout(stream, self.encoding)
        return DbaseSplitter(layout.fields, layout.record_length - 1, layout.encoding)

    def rows(self, path: Path, memo: Path | None = None) -> Iterator[Row]:
        """Yield the rows that aren't deleted; the place is "enregistrement N", counted from 1 with the deleted ones.

        `memo` is the memo file; by default the .dbt or .fpt of the same name. Raise `FileRefused` when the table is
        cut or torn, before the first row; when a record or a memo is damaged, at that record; when the table changed
        while it was read, after the last row.
        """
        with path.open("rb") as stream:
            layout = _layout(stream, self.encoding)
            memo_path = find_memo(path, memo) if any(field.kind == "M" for field in layout.fields) else None
            before = _look(path, memo_path)
            if before.size - layout.header_length - layout.records * layout.record_length not in (0, 1):
                raise FileRefused(
                    f"la table annonce {layout.records} enregistrements, ce qui ne correspond pas à sa taille : "
                    "elle est coupée, ou était en cours d'écriture",
                    remedy=_COPY_AGAIN,
                )
            if memo_path is None:
                yield from _records(stream, layout, None)
            else:
                with memo_path.open("rb") as memo_stream:
                    yield from _records(stream, layout, open_memo(memo_stream, memo_path.suffix, layout.version))
        if _look(path, memo_path) != before:
            raise FileRefused("la table a changé pendant la lecture", remedy=_COPY_AGAIN)


def field_names(head: bytes) -> tuple[str, ...] | None:
    """The names of a table's fields from the first bytes of its file; None when they are not those of a dBase table."""
    try:
        layout = _layout(BytesIO(head), None)
    except (FileRefused, ConfigurationError):
        return None
    return tuple(each.name for each in layout.fields)


def likely_code_page(head: bytes, splitter: DbaseSplitter) -> str:
    """The encoding in which the texts of a table's first records seem to be where it is another one than the table's;
    "" where nothing says so. `head` are the first bytes of its file."""
    binary = any(each.kind not in _AS_TEXT or (each.kind == "M" and each.length == 4) for each in splitter.fields)
    if binary or splitter.encoding not in _CODE_PAGES:
        return ""
    return likely_encoding(head[int.from_bytes(head[8:10], "little") :], splitter.encoding)


class _Layout(NamedTuple):
    version: int
    records: int
    header_length: int
    record_length: int
    encoding: str
    fields: tuple[DbaseField, ...]


class _Look(NamedTuple):
    size: int
    modified: int
    header: bytes
    memo: tuple[int, int] | None


def _look(path: Path, memo_path: Path | None) -> _Look:
    with path.open("rb") as stream:
        header = stream.read(_HEADER_SIZE)
    status = path.stat()
    memo: tuple[int, int] | None = None
    if memo_path is not None:
        memo_status = memo_path.stat()
        memo = (memo_status.st_size, memo_status.st_mtime_ns)
    return _Look(status.st_size, status.st_mtime_ns, header, memo)


def _layout(stream: BinaryIO, encoding: str | None) -> _Layout:
    try:
        from dbfread.codepages import guess_encoding
        from dbfread.dbf import DBFField, DBFHeader
    except ImportError:
        raise ConfigurationError(
            "la lecture des tables dBase n'est pas installée", remedy="Installez « connector-core[dbase] »"
        ) from None

    start = stream.read(_HEADER_SIZE)
    if len(start) < _HEADER_SIZE or start[0] not in _VERSIONS:
        raise FileRefused(
            "le fichier n'est pas une table dBase ou FoxPro, ou il est coupé", where="en-tête", remedy=_COPY_AGAIN
        )
    header = DBFHeader.unpack(start)
    described = stream.read(max(0, header.headerlen - _HEADER_SIZE))
    if header.headerlen <= _HEADER_SIZE or len(described) < header.headerlen - _HEADER_SIZE:
        raise FileRefused("la table est coupée dans son en-tête", where="en-tête", remedy=_COPY_AGAIN)
    if header.encryption_flag == 1 or header.incomplete_transaction == 1:
        raise FileRefused(
            "la table est chiffrée, ou une écriture y est restée inachevée", where="en-tête", remedy=_COPY_AGAIN
        )
    if encoding is None:
        try:
            encoding = str(guess_encoding(header.language_driver))
        except LookupError:
            encoding = "ascii"
    fields, size = _fields([DBFField.unpack(each) for each in _descriptions(described)], encoding)
    if not fields or size + 1 != header.recordlen:
        raise _bad_fields()
    for known in fields:
        _check_kind(known, header.dbversion)
    return _Layout(header.dbversion, header.numrecords, header.headerlen, header.recordlen, encoding, fields)


def _descriptions(described: bytes) -> Iterator[bytes]:
    at = 0
    while described[at : at + 1] != _END_OF_FIELDS:
        if at + _FIELD_SIZE > len(described):
            raise _bad_fields()
        yield described[at : at + _FIELD_SIZE]
        at += _FIELD_SIZE


def _fields(descriptions: list[DBFField], encoding: str) -> tuple[tuple[DbaseField, ...], int]:
    """Return the fields that hold values and the size of a record without its deletion mark."""
    fields: list[DbaseField] = []
    nullable: list[int] = []
    null_flags: int | None = None
    start = 0
    for each in descriptions:
        kind = each.type.decode("latin-1").upper()
        length = each.length | each.decimal_count << 8 if kind == "C" else each.length
        if kind == _HIDDEN:
            null_flags = start
        else:
            if each.reserved1 & _NULLABLE:
                nullable.append(len(fields))
            fields.append(DbaseField(_field_name(each.name, encoding), kind, start, length))
        start += length
    if null_flags is not None:
        for bit, index in enumerate(nullable):
            fields[index] = fields[index]._replace(null_bit=8 * null_flags + bit)
    return tuple(fields), start


def _field_name(stored: bytes, encoding: str) -> str:
    with suppress(UnicodeDecodeError):
        return stored.split(b"\0")[0].decode(encoding)
    raise FileRefused(
        "le nom d'une colonne est illisible dans l'encodage de la table", where="en-tête", remedy=_CHECK_ENCODING
    )


def _check_kind(field: DbaseField, version: int) -> None:
    unread = field.kind not in _SUPPORTED or (field.kind == "B" and version not in _VISUAL_FOXPRO)
    if unread or field.length == 0:
        raise FileRefused("une colonne est d'un type non pris en charge", where="en-tête", remedy=_EXPORT_OTHERWISE)
    if field.kind in _WIDTHS and field.length != _WIDTHS[field.kind]:
        raise _bad_fields()
    if (field.kind == "B" and field.length != 8) or (field.kind == "M" and field.length not in (4, 10)):
        raise _bad_fields()


def _bad_fields() -> FileRefused:
    return FileRefused("la description des colonnes est abîmée", where="en-tête", remedy=_COPY_AGAIN)


def _records(stream: BinaryIO, layout: _Layout, memo: MemoFile | None) -> Iterator[Row]:
    memos = [field for field in layout.fields if field.kind == "M"]
    stream.seek(layout.header_length)
    size = layout.record_length
    number = 0
    while number < layout.records:
        data = stream.read(size * min(_RECORDS_AT_ONCE, layout.records - number))
        for start in range(0, len(data), size):
            number += 1
            record = data[start + 1 : start + size]
            place = f"enregistrement {number}"
            mark = data[start : start + 1]
            if len(record) != size - 1 or mark not in (_KEPT, _DELETED):
                raise FileRefused("l'enregistrement est abîmé ou coupé", where=place, remedy=_COPY_AGAIN)
            if mark == _KEPT:
                yield Row(place, "", _with_memos(record, memos, memo, place) if memo is not None else record)
        if not data:
            raise FileRefused("la table est coupée", where=f"enregistrement {number + 1}", remedy=_COPY_AGAIN)
    if stream.read(2) not in (b"", _END_OF_FILE):
        raise FileRefused("la table continue après son dernier enregistrement", remedy=_COPY_AGAIN)


def _with_memos(record: bytes, fields: list[DbaseField], memo: MemoFile, place: str) -> bytes:
    texts: list[bytes] = []
    for _, _, start, length, _ in fields:
        pointer = record[start : start + length]
        text = memo.text(pointer)
        if text is None:
            raise FileRefused("un mémo est introuvable ou coupé", where=place, remedy=_COPY_AGAIN)
        record = record[:start] + b" " * length + record[start + length :]
        texts.append(len(text).to_bytes(_MEMO_LENGTH, "big") + text)
    return record + b"".join(texts)


def _number(data: bytes) -> str:
    text = data.decode("ascii").strip("\0 ").replace(",", ".")
    if text and not _NUMBER.fullmatch(text):
        raise ValueError
    return text


def _date(data: bytes) -> str:
    text = data.decode("ascii").strip("\0 ")
    if not text.strip("0"):
        return ""
    if len(text) != 8 or not text.isdigit():
        raise ValueError
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()


def _logical(data: bytes) -> str:
    if data in b"TtYy":
        return "T"
    if data in b"FfNn":
        return "F"
    if data in b"?\0 ":
        return ""
    raise ValueError


def _integer(data: bytes) -> str:
    return str(struct.unpack("<i", data)[0])


def _currency(data: bytes) -> str:
    return str(Decimal(struct.unpack("<q", data)[0]).scaleb(-4))


def _double(data: bytes) -> str:
    number = float(struct.unpack("<d", data)[0])
    if not math.isfinite(number):
        raise ValueError
    return repr(number)


def _instant(data: bytes) -> str:
    if not data.strip(b" \0"):
        return ""
    day, milliseconds = struct.unpack("<LL", data)
    if not day:
        return ""
    return (datetime.fromordinal(day - _JULIAN_DAY_ZERO) + timedelta(milliseconds=milliseconds)).isoformat()


_READERS = {
    "N": _number,
    "F": _number,
    "D": _date,
    "L": _logical,
    "I": _integer,
    "Y": _currency,
    "B": _double,
    "T": _instant,
}

_REASONS = {
    "C": "un texte est illisible dans l'encodage de la table",
    "M": "un mémo est illisible dans l'encodage de la table",
    "N": "un nombre est illisible ou déborde de sa colonne",
    "F": "un nombre est illisible ou déborde de sa colonne",
    "I": "un nombre est illisible ou déborde de sa colonne",
    "Y": "un montant est illisible",
    "B": "un nombre est illisible ou déborde de sa colonne",
    "D": "une date est impossible",
    "T": "une date est impossible",
    "L": "une case à cocher n'est ni vraie ni fausse",
}
