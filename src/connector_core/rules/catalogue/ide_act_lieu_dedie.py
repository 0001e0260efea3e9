"""IDE-ACT, continued: the trips of a nurse's day to a place dedicated to teleconsultations (TLL)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from connector_core.model.dossier import PractitionerDay
from connector_core.model.finding import SubjectRef
from connector_core.model.records import Act
from connector_core.rules.batches import is_credit
from connector_core.rules.catalogue.ide_act_facts import care
from connector_core.rules.catalogue.kine_facts import SAME_PASSAGE, Once, same_passage
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_TRAVEL = frozenset({"IFD", "IFI", "IK", "IKM", "IKS"})


@dataclass(frozen=True, slots=True)
class _Trip:
    """A teleconsultation in a dedicated place, and the travel billed with it."""

    act: Act
    travel: tuple[Act, ...]

    @property
    def amount(self) -> Decimal | None:
        known = [each.amount for each in self.travel if each.amount is not None]
        return sum(known, Decimal(0)) if known else None


@rule(
    "IDE-ACT-TLL",
    subject="practitioner_day",
    severity="reject",
    reference="NGAP dispositions générales article 14.9.5",
    confidence="C",
    needs=SAME_PASSAGE
    | {"act.amount", "act.facility", "act.letter", "act.patient_id", "act.performed_on", "act.quantity"},
)
def dedicated_place(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Deux déplacements par jour au plus en lieu dédié aux téléconsultations, un seul pour plusieurs patients.

    Vérifie : que les déplacements facturés avec TLL ne dépassent pas deux par jour, et qu'un seul est facturé quand
    plusieurs patients se suivent dans un même lieu.

    Pourquoi : l'article 14.9.5 limite les déplacements, par dérogation à l'article 13.

    Ne s'applique pas : aux déplacements d'un autre soin du jour.

    Exemple : trois déplacements pour TLL le même jour ; deux conviennent.

    Paramètres : ide.act.tll.trips
    """
    acts = check.subject.acts
    done = [act for act in acts if act.letter == "TLL" and not is_credit(act)]
    if not done:
        return
    once, day = Once(), check.subject.day
    trips: list[_Trip] = []
    for act in done:
        travel, doubtful = _travel_of(act, acts)
        if travel:
            trips.append(_Trip(act, tuple(travel)))
        elif doubtful and once.first("passage"):
            yield Gap(_day_of(check), ("act.session_id",), "on ne sait pas à quel soin un déplacement se rapporte")
    extra: list[_Trip] = []
    for earlier, trip in pairwise(trips):
        missing = _missing(earlier.act, trip.act, acts)
        if missing == "":
            extra.append(trip)
            yield Flag(
                trip.travel[0],
                f"Deux TLL se suivent dans le même lieu le {jour(day)}, et chacun porte un déplacement.",
                "Ne facturez qu'un déplacement pour les patients qui se suivent dans un même lieu.",
                amount=trip.amount,
                evidence=(trip.act, *trip.travel, earlier.act),
            )
        elif missing is not None and once.first(missing):
            yield Gap(_day_of(check), (missing,), "on ne sait pas si deux TLL se suivent dans un même lieu")
    most = check.number("ide.act.tll.trips", day)
    counted = [trip for trip in trips if trip not in extra]
    for number, trip in enumerate(counted, 1):
        if number > most:
            yield Flag(
                trip.travel[0],
                f"{number} déplacements en lieu dédié aux téléconsultations le {jour(day)} ; {most} au plus.",
                "Retirez les déplacements au-delà du deuxième.",
                amount=trip.amount,
                evidence=[each for one in counted[:number] for each in (one.act, *one.travel)],
            )


def _travel_of(act: Act, acts: Sequence[Act]) -> tuple[list[Act], bool]:
    """The travel billed with a teleconsultation, and whether some may be."""
    own = [each for each in acts if each.patient_id == act.patient_id and each is not act and not is_credit(each)]
    travel = [each for each in own if each.letter in _TRAVEL]
    sure = [each for each in travel if same_passage(act, each)]
    if sure or not travel:
        return sure, False
    perhaps = [each for each in travel if same_passage(act, each) is None]
    return ([], True) if care(own) and perhaps else (perhaps, False)


def _missing(first: Act, act: Act, acts: Sequence[Act]) -> str | None:
    """The field without which two trips can't be compared; empty when they follow each other in one place, None when
    they do not."""
    if first.facility is not None and act.facility is not None and first.facility != act.facility:
        return None
    if first.started_at is None or act.started_at is None:
        return "act.started_at"
    start, end = first.started_at, act.started_at
    between = (each for each in care(acts) if each.letter != "TLL" and each.started_at is not None)
    if any(start < each.started_at < end for each in between if each.started_at is not None):
        return None
    return "act.facility" if first.facility is None or act.facility is None else ""


def _day_of(check: Check[PractitionerDay]) -> SubjectRef:
    return SubjectRef("practitioner_day", f"{check.subject.practitioner_id}/{check.subject.day.isoformat()}")


RULES: tuple[AnyRule, ...] = (dedicated_place,)
