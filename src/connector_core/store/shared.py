"""Records that belong to no patient: professionals, lots, bank credits."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import sqlcipher3

from connector_core.store.codec import KIND_INDEX, Stored, decode_one, stored_type


class Shared:
    """The table of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def put(self, records: Iterable[tuple[int, int, str, bytes]]) -> None:
        """Keep records that belong to no patient: (kind, source, id, record)."""
        self._connection.executemany("INSERT OR REPLACE INTO shared VALUES (?, ?, ?, ?)", records)

    def record(self, kind: int, source: int, identifier: str) -> bytes | None:
        """What is kept of one record that belongs to no patient."""
        query = "SELECT record FROM shared WHERE kind = ? AND source = ? AND id = ?"
        row = self._connection.execute(query, (kind, source, identifier)).fetchone()
        return None if row is None else row[0]

    def of(self, kind: str) -> list[Stored]:
        """The records of a kind, source by source."""
        query = "SELECT record FROM shared WHERE kind = ? ORDER BY source, id"
        decode = msgspec.msgpack.Decoder(stored_type(kind)).decode
        return [decode(blob) for (blob,) in self._connection.execute(query, (KIND_INDEX[kind],))]

    def drop(self, gone: Callable[[Stored], bool]) -> list[tuple[int, str]]:
        """Drop the records that belong to no patient and are gone; their kinds and ids."""
        dropped: list[tuple[int, str]] = []
        keys: list[tuple[int, int, str]] = []
        for kind, source, identifier, blob in self._connection.execute("SELECT kind, source, id, record FROM shared"):
            stored = decode_one(kind, blob)
            if gone(stored):
                keys.append((kind, source, identifier))
                dropped.append((kind, stored.id))
        self._connection.executemany("DELETE FROM shared WHERE kind = ? AND source = ? AND id = ?", keys)
        return dropped
