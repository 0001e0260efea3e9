"""One pass over a database: what is new since the last one, as an extract.

In one snapshot: the schema is compared with the one that is known, and where the tables that are read are no longer
what they were, nothing is read. Then it is found out which tables may have changed: the engine may know of a text that
changes with all or with each of them, a dialect of a column that grows with every change of a row. Those are fetched
whole, the others are left out; a table that others join on brings them all along when it has changed. Once in a while
every table is fetched, since such signs can be wrong: a clock that was set back, a transaction that was committed late.
When what was fetched is what it was, there is nothing to read.

A database that has lost half of the rows of a table at once is another one, or was restored or emptied: nothing is
taken from it either until a person says so, since every row that a whole table no longer has counts as deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from connector_core.sources.database.plan import Found, found_in

COMPARE_EVERY = timedelta(days=1)
"""How long signs of change are believed before every table is fetched and compared."""
_FEW = 100
"""Rows under which a table may lose as many as it will."""


class TableState(msgspec.Struct, frozen=True):
    """A table as a pass left it: how many rows, the highest value of its version column, the digest of its rows, what
    the engine said of it alone."""

    rows: int
    version: str | None
    digest: str
    sign: str | None = None


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


Status = Literal["taken", "unchanged", "drifted", "shrunk", "unfit"]


class Passed(msgspec.Struct, frozen=True):
    """What a pass came to. `taken` is the only one that has written an extract; `known` is what is known from now on,
    once the extract was read. `missing` names what no dialect found, `shrunk` the tables that lost too much."""

    status: Status
    known: Known
    missing: tuple[str, ...] = ()
    shrunk: tuple[str, ...] = ()
    rows: int = 0
    fetched: tuple[str, ...] = ()


Write = Callable[[bytes], object]


def run_pass(session: Session, plans: Sequence[Plan], known: Known, number: int, now: datetime, write: Write) -> Passed:
    """Read a snapshot. What `write` was given counts only if the answer is `taken`."""
    known = msgspec.structs.replace(known, paused=None, seen=None)
    schema = session.schema()
    plan, found, missing = _fitting(plans, schema)
    if plan is None:
        unfit = known.schema is None or not any(plan.digest == known.plan for plan in plans)
        seen = msgspec.structs.replace(known, seen=schema)
        return Passed("unfit" if unfit else "drifted", seen, tuple(missing))
    read = schema.only([each.table for each in found])
    if plan.digest != known.plan:
        known = Known(plan.digest, plan.dialect, accepted=known.accepted)
    elif known.schema is not None and not same(known.schema, read):
        return Passed("drifted", msgspec.structs.replace(known, seen=schema))
    token = session.token([each.table for each in found])
    full = known.compared_at is None or not timedelta() <= now - known.compared_at < COMPARE_EVERY
    if not full and token is not None and token == known.token:
        return Passed("unchanged", known)
    states = {each.planned.name: _state(session, each) for each in found}
    shrunk = tuple(name for name, state in states.items() if _shrunk(known.tables.get(name), state))
    if shrunk and not known.accepted:
        return Passed("shrunk", known, shrunk=shrunk)
    due = [each for each in found if full or _may_differ(known, each, states[each.planned.name])]
    if any(each.planned.joined and _differs(session, each, known) for each in due):
        due = found
    else:
        due = [each for each in due if not each.planned.joined]
    fetched = _fetch(session, plan, due, number, write) if due else {}
    tables = {**known.tables, **states, **{name: _with(states[name], each) for name, each in fetched.items()}}
    for name, state in tables.items():
        if not state.digest:
            tables[name] = _with(state, (state.rows, known.tables[name].digest))
    after = Known(
        plan.digest,
        plan.dialect,
        read,
        token,
        tables,
        now if full else known.compared_at,
        session.isolation,
    )
    if all(name in known.tables and known.tables[name].digest == digest for name, (_, digest) in fetched.items()):
        return Passed("unchanged", after)
    rows = sum(rows for rows, _ in fetched.values())
    return Passed("taken", after, rows=rows, fetched=tuple(fetched))


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
    version = None if each.version is None else session.highest(each.table, each.version)
    return TableState(session.count(each.table), version, "", session.token([each.table]))


def _shrunk(before: TableState | None, now: TableState) -> bool:
    return before is not None and before.rows >= _FEW and now.rows * 2 < before.rows


def _may_differ(known: Known, each: Found, now: TableState) -> bool:
    before = known.tables.get(each.planned.name)
    if before is not None and now.sign is not None and now.sign == before.sign:
        return False
    if before is None or each.version is None:
        return True
    return (before.rows, before.version) != (now.rows, now.version)


def _differs(session: Session, each: Found, known: Known) -> bool:
    """Whether a table is not what it was, found out by reading it."""
    before, digest = known.tables.get(each.planned.name), xxhash.xxh3_128()
    for _, lines in session.lines(each.read):
        digest.update(lines)
    return before is None or before.digest != digest.hexdigest()


def _with(state: TableState, fetched: tuple[int, str]) -> TableState:
    return TableState(fetched[0], state.version, fetched[1], state.sign)


def _fetch(session: Session, plan: Plan, due: Sequence[Found], number: int, write: Write) -> dict[str, tuple[int, str]]:
    """Write the extract; how many rows each table has, and their digest."""
    fetched: dict[str, tuple[int, str]] = {}
    tables = tuple(ExtractTable(each.planned.name, each.planned.columns, each.planned.key) for each in due)
    write(encoded_header(ExtractHeader(plan.dialect, number, tables)))
    for each in due:
        write(table_begins(each.planned.name))
        digest, rows = xxhash.xxh3_128(), 0
        for count, lines in session.lines(each.read):
            rows += count
            digest.update(lines)
            write(lines)
        write(table_ends(rows))
        fetched[each.planned.name] = rows, digest.hexdigest()
    write(EXTRACT_ENDS)
    return fetched


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
