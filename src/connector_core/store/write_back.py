"""The ledger of what was written into a vendor's software, so that it can be told, withdrawn and undone.

The promise of these tables: before anything is written, what is about to be written is committed here (`intend`);
after it was written, that it is there (`settle`). What a process that ended in between has done is found out by looking
for the flag's mark, which is written with it: neither tells of a flag twice, nor forgets one.

A flag lies in a spot: a text column of one row, a row or a file of its own. Of a spot the ledger keeps what was there
before the first flag and what was there after the last write, exactly; several flags may share one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec
import sqlcipher3

from connector_core.model.vocabulary import Severity

FlagState = Literal["absent", "written", "withdrawn", "undone", "left"]
"""absent: not written yet; written: there; withdrawn: taken out, since its finding is over or says something else;
undone: taken out, since a person wanted that; left: changed by somebody else since, or taken in by the software, and
not touched any more."""
Intent = Literal["write", "hand_over", "withdraw", "undo"]
"""What was about to be done. hand_over: a file that is whole and only lacks its name."""

Content = Mapping[str, str | None]
"""What lies in a spot, by column, each value as exact text; a file has one column, its bytes in hexadecimal."""


class Flag(msgspec.Struct, frozen=True):
    """What is written of one finding in one place. `patient` is the id that the vendor's software gives."""

    mark: str
    fingerprint: str
    rule: str
    severity: Severity
    patient: str
    day: date
    text: str


class Held(msgspec.Struct, frozen=True):
    """What a spot held before the first flag, and what it holds since the last write; None where nothing was."""

    original: dict[str, str | None] | None
    current: dict[str, str | None] | None


@dataclass(frozen=True, slots=True)
class KeptFlag:
    """A flag with what became of it. `intent` is what was about to be done, and is not known to be; `problem` is why it
    was not (French, without data)."""

    flag: Flag
    place: str
    spot: str
    state: FlagState
    intent: Intent | None
    changed_at: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class KeptSpot:
    """What the ledger knows of a spot, and what it is about to hold."""

    held: Held | None
    intended: Held | None


_encode = msgspec.msgpack.Encoder().encode
_decode_flag = msgspec.msgpack.Decoder(Flag).decode
_decode_held = msgspec.msgpack.Decoder(Held).decode


class Ledger:
    """The ledger of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def flags(self, source: str) -> list[KeptFlag]:
        """Every flag of a source, in a stable order."""
        query = (
            "SELECT body, place, spot, state, intent, changed_at, problem FROM flag WHERE source = ?"
            " ORDER BY place, spot, mark"
        )
        return [KeptFlag(_decode_flag(body), *rest) for body, *rest in self._connection.execute(query, (source,))]

    def spots(self, source: str) -> dict[tuple[str, str], KeptSpot]:
        """Every spot of a source, by place and spot."""
        query = "SELECT place, spot, content, intended FROM spot WHERE source = ?"
        return {
            (place, spot): KeptSpot(_held(content), _held(intended))
            for place, spot, content, intended in self._connection.execute(query, (source,))
        }

    def intend(
        self, source: str, place: str, spot: str, flags: Iterable[tuple[Flag, Intent]], held: Held, at: str
    ) -> None:
        """A spot is about to hold something else, for the sake of some flags."""
        for flag, intent in flags:
            self._connection.execute(
                "INSERT INTO flag (mark, source, place, spot, body, state, intent, changed_at)"
                " VALUES (?, ?, ?, ?, ?, 'absent', ?, ?)"
                " ON CONFLICT (mark) DO UPDATE SET intent = excluded.intent, changed_at = excluded.changed_at,"
                " problem = NULL",
                (flag.mark, source, place, spot, _encode(flag), intent, at),
            )
        self._connection.execute(
            "INSERT INTO spot (source, place, spot, intended) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (source, place, spot) DO UPDATE SET intended = excluded.intended",
            (source, place, spot, _encode(held)),
        )

    def hold(self, source: str, place: str, spot: str, held: Held | None) -> None:
        """What a spot is now known to hold; None where no flag lies in it any more."""
        if held is None:
            query = "DELETE FROM spot WHERE source = ? AND place = ? AND spot = ?"
            self._connection.execute(query, (source, place, spot))
            return
        self._connection.execute(
            "INSERT OR REPLACE INTO spot (source, place, spot, content) VALUES (?, ?, ?, ?)",
            (source, place, spot, _encode(held)),
        )

    def settle(
        self, source: str, place: str, spot: str, flag: Flag, state: FlagState, at: str, problem: str | None = None
    ) -> None:
        """What became of a flag."""
        self._connection.execute(
            "INSERT OR REPLACE INTO flag (mark, source, place, spot, body, state, changed_at, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (flag.mark, source, place, spot, _encode(flag), state, at, problem),
        )

    def forget(self, mark: str) -> None:
        """Nothing is to be known of a flag any more."""
        self._connection.execute("DELETE FROM flag WHERE mark = ?", (mark,))


def _held(blob: bytes | None) -> Held | None:
    return None if blob is None else _decode_held(blob)
