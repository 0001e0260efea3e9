"""What is to be delivered, and what became of it.

The promise of this table: what is to be delivered is committed together with what it is about, or not at all. A parcel
has a slot, the place that it takes (a file of the report, what one person is told of a day): the newest in a slot takes
the place of what waited there, and one whose key is the same as before changes nothing, so that nothing is delivered
again because a process was killed and told again. A parcel waits until it is due, is tried, then waits again, is done,
or is given up; nothing that was given up disappears until something newer takes its slot.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import sqlcipher3

ParcelState = Literal["waiting", "trying", "done", "given_up"]
ParcelKind = Literal["file", "notice", "write_back"]

_COLUMNS = "slot, key, kind, body, state, attempts, queued_at, due_at, done_at, problem"
_SAID = (
    "SELECT group_concat(fingerprint || digest || state, ' ') FROM"
    " (SELECT fingerprint, digest, state FROM finding WHERE state IN ('open', 'dismissed') ORDER BY state, digest)",
    "SELECT state, max(number), count(*), total(rows), total(new_rows), total(rejects) FROM file GROUP BY state",
    "SELECT name, value FROM fact WHERE name IN ('as_of', 'recovered', 'rules') ORDER BY name",
)
"""What reports say within a day changes with nothing else: findings and their state, files, the day, the rules and
a recovery. An index has all that is asked of findings, so that it costs milliseconds in the transaction that commits
them."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to deliver. Instants are in ISO form, in UTC, so that their order is that of their texts; `problem` is
    what the last try met (French, without data)."""

    slot: str
    key: str
    kind: ParcelKind
    body: bytes
    state: ParcelState
    attempts: int
    queued_at: str
    due_at: str
    done_at: str | None
    problem: str | None


class Outbox:
    """The outbox of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def put(self, slot: str, key: str, kind: ParcelKind, body: bytes, at: str, due_at: str) -> bool:
        """Have something delivered from `due_at` on; False where the same is there already."""
        cursor = self._connection.execute(
            f"INSERT INTO outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, NULL, NULL)"
            " ON CONFLICT (slot) DO UPDATE SET key = excluded.key, kind = excluded.kind, body = excluded.body,"
            " state = 'waiting', attempts = 0, queued_at = excluded.queued_at, due_at = excluded.due_at,"
            " done_at = NULL, problem = NULL WHERE key != excluded.key",
            (slot, key, kind, body, at, due_at),
        )
        return bool(cursor.rowcount)

    def parcels(self, *states: ParcelState) -> list[Parcel]:
        """Everything in one of the states (in any when none is given), what is due first coming first."""
        query = f"SELECT {_COLUMNS} FROM outbox ORDER BY due_at, slot"
        return [Parcel(*row) for row in self._connection.execute(query) if not states or row[4] in states]

    def trying(self, parcel: Parcel, due_at: str) -> None:
        """A try begins; should it fail, the next is due then. What the last one met stays noted until this one ends."""
        self._change(parcel, "state = 'trying', attempts = attempts + 1, due_at = ?", due_at)

    def done(self, parcel: Parcel, at: str) -> None:
        """It was delivered; unless something newer has taken its slot."""
        self._change(parcel, "state = 'done', done_at = ?, problem = NULL", at)

    def failed(self, parcel: Parcel, problem: str) -> None:
        """The try failed."""
        self._change(parcel, "state = 'waiting', problem = ?", problem)

    def given_up(self, parcel: Parcel, problem: str) -> None:
        """The last try failed."""
        self._change(parcel, "state = 'given_up', problem = ?", problem)

    def put_off(self, parcel: Parcel, due_at: str) -> None:
        """It may not be delivered now; that is nobody's fault."""
        self._change(parcel, "due_at = ?", due_at)

    def again(self, parcel: Parcel, at: str) -> None:
        """Begin anew with what waits or was given up."""
        self._change(parcel, "state = 'waiting', attempts = 0, due_at = ?, problem = NULL", at)

    def forget(self, parcel: Parcel) -> None:
        self._connection.execute("DELETE FROM outbox WHERE slot = ? AND key = ?", (parcel.slot, parcel.key))

    def forget_notices(self, before: str) -> None:
        """Forget notices that were delivered, or given up, and queued before an instant."""
        query = "DELETE FROM outbox WHERE kind = 'notice' AND state != 'waiting' AND queued_at < ?"
        self._connection.execute(query, (before,))

    def stamp(self) -> str:
        """Changes whenever what the store says to people changes, and with nothing else."""
        digest = hashlib.blake2b(digest_size=16)
        for query in _SAID:
            for row in self._connection.execute(query):
                digest.update(repr(row).encode())
        return digest.hexdigest()

    def _change(self, parcel: Parcel, change: str, *values: str) -> None:
        query = f"UPDATE outbox SET {change} WHERE slot = ? AND key = ?"
        self._connection.execute(query, (*values, parcel.slot, parcel.key))
