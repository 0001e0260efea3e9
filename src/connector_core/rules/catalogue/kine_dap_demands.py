"""The sessions that need a prior agreement, with what the demands say of each.

A session's référentiel follows from its cotation: each pair (letter, coefficient) under référentiel bills one
affection alone. Its rank is certain among the sessions of its treatment under the same cotation; sessions of the
treatment under another cotation, or that name no treatment, may raise it: where they decide, the answer is a doubt.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal, NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.referentials import Referential, load_referentials
from connector_core.rules.catalogue.kine_dap_agreements import COVER, Cover, Uses, cover
from connector_core.rules.catalogue.kine_facts import SUPERSEDED, codes_of, kine_acts, superseded, treatment_of
from connector_core.rules.counting import COUNT, Series, count, kine_sessions
from connector_core.rules.kernel import Check

DEMANDS = (
    COUNT
    | SUPERSEDED
    | COVER
    | {"act.act_code", "treatment.article", "treatment.pathology", "treatment.section", "treatment.situation"}
)
"""What `demands` reads."""

LETTERS = ("RAM", "RSM", "RSC", "RIM", "RIC")
"""Letters under which an act under référentiel is billed."""

_Topic = Literal["threshold", "year"]
_NOT_ATTACHED = "des séances du patient ne sont rattachées à aucun traitement"
_SEVERAL = "le traitement est facturé sous plusieurs cotations : le rang dans la série n'est pas certain"
_CONTRADICTED = "la situation du traitement et la cotation ne désignent pas le même référentiel"
_OLD_LETTERS = "des séances des douze mois précédents ne disent pas l'affection traitée"


@dataclass(frozen=True, slots=True)
class Demand:
    """A session that needs an agreement, and whether one covers it.

    `year` is the number of sessions of the twelve months before, where it is what calls for the agreement.
    """

    act: Act
    referential: Referential
    rank: int
    beyond: bool
    """Whether its rank is beyond the threshold, or among those on which texts contradict each other."""
    year: int | None
    cover: Cover

    @property
    def contradicted(self) -> bool:
        """Whether only one of two texts asks for the agreement."""
        ap_from = self.referential.ap_from
        return self.beyond and self.year is None and (ap_from is None or self.rank < ap_from)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A session of which it can't be told whether it needs an agreement."""

    act: Act
    topic: _Topic
    missing: str
    reason: str


@dataclass(slots=True)
class Demands:
    certain: list[Demand] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def demands(check: Check[Dossier]) -> Demands:
    """The sessions of a dossier that need an agreement. Ask through `check.derive(demands)`."""
    found = Demands()
    least, counting = _least(check), check.derive(count)
    total = sum(len(each.sessions) for each in (*counting.series, counting.loose))
    if total < least.rank:
        return found
    uses, years = Uses(), check.derive(_years) if total > least.year or counting.loose.sessions else _Years()
    for series in counting.series:
        if total > least.year or len(series.sessions) + len(series.loose_sessions) >= least.rank:
            for session in _ranked(check, series):
                _ask(check, found, years, session, uses)
    for act in _standing(check, counting.loose.sessions):
        row = referential_of(check, act)
        if row is not None:
            upper = bisect_right(years.by_code.get(row.code, ()), _in_order(act), key=_in_order)
            _ask(check, found, years, _Ranked(act, row, 1, upper, _NOT_ATTACHED), uses)
    return found


class _Least(NamedTuple):
    """The fewest sessions with which one may need an agreement: by its rank, and more than so many in twelve months."""

    rank: int
    year: int


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A session under référentiel: its least and its greatest possible rank, and why they differ."""

    act: Act
    row: Referential
    lower: int
    upper: int
    why: str


@dataclass(slots=True)
class _Years:
    """The sessions of a dossier by the act of the nomenclature that they are, and those that may be any."""

    by_code: dict[str, list[Act]] = field(default_factory=dict)
    unknown: list[date] = field(default_factory=list)


def _least(check: Check[Dossier]) -> _Least:
    """What the référentiels that a dossier's acts and treatments name ask at least."""
    acts, table = check.derive(kine_acts), load_referentials()
    billed = [
        referential_of(check, acts.found.acts[place])
        for letter in LETTERS
        for batch in acts.letters.get(letter, ())
        for place in (batch.places[0], batch.places[-1])
    ]
    if not any(billed):
        return _Least(sys.maxsize, sys.maxsize)
    stated = [table.on(each.situation, check.as_of) for each in check.subject.treatments]
    rows = [row for row in (*billed, *stated) if row is not None]
    ranks = [row.asks_from for row in rows if row.asks_from is not None]
    years = [row.year_sessions for row in rows if row.year_sessions is not None]
    return _Least(min(ranks, default=sys.maxsize), min(years, default=sys.maxsize))


def referential_of(check: Check[Dossier], act: Act) -> Referential | None:
    """The référentiel under which an act is billed; that of its treatment where the cotation is no act at all."""
    return load_referentials().on(code_of(check, act), act.performed_on) if act.letter in LETTERS else None


def code_of(check: Check[Dossier], act: Act) -> str | None:
    """The act of the nomenclature that a session is, else the situation of its treatment; None when neither tells."""
    codes = [code for code in codes_of(check, act) if code.startswith("MK-art")]
    if len(codes) == 1:
        return codes[0]
    treatment = treatment_of(check, act)
    return None if treatment is None else treatment.situation


def _ranked(check: Check[Dossier], series: Series) -> Iterator[_Ranked]:
    """The sessions under référentiel of a treatment, with their ranks."""
    if not any(act.letter in LETTERS for act in series.sessions):
        return
    table, sessions = load_referentials(), _standing(check, series.sessions)
    codes = [code_of(check, act) for act in sessions]
    loose = [(code_of(check, act), _in_order(act)) for act in _standing(check, series.loose_sessions)]
    for number, (act, named) in enumerate(zip(sessions, codes, strict=True), 1):
        row = table.on(named, act.performed_on) if act.letter in LETTERS else None
        if row is None:
            continue
        alike = sum(code in (row.code, None) for code in codes[:number])
        more = sum(code in (row.code, None) and place <= _in_order(act) for code, place in loose)
        yield _Ranked(act, row, alike, number + more, _NOT_ATTACHED if more else _SEVERAL)


def _standing(check: Check[Dossier], sessions: Sequence[Act]) -> Sequence[Act]:
    """The sessions less those that the caisse rejected and that were billed again, which count once."""
    gone = check.derive(superseded)
    if not gone:
        return sessions
    again = {act.performed_on for act in sessions if act.id not in gone}
    return [act for act in sessions if act.id not in gone or act.performed_on not in again]


def _ask(check: Check[Dossier], found: Demands, years: _Years, session: _Ranked, uses: Uses) -> None:
    """Find out whether one session needs an agreement, and whether it has one."""
    act, row = session.act, session.row
    beyond = _reached(row, session.lower)
    prior, maybe = _prior(check, years, act, row)
    yearly = row.year_sessions is not None and prior >= row.year_sessions
    doubt: Doubt | None = None
    stated = _stated(check, act)
    if stated is not None and stated.code != row.code and _reached(stated, session.lower) is not beyond:
        beyond, doubt = False, Doubt(act, "threshold", "treatment.situation", _CONTRADICTED)
    elif beyond and row.ap_from is None:
        reason = f"le seuil de l'accord préalable n'est pas imprimé pour ce référentiel : {row.label}"
        beyond, doubt = False, Doubt(act, "threshold", f"referential.{row.code}", reason)
    elif not beyond and _reached(row, session.upper):
        missing = "act.treatment_id" if session.why == _NOT_ATTACHED else "act.act_code"
        doubt = Doubt(act, "threshold", missing, session.why)
    elif row.year_sessions is not None and prior < row.year_sessions <= prior + maybe:
        doubt = Doubt(act, "year", "treatment.situation", _OLD_LETTERS)
    if beyond or yearly:
        covered = cover(check, act, uses)
        found.certain.append(Demand(act, row, session.lower, beyond, prior if yearly else None, covered))
    elif doubt is not None and cover(check, act, Uses()).standing != "covered":
        found.doubts.append(doubt)


def _reached(row: Referential, rank: int) -> bool:
    return row.asks_from is not None and rank >= row.asks_from


def _stated(check: Check[Dossier], act: Act) -> Referential | None:
    """The référentiel that the treatment names."""
    treatment = treatment_of(check, act)
    return None if treatment is None else load_referentials().on(treatment.situation, act.performed_on)


def _years(check: Check[Dossier]) -> _Years:
    found = _Years()
    for act in sorted(_standing(check, [*kine_sessions(check.derive(count))]), key=_in_order):
        code = code_of(check, act)
        if code is not None:
            found.by_code.setdefault(code, []).append(act)
        elif _may_be_spine(check, act):
            found.unknown.append(act.performed_on)
    return found


def _may_be_spine(check: Check[Dossier], act: Act) -> bool:
    """Whether nothing says what a session treats, which may be the spine."""
    treatment = treatment_of(check, act)
    return treatment is None or (
        treatment.pathology is None and treatment.article in (None, 1) and treatment.section in (None, "A")
    )


def _prior(check: Check[Dossier], years: _Years, act: Act, row: Referential) -> tuple[int, int]:
    """How many sessions of the same affection were done in the twelve months before one, and how many may have been."""
    alike = years.by_code.get(row.code, ())
    if row.year_sessions is None or len(alike) + len(years.unknown) <= row.year_sessions:
        return 0, 0
    start = _months_before(act.performed_on, check.number("kine.dap.year_months", act.performed_on))
    place = bisect_left(alike, _in_order(act), key=_in_order)
    prior = place - bisect_left(alike, start, hi=place, key=lambda each: each.performed_on)
    maybe = bisect_right(years.unknown, act.performed_on) - bisect_left(years.unknown, start)
    return prior, maybe


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th day")


def _in_order(act: Act) -> tuple[date, time, str]:
    return act.performed_on, act.started_at or time.min, act.id
