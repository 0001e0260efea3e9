"""Which rows of a table a pass fetches: none, those that are new since a mark, or all.

A mark is the highest value of a column as an earlier pass saw it. Rows are asked for from the mark on, those that have
it among them, and those that have no value, of which the column says nothing. What is given is compared with what is
held of the table: rows of a known key that say something else have changed, keys that are not known are new. The rows
that are held and those that are new must be as many as the table has. Where they are not, a row was deleted or came in
under the mark, and the table is fetched whole, in the same snapshot; so it is where its highest value has gone down,
where a key stands twice, or where the engine can't ask for rows by a value.

Transactions don't end in the order in which they stamp their rows or draw their numbers: one that is still open when a
pass reads may end later with less than the highest value of then. So a pass does not ask from the mark of the last one,
but from one that was seen at least `SETTLES` before that: whatever transaction took less time from its stamp to its end
is in what is asked for. One that took longer is noticed where it has inserted, by the number of rows; what it has
changed is seen when the whole table is compared.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from connector_core.dialects.plan import PlannedTable
from connector_core.formats.row_hashes import KEY_BYTES, Seeds, key_hash, row_hash
from connector_core.sources.database.engine import Session, Since
from connector_core.sources.database.marks import is_below, value_of
from connector_core.sources.database.plan import Found

SETTLES = timedelta(minutes=15)
"""How long a transaction may take from its stamp to its end, and still be seen by what it has changed."""


class HeldRows(msgspec.Struct, frozen=True):
    """The rows that are held of a table: the hashes of their keys and, cut to the same length, of their bytes, one
    after the other, in one order. `waits` says that one of them names a row of another table that is not there."""

    keys: bytes = b""
    rows: bytes = b""
    waits: bool = False


class Mark(msgspec.Struct, frozen=True):
    """The highest value of a column (`marks`), and when it was seen."""

    value: str
    at: datetime


class TableState(msgspec.Struct, frozen=True):
    """A table as a pass left it: how many rows, the highest value of the column that marks them, what the engine said
    of it alone. `digest` is of its rows, where they are held by nobody who could be asked."""

    rows: int
    version: str | None
    digest: str = ""
    sign: str | None = None
    settled: str | None = None
    """The mark from which on rows are asked for; none before one has settled."""
    settling: Mark | None = None
    """The mark that will be next."""
    compared_at: datetime | None = None
    """When it was last fetched whole."""
    owes: bool = False
    """Whether it may have changed since in a way that only fetching it whole can tell."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table, as lines of an extract: how many, of which so many are new and so many have changed."""

    lines: tuple[bytes, ...]
    rows: int
    new: int
    changed: int


Look = Part | Literal["whole"] | None
"""What there is to fetch of a table."""


@dataclass
class Comparison:
    """Rows as they come, against those that are held of their table."""

    table: PlannedTable
    held: HeldRows
    new: int = 0
    changed: int = 0
    same: int = 0
    _known: dict[int, int] = field(init=False)
    _keys: set[int] = field(default_factory=set)
    _seed: int = field(init=False)

    def __post_init__(self) -> None:
        self._known = dict(zip(_numbers(self.held.keys), _numbers(self.held.rows), strict=True))
        self._seed = Seeds()[self.table.name]

    def take(self, lines: bytes) -> None:
        """Compare some rows, given as whole lines."""
        width, seed, known, keys = self.table.key, self._seed, self._known, self._keys
        for line in lines.split(b"\n")[:-1]:
            key = _number(key_hash(line, width))
            keys.add(key)
            before = known.get(key)
            if before is None:
                self.new += 1
            elif before == _number(row_hash(line, seed)[:KEY_BYTES]):
                self.same += 1
            else:
                self.changed += 1

    @property
    def sound(self) -> bool:
        """Whether no key stands twice, neither in what is held nor in what came."""
        return len(self._known) * KEY_BYTES == len(self.held.keys) and len(self._keys) == self.rows

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.same

    @property
    def altogether(self) -> int:
        """The rows that are held, and those that came and are not."""
        return len(self._known) + self.new

    @property
    def gone(self) -> int:
        """The rows that are held and did not come, where all were asked for."""
        return len(self._known) - self.changed - self.same

    @property
    def alike(self) -> bool:
        """Whether all rows came that are held, as they are held, and no others."""
        return self.sound and not self.new and not self.changed and not self.gone


def _number(cut: bytes) -> int:
    return int.from_bytes(cut, sys.byteorder)


def _numbers(hashes: bytes) -> memoryview:
    """Hashes that are one after the other, as numbers: a table has hundreds of thousands."""
    return memoryview(hashes).cast("Q")


def look(
    session: Session,
    each: Found,
    before: TableState | None,
    now: TableState,
    held: HeldRows | None,
    *,
    overdue: bool,
    went_down: bool,
) -> Look:
    """What there is to fetch of a table, found out with no more than that; `overdue` says that it is to be compared."""
    if before is None or overdue:
        return "whole"
    if (now.sign is not None and now.sign == before.sign) or before.rows == now.rows == 0:
        return None
    if each.mark is None or before.version is None or went_down:
        return "whole"
    if held is None or not session.filters or value_of(before.version) is None:
        return None if (before.rows, before.version) == (now.rows, now.version) else "whole"
    if before.settled is None:
        return "whole"
    part = _part(session, each, Since(each.mark, before.settled), now.rows, held)
    if part is None:
        return "whole"
    return part if part.new or part.changed else None


def went_down(session: Session, each: Found, before: TableState | None, now: TableState) -> bool:
    """Whether the highest value is below that of before, in the order of the database: a copy of an earlier day was put
    back, or a clock."""
    if each.mark is None or not session.filters or before is None or before.version is None:
        return False
    if now.version == before.version:
        return False
    if now.version is None or value_of(before.version) is None or value_of(now.version) is None:
        return True
    below = is_below(now.version, before.version)
    if below is not None:
        return below
    return session.count(each.table, Since(each.mark, before.version)) < session.count(
        each.table, Since(each.mark, now.version)
    )


def _part(session: Session, each: Found, since: Since, rows: int, held: HeldRows) -> Part | None:
    """The rows since a mark; None where they don't tell all."""
    compared = Comparison(each.planned, held)
    lines: list[bytes] = []
    for _, some in session.lines(msgspec.structs.replace(each.read, since=since)):
        lines.append(some)
        compared.take(some)
    if not compared.sound or compared.altogether != rows:
        return None
    return Part(tuple(lines), compared.rows, compared.new, compared.changed)


def left(
    before: TableState | None, now: TableState, looked: Look, digest: str, at: datetime, *, growing: bool, anew: bool
) -> TableState:
    """What a pass leaves of a table that it has looked at. `growing` says that its column tells of new rows alone,
    `anew` that its highest value went down, so that a mark above it means nothing any more."""
    whole = looked == "whole"
    settled, settling = _settling(None if anew else before, now.version, at)
    if anew and before is not None and before.settled is not None and now.version is not None:
        settled = before.settled if is_below(now.version, before.settled) is False else None
    stood = looked is None and before is not None and now.sign is not None and now.sign == before.sign
    return msgspec.structs.replace(
        now,
        digest=before.digest if looked is None and before is not None else digest,
        settled=settled,
        settling=settling,
        compared_at=at if whole or before is None else before.compared_at,
        owes=growing and not whole and (not stood or (before is not None and before.owes)),
    )


def still(before: TableState, at: datetime) -> TableState:
    """What a pass leaves of a table of which it is known that nothing in it has changed."""
    settled, settling = _settling(before, before.version, at)
    return msgspec.structs.replace(before, settled=settled, settling=settling)


def _settling(before: TableState | None, highest: str | None, at: datetime) -> tuple[str | None, Mark | None]:
    """The mark from which on rows are asked for at the next pass, and the one that is next after it."""
    if highest is None or value_of(highest) is None:
        return None, None
    if before is None or before.settling is None or at < before.settling.at:
        return None, Mark(highest, at)
    if before.settled == before.settling.value == highest or at - before.settling.at < SETTLES:
        return before.settled, before.settling
    return before.settling.value, Mark(highest, at)
