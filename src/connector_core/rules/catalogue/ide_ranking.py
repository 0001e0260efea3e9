"""The acts of one nurse visit as article 11 B ranks them, and those that escape it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import TRAVEL_LETTERS
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_facts import Passage
from connector_core.rules.catalogue.ide_lines import (
    ANALGESIA,
    BLOOD_TEST,
    HEAVY_DRESSINGS,
    LONG_INFUSIONS,
    SHORT_INFUSIONS,
    VACCINATION,
    VISITS,
    WEEKLY_VISIT,
    WOUND_REVIEW,
    Visit,
    billed_share,
    may_be,
    must_be,
    visits,
)
from connector_core.rules.catalogue.ide_visits import HOME
from connector_core.rules.kernel import Check

RANKINGS = VISITS | {"act.act_code", "act.place", "practitioner.zone"}
"""What `rankings` reads."""

_DRESSINGS = HEAVY_DRESSINGS | WOUND_REVIEW | frozenset({"IDE-pansement-autre", "IDE-pansement-non-chirurgical"})
_DIABETES = (
    WEEKLY_VISIT | ANALGESIA | frozenset({"IDE-diab-insuline", "IDE-diab-surveillance", "IDE-diab-pansement-lourd"})
)
"""Chap. II article 5 bis, whose acts add up at full rate."""
_HOURS = frozenset({"IDE-perf-suppl-heure", "IDE-immuno-perf-suppl"})
_WATCH = frozenset({"IDE-postop-surveillance", "IDE-postop-catheter-perinerveux"})
_CATHETER = frozenset({"IDE-postop-retrait-sonde"})
_DRAIN = frozenset({"IDE-postop-drain"})

_PAIRS = (
    (ANALGESIA, _DRESSINGS),
    (_DIABETES, _DIABETES),
    (SHORT_INFUSIONS, LONG_INFUSIONS),
    (_WATCH, _CATHETER),
    (_WATCH, _DRAIN),
    (_CATHETER, _DRAIN),
)
"""Acts that add up at full rate within one visit."""

Escape = Literal["sure", "maybe", "no"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The billed acts of a visit in AMI and AMX, by decreasing coefficient.

    `ranked` are those article 11 B applies to; `doubtful` escape it or not, which the source does not say. Of the
    ranked, `unsure` names those that escape it if they are acts of diabetes, among others that are not. `unplaced` are
    vaccinations of which the place is not known.
    """

    passage: Passage
    care: tuple[Act, ...]
    ranked: tuple[Act, ...]
    doubtful: tuple[Act, ...]
    blood: tuple[Act, ...]
    vaccines: tuple[Act, ...]
    unplaced: tuple[Act, ...]
    unsure: frozenset[str]

    @property
    def top(self) -> Act | None:
        """The act that is to be billed in full: the first that neither a blood test nor a vaccination is."""
        return next((act for act in self.care if act not in self.blood and act not in self.vaccines), None)


def rankings(check: Check[Dossier]) -> tuple[Ranking, ...]:
    """The visits with acts in AMI or AMX; left out are the days of a package, and visits with AIS, whose conditions
    are their own. Ask through `check.derive(rankings)`."""
    return tuple(
        _ranking(check, each)
        for each in check.derive(visits)
        if each.care and each.setting != "unclear" and not each.forfaits and not each.passage.of("AIS")
    )


def _ranking(check: Check[Dossier], visit: Visit) -> Ranking:
    care = sorted(visit.care, key=lambda act: (-act.coefficient, -billed_share(check, act), act.id))
    blood = [act for act in care if may_be(check, act, BLOOD_TEST)]
    vaccines = [act for act in care if must_be(check, act, VACCINATION) and _at_home(visit, act) is not False]
    unplaced = [act for act in vaccines if _at_home(visit, act) is None]
    mixed = any(not may_be(check, act, _DIABETES) for act in care if act not in blood and act not in vaccines)
    ranked: list[Act] = []
    doubtful = list(unplaced)
    unsure: set[str] = set()
    seen: list[Act] = []
    for act in care:
        if act in blood or act in vaccines or must_be(check, act, _HOURS):
            continue
        found = [_escape(check, act, other) for other in seen]
        seen.append(act)
        if "sure" in found:
            continue
        if "maybe" in found and not (mixed and may_be(check, act, _DIABETES)):
            doubtful.append(act)
            continue
        if "maybe" in found:
            unsure.add(act.id)
        ranked.append(act)
    return Ranking(
        visit.passage,
        tuple(care),
        tuple(ranked),
        tuple(doubtful),
        tuple(blood),
        tuple(vaccines),
        tuple(unplaced),
        frozenset(unsure),
    )


def full_by_exception(check: Check[Dossier], ranking: Ranking, act: Act) -> bool:
    """Whether an act is surely one that stays at full rate beside another of its visit.

    A dressing that a larger act of the visit halves is not.
    """
    others = [other for other in ranking.care if other is not act]
    if not any(_escape(check, act, other) == "sure" for other in others):
        return False
    above = [other for other in ranking.ranked if other is not act and other.coefficient > act.coefficient]
    return all(_escape(check, act, other) == "sure" for other in above)


def _escape(check: Check[Dossier], act: Act, other: Act) -> Escape:
    """Whether two acts of one visit add up at full rate. Analgesia is always that of a dressing."""
    answer: Escape = "no"
    for one, two in _PAIRS:
        for first, second in ((act, other), (other, act)):
            if may_be(check, first, one) and may_be(check, second, two):
                sure = must_be(check, first, one) and (one is ANALGESIA or must_be(check, second, two))
                if sure:
                    return "sure"
                answer = "maybe"
    return answer


def _at_home(visit: Visit, act: Act) -> bool | None:
    """Whether an act is done at the patient's home; None when nothing tells."""
    if act.place is not None:
        return act.place in HOME
    travelled = any(each.letter in TRAVEL_LETTERS for each in visit.passage.acts)
    return True if travelled else None
