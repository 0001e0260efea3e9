"""What a layout is: tables of columns, each holding one model field, and a style that says how values are written.

A layout also says what it can express (`covers`), so that the same practice can be written as a pivot twin that holds
exactly what a reader of the vendor's files can know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from connector_core.model.records import KINDS, Record

PARIS = ZoneInfo("Europe/Paris")

RowOf = Mapping[str, Record]
"""The records that make one line of a table, by kind; a kind may be missing."""
Cell = Callable[[RowOf], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and the model field it holds (`"act.letter"`), or several that are written together.

    `form` names a special writing of the style; by default it follows from the type of the field. `width` serves fixed
    width and dBase tables.
    """

    title: str
    fields: tuple[str, ...]
    form: str = ""
    width: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One file, or one kind of line: its name, the kinds of record that a line holds, and its columns in order."""

    name: str
    kinds: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.fields)


@dataclass(frozen=True, slots=True)
class Style:
    """How values of each type are written; `enums` has closed lists by field, `forms` the special writings."""

    day: Callable[[date], str]
    clock: Callable[[time], str]
    moment: Callable[[datetime], str]
    money: Callable[[Decimal], str]
    number: Callable[[Decimal], str]
    yes: str
    no: str
    enums: Mapping[str, Mapping[str, str]]
    forms: Mapping[str, Callable[[RowOf], str]] = field(default_factory=dict)


def columns(text: str) -> tuple[Column, ...]:
    """Columns from lines `title | field, field | form | width`; the last two may be left out."""
    found = []
    for line in text.strip().splitlines():
        title, fields, form, width = (*(part.strip() for part in line.split("|")), "", "")[:4]
        found.append(Column(title, tuple(name.strip() for name in fields.split(",")), form, int(width or 0)))
    return tuple(found)


def covered(tables: Iterable[Table]) -> tuple[str, ...]:
    """The model fields that tables express, sorted."""
    return tuple(sorted({name for table in tables for name in table.fields}))


def cells(table: Table, style: Style) -> Sequence[Cell]:
    """One writer per column, chosen once per table from the types of the model."""
    return tuple(_cell(column, style) for column in table.columns)


def twin(records: Iterable[Record], covers: Sequence[str]) -> list[Record]:
    """The records as a reader of the layout can know them: other kinds left out, other fields absent."""
    kept: dict[str, list[str]] = {}
    for name in covers:
        kind, _, attribute = name.partition(".")
        kept.setdefault(kind, []).append(attribute)
    found: list[Record] = []
    for record in records:
        names = kept.get(record.record)
        if names is not None:
            values = record.__dict__
            found.append(type(record).model_construct(**{name: values[name] for name in names}))
    return found


def local(moment: datetime) -> datetime:
    """The moment as a clock in Paris shows it."""
    return moment.astimezone(PARIS)


def by_kind(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Records by the name of their kind, in their order."""
    found: dict[str, list[Record]] = {name: [] for name in KINDS}
    for record in records:
        found[record.record].append(record)
    return found


def _cell(column: Column, style: Style) -> Cell:
    if column.form:
        return style.forms[column.form]
    (name,) = column.fields
    kind, _, attribute = name.partition(".")
    write = _writer(name, kind, attribute, style)

    def cell(row: RowOf) -> str:
        record = row.get(kind)
        value = None if record is None else record.__dict__[attribute]
        return "" if value is None else write(value)

    return cell


def _writer(name: str, kind: str, attribute: str, style: Style) -> Callable[[object], str]:
    enum = style.enums.get(name) or style.enums.get(attribute)
    if enum is not None:
        return enum.__getitem__  # type: ignore[return-value]  # the model holds one of the keys
    types = types_of(KINDS[kind].model_fields[attribute].annotation)
    if bool in types:
        return lambda value: style.yes if value else style.no
    for typed, write in (
        (datetime, style.moment),
        (date, style.day),
        (time, style.clock),
    ):
        if typed in types:
            return _remembered(write)
    if Decimal in types:
        return _remembered(style.number if attribute in {"coefficient", "distance_km", "rate"} else style.money)
    return str


def _remembered(write: Callable[..., str]) -> Callable[[object], str]:
    known: dict[object, str] = {}

    def remembered(value: object) -> str:
        text = known.get(value)
        if text is None:
            text = known[value] = write(value)
        return text

    return remembered


def types_of(annotation: object) -> set[object]:
    """The plain types that an annotation admits, metadata aside."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return types_of(arguments[0])
    if not arguments:
        return {datetime} if annotation is AwareDatetime else {annotation}
    return {typed for argument in arguments for typed in types_of(argument)}
