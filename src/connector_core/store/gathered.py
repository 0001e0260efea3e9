"""Records that belong together across dossiers: a practitioner's acts, the practice's invoices and returns, by month.

They are copies of what lies in the dossiers, in pieces as they were read.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlcipher3

from connector_core.store.packing import pack, unpack


class Gathered:
    """The table of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def of(self, subject: str, key: str) -> list[bytes]:
        """The pieces of what was gathered for a subject that crosses dossiers, oldest first."""
        query = "SELECT records FROM gathering WHERE subject = ? AND key = ? ORDER BY rowid"
        return [unpack(piece) for (piece,) in self._connection.execute(query, (subject, key))]

    def keys(self, subject: str) -> list[str]:
        """The keys of what was gathered for a subject, in order."""
        query = "SELECT DISTINCT key FROM gathering WHERE subject = ? ORDER BY key"
        return [key for (key,) in self._connection.execute(query, (subject,))]

    def add(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Add pieces to gatherings: (subject, key, records)."""
        packed = ((subject, key, pack(records)) for subject, key, records in rows)
        self._connection.executemany("INSERT INTO gathering VALUES (?, ?, ?)", packed)

    def replace(self, subject: str, key: str, records: bytes) -> None:
        """Write a gathering anew."""
        self._connection.execute("DELETE FROM gathering WHERE subject = ? AND key = ?", (subject, key))
        self.add([(subject, key, records)])
