"""Turns a table's mappings and the columns of a real file into one function: text values of a row to drafts.

This is the hot path of every ingest. Everything that does not depend on the row is decided here: columns become
positions, enumerations become dictionaries, converters of values that repeat become memos.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector_core.dialects.converters import (
    CONVERTERS,
    PARIS,
    Convert,
    Memo,
    date_compact,
    date_fr,
    date_iso,
    key_of,
    time_of_day,
)
from connector_core.dialects.drafts import Draft, Lookup, Waiting
from connector_core.dialects.mappings import REPEAT, FieldMapping, RecordMapping, TableMapping, When
from connector_core.errors import ConfigurationError, RowRefused
from connector_core.model.records import KINDS, Record
from connector_core.model.shape import target_of

Values = Sequence[str]


def same_name(name: str) -> str:
    """A column name as names are compared: without accents, case, or white space around and doubled."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(plain.lower().replace("\ufeff", "").split())


def positions(columns: Sequence[str]) -> Mapping[str, int]:
    """Where each column stands, by its compared name; the first of two columns of one name counts."""
    found: dict[str, int] = {}
    for n, column in enumerate(columns):
        found.setdefault(same_name(column), n)
    return found


def missing_columns(table: TableMapping, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that the mappings read and the file does not have."""
    have = positions(columns)
    return tuple(column for column in table.used_columns() if same_name(column) not in have)


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """A table ready to be read: `drafts` understands a row, `remembered` gives what it contributes to joins."""

    name: str
    drafts: Callable[[Values, Lookup], list[Draft] | Waiting]
    remembered: Callable[[Values], tuple[str, Mapping[str, str]] | None] | None


def compile_table(table: TableMapping, columns: Sequence[str], place: str) -> CompiledTable:
    """Compile a table against the columns of a file; a column that the file lacks is a ConfigurationError."""
    lacking = missing_columns(table, columns)
    if lacking:
        raise ConfigurationError(f"colonne « {lacking[0]} » absente du fichier", where=f"{place}, table {table.name}")
    at = positions(columns)
    _enumerations_differ(table, place)
    builders = [_record(record, at) for record in table.records]
    used = {same_name(column) for column in table.used_columns()} | {same_name(column) for column in table.ignore}
    pointed_to = _pointed_to(table)
    left = [(name, n) for n, name in enumerate(columns) if name and name != REPEAT and same_name(name) not in used]

    def drafts(values: Values, lookup: Lookup) -> list[Draft] | Waiting:
        made: list[Draft] = []
        for build in builders:
            draft = build(values, lookup)
            if isinstance(draft, Waiting):
                return draft
            if draft is not None:
                made.append(draft)
        if left and made:
            vendor = {name: text for name, n in left if (text := values[n].strip())}
            if vendor:
                own = next((record for kind, record in made if kind.record not in pointed_to), made[0][1])
                own["vendor"] = vendor
        return made

    return CompiledTable(table.name, drafts, _remembering(table, at))


def _pointed_to(table: TableMapping) -> frozenset[str]:
    """The kinds that other records of a row name. Many rows name one patient: what a row says besides is not of the
    patient, who would differ from row to row."""
    targets = (field.target for record in table.records for field in record.fields)
    return frozenset(target.removesuffix("_id") for target in targets if target.endswith("_id"))


def _enumerations_differ(table: TableMapping, place: str) -> None:
    """Two texts that are compared as one must not mean two things."""
    for field in (field for record in table.records for field in record.fields if field.values):
        meanings: dict[str, str] = {}
        for text, value in (field.values or {}).items():
            if meanings.setdefault(same_name(text), value) != value:
                raise ConfigurationError(
                    f"deux textes de « {field.target} » ne diffèrent que par la casse ou les accents",
                    where=f"{place}, ligne {field.line}",
                )


Filler = Callable[[Values, Lookup, dict[str, object]], Waiting | None]


def _record(mapping: RecordMapping, at: Mapping[str, int]) -> Callable[[Values, Lookup], Draft | Waiting | None]:
    kind = KINDS[mapping.kind]
    always = [field for field in mapping.fields if field.when is None]
    constants = {field.target: field.constant for field in always if field.constant is not None}
    texts: list[tuple[str, int]] = []
    converted: list[tuple[str, int, _Cells]] = []
    fillers: list[Filler] = []
    for field in always:
        if field.constant is not None:
            continue
        if field.join is not None or len(field.columns) != 1 or field.converter == "key":
            fillers.append(_filler(kind, field, at))
        elif field.converter == "text":
            texts.append((field.target, at[same_name(field.columns[0])]))
        else:
            converted.append((field.target, at[same_name(field.columns[0])], _Cells(*_conversion(kind, field))))
    fillers += [
        _limited(_filler(kind, field, at), field.when, at) for field in mapping.fields if field.when is not None
    ]
    names = dict(_columns_of(mapping))
    when = mapping.when
    test = None if when is None else (at[same_name(when.column)], when.texts, when.among)

    def build(values: Values, lookup: Lookup) -> Draft | Waiting | None:
        if test is not None and ((values[test[0]].strip() in test[1]) is not test[2]):
            return None
        record: dict[str, object] = dict(constants)
        target = ""
        try:
            for target, n, cells in converted:
                value = cells[values[n]]
                if value is not _EMPTY:
                    record[target] = value
            for target, n in texts:
                text = values[n].strip()
                if text:
                    record[target] = text
            for fill in fillers:
                waiting = fill(values, lookup, record)
                if waiting is not None:
                    return waiting
        except ValueError as error:
            raise RowRefused(f"colonne « {names[target]} » : {error}", fields=(f"{kind.record}.{target}",)) from None
        return kind, record

    return build


def _columns_of(mapping: RecordMapping) -> list[tuple[str, str]]:
    return [(field.target, field.columns[0]) for field in mapping.fields if field.columns]


_EMPTY = object()
_ROOM = 100_000


class _Cells(dict[str, object]):
    """What the cells of a column say, by their text as written; `_EMPTY` for a blank one.

    Of a column whose values repeat, a cell is stripped, tested and converted once: then it costs one look-up.
    """

    def __init__(self, convert: Convert, repeats: bool) -> None:
        super().__init__()
        self._convert = convert
        self._room = _ROOM if repeats else 0

    def __missing__(self, cell: str) -> object:
        text = cell.strip()
        value = self._convert(text) if text else _EMPTY
        if len(self) < self._room:
            self[cell] = value
        return value


def _single(kind: type[Record], field: FieldMapping) -> Convert | None:
    """The function for one joined column; None for text that is taken as it is."""
    if field.converter == "text":
        return None
    convert, repeats = _conversion(kind, field)
    return Memo(convert).__getitem__ if repeats else convert


def _conversion(kind: type[Record], field: FieldMapping) -> tuple[Convert, bool]:
    """How the texts of a column become values, and whether they repeat."""
    if field.converter == "enum":
        return _enumeration(kind, field), True
    converter = CONVERTERS[field.converter]
    return converter.convert, converter.remember


def _enumeration(kind: type[Record], field: FieldMapping) -> Convert:
    """An enumeration as the dialect lists it, case and accents aside; an empty target leaves the field unknown."""
    boolean = target_of(kind, field.target) == "boolean"
    table: dict[str, object] = {}
    for text, value in (field.values or {}).items():
        table[same_name(text)] = (value == "true" if boolean else value) if value else None

    def convert(text: str) -> object:
        try:
            return table[same_name(text)]
        except KeyError:
            raise ValueError("valeur absente de la liste du dialecte") from None

    return convert


def _filler(kind: type[Record], field: FieldMapping, at: Mapping[str, int]) -> Filler:
    if field.join is not None:
        return _joined(kind, field, at)
    places = [at[same_name(column)] for column in field.columns]
    target = field.target
    if field.constant is not None:

        def fill_constant(values: Values, _: Lookup, record: dict[str, object]) -> None:
            record[target] = field.constant

        return fill_constant
    if len(places) == 1 and field.converter != "key":
        return _from_one(kind, field, places[0])
    if field.converter == "key":

        def fill_key(values: Values, _: Lookup, record: dict[str, object]) -> None:
            record[target] = key_of(values[n].strip() for n in places)

        return fill_key
    day_of = _DAYS[field.converter]

    def fill_timestamp(values: Values, _: Lookup, record: dict[str, object]) -> None:
        day, hour = (values[n].strip() for n in places)
        if day and hour:
            try:
                record[target] = datetime.combine(day_of(day), time_of_day(hour), PARIS)
            except ValueError as error:
                raise _refused(kind, field, error) from None

    return fill_timestamp


def _limited(fill: Filler, when: When, at: Mapping[str, int]) -> Filler:
    n, texts, among = at[same_name(when.column)], when.texts, when.among

    def fill_some(values: Values, lookup: Lookup, record: dict[str, object]) -> Waiting | None:
        return fill(values, lookup, record) if (values[n].strip() in texts) is among else None

    return fill_some


def _from_one(kind: type[Record], field: FieldMapping, n: int) -> Filler:
    convert = _single(kind, field)

    def fill(values: Values, _: Lookup, record: dict[str, object]) -> None:
        text = values[n].strip()
        if text:
            try:
                record[field.target] = text if convert is None else convert(text)
            except ValueError as error:
                raise _refused(kind, field, error) from None

    return fill


_DAYS = {"timestamp_fr": date_fr, "timestamp_compact": date_compact, "timestamp_iso": date_iso}


def _joined(kind: type[Record], field: FieldMapping, at: Mapping[str, int]) -> Filler:
    join = field.join
    assert join is not None
    on = at[same_name(join.on)]
    convert = _single(kind, field)
    target = field.target

    def fill(values: Values, lookup: Lookup, record: dict[str, object]) -> Waiting | None:
        key = values[on].strip()
        if not key:
            return None
        found = lookup.find(join.table, key)
        if found is None:
            return Waiting(join.table, key)
        text = found[join.column]
        if text:
            try:
                record[target] = text if convert is None else convert(text)
            except ValueError as error:
                raise _refused(kind, field, error) from None
        return None

    return fill


def _refused(kind: type[Record], field: FieldMapping, error: ValueError) -> RowRefused:
    column = field.join.column if field.join is not None else field.columns[0]
    return RowRefused(f"colonne « {column} » : {error}", fields=(f"{kind.record}.{field.target}",))


def _remembering(
    table: TableMapping, at: Mapping[str, int]
) -> Callable[[Values], tuple[str, Mapping[str, str]] | None] | None:
    remember = table.remember
    if remember is None:
        return None
    key = at[same_name(remember.key)]
    columns = [(column, at[same_name(column)]) for column in remember.columns]

    def remembered(values: Values) -> tuple[str, Mapping[str, str]] | None:
        text = values[key].strip()
        return (text, {column: values[n].strip() for column, n in columns}) if text else None

    return remembered
