"""Records by the hundred thousand: built without validation, from values that are known to be right."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from connector_core.model.records import Record

R = TypeVar("R", bound=Record)


def construct(kind: type[R], values: dict[str, object]) -> R:
    """A record of values that already have the types of the model. Every field left out takes its default."""
    record = kind.__new__(kind)
    place = object.__setattr__
    place(record, "__dict__", {**_defaults(kind), **values})
    place(record, "__pydantic_fields_set__", _names(tuple(values)))
    place(record, "__pydantic_extra__", None)
    place(record, "__pydantic_private__", None)
    return record


@cache
def _defaults(kind: type[Record]) -> dict[str, object]:
    return {name: None if field.is_required() else field.get_default() for name, field in kind.model_fields.items()}


@cache
def _names(names: tuple[str, ...]) -> set[str]:
    return set(names)
