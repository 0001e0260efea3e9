"""What there is to see in a database nobody has described: tables, columns, how many rows, the first of them."""

from __future__ import annotations

from itertools import islice

from connector_core.errors import SourceError
from connector_core.formats.extract import ExtractSplitter
from connector_core.sources.database.engine import Session, Table, TableRead
from connector_core.sources.database.exchange import Examined, Sampled

LONGEST = 2000
"""Characters of a value that are looked at: letters and pictures may be kept in a column."""


def examine(session: Session, sample: int) -> Examined:
    """The schema, and `sample` rows of each table; a table that this account may not read has none."""
    schema = session.schema()
    sampled: dict[str, Sampled] = {}
    for table in schema.tables if sample else ():
        try:
            sampled[table.name] = _sampled(session, table, sample)
        except SourceError:
            continue
    return Examined(schema, session.isolation, sampled, session.filters)


def _sampled(session: Session, table: Table, sample: int) -> Sampled:
    names = table.names()
    read = TableRead(table.name, names, table.key or names[:1])
    split = ExtractSplitter(len(names)).values
    rows: list[list[str]] = []
    for _, lines in session.lines(read):
        rows += [_cut(split(line)) for line in islice(lines.splitlines(), sample - len(rows))]
        if len(rows) >= sample:
            break
    return Sampled(session.count(table.name), tuple(tuple(row) for row in rows))


def _cut(values: list[str]) -> list[str]:
    return [value[:LONGEST] for value in values]
