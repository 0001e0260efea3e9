"""How drafts are sent: the names and types of their values once, as a shape, then values alone.

Dates and amounts are sent as text, and are made once where they repeat. A value that the model has no type for arrives
as one that it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

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


class Packer:
    """Makes drafts ready to be sent. `unsent` are the shapes that the other side does not know yet."""

    def __init__(self) -> None:
        self.unsent: list[Shape] = []
        self._shapes: dict[object, tuple[int, tuple[tuple[int, Code], ...]]] = {}

    def packed(self, draft: Draft) -> PackedDraft:
        kind, values = draft
        key = kind, tuple(values), tuple(map(type, values.values()))
        known = self._shapes.get(key) or self._new(key, kind.record, values)
        if known is None:
            return _NO_SHAPE, [kind.record, {name: _packed(value) for name, value in values.items()}]
        number, others = known
        content = list(values.values())
        for at, code in others:
            value = content[at]
            content[at] = value.isoformat() if code == "moment" and isinstance(value, datetime) else _packed(value)
        return number, content

    def _new(
        self, key: object, kind: str, values: Mapping[str, object]
    ) -> tuple[int, tuple[tuple[int, Code], ...]] | None:
        if len(self._shapes) >= _MANY_SHAPES:
            return None
        codes = tuple(_CODES.get(type(value), "other") for value in values.values())
        shape = Shape(len(self._shapes), kind, tuple(values), codes)
        self.unsent.append(shape)
        others = tuple((at, code) for at, code in enumerate(codes) if code in ("moment", "other"))
        self._shapes[key] = shape.number, others
        return self._shapes[key]


class Unpacker:
    """Makes drafts of what was sent."""

    def __init__(self) -> None:
        self._shapes: dict[int, tuple[type[Record], tuple[str, ...], tuple[tuple[int, _Texts], ...]]] = {}

    def learn(self, shapes: tuple[Shape, ...]) -> None:
        """Take new shapes. Raise ValueError for one of no kind of the model."""
        for shape in shapes:
            kind = KINDS.get(shape.kind)
            if kind is None or len(shape.names) != len(shape.codes):
                raise ValueError("no kind of the model")
            made = tuple((at, _MADE[code]) for at, code in enumerate(shape.codes) if code in _MADE)
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
        content = list(content)
        for at, texts in made:
            text = content[at]
            content[at] = texts[text] if isinstance(text, str) else _FOREIGN
        return known, dict(zip(names, content, strict=True))


class _Texts(dict[str, object]):
    """What texts stand for, each made once."""

    def __init__(self, make: Callable[[str], object]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> object:
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
