"""How drafts are sent: the names and types of their values once, as a shape, then values alone.

Dates and amounts are sent as text, and are made once where they repeat. A value that the model has no type for arrives
as one that it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, NamedTuple

import msgspec

from connector_core.dialects.drafts import Draft
from connector_core.model.records import KINDS, Record

Code = Literal["same", "date", "decimal", "time", "moment", "other"]
PackedDraft = tuple[int, list[object]]
"""The number of a shape and the values, or `_NO_SHAPE` with the kind and the values by name."""

_NO_SHAPE = -1
_MANY_SHAPES = 2000
"""Shapes after which drafts go without."""
_KNOWN_AT_MOST = 20_000
_TUPLE, _OTHER = 1, 2

_CODES: Mapping[type, Code] = {
    str: "same",
    bool: "same",
    int: "same",
    float: "same",
    type(None): "same",
    date: "date",
    Decimal: "decimal",
    time: "time",
    datetime: "moment",
}


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """What the drafts of a shape have in common."""

    number: Annotated[int, msgspec.Meta(ge=0, lt=_MANY_SHAPES)]
    kind: Annotated[str, msgspec.Meta(max_length=80)]
    names: tuple[Annotated[str, msgspec.Meta(max_length=200)], ...]
    codes: tuple[Code, ...]


class Foreign:
    """A value that no field of the model takes; the model refuses a record that has one."""


class _Known(NamedTuple):
    """A shape that was given a number; `others` are the places of values that are not sent as they are."""

    number: int
    names: list[str]
    types: list[type]
    others: tuple[int, ...]


class Packer:
    """Makes drafts ready to be sent. `unsent` are the shapes that the other side does not know yet."""

    def __init__(self) -> None:
        self.unsent: list[Shape] = []
        self._shapes: dict[object, _Known] = {}
        self._latest: dict[type[Record], _Known] = {}
        """By kind, since the drafts of a table are mostly of one shape."""

    def packed(self, draft: Draft) -> PackedDraft:
        kind, values = draft
        content = list(values.values())
        names, types = list(values), list(map(type, content))
        known = self._latest.get(kind)
        if known is None or known.names != names or known.types != types:
            found = self._shape(kind, names, types)
            if found is None:
                return _NO_SHAPE, [kind.record, {name: _packed(value) for name, value in values.items()}]
            known = self._latest[kind] = found
        for at in known.others:
            value = content[at]
            content[at] = value.isoformat() if type(value) is datetime else _packed(value)
        return known.number, content

    def _shape(self, kind: type[Record], names: list[str], types: list[type]) -> _Known | None:
        """The shape of a draft, a new one if need be; None when there are too many."""
        key = kind, tuple(names), tuple(types)
        known = self._shapes.get(key)
        if known is None and len(self._shapes) < _MANY_SHAPES:
            codes = tuple(_CODES.get(each, "other") for each in types)
            self.unsent.append(Shape(len(self._shapes), kind.record, key[1], codes))
            others = tuple(at for at, code in enumerate(codes) if code in ("moment", "other"))
            known = self._shapes[key] = _Known(len(self._shapes), names, types, others)
        return known


class Unpacker:
    """Makes drafts of what was sent."""

    def __init__(self) -> None:
        self._shapes: dict[int, tuple[type[Record], tuple[str, ...], tuple[tuple[str, _Texts], ...]]] = {}

    def learn(self, shapes: tuple[Shape, ...]) -> None:
        """Take new shapes. Raise ValueError for one of no kind of the model."""
        for shape in shapes:
            kind = KINDS.get(shape.kind)
            if kind is None or len(shape.names) != len(shape.codes):
                raise ValueError("no kind of the model")
            made = tuple(
                (name, _MADE[code]) for name, code in zip(shape.names, shape.codes, strict=True) if code in _MADE
            )
            self._shapes[shape.number] = kind, shape.names, made

    def draft(self, packed: PackedDraft) -> Draft:
        """The draft that was sent. Raise ValueError, LookupError or TypeError for what is none."""
        number, content = packed
        if number == _NO_SHAPE:
            kind, values = content
            if not isinstance(kind, str) or not isinstance(values, dict):
                raise TypeError("no draft")
            return KINDS[kind], values
        known, names, made = self._shapes[number]
        if len(content) != len(names):
            raise ValueError("no draft")
        values = dict(zip(names, content, strict=False))
        for name, texts in made:
            values[name] = texts[values[name]]
        return known, values


class _Texts(dict[object, object]):
    """What texts stand for, each made once."""

    def __init__(self, make: Callable[[str], object]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: object) -> object:
        if not isinstance(text, str):
            raise TypeError("no text")
        if len(self) >= _KNOWN_AT_MOST:
            self.clear()
        made = self[text] = self._make(text)
        return made


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("no number") from None


_FOREIGN = Foreign()
_MADE: Mapping[Code, _Texts] = {
    "date": _Texts(date.fromisoformat),
    "decimal": _Texts(_decimal),
    "time": _Texts(time.fromisoformat),
    "moment": _Texts(datetime.fromisoformat),
}


def _packed(value: object) -> object:
    """A value of no simple type."""
    match value:
        case None | bool() | float():
            return value
        case str():
            return str.__str__(value)
        case tuple():
            return msgspec.msgpack.Ext(_TUPLE, msgspec.msgpack.encode([_packed(each) for each in value]))
        case list():
            return [_packed(each) for each in value]
        case Mapping():
            return {str(key): _packed(each) for key, each in value.items()}
        case int():
            return int(value)
        case _:
            return msgspec.msgpack.Ext(_OTHER, b"")


def unpacked(code: int, data: memoryview) -> object:
    """A value of no simple type; ValueError for what is none."""
    if code == _OTHER:
        return _FOREIGN
    if code == _TUPLE:
        return tuple(msgspec.msgpack.decode(data, type=list[object], ext_hook=unpacked))
    raise ValueError("no value of the model")
