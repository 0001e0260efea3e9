"""Facts shared by the rules of IDE-ACT: which act of the nomenclature a line bills, and counting against a limit.

Many nurse acts share one letter and coefficient: AMI 4 may be a heavy dressing, a dialysis or the organisation of a
perfusion. What tells them apart is `act_code`, else the words of the label. A line of which neither tells is never
taken for one of them: the rules say what they can't tell, or ask the practice to verify.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.letters import SURCHARGE_LETTERS, TRAVEL_LETTERS
from connector_core.model.records import Act
from connector_core.parameters.regions import fold
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, NurseActs, Passage, nurse_acts
from connector_core.rules.catalogue.kine_facts import (
    codes_of,
    prescriptions,
    treatment_of,
)
from connector_core.rules.kernel import Check
from connector_core.rules.rejects import REJECTED_INVOICES, taken_over

BILLED = NURSE_ACTS | REJECTED_INVOICES
"""What `billed` reads."""
MEANT = frozenset({"act.act_code", "act.coefficient", "act.label", "act.letter", "act.performed_on"})
"""What `meant` reads."""
HOME_ON = frozenset(
    {"act.prescription_id", "act.treatment_id", "prescription.discharged_on", "treatment.discharged_on"}
)
"""What `home_on` reads."""

LETTERS = ("AMI", "AMX")
"""The letters of the acts of titre XVI chap. I and II."""

REMOVAL = frozenset({"IDE-perf-retrait", "IDE-immuno-perf-retrait"})
ORGANISATION = frozenset({"IDE-perf-organisation", "IDE-immuno-perf-organisation"})
WATCHED = frozenset({"IDE-perf-courte", "IDE-immuno-perf-courte", "IDE-muco-perf"})
"""Perfusions under continuous watch."""
POSED = frozenset({"IDE-perf-longue", "IDE-immuno-perf-longue", "IDE-muco-perf"})
"""Perfusions of more than an hour, of which AMI 14 and AMI 15 bill the day on which they are set up."""
EXTRA_HOURS = frozenset({"IDE-perf-suppl-heure", "IDE-immuno-perf-suppl"})
MEDICATION = frozenset({"IDE-administration-medic"})
OBSERVATION = frozenset({"IDE-surveillance-observation"})
ACCOMPANIMENT = frozenset({"IDE-accompagnement-medic-initiale", "IDE-accompagnement-medic-2-3"})
ANALGESIA = frozenset({"IDE-analgesie-topique", "IDE-diab-analgesie"})
WOUND_REVIEW = frozenset({"IDE-bilan-plaie-lourde"})
DRESSINGS = frozenset(
    {
        "IDE-pansement-autre",
        "IDE-pansement-non-chirurgical",
        "IDE-pansement-chirurgical-simple",
        "IDE-pansement-stomie",
        "IDE-pansement-tracheo",
        "IDE-pansement-op-etendu",
        "IDE-pansement-varices",
        "IDE-pansement-lourd-4",
        "IDE-pansement-ulcere-compression",
        "IDE-diab-pansement-lourd",
        "IDE-tpn-pose",
        "IDE-tpn-additionnel",
    }
)
CATHETERISM = frozenset(
    {
        "IDE-catheterisme-femme",
        "IDE-catheterisme-homme",
        "IDE-sonde-demeure-femme",
        "IDE-sonde-demeure-homme",
    }
)
SELF_CATHETER = frozenset({"IDE-autosondage-education"})
BLADDER = frozenset({"IDE-vessie-neuro"})
SHEATH = frozenset({"IDE-etui-penien"})
DIALYSIS = frozenset({"IDE-dialyse-peritoneale"})
IRRIGATION = frozenset({"IDE-irrigation-colique"})
FOLLOW_UP = frozenset({"IDE-ic-bpco-suivi"})
AFTER_SURGERY = frozenset({"IDE-postop-surveillance"})
PERINEURAL = frozenset({"IDE-postop-catheter-perinerveux"})
DRAIN = frozenset({"IDE-postop-drain"})

_CARE_FREE = TRAVEL_LETTERS | SURCHARGE_LETTERS
_NAMED: tuple[tuple[str, frozenset[str]], ...] = (
    ("fils", frozenset({"IDE-ablation-fils-le10", "IDE-ablation-fils-gt10"})),
    ("agrafe", frozenset({"IDE-ablation-fils-le10", "IDE-ablation-fils-gt10"})),
    ("retrait de perf", REMOVAL),
    ("retrait perf", REMOVAL),
    ("retrait du dispositif", REMOVAL),
    ("irrigation colique", IRRIGATION),
    ("cycleur", frozenset({"IDE-dialyse-cycleur-branchement", "IDE-dialyse-cycleur-organisation"})),
    ("dialyse", DIALYSIS),
    ("organisation", ORGANISATION),
    ("injection", frozenset({"IDE-im", "IDE-sous-cutanee", "IDE-intradermique", "IDE-diab-insuline"})),
    ("insulin", frozenset({"IDE-diab-insuline", "IDE-diab-surveillance"})),
    ("diab", frozenset({"IDE-diab-insuline", "IDE-diab-surveillance", "IDE-diab-pansement-lourd"})),
    ("etui", SHEATH),
    ("saignee", frozenset({"IDE-saignee"})),
    ("aerosol", frozenset({"IDE-aerosol", "IDE-immuno-aerosol"})),
    ("catheterisme", CATHETERISM),
    ("sondage", CATHETERISM),
    ("sonde urinaire", CATHETERISM | frozenset({"IDE-retrait-sonde-urinaire", "IDE-postop-retrait-sonde"})),
    ("accompagnement", ACCOMPANIMENT),
    ("pansement", DRESSINGS),
    ("observation", OBSERVATION),
)
"""Words of a label, folded, and the acts that they leave possible; the first that fits the cotation decides."""


def billed(check: Check[Dossier]) -> NurseActs:
    """The nurse acts that are asked for money: neither left at zero by article 11 B, nor rejected and billed again."""
    found = check.derive(nurse_acts)
    gone = {act.id for act in found.acts if act.rate == "0"} | taken_over(check, found.acts, _same)
    if not gone:
        return found
    passages = (
        replace(each, acts=tuple(act for act in each.acts if act.id not in gone))
        if any(act.id in gone for act in each.acts)
        else each
        for each in found.passages
    )
    return NurseActs(
        tuple(act for act in found.acts if act.id not in gone), tuple(each for each in passages if each.acts)
    )


def _same(act: Act) -> tuple[object, ...]:
    return act.practitioner_id, act.performed_on, act.letter, act.coefficient


def meant(check: Check[Dossier], act: Act) -> frozenset[str]:
    """The acts of the nomenclature that a line may be, its label heard."""
    codes = codes_of(check, act)
    if len(codes) < 2 or act.label is None:
        return codes
    words = fold(act.label)
    return next((codes & named for word, named in _NAMED if word in words and codes & named), codes)


def is_one(check: Check[Dossier], act: Act, wanted: frozenset[str]) -> bool | None:
    """Whether a line bills one of some acts; None when it may be another one under the same cotation."""
    if act.letter not in LETTERS:
        return False
    codes = meant(check, act)
    return (True if codes <= wanted else None) if codes & wanted else False


def sure(check: Check[Dossier], acts: Iterable[Act], wanted: frozenset[str]) -> list[Act]:
    """The lines that bill one of some acts, and nothing else."""
    return [act for act in acts if is_one(check, act, wanted)]


def possible(check: Check[Dossier], acts: Iterable[Act], wanted: frozenset[str]) -> list[Act]:
    """The lines that bill one of some acts, or may."""
    return [act for act in acts if is_one(check, act, wanted) is not False]


def care(acts: Iterable[Act]) -> list[Act]:
    """The acts of care: neither travel nor surcharge."""
    return [act for act in acts if act.letter not in _CARE_FREE]


class Mates(NamedTuple):
    """The other acts of an act's passage, and those of its day that may belong to it."""

    same: Sequence[Act]
    perhaps: Sequence[Act]


def mates(check: Check[Dossier], act: Act) -> Mates:
    """The company of an act that is billed."""
    return check.derive(_company)[act.id]


def _company(check: Check[Dossier]) -> dict[str, Mates]:
    visits: dict[tuple[date, str], list[Passage]] = {}
    for passage in check.derive(billed).passages:
        visits.setdefault((passage.day, passage.practitioner_id), []).append(passage)
    found: dict[str, Mates] = {}
    for passages in visits.values():
        adrift = [act for each in passages if not each.placed for act in each.acts]
        whole = [act for each in passages for act in each.acts]
        for passage in passages:
            for act in passage.acts:
                same = others(passage.acts, act) if passage.placed else []
                found[act.id] = Mates(same, adrift if passage.placed else others(whole, act))
    return found


def beyond(acts: Iterable[Act], most: int) -> Iterator[tuple[Act, int, Decimal | None]]:
    """The lines that go over a number of acts, with how many were billed up to each and the money over."""
    done = 0
    for act in acts:
        allowed = max(most - done, 0)
        done += act.quantity
        if act.quantity > allowed:
            yield act, done, over(act, act.quantity - allowed)


def over(act: Act, units: int) -> Decimal | None:
    """The share of a line's amount that some of its units make."""
    return None if act.amount is None else (act.amount * units / act.quantity).quantize(CENT, ROUND_HALF_UP)


def total(acts: Iterable[Act]) -> int:
    return sum(act.quantity for act in acts)


def by_prescription(check: Check[Dossier], acts: Iterable[Act]) -> dict[str | None, list[Act]]:
    """Acts by the prescription that began their series: a renewal goes on with the one that it renews."""
    found: dict[str | None, list[Act]] = {}
    for act in acts:
        found.setdefault(_first_prescription(check, act), []).append(act)
    return found


def _first_prescription(check: Check[Dossier], act: Act) -> str | None:
    known = check.derive(prescriptions)
    key, seen = act.prescription_id, set[str]()
    while key is not None and key not in seen:
        seen.add(key)
        prescription = known.get(key)
        if prescription is None or prescription.renewal_of is None:
            return key
        key = prescription.renewal_of
    return key


def home_on(check: Check[Dossier], act: Act) -> date | None:
    """The day on which the patient came home from the hospital stay that an act follows."""
    prescription = None if act.prescription_id is None else check.derive(prescriptions).get(act.prescription_id)
    if prescription is not None and prescription.discharged_on is not None:
        return prescription.discharged_on
    treatment = treatment_of(check, act)
    return None if treatment is None else treatment.discharged_on


def by_day(acts: Iterable[Act]) -> dict[date, list[Act]]:
    days: dict[date, list[Act]] = {}
    for act in acts:
        days.setdefault(act.performed_on, []).append(act)
    return days


def others(acts: Sequence[Act], act: Act) -> list[Act]:
    return [each for each in acts if each is not act]
