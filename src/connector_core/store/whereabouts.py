"""In which dossier each record was last put, by a hash of its kind and id.

It answers one question: a record arrives in a dossier, was it in another one before? It is made of all dossiers when
that is first asked, and kept up from then on in the transactions that move records. A dossier that is named here may
have lost the record since, so whoever asks looks there before anything is taken out.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

import sqlcipher3
import xxhash

WAITING = 0
"""Stands for the dossier of a record that waits for its invoice; no dossier has this number."""
_KEPT_FACT = "whereabouts"
_SIGN = 1 << 63
_RANGE_BITS = 6


def record_hash(kind: int, identifier: str) -> int:
    """What a record is known by: 64 bits of its kind's number and of its id with the name of its source.

    The kind is hashed with the id: as a seed, a small number makes one hash of short texts that differ by as much.
    """
    return xxhash.xxh3_64_intdigest(f"{kind} {identifier}".encode()) - _SIGN


class Whereabouts:
    """The table of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    @property
    def kept(self) -> bool:
        """Whether it names every record that the store has."""
        query = "SELECT 1 FROM fact WHERE name = ?"
        return self._connection.execute(query, (_KEPT_FACT,)).fetchone() is not None

    def keep(self, places: Iterable[tuple[int, int]]) -> None:
        """Begin with all records that the store has: (hash, dossier). They are written in order, one range of hashes
        after the other, so that no page is written twice."""
        ranges = [(array("q"), array("I")) for _ in range(1 << _RANGE_BITS)]
        for record, dossier in places:
            records, dossiers = ranges[record + _SIGN >> 64 - _RANGE_BITS]
            records.append(record)
            dossiers.append(dossier)
        for records, dossiers in ranges:
            self.put(sorted(zip(records, dossiers, strict=True)))
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, '')", (_KEPT_FACT,))

    def put(self, places: Iterable[tuple[int, int]]) -> None:
        """Records are in these dossiers now: (hash, dossier)."""
        self._connection.executemany("INSERT OR REPLACE INTO whereabouts VALUES (?, ?)", places)

    def of(self, records: Sequence[int]) -> Mapping[int, int]:
        """The dossiers of a few hundred records, by hash; those that are not known are left out."""
        marks = ",".join("?" * len(records))
        return dict(
            self._connection.execute(f"SELECT record, dossier FROM whereabouts WHERE record IN ({marks})", records)
        )
