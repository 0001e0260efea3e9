"""What understanding a row gives, before the model validates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from connector_core.model.records import Record

Draft = tuple[type[Record], dict[str, object]]
"""A record kind and typed values."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that needs a row of another table which has not been read yet: `table` by `key`."""

    table: str
    key: str


class Lookup(Protocol):
    """Values remembered from tables that others join on."""

    def find(self, table: str, key: str) -> Mapping[str, str] | None: ...


@runtime_checkable
class WholeTables(Protocol):
    """What a look-up may offer beside `find`: all that is remembered of one table, by its keys."""

    def table(self, name: str) -> Mapping[str, Mapping[str, str]]: ...


class NoLookup:
    """For sources whose tables are not joined."""

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        return None
