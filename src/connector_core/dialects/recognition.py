"""Recognising a file with a dialect, by what is inside more than by its name, since names change.

What is inside: the titles of the columns, the XML root, the types and widths of fixed-width lines and whether they make
records, the fields of a dBase table, who produced a calendar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from connector_core.dialects.compiler import compile_table, missing_columns, same_name
from connector_core.dialects.drafts import Draft, Lookup, NoLookup, Waiting
from connector_core.dialects.mappings import Dialect, TableMapping
from connector_core.dialects.physical import (
    declared_columns,
    delimited_format,
    expected_encoding,
    fixed_format,
    length_of,
)
from connector_core.errors import RowRefused
from connector_core.formats.delimited import DelimitedSplitter
from connector_core.formats.document import Probe
from connector_core.formats.encodings import Written, encoding_name, written_in
from connector_core.formats.extract import header_of
from connector_core.formats.physical import is_one_byte, known_encoding, mark_of, stored_encoding
from connector_core.formats.xml import declared_encoding
from connector_core.model.pivot import validated

_NAME, _TELLING, _POSSIBLE, _EXACT = 0.2, 0.7, 0.3, 0.1
_HEADER_LINES = 30
_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Recognised:
    """How well a dialect knows a file. `variant` names the table of the file, `""` where a file holds several."""

    score: float
    variant: str
    reason: str


def recognise(dialect: Dialect, probe: Probe) -> Recognised | None:
    """Whether the dialect knows the file; the best of its tables."""
    inside = _INSIDE_OF[dialect.format.kind]
    found: list[Recognised] = []
    for table in dialect.tables:
        pattern = table.file or dialect.format.text("file", "")
        named = bool(pattern) and fnmatchcase(PurePath(probe.name).name.lower(), pattern.lower())
        known = inside(dialect, table, probe)
        if known is None or not (named or known.telling):
            continue
        score = (_NAME * named) + (_TELLING if known.telling else _POSSIBLE) + (_EXACT * known.exact)
        found.append(
            Recognised(round(score, 3), table.name if known.single else "", f"{dialect.title} : {known.reason}")
        )
    return max(found, key=lambda each: each.score, default=None)


@dataclass(frozen=True, slots=True)
class _Inside:
    """What the beginning shows. `telling` when it is enough without the name; `single` for one table a file."""

    reason: str
    exact: bool = False
    telling: bool = True
    single: bool = True


def _delimited(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    header = find_header(dialect, table, probe.head)
    if header is None:
        return None
    expected = expected_encoding(dialect)
    written = written_in(probe.head, expected)
    otherwise = _otherwise(mistaken_for(dialect, table, probe.head) or written.encoding, expected)
    if table.columns:
        understood = _rows_understood(dialect, table, probe.head, written)
        reason = f"le nombre de colonnes de la table « {table.name} »{otherwise}"
        return _Inside(reason, exact=understood and not otherwise, telling=understood)
    exact = _exact(table, header[1]) and not otherwise
    return _Inside(f"les colonnes de la table « {table.name} »{otherwise}", exact=exact)


def _otherwise(found: str, expected: str) -> str:
    """What is to be said of a file in another encoding than the one that is expected."""
    if encoding_name(found) == encoding_name(expected):
        return ""
    return f", en {encoding_name(found)} au lieu de {encoding_name(expected)}"


def mistaken_for(dialect: Dialect, table: TableMapping, head: bytes) -> str:
    """The encoding in which a delimited file seems to be written where it can't be read as its dialect expects; ""
    where it can, be it without some rows."""
    expected = expected_encoding(dialect)
    found = written_in(head, expected)
    if not found.instead or is_one_byte(expected):
        return found.instead
    return "" if _header_in(dialect, table, head, Written(found.encoding)) else found.instead


def _exact(table: TableMapping, columns: Sequence[str]) -> bool:
    expected = {same_name(column) for column in (*table.used_columns(), *table.ignore)}
    return {same_name(column) for column in columns} == expected


def find_header(dialect: Dialect, table: TableMapping, head: bytes) -> tuple[int, tuple[str, ...]] | None:
    """The line of the header and its columns, when every column the table needs is in it; line 0 of a table that
    names its columns itself, when most lines have as many. They are looked for in the encoding that is found."""
    found = written_in(head, expected_encoding(dialect))
    header = _header_in(dialect, table, head, found)
    if header is None and found.instead:
        return _header_in(dialect, table, head, Written(found.instead))
    return header


def _header_in(
    dialect: Dialect, table: TableMapping, head: bytes, written: Written
) -> tuple[int, tuple[str, ...]] | None:
    splitter = delimited_format(dialect, 1, written).splitter()
    lines = _first_lines(head, written.encoding)
    if table.columns:
        wide = _most(len(values) == len(table.columns) for values in _values(splitter, lines))
        return (0, tuple(column.name for column in table.columns)) if wide else None
    wanted = dialect.format.options.get("header", 0)
    for number, line in enumerate(lines, 1):
        if wanted and number != wanted:
            continue
        try:
            columns = splitter.values(line)
        except RowRefused:
            continue
        if not missing_columns(table, columns):
            return number, tuple(column.strip() for column in columns)
    return None


@dataclass(frozen=True, slots=True)
class Nearly:
    """What keeps a dialect from knowing a file whose titles are nearly those of one of its tables: the columns that
    the file lacks, with the line of the dialect that reads each; `titles` are those it has."""

    table: str
    lacking: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]


def nearly(dialect: Dialect, probe: Probe) -> Nearly | None:
    """What a delimited file lacks that the dialect does not know; None where it has less than half of the columns."""
    if dialect.format.kind != "delimited":
        return None
    written = written_in(probe.head, expected_encoding(dialect))
    splitter = delimited_format(dialect, 1, written).splitter()
    lines = _first_lines(probe.head, written.encoding)
    found: list[Nearly] = []
    for table in dialect.tables:
        for titles in _values(splitter, lines if not table.columns else ()):
            missing = missing_columns(table, titles)
            if 2 * len(missing) < len(table.used_columns()):
                uses = tuple(use for use in table.column_uses() if use[0] in missing)
                found.append(Nearly(table.name, uses, tuple(titles)))
    return min(found, key=lambda each: len(each.lacking), default=None)


def _values(splitter: DelimitedSplitter, lines: Iterable[bytes]) -> Iterator[Sequence[str]]:
    for line in lines:
        try:
            yield splitter.values(line)
        except RowRefused:
            continue


def _rows_understood(dialect: Dialect, table: TableMapping, head: bytes, written: Written) -> bool:
    """Whether most of the first lines of a file without titles make records of the model."""
    drafts = compile_table(table, declared_columns((table,))[table.name], dialect.place).drafts
    splitter = delimited_format(dialect, 0, written).splitter(len(table.columns))
    return _most(_makes_records(splitter.values, drafts, line) for line in _first_lines(head, written.encoding))


def _first_lines(head: bytes, encoding: str) -> list[bytes]:
    """The first lines in the encoding in which formats give them, without a byte order mark."""
    return _stored(head, encoding).splitlines()[:_HEADER_LINES]


def _stored(head: bytes, encoding: str) -> bytes:
    """The beginning in the encoding in which formats give its rows, without a byte order mark."""
    if is_one_byte(encoding):
        return head
    text = head[len(mark_of(head)[0]) :]
    return text.decode(encoding, "ignore").encode() if known_encoding(encoding).startswith("utf-16") else text


_BEFORE_ROOT = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<(?:[\w.\-]+:)?([\w.\-]+)", re.DOTALL)


def _xml(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    _, announced = mark_of(probe.head)
    root = _BEFORE_ROOT.match(_stored(probe.head, announced or "utf-8"))
    if root is None or root.group(1).decode("ascii", "replace") != dialect.format.text("root", ""):
        return None
    declared = declared_encoding(probe.head)
    written = written_in(probe.head, declared)
    otherwise = _otherwise(written.instead or written.encoding, declared)
    return _Inside(f"la racine du fichier XML{otherwise}", exact=not otherwise, single=False)


def _fixed(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    expected = expected_encoding(dialect)
    written = written_in(probe.head, expected)
    head = _stored(probe.head, written.encoding)
    if not head and table.record_type is None:
        return _Inside(f"un fichier vide, au nom de la table « {table.name} »", telling=False)
    if not (is_one_byte(written.encoding) or dialect.format.options.get("newline", True)):
        reason = f"le nom de la table « {table.name} », mais en {encoding_name(written.encoding)}"
        return _Inside(reason, telling=False)
    records = list(_sample(dialect, table, head))
    if not records or b"\0" in head:
        return None
    texts = [record.decode(stored_encoding(written.encoding), "replace") for record in records]
    otherwise = _otherwise(written.instead or written.encoding, expected)
    if table.record_type is None:
        if not _most(len(text) == length_of(table) for text in texts):
            return None
        understood = _understood(dialect, table, records, Written(stored_encoding(written.encoding)))
        reason = f"la largeur des lignes de la table « {table.name} »{otherwise}"
        return _Inside(reason, exact=understood and not otherwise, telling=understood)
    lengths = {each.record_type or "": length_of(each) for each in dialect.tables}
    size = len(table.record_type)
    if not _most(lengths.get(text[:size]) == len(text) for text in texts):
        return None
    return _Inside(f"le type et la largeur des lignes{otherwise}", exact=not otherwise, single=False)


def _sample(dialect: Dialect, table: TableMapping, head: bytes) -> Iterator[bytes]:
    """The first whole records."""
    if dialect.format.options.get("newline", True):
        yield from (line.rstrip(b"\r") for line in head.split(b"\n", _SAMPLE)[:-1])
        return
    length = length_of(table)
    whole = min(len(head) // length, _SAMPLE) * length
    yield from (head[start : start + length] for start in range(0, whole, length))


def _understood(dialect: Dialect, table: TableMapping, records: Sequence[bytes], written: Written) -> bool:
    """Whether most of these records of a fixed-width table make records of the model."""
    split = fixed_format(dialect, (table,), written).splitter(table.name).values
    drafts = compile_table(table, declared_columns((table,))[table.name], dialect.place).drafts
    return _most(_makes_records(split, drafts, record) for record in records)


def _makes_records(
    split: Callable[[bytes], Sequence[str]],
    drafts: Callable[[Sequence[str], Lookup], list[Draft] | Waiting],
    raw: bytes,
) -> bool:
    try:
        found = drafts(split(raw), NoLookup())
        if not isinstance(found, Waiting):
            for kind, values in found:
                validated(kind, values)
    except RowRefused:
        return False
    return True


def _most(answers: Iterator[bool]) -> bool:
    given = list(answers)
    return 2 * sum(given) > len(given)


def _dbase(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    from connector_core.formats.dbase import field_names

    columns = field_names(probe.head)
    if columns is None or missing_columns(table, columns):
        return None
    return _Inside(f"les champs de la table « {table.name} »", exact=_exact(table, columns))


_PRODUCER = re.compile(rb"^PRODID[^:\r\n]*:([^\r\n]*)", re.I | re.M)


def _ical(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    head = _stored(probe.head, written_in(probe.head, expected_encoding(dialect)).encoding).lstrip()
    if not head.upper().startswith(b"BEGIN:VCALENDAR"):
        return None
    producer = _PRODUCER.search(head)
    name = "" if producer is None else producer.group(1).decode("utf-8", "replace").strip()
    if fnmatchcase(name, dialect.format.text("producer", "")) and name:
        return _Inside("le logiciel qui a produit le calendrier", exact=True)
    return _Inside("un calendrier iCalendar", telling=False)


def _database(dialect: Dialect, table: TableMapping, probe: Probe) -> _Inside | None:
    """An extract says for which dialect it was read."""
    header = header_of(probe.head)
    if header is None or header.dialect != dialect.id:
        return None
    return _Inside("un extrait de la base", exact=True, single=False)


_INSIDE_OF: Mapping[str, Callable[[Dialect, TableMapping, Probe], _Inside | None]] = {
    "delimited": _delimited,
    "xml": _xml,
    "fixed": _fixed,
    "dbase": _dbase,
    "ical": _ical,
    "database": _database,
}
