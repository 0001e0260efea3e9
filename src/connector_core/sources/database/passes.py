"""One pass over a database: what is new since the last one, as an extract.

In one snapshot: the schema is compared with the one that is known, and where the tables that are read are no longer
what they were, nothing is read. Then it is found out which tables may have changed: the engine may know of a text that
changes with all or with each of them, a dialect of a column that marks what is new (`parts`). Of a table with such a
column the rows since a mark are fetched, others whole; what stands still is left out. Once in a while every table is
fetched, since such signs can be wrong: a clock that was set back, a transaction that was committed late. A column that
only grows with new rows says nothing of old ones: its table is compared more often. When what was fetched is what it
was, there is nothing to read.

A row is understood with what its joined tables say. New rows of a joined table change nothing in what others were
understood as, but for rows that waited for one: tables that have some are fetched whole then. When anything that a
joined table has said is otherwise, or gone, every table is fetched whole.

A database that has lost half of the rows of a table at once is another one, or was restored or emptied: nothing is
taken from it either until a person says so, since every row that a whole table no longer has counts as deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import xxhash

from connector_core.dialects.plan import Plan
from connector_core.formats.extract import (
    EXTRACT_ENDS,
    ExtractHeader,
    ExtractTable,
    encoded_header,
    table_begins,
    table_ends,
)
from connector_core.sources.database.drift import same
from connector_core.sources.database.engine import Schema, Session
from connector_core.sources.database.parts import (
    Comparison,
    HeldRows,
    Look,
    Part,
    TableState,
    left,
    look,
    still,
    went_down,
)
from connector_core.sources.database.plan import Found, found_in

COMPARE_EVERY = timedelta(days=1)
"""How long signs of change are believed before every table is fetched and compared."""
_FEW = 100
"""Rows under which a table may lose as many as it will."""


class Fetched(msgspec.Struct, frozen=True):
    """What a pass fetched of a table: so many rows `of` as many as it has; `whole` when no row is left out."""

    table: str
    rows: int
    of: int
    whole: bool


class Known(msgspec.Struct, frozen=True):
    """What is known of a database since its last pass. `plan` is the digest of the dialect that it was read for;
    `accepted` says that a person takes the next pass for what it is, however few rows it has; `paused` is why nothing
    is read."""

    plan: str = ""
    dialect: str = ""
    schema: Schema | None = None
    token: str | None = None
    tables: Mapping[str, TableState] = {}
    compared_at: datetime | None = None
    isolation: str = ""
    accepted: bool = False
    paused: str | None = None
    seen: Schema | None = None
    """The schema that was there when it was paused."""
    failures: int = 0
    """How often running what its last extract holds has failed."""
    fetched: tuple[Fetched, ...] = ()
    """What the last pass fetched that found something new."""
    connector: str = ""
    """What understood the rows that are held: another connector may understand them otherwise."""


Status = Literal["taken", "unchanged", "drifted", "shrunk", "unfit"]


class Passed(msgspec.Struct, frozen=True):
    """What a pass came to. `taken` is the only one that has written an extract; `known` is what is known from now on,
    once the extract was read. `missing` names what no dialect found, `shrunk` the tables that lost too much."""

    status: Status
    known: Known
    missing: tuple[str, ...] = ()
    shrunk: tuple[str, ...] = ()
    fetched: tuple[Fetched, ...] = ()


Write = Callable[[bytes], object]
Held = Mapping[str, HeldRows | None]
"""What is held of tables, by name; None where something is, and nobody knows of which keys. Only what is held of tables
with a mark, or that others join on, is looked at."""


def run_pass(
    session: Session,
    plans: Sequence[Plan],
    known: Known,
    number: int,
    now: datetime,
    write: Write,
    held: Held | None = None,
    compare: timedelta = COMPARE_EVERY,
) -> Passed:
    """Read a snapshot. What `write` was given counts only if the answer is `taken`.

    `compare` is how often a table is compared of whose changes nothing tells but its new rows.
    """
    known = msgspec.structs.replace(known, paused=None, seen=None)
    schema = session.schema()
    plan, found, missing = _fitting(plans, schema)
    if plan is None:
        unfit = known.schema is None or not any(plan.digest == known.plan for plan in plans)
        seen = msgspec.structs.replace(known, seen=schema)
        return Passed("unfit" if unfit else "drifted", seen, tuple(missing))
    read = schema.only([each.table for each in found])
    if plan.digest != known.plan:
        known = Known(plan.digest, plan.dialect, accepted=known.accepted, connector=known.connector)
    elif known.schema is not None and not same(known.schema, read):
        return Passed("drifted", msgspec.structs.replace(known, seen=schema))
    base = _Base(session, known, held or {}, now, compare)
    token = session.token([each.table for each in found])
    full = base.to_compare
    if not full and token is not None and token == known.token and not any(map(base.overdue, found)):
        stood = {name: still(state, now) for name, state in known.tables.items()}
        return Passed("unchanged", msgspec.structs.replace(known, tables=stood))
    states = {each.planned.name: _state(session, each) for each in found}
    shrunk = tuple(name for name, state in states.items() if _shrunk(known.tables.get(name), state))
    if shrunk and not known.accepted:
        return Passed("shrunk", known, shrunk=shrunk)
    looks = {each.planned.name: base.look(each, states[each.planned.name], full=full) for each in found}
    if not full:
        base.join(found, looks)
    got = _fetch(base, plan, found, looks, number, write)
    tables: dict[str, TableState] = {}
    for each in found:
        name = each.planned.name
        digest = got[name].digest if name in got else ""
        growing, anew = each.planned.growing is not None, name in base.went_down
        tables[name] = left(known.tables.get(name), states[name], looks[name], digest, now, growing=growing, anew=anew)
    fetched = tuple(Fetched(name, one.rows, states[name].rows, looks[name] == "whole") for name, one in got.items())
    new = not all(one.alike for one in got.values())
    after = Known(
        plan.digest,
        plan.dialect,
        read,
        token,
        {**known.tables, **tables},
        now if full else known.compared_at,
        session.isolation,
        fetched=fetched if new else known.fetched,
        connector=known.connector,
    )
    return Passed("taken", after, fetched=fetched) if new else Passed("unchanged", after)


@dataclass(frozen=True, slots=True)
class _Got:
    """What was fetched of a table: how many rows, the digest of a whole one, whether it is what it was."""

    rows: int
    digest: str
    alike: bool


@dataclass
class _Base:
    """A snapshot, and what is known and held of the one before."""

    session: Session
    known: Known
    held: Held
    now: datetime
    compare: timedelta
    went_down: set[str] = field(default_factory=set)
    """The tables whose highest value is below what it was."""

    @property
    def to_compare(self) -> bool:
        """Whether every table is to be fetched, whatever any sign says."""
        at = self.known.compared_at
        return (
            at is None
            or not timedelta() <= self.now - at < COMPARE_EVERY
            or any(name in self.held and self.held[name] is None for name in self.known.tables)
        )

    def overdue(self, each: Found) -> bool:
        """Whether a table may have changed unseen for as long as that may last."""
        before = self.known.tables.get(each.planned.name)
        if before is None or not before.owes:
            return False
        return before.compared_at is None or not timedelta() <= self.now - before.compared_at < self.compare

    def look(self, each: Found, state: TableState, *, full: bool) -> Look:
        """What there is to fetch of a table, whatever those say that it joins."""
        name = each.planned.name
        before = self.known.tables.get(name)
        down = went_down(self.session, each, before, state)
        if down:
            self.went_down.add(name)
        if full:
            return "whole"
        held = self.held.get(name)
        return look(self.session, each, before, state, held, overdue=self.overdue(each), went_down=down)

    def join(self, found: Iterable[Found], looks: dict[str, Look]) -> None:
        """Widen what is fetched by what joined tables say otherwise than before, or anew."""
        more = False
        for each in found:
            name = each.planned.name
            if not each.planned.joined or looks[name] is None:
                continue
            match self._said(each, looks[name]):
                case "otherwise":
                    looks.update((other, "whole") for other in looks)
                    return
                case "more":
                    more = True
                case "same":
                    looks[name] = None
        if more:
            held = [(name, self.held.get(name)) for name in looks]
            looks.update((name, "whole") for name, rows in held if rows is not None and rows.waits)

    def _said(self, each: Found, looked: Look) -> Literal["same", "more", "otherwise"]:
        """What a joined table says, in view of what it said; found out by reading it, where it is not a part."""
        if isinstance(looked, Part):
            return "otherwise" if looked.changed else "more"
        read = self.reading(each)
        for count, lines in self.session.lines(each.read):
            read.take(count, lines)
        if read.alike:
            return "same"
        compared = read.compared
        known = compared is not None and compared.sound and not compared.changed and not compared.gone
        return "more" if known else "otherwise"

    def reading(self, each: Found) -> _Read:
        """What takes note of a whole table as it is read."""
        name = each.planned.name
        held, before = self.held.get(name), self.known.tables.get(name)
        compared = Comparison(each.planned, held) if held is not None and each.planned.compared else None
        return _Read("" if (name in self.held and held is None) or before is None else before.digest, compared)


@dataclass
class _Read:
    """A whole table as it is read: how many rows, their digest, and whether it is what it was. `before` was its digest,
    empty where that means nothing; where rows are held, those count."""

    before: str
    compared: Comparison | None
    rows: int = 0
    _digest: xxhash.xxh3_128 = field(default_factory=xxhash.xxh3_128)

    def take(self, count: int, lines: bytes) -> None:
        self.rows += count
        self._digest.update(lines)
        if self.compared is not None:
            self.compared.take(lines)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    @property
    def alike(self) -> bool:
        return self.digest == self.before if self.compared is None else self.compared.alike


def _fitting(plans: Sequence[Plan], schema: Schema) -> tuple[Plan | None, list[Found], list[str]]:
    """The first plan all of whose tables and columns are there; else what the nearest one misses."""
    nearest: list[str] | None = None
    for plan in plans:
        found, missing = found_in(plan, schema)
        if not missing:
            return plan, found, []
        if nearest is None or len(missing) < len(nearest):
            nearest = missing
    return None, [], nearest or []


def _state(session: Session, each: Found) -> TableState:
    version = None if each.mark is None else session.highest(each.table, each.mark)
    return TableState(session.count(each.table), version, sign=session.token([each.table]))


def _shrunk(before: TableState | None, now: TableState) -> bool:
    return before is not None and before.rows >= _FEW and now.rows * 2 < before.rows


def _fetch(
    base: _Base, plan: Plan, found: Sequence[Found], looks: Mapping[str, Look], number: int, write: Write
) -> dict[str, _Got]:
    """Write the extract of what there is to fetch, if anything is."""
    due = [(each, looked) for each in found if (looked := looks[each.planned.name]) is not None]
    if not due:
        return {}
    got: dict[str, _Got] = {}
    tables = tuple(
        ExtractTable(each.planned.name, each.planned.columns, each.planned.key, looked == "whole")
        for each, looked in due
    )
    write(encoded_header(ExtractHeader(plan.dialect, number, tables)))
    for each, looked in due:
        name = each.planned.name
        write(table_begins(name))
        if isinstance(looked, Part):
            for lines in looked.lines:
                write(lines)
            got[name] = _Got(looked.rows, "", alike=False)
        else:
            read = base.reading(each)
            for count, lines in base.session.lines(each.read):
                read.take(count, lines)
                write(lines)
            got[name] = _Got(read.rows, read.digest, alike=read.alike)
        write(table_ends(got[name].rows))
    write(EXTRACT_ENDS)
    return got


def accepted(known: Known) -> Known:
    """What is known of a database when a person takes it for what it is: the next pass looks at everything."""
    return msgspec.structs.replace(known, schema=None, token=None, compared_at=None, accepted=True, paused=None)


def problem_of(passed: Passed) -> str | None:
    """Why nothing is read of a database from now on, for a person; None where it is."""
    match passed.status:
        case "unfit":
            return f"la base n'a pas les tables ou les colonnes attendues ({_listed(passed.missing)})"
        case "drifted":
            return "la structure de la base a changé"
        case "shrunk":
            return f"plus de la moitié des lignes ont disparu ({_listed(passed.shrunk)})"
        case _:
            return None


def _listed(names: Sequence[str]) -> str:
    more = f" et {len(names) - _NAMED} autres" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


_NAMED = 5
"""Tables or columns that a sentence names."""
