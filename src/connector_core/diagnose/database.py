"""What a database is that nobody has described: its tables and columns, what their values seem to be, who reads it, and
what has changed since it was last read.

Values are only shown by their form, unless the caller gives another way to show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector_core.dialects.plan import Plan
from connector_core.model.identifiers import finess_is_valid, nir_is_valid, nir_is_well_formed, rpps_is_valid
from connector_core.model.letters import LETTERS
from connector_core.sources.database.drift import Change, differences, same
from connector_core.sources.database.engine import Schema, Table
from connector_core.sources.database.exchange import Examined
from connector_core.sources.database.passes import Fetched, Known
from connector_core.sources.database.plan import Found, found_in

SAMPLED = 50
"""Rows of each table that are looked at."""
_NEAR = 0.5
Show = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """A column: its type, what its values seem to be (French; empty where nobody can tell), the form of one."""

    name: str
    type: str
    meaning: str
    sample: str


@dataclass(frozen=True, slots=True)
class TableSeen:
    """A table; `rows` is None where this account may not read it. `fetched` says how the dialect that reads it has it
    fetched (French); empty where none does."""

    name: str
    rows: int | None
    key: tuple[str, ...]
    columns: tuple[ColumnSeen, ...]
    fetched: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a dialect reads the database: `missing` are the tables and columns that it does not find; of the `wanted`
    columns that it names, so many are `there`."""

    dialect: str
    title: str
    missing: tuple[str, ...]
    wanted: int
    there: int

    @property
    def share(self) -> float:
        return self.there / max(self.wanted, 1)


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """A database. `changes` are those of the tables that were read, since they last were; `last` is what the last pass
    fetched that found something new."""

    tables: tuple[TableSeen, ...]
    isolation: str
    fits: tuple[Fit, ...]
    changes: tuple[Change, ...]
    paused: str | None
    read_before: bool
    last: tuple[Fetched, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether a dialect reads it, and nothing has changed."""
        return any(not fit.missing for fit in self.fits) and not self.changes and self.paused is None

    @property
    def nearest(self) -> tuple[Fit, ...]:
        """The dialects that come nearest where none reads it, if they find half of their columns: it may be a database
        of theirs, of another version. What others miss says nothing."""
        best = max((fit.share for fit in self.fits), default=0.0)
        known = best >= _NEAR and all(fit.missing for fit in self.fits)
        return tuple(fit for fit in self.fits if fit.share == best) if known else ()


def seen(examined: Examined, plans: Sequence[Plan], known: Known, show: Show) -> DatabaseSeen:
    """What there is to say of a database that was looked at."""
    changes: tuple[Change, ...] = ()
    if known.schema is not None and not same(known.schema, _read(known.schema, examined.schema)):
        changes = differences(known.schema, examined.schema)
    fetched = _fetched(examined, plans)
    return DatabaseSeen(
        tuple(_table(table, examined, show, fetched.get(table.name, "")) for table in examined.schema.tables),
        examined.isolation,
        tuple(_fit(plan, examined.schema) for plan in plans),
        changes,
        known.paused,
        known.schema is not None,
        known.fetched,
    )


def _fetched(examined: Examined, plans: Sequence[Plan]) -> dict[str, str]:
    """How the tables are fetched that the first dialect names which reads the database."""
    for plan in plans:
        found, missing = found_in(plan, examined.schema)
        if not missing:
            return {each.table: _way(each, filters=examined.filters) for each in found}
    return {}


def _way(each: Found, *, filters: bool) -> str:
    if each.mark is None:
        return "lue en entier quand elle a pu changer"
    if each.planned.version is None:
        said = f"lignes nouvelles d'après {each.mark}, comparée à intervalles"
    else:
        said = f"lignes nouvelles et modifiées d'après {each.mark}"
    return said if filters else f"{said} : lue en entier, ce moteur ne donne pas de lignes d'après une valeur"


def last_reading(fetched: Sequence[Fetched]) -> str:
    """What a pass fetched, in a few words (French); empty where nothing is known of one."""
    if not fetched:
        return ""
    parts = sum(not each.whole for each in fetched)
    rows, of = (sum(getattr(each, name) for each in fetched) for name in ("rows", "of"))
    tables = f"tables lues la dernière fois : {len(fetched)}, dont {parts} en partie"
    return f"{tables} ({rows} ligne{'s' * (rows > 1)} sur {of})"


def _fit(plan: Plan, schema: Schema) -> Fit:
    missing = found_in(plan, schema)[1]
    wanted = there = 0
    for table in plan.tables:
        columns = {f"{table.name}.{column}" for column in (*table.columns, *filter(None, [table.mark]))}
        wanted += len(columns)
        there += 0 if table.name in missing else len(columns.difference(missing))
    return Fit(plan.dialect, plan.title, tuple(missing), wanted, there)


def _read(known: Schema, now: Schema) -> Schema:
    return now.only([table.name for table in known.tables])


def _table(table: Table, examined: Examined, show: Show, fetched: str) -> TableSeen:
    sampled = examined.sampled.get(table.name)
    columns: list[ColumnSeen] = []
    for place, column in enumerate(table.columns):
        values = [] if sampled is None else [row[place].strip() for row in sampled.values if row[place].strip()]
        columns.append(ColumnSeen(column.name, column.type, meaning(values), show(values[0]) if values else ""))
    rows = None if sampled is None else sampled.rows
    return TableSeen(table.name, rows, table.key, tuple(columns), fetched)


_DATE = re.compile(r"(?:19|20)\d{2}-[01]\d-[0-3]\d|(?:19|20)\d{2}[01]\d[0-3]\d|[0-3]\d/[01]\d/(?:19|20)\d{2}")
_MOMENT = re.compile(r"(?:19|20)\d{2}-[01]\d-[0-3]\d[ T][0-2]\d:[0-5]\d.*")
_TIME = re.compile(r"[0-2]?\d[:h][0-5]\d(?::[0-5]\d)?")
_MONEY = re.compile(r"-?\d{1,6}[.,]\d{2}")
_COTATION = re.compile(r"([A-Z]{2,5})\s*\d{1,3}(?:[.,]\d{1,2})?")
_LOGICAL = frozenset({"true", "false", "oui", "non", "o", "n", "t", "f"})


def _is_nir(text: str) -> bool:
    plain = text.replace(" ", "").upper()
    return nir_is_well_formed(plain[:13]) and (len(plain) == 13 or nir_is_valid(plain[:13], plain[13:]))


def _is_cotation(text: str) -> bool:
    found = _COTATION.fullmatch(text)
    return found is not None and found[1] in LETTERS


_MEANINGS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("un NIR", _is_nir),
    ("un RPPS", rpps_is_valid),
    ("un FINESS", finess_is_valid),
    ("une lettre-clé", lambda text: len(text) > 1 and text in LETTERS),
    ("une cotation", _is_cotation),
    ("un jour et une heure", lambda text: _MOMENT.fullmatch(text) is not None),
    ("un jour", lambda text: _DATE.fullmatch(text) is not None),
    ("une heure", lambda text: _TIME.fullmatch(text) is not None),
    ("un montant", lambda text: _MONEY.fullmatch(text) is not None),
    ("oui ou non", lambda text: text.lower() in _LOGICAL),
)
_NEARLY_ALL = 0.95


def meaning(values: Sequence[str]) -> str:
    """What the values of a column seem to be, where nearly all are of that form; empty where nobody can tell."""
    for name, fits in _MEANINGS:
        if values and sum(map(fits, values)) >= _NEARLY_ALL * len(values):
            return name
    return ""
