"""What a vendor's database is: tables of typed columns with their rows, made of the records of a practice.

A layout is written once, in types of no engine in particular; `sql` says what each engine calls them. Values are what a
driver takes: numbers, dates and texts, never their writing. Where the layout's keys are whole numbers, `numbered` gives
the records such ids first, so that the practice and its twin in the pivot format name things alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal, cast

from connector_core.model.records import Act, Invoice, Record
from connector_core.testing.exports.layout import RowOf, by_kind, local
from connector_core.testing.exports.words import Words

Value = int | str | bool | Decimal | date | time | datetime | None
Kind = Literal[
    "integer", "text", "char", "memo", "numeric", "money", "cents", "hundredths", "date", "time", "timestamp", "boolean"
]
"""`char` is padded by the engine; `money` is what the engine keeps money in, euros; `cents` and `hundredths` are whole
numbers; `boolean` is what the engine keeps yes and no in; `memo` is a text without a limit."""
Form = Callable[[RowOf], Value]
Rows = Callable[[Mapping[str, Sequence[Record]]], Iterable[RowOf]]


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type, with its size in characters or digits."""

    kind: Kind
    size: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column: its name, its type, and the model field it holds (`"act.letter"`), or several.

    `form` names a special filling of the layout; by default it follows from the field and the type.
    """

    name: str
    type: SqlType
    fields: tuple[str, ...]
    form: str = ""


@dataclass(frozen=True, slots=True)
class SqlTable:
    """A table. The first column is its key. `rows` gives the records that make each of its rows."""

    name: str
    columns: tuple[SqlColumn, ...]
    rows: Rows

    @property
    def key(self) -> str:
        return self.columns[0].name

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.fields)


@dataclass(frozen=True, slots=True)
class Layout:
    """A vendor's database: its tables, its words for the closed lists of the model, its special fillings."""

    tables: tuple[SqlTable, ...]
    words: Words
    forms: Mapping[str, Form]

    @property
    def covers(self) -> tuple[str, ...]:
        """The model fields that it expresses, sorted."""
        return tuple(sorted({name for table in self.tables for name in table.fields}))


@dataclass(frozen=True, slots=True)
class Filled:
    """A table with its rows, their cells in the order of the columns."""

    table: SqlTable
    rows: tuple[tuple[Value, ...], ...]


def sql_columns(text: str) -> tuple[SqlColumn, ...]:
    """Columns from lines `name | type | field, field | form`; the last two may be left out."""
    found = []
    for line in text.strip().splitlines():
        name, typed, fields, form = (*(part.strip() for part in line.split("|")), "", "")[:4]
        names = tuple(each.strip() for each in fields.split(",") if each.strip())
        found.append(SqlColumn(name, _type(typed), names, form))
    return tuple(found)


def records_of(kind: str) -> Rows:
    """One row a record of a kind."""
    return lambda kinds: ({kind: record} for record in kinds[kind])


def first_of(kind: str, key: Callable[[Record], object]) -> Rows:
    """One row for the first record of each key: a table that others are joined to."""

    def rows(kinds: Mapping[str, Sequence[Record]]) -> Iterator[RowOf]:
        known: dict[object, Record] = {}
        for record in kinds[kind]:
            known.setdefault(key(record), record)
        return ({kind: record} for record in known.values())

    return rows


def fill(layout: Layout, records: Iterable[Record]) -> tuple[Filled, ...]:
    """Every table with its rows."""
    kinds = by_kind(records)
    return tuple(_filled(table, layout, kinds) for table in layout.tables)


def _filled(table: SqlTable, layout: Layout, kinds: Mapping[str, Sequence[Record]]) -> Filled:
    writers = tuple(_writer(column, layout) for column in table.columns)
    return Filled(table, tuple(tuple(write(row) for write in writers) for row in table.rows(kinds)))


def _writer(column: SqlColumn, layout: Layout) -> Form:
    if column.form:
        return layout.forms[column.form]
    (name,) = column.fields
    kind, _, attribute = name.partition(".")
    words = layout.words.get(name)
    convert = _CONVERSIONS[column.type.kind]

    def write(row: RowOf) -> Value:
        record = row.get(kind)
        value = None if record is None else record.__dict__[attribute]
        if value is None:
            return None
        return convert(words[value] if words is not None else value)

    return write


def _moment(value: object) -> datetime:
    return local(cast(datetime, value)).replace(tzinfo=None, microsecond=0)


def _whole(value: object) -> int:
    return int(cast("int | str", value))


def _hundredths(value: object) -> int:
    return int(cast(Decimal, value).scaleb(2))


def _same(value: object) -> Value:
    return cast(Value, value)


_CONVERSIONS: Mapping[Kind, Callable[[object], Value]] = {
    "integer": _whole,
    "text": str,
    "char": str,
    "memo": str,
    "numeric": _same,
    "money": _same,
    "cents": _hundredths,
    "hundredths": _hundredths,
    "date": _same,
    "time": _same,
    "timestamp": _moment,
    "boolean": _same,
}


def _type(text: str) -> SqlType:
    match = re.fullmatch(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?", text)
    if match is None or match.group(1) not in _CONVERSIONS:
        raise ValueError(f"no type: {text}")
    return SqlType(match.group(1), int(match.group(2) or 0), int(match.group(3) or 0))  # type: ignore[arg-type]  # one of the kinds


REFERENCES: Mapping[str, str] = {
    "patient_id": "patient",
    "practitioner_id": "practitioner",
    "substitute_of": "practitioner",
    "prescription_id": "prescription",
    "renewal_of": "prescription",
    "treatment_id": "treatment",
    "invoice_id": "invoice",
    "lot_id": "lot",
    "act_id": "act",
    "session_id": "session",
    "household": "household",
}
"""What a field that refers to something refers to."""
_EVENING = time(19, 30)


def numbered(records: Iterable[Record]) -> list[Record]:
    """The same practice with whole numbers, from 1 in each kind, for ids and for what refers to them."""
    given: dict[tuple[str, str], str] = {}
    last: dict[str, int] = {}

    def number(kind: str, value: str) -> str:
        if (kind, value) not in given:
            last[kind] = last.get(kind, 0) + 1
            given[kind, value] = str(last[kind])
        return given[kind, value]

    kept = list(records)
    for record in kept:
        number(record.record, record.id)
    return [
        record.model_copy(
            update={"id": number(record.record, record.id)}
            | {
                name: number(kind, value)
                for name, kind in REFERENCES.items()
                if (value := record.__dict__.get(name)) is not None
            }
        )
        for record in kept
    ]


def act_changed(row: RowOf) -> datetime:
    """When the act's row was last changed: as it was entered, else on the evening of its day."""
    act = cast(Act, row["act"])
    return datetime.combine(act.performed_on, _EVENING) if act.created_at is None else _moment(act.created_at)


def invoice_changed(row: RowOf) -> datetime:
    """When the invoice's row was last changed: on the evening it was closed or cancelled."""
    invoice = cast(Invoice, row["invoice"])
    return datetime.combine(max(invoice.closed_on, invoice.cancelled_on or invoice.closed_on), _EVENING)


def decided(records: Iterable[Record], layout: Layout) -> list[Record]:
    """The same practice where every yes or no that the layout keeps is one: what is unknown becomes no."""
    fields: dict[str, list[str]] = {}
    for column in (each for table in layout.tables for each in table.columns if each.type.kind == "boolean"):
        for name in column.fields:
            kind, _, attribute = name.partition(".")
            fields.setdefault(kind, []).append(attribute)
    return [
        record.model_copy(
            update={name: False for name in fields.get(record.record, ()) if record.__dict__[name] is None}
        )
        for record in records
    ]


def sessions(kinds: Mapping[str, Sequence[Record]]) -> Iterator[RowOf]:
    """One row a session, from the first of its acts; what a session has is the same for all of them."""
    known: dict[str | None, tuple[object, ...]] = {}
    for act in cast("Sequence[Act]", kinds["act"]):
        shared = (act.patient_id, act.practitioner_id, act.performed_on, act.started_at, act.place, act.group_size)
        first = known.get(act.session_id)
        if act.session_id is None or (first is not None and first != shared):
            raise ValueError("the acts of a session are not of one time and place: the layout cannot hold them")
        if first is None:
            known[act.session_id] = shared
            yield {"act": act}


def remark(row: RowOf) -> Value:
    """What people of the practice wrote into a patient's note: of every third patient."""
    return "Sonner deux fois, préfère le matin." if int(row["patient"].id) % 3 == 0 else None


def no_rows(_kinds: Mapping[str, Sequence[Record]]) -> Iterable[RowOf]:
    """A table that is empty: of alerts, for example, while nobody is warned of anything."""
    return ()


def nothing(_row: RowOf) -> Value:
    """The filling of a column that no record of the model says anything of."""
    return None
