"""Findings, undetermined answers and doubts in the store, by owner.

An owner is the subject that was asked: `d12` a dossier, `jmk1/2026-03-02` a practitioner's day, `hvega:F12`
a home, `p` the practice, `l` its lots, `s` its sources.
Asking an owner again replaces exactly what it answered before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import sqlcipher3

from connector_core.model.finding import Finding, Undetermined

FindingState = Literal["open", "dismissed", "resolved"]


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A finding with its life: since when it is open, when it last changed, why it was dismissed."""

    finding: Finding
    owner: str
    state: FindingState
    opened_on: str
    changed_on: str
    reason: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Life:
    """What the store must know to compare: without decoding the finding."""

    state: FindingState
    digest: str
    opened_on: str
    reason: str | None


FindingRow = tuple[str, str, str, str, FindingState, str, str, str, str | None, bytes]
"""fingerprint, owner, rule, severity, state, digest, opened_on, changed_on, reason, body."""

_encode = msgspec.msgpack.Encoder().encode
_decode_finding = msgspec.msgpack.Decoder(Finding).decode
_decode_undetermined = msgspec.msgpack.Decoder(list[Undetermined]).decode
_COLUMNS = "fingerprint, owner, rule, severity, state, digest, opened_on, changed_on, reason, body"


class Answers:
    """The answer tables of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def owners(self, first: str) -> list[str]:
        """The owners that have answers and whose names begin with a letter."""
        query = (
            "SELECT owner FROM finding WHERE owner >= ?1 AND owner < ?2"
            " UNION SELECT owner FROM undetermined WHERE owner >= ?1 AND owner < ?2"
        )
        return [owner for (owner,) in self._connection.execute(query, (first, chr(ord(first) + 1)))]

    def lives(self, owners: Collection[str]) -> dict[str, dict[str, Life]]:
        """What is known of the findings of some owners, by owner and fingerprint; owners that have none are left
        out."""
        marks = ",".join("?" * len(owners))
        query = f"SELECT owner, fingerprint, state, digest, opened_on, reason FROM finding WHERE owner IN ({marks})"
        found: dict[str, dict[str, Life]] = {}
        for owner, fingerprint, *life in self._connection.execute(query, tuple(owners)):
            found.setdefault(owner, {})[fingerprint] = Life(*life)
        return found

    def write(self, rows: Iterable[FindingRow]) -> None:
        self._connection.executemany(
            f"INSERT OR REPLACE INTO finding ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )

    def set_state(self, fingerprint: str, state: FindingState, on: str, reason: str | None) -> None:
        self._connection.execute(
            "UPDATE finding SET state = ?, changed_on = ?, reason = ? WHERE fingerprint = ?",
            (state, on, reason, fingerprint),
        )

    def replace_undetermined(self, answers: Iterable[tuple[str, Sequence[Undetermined]]]) -> None:
        """Replace what each of some owners could not answer. What is said again stays as it is."""
        now: list[tuple[str, bytes]] = []
        none: list[str] = []
        for owner, told in answers:
            if told:
                now.append((owner, _encode(told)))
            else:
                none.append(owner)
        self._connection.execute(f"DELETE FROM undetermined WHERE owner IN ({','.join('?' * len(none))})", none)
        self._connection.executemany(
            "INSERT INTO undetermined (owner, answers) VALUES (?, ?)"
            " ON CONFLICT (owner) DO UPDATE SET answers = excluded.answers WHERE answers != excluded.answers",
            now,
        )

    def replace_doubts(self, owner: str, texts: Iterable[str]) -> None:
        """Replace what sources say against each other of an owner (French sentences, with ids, without values)."""
        self._connection.execute("DELETE FROM doubt WHERE owner = ?", (owner,))
        self._connection.executemany("INSERT INTO doubt VALUES (?, ?)", ((owner, text) for text in texts))

    def doubts(self) -> list[str]:
        return [text for (text,) in self._connection.execute("SELECT text FROM doubt ORDER BY rowid")]

    def forget(self, owner: str) -> None:
        """An owner that no longer exists has no answers."""
        self._connection.execute("DELETE FROM finding WHERE owner = ?", (owner,))
        self._connection.execute("DELETE FROM undetermined WHERE owner = ?", (owner,))
        self._connection.execute("DELETE FROM doubt WHERE owner = ?", (owner,))

    def findings(self, *states: FindingState) -> list[KeptFinding]:
        """Every finding in one of the states (all states when none is given), in a stable order."""
        query = f"SELECT {_COLUMNS} FROM finding ORDER BY fingerprint"
        return [_kept(row) for row in self._connection.execute(query) if not states or row[4] in states]

    def find(self, fingerprint: str) -> list[KeptFinding]:
        """The findings whose fingerprint begins so."""
        query = f"SELECT {_COLUMNS} FROM finding WHERE fingerprint GLOB ? ORDER BY fingerprint LIMIT 10"
        return [_kept(row) for row in self._connection.execute(query, (fingerprint + "*",))]

    def undetermined(self) -> list[Undetermined]:
        query = "SELECT answers FROM undetermined ORDER BY number"
        return [answer for (blob,) in self._connection.execute(query) for answer in _decode_undetermined(blob)]


def _kept(row: FindingRow) -> KeptFinding:
    _, owner, _, _, state, digest, opened_on, changed_on, reason, body = row
    return KeptFinding(_decode_finding(body), owner, state, opened_on, changed_on, reason, digest)


def encode_finding(finding: Finding) -> bytes:
    return _encode(finding)
