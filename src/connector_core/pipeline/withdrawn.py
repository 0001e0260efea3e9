"""Rows of sources that are no more, or that are understood otherwise than before: what they alone said is taken back.

Only a database says what it has no more, and only it can be asked for all it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector_core.store.codec import Stored
from connector_core.store.held import TableRows


class Withdrawn:
    """What one attempt takes back, by the hashes of rows."""

    def __init__(self) -> None:
        self._gone: dict[int, set[bytes]] = {}
        self._anew: dict[int, tuple[int, set[bytes]]] = {}
        """By source, the file and the rows that were understood anew: whatever they said before holds no more."""
        self._source_of: Mapping[int, int] = {}

    def withdraw(self, source: int, rows: set[bytes], present: Iterable[TableRows]) -> None:
        """Rows of a source are no more, by their hashes: what they alone said is taken back when all is settled.
        `present` are those that are there; some may be back."""
        gone = self._gone.get(source)
        if gone:
            for table in present:
                gone.difference_update(table.understood())
        if rows:
            self._gone.setdefault(source, set()).update(rows)

    def say_anew(self, source: int, number: int, tables: Iterable[TableRows]) -> None:
        """All that a database has was understood anew, since what rows join on has changed: a record that one of them
        said before may be another's now, or another record."""
        rows = self._anew.setdefault(source, (number, set()))[1]
        for table in tables:
            rows.update(table.understood())

    def gone(self, record: Stored) -> bool:
        """Whether the row that a record was last said by is no more, or has been understood otherwise since."""
        source = self._source_of.get(record.file_number, -1)
        rows, anew = self._gone.get(source), self._anew.get(source)
        if rows is not None and record.row_hash in rows:
            return True
        return anew is not None and record.file_number != anew[0] and record.row_hash in anew[1]

    def __bool__(self) -> bool:
        return bool(self._gone or self._anew)

    def settle(self, source_of: Mapping[int, int]) -> set[bytes]:
        """All rows that are withdrawn. `source_of` says the source of each file, without which no record is known to
        be gone."""
        self._source_of = source_of
        return set().union(*self._gone.values(), *(rows for _, rows in self._anew.values()))
