"""What type of value each field of the model holds, for those who fill fields by name."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime

from connector_core.model.records import Record

FieldType = Literal["text", "date", "time", "timestamp", "decimal", "integer", "boolean", "list", "map"]


@cache
def target_of(kind: type[Record], field: str) -> FieldType:
    """The type of value a field holds."""
    annotation = _plain(kind.model_fields[field].annotation)
    if get_origin(annotation) is Literal or annotation is str:
        return "text"
    if get_origin(annotation) is tuple:
        return "list"
    return _TYPES.get(annotation, "map")


@cache
def closed_values(kind: type[Record], field: str) -> tuple[str, ...] | None:
    """The values of a closed enumeration; None for an open field."""
    annotation = _plain(kind.model_fields[field].annotation)
    return get_args(annotation) if get_origin(annotation) is Literal else None


_TYPES: dict[object, FieldType] = {
    AwareDatetime: "timestamp",
    date: "date",
    time: "time",
    Decimal: "decimal",
    int: "integer",
    bool: "boolean",
}


def _plain(annotation: object) -> object:
    """The annotation without its optionality and constraints."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return _plain(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation
