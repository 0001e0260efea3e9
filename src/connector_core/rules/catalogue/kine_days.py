"""A patient's days with several sessions, sorted out for the rules of KINE-CUMUL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.letters import is_supplement
from connector_core.model.records import Act
from connector_core.parameters.regions import all_distinct, parts
from connector_core.rules.catalogue.kine_facts import (
    SAME_PASSAGE,
    SUPERSEDED,
    article_of,
    codes_of,
    is_session,
    kine_acts,
    same_passage,
    superseded,
    treatment_of,
)
from connector_core.rules.kernel import Check

DAYS = (
    SUPERSEDED
    | SAME_PASSAGE
    | {"act.act_code", "act.prescription_id", "treatment.article", "treatment.region", "treatment.side"}
)
"""What `days` reads."""

MUCOVISCIDOSIS = "mucoviscidose"
_TWICE = {
    "MK-art5-desencombrement-urgent": "désencombrement urgent",
    "MK-art5-mucoviscidose": "mucoviscidose",
    "MK-art10-brulures-localisees": "brûlures",
    "MK-art10-brulures-etendues": "brûlures",
}
"""Acts that may be done twice a day without the four conditions (NGAP titre XIV chap. II articles 5 and 10)."""
_OLD_TWICE_ARTICLES = frozenset({5, 10})


class Pair(NamedTuple):
    """Two different sessions of one day: whether they are one passage, the conditions that fail or can't be told."""

    act: Act
    first: Act
    together: bool | None
    failed: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(slots=True)
class Day:
    """The sessions of one patient on one day, sorted out. `single` are those that are neither repeated nor doubled."""

    on: date
    single: list[Act] = field(default_factory=list)
    repeated: dict[str, list[Act]] = field(default_factory=dict)
    doubled: list[tuple[Act, Act]] = field(default_factory=list)
    unclear: list[tuple[Act, str]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


def days(check: Check[Dossier]) -> list[Day]:
    """The days with several kiné acts that must be looked at; a day with a PLL is KINE-NOM-PLL's."""
    gone = check.derive(superseded)
    found: list[Day] = []
    for every in check.derive(kine_acts).days.values():
        acts = [act for act in every if act.id not in gone] if gone else every
        if not _plain(acts) and not any(act.letter == "PLL" for act in acts):
            day = _sorted_out(check, acts)
            if day.repeated or day.doubled or day.unclear or day.pairs:
                found.append(day)
    return found


def _plain(acts: Sequence[Act]) -> bool:
    """Whether a day is one session at most with bilans and supplements, no cotation twice."""
    cotations: set[tuple[str, Decimal]] = set()
    sessions = 0
    for act in acts:
        cotations.add((act.letter, act.coefficient))
        sessions += is_session(act)
        if act.quantity > 1 or sessions > 1:
            return False
    return len(cotations) == len(acts)


def _sorted_out(check: Check[Dossier], acts: Sequence[Act]) -> Day:
    day = Day(acts[0].performed_on)
    in_session = [is_session(act) for act in acts]
    for act, session in zip(acts, in_session, strict=True):
        if not session:
            _other_double(check, day, acts, act, in_session.count(True))
            continue
        kind = _twice_a_day(check, act)
        if kind is not None:
            known = day.repeated.setdefault(kind, [])
            twin = next((each for each in known if _equal(each, act) and same_passage(each, act)), None)
            if twin is not None:
                day.doubled.append((act, twin))
                continue
            if not known:
                day.single.append(act)
            known.append(act)
            continue
        twin = next((each for each in day.single if _equal(each, act)), None)
        if twin is None:
            day.single.append(act)
            twin = act if act.quantity > 1 else None
        if twin is not None:
            _double(check, day, act, twin)
    day.pairs = [_pair(check, act, first) for number, act in enumerate(day.single) for first in day.single[:number]]
    return day


def _double(check: Check[Dossier], day: Day, act: Act, twin: Act) -> None:
    """Two equal sessions; of AMK and AMC sessions, only the article tells whether two a day were allowed."""
    if act.letter in ("AMK", "AMC"):
        article = article_of(check, act)
        if article is None:
            day.unclear.append((act, "treatment.article"))
            return
        if article in _OLD_TWICE_ARTICLES:
            return
    day.doubled.append((act, twin))


def _other_double(check: Check[Dossier], day: Day, acts: Sequence[Act], act: Act, sessions: int) -> None:
    """A bilan or a supplement that stands twice."""
    before: list[Act] = []
    for each in acts:
        if each is act:
            break
        if _equal(each, act):
            before.append(each)
    if not before:
        if act.quantity > 1:
            day.doubled.append((act, act))
        return
    if is_supplement(act):
        together = [each for each in before if same_passage(each, act)]
        if together or len(before) >= sessions:
            day.doubled.append((act, (together or before)[0]))
        return
    twin = next((each for each in before if None in (each.treatment_id, act.treatment_id)), None) or next(
        (each for each in before if each.treatment_id == act.treatment_id), None
    )
    if twin is None or (twin.act_code is not None and act.act_code is not None and twin.act_code != act.act_code):
        return
    if None in (twin.act_code, act.act_code) and len(codes_of(check, act) | codes_of(check, twin)) > 1:
        day.unclear.append((act, "act.act_code"))
        return
    day.doubled.append((act, twin))


def _equal(one: Act, other: Act) -> bool:
    return one.letter == other.letter and one.coefficient == other.coefficient


def _twice_a_day(check: Check[Dossier], act: Act) -> str | None:
    """The exception under which an act may be done twice a day."""
    if act.letter not in ("ARL", "RPB"):
        return None
    return next((_TWICE[code] for code in sorted(codes_of(check, act)) if code in _TWICE), None)


def _pair(check: Check[Dossier], act: Act, first: Act) -> Pair:
    """The conditions under which two different sessions may be done on one day."""
    together = same_passage(act, first)
    at_once = together is False and act.started_at is not None and act.started_at == first.started_at
    conditions: tuple[tuple[str, bool | None, str], ...] = (
        ("une seule ordonnance", _differ(act.prescription_id, first.prescription_id), "act.prescription_id"),
        ("le même article de la NGAP", _differ(article_of(check, act), article_of(check, first)), "treatment.article"),
        ("la même région anatomique", _regions_differ(check, act, first), "treatment.region"),
        ("la même heure", False if at_once else (None if together is None else True), "act.started_at"),
    )
    return Pair(
        act,
        first,
        together,
        tuple(name for name, met, _ in conditions if met is False),
        tuple(missing for _, met, missing in conditions if met is None),
    )


def _differ(one: str | int | None, other: str | int | None) -> bool | None:
    return None if one is None or other is None else one != other


def _regions_differ(check: Check[Dossier], act: Act, other: Act) -> bool | None:
    one, two = treatment_of(check, act), treatment_of(check, other)
    if one is None or two is None or one.region is None or two.region is None:
        return None
    some, others = parts(one.region), parts(two.region)
    if some is None or others is None:
        return None
    apart = all_distinct(some, others)
    limbs = all(region.limbs == 1 for region in (*some, *others))
    if apart is False and limbs and {one.side, two.side} == {"L", "R"}:
        return True
    return apart
