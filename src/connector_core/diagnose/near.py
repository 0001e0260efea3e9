"""The known layout that a delimited text nobody recognises is nearest to, and what keeps it from being one."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from connector_core.dialects.compiler import missing_columns
from connector_core.dialects.physical import delimited_format
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.host import PluginHost

_NEAR = 0.5
"""The least part of a layout's columns that has to be there for it to be worth telling."""


@dataclass(frozen=True, slots=True)
class Near:
    """A table of a dialect that is nearly this file. `missing` are columns that the dialect names and the file has not;
    `encoding` and `separator` are what the dialect expects, where the file has another."""

    connector: str
    dialect: str
    table: str
    missing: tuple[str, ...]
    encoding: str | None
    separator: str | None


def nearest_layout(
    host: PluginHost, columns: Sequence[str], encoding: str, separator: str, among: Sequence[str] | None = None
) -> Near | None:
    """The nearest layout of the connectors that run here (or of those `among` the ids given), None where none is near
    or nothing of it can be told to differ. `encoding` is empty where every one would do."""
    found: list[tuple[float, Near]] = []
    for name, registered in host.connectors.items():
        connector: object = registered.connector
        if (among is not None and name not in among) or not isinstance(connector, ReadsDialects):
            continue
        for dialect in connector.dialects.values():
            if dialect.format.kind != "delimited":
                continue
            expected = delimited_format(dialect, 1)
            for table in dialect.tables:
                used = table.used_columns()
                missing = missing_columns(table, columns)
                if table.columns or not used:
                    continue
                near = Near(
                    name,
                    dialect.id,
                    table.name,
                    missing,
                    None if not encoding or _alike(expected.encoding, encoding) else expected.encoding,
                    None if expected.separator == separator else expected.separator,
                )
                found.append((1 - len(missing) / len(used), near))
    if not found:
        return None
    share, nearest = max(found, key=lambda each: each[0])
    differs = nearest.missing or nearest.encoding or nearest.separator
    return nearest if share >= _NEAR and differs else None


def _alike(one: str, other: str) -> bool:
    """Whether two names are of one encoding, with a mark at the beginning or without."""
    return codecs.lookup(one).name.removesuffix("-sig") == codecs.lookup(other).name.removesuffix("-sig")
