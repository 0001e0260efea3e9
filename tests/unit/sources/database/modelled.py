"""A database whose tables are those of the common model, one a kind, one column a field; and the dialect that reads it.

It stands for no vendor: it is the twin of a pivot file, for every engine alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.model.pivot import record_to_json
from connector_core.model.records import KINDS, Record, field_names
from connector_core.model.shape import target_of
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector

INFO = ConnectorInfo(id="modele", vendor="Essai", product="Base d'essai", version="1.0")
_CONVERTERS = {
    "date": "date_iso",
    "time": "time",
    "timestamp": "timestamp_iso",
    "decimal": "decimal_point",
    "integer": "integer",
    "boolean": "boolean",
    "list": "words",
}


def columns_of(kind: str) -> tuple[str, ...]:
    return tuple(name for name in field_names(KINDS[kind]) if name != "vendor")


def dialect_text(*, version: str | None = None, kinds: Iterable[str] = KINDS, id: str = "modele-base") -> str:
    """A dialect for these tables; `version` names the column that grows with every change of a row."""
    lines = [
        "[dialect]",
        f'id = "{id}"',
        'title = "Base d\'essai"',
        'version = "1"',
        "",
        "[format]",
        'kind = "database"',
    ]
    for kind in kinds:
        lines += ["", "[[table]]", f'name = "{kind}"', 'key = ["id"]']
        if version is not None:
            lines.append(f'version_column = "{version}"')
        lines += ["[[table.record]]", f'kind = "{kind}"', "[table.record.fields]"]
        for name in columns_of(kind):
            converter = _CONVERTERS.get(target_of(KINDS[kind], name))
            how = f', as = "{converter}"' if converter else ""
            lines.append(f'{name} = {{ from = "{name}"{how} }}')
    return "\n".join(lines) + "\n"


def dialect(**options: object) -> Dialect:
    return read_dialect(dialect_text(**options), "modele.toml")  # type: ignore[arg-type]  # options are those of the text


def connector(**options: object) -> DialectConnector:
    return DialectConnector(INFO, [dialect(**options)])


def row_of(record: Record) -> dict[str, object]:
    """The values of a record as a column of text holds them, but for numbers and booleans."""
    values = record_to_json(record)
    return {
        name: ",".join(value) if isinstance(value := values.get(name), list) else value
        for name in columns_of(record.record)
    }


def rows_of(records: Iterable[Record]) -> Iterator[tuple[str, dict[str, object]]]:
    return ((record.record, row_of(record)) for record in records)


def sqlite_practice(path: Path, records: Iterable[Record], *, more: Sequence[str] = (), journal: str = "wal") -> Path:
    """Write a practice; `more` are columns that every table has beside those of the model."""
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"PRAGMA journal_mode = {journal}")
        for kind in KINDS:
            columns = ", ".join(f'"{name}"' for name in (*columns_of(kind), *more))
            base.execute(f'CREATE TABLE "{kind}" ({columns}, PRIMARY KEY (id))')
        for kind, row in rows_of(records):
            marks = ", ".join("?" * len(row))
            named = ", ".join(f'"{name}"' for name in row)
            base.execute(f'INSERT INTO "{kind}" ({named}) VALUES ({marks})', list(row.values()))
        base.commit()
    return path
