"""KINE-DEPL, continued: several patients of one EHPAD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from connector_core.model.dossier import PractitionerDay
from connector_core.model.records import Act
from connector_core.rules.catalogue.kine_facts import heure, minute, whole_day
from connector_core.rules.catalogue.kine_travel import FLAT, MILEAGE, is_kine, without_credits
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_LETTERS = frozenset({*FLAT, *MILEAGE})


@dataclass(slots=True)
class Stop:
    """A patient's visit in a practitioner's day: where, when, and the travel billed for it."""

    patient_id: str
    acts: list[Act] = field(default_factory=list)
    lines: list[Act] = field(default_factory=list)

    @property
    def facility(self) -> str | None:
        return next((act.facility for act in self.acts if act.facility is not None), None)

    @property
    def place(self) -> str | None:
        return next((act.place for act in self.acts if act.place is not None), None)

    @property
    def starts_at(self) -> int | None:
        return min((minute(act.started_at) for act in self.acts if act.started_at is not None), default=None)


@rule(
    "KINE-DEPL-EHPAD",
    subject="practitioner_day",
    severity="reject",
    reference="NGAP dispositions générales article 13.1",
    confidence="C",
    needs={
        "act.amount",
        "act.facility",
        "act.letter",
        "act.patient_id",
        "act.performed_on",
        "act.place",
        "act.practitioner_id",
        "act.quantity",
        "act.session_id",
        "act.started_at",
        "practitioner.profession",
    },
    rests_on=("act.facility",),
)
def one_trip(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Pour plusieurs patients d'un EHPAD, le déplacement est facturé une fois.

    Vérifie : qu'un praticien qui soigne plusieurs patients d'un établissement pour personnes âgées au cours d'un même
    déplacement ne facture le forfait et les kilomètres que pour un seul.

    Pourquoi : les frais de déplacement n'y sont facturables qu'une seule fois ; les autres sont un indu.

    Ne s'applique pas : à deux déplacements du même jour : un acte fait ailleurs entre-temps, ou deux heures sans acte
    dans l'établissement, les séparent. Dans un établissement dont rien ne dit qu'il héberge des personnes âgées, la
    réponse est indéterminée.

    Exemple : six IFD dans le même EHPAD de 14 h à 17 h ; une IFD et cinq séances sans déplacement conviennent.

    Paramètres : kine.travel.trip_minutes
    """
    acts, day = check.subject.acts, check.subject.day
    if sum(act.letter in _LETTERS for act in acts) < 2:
        return
    practitioner = check.subject.cabinet.practitioners.get(check.subject.practitioner_id)
    lines = [line for line in without_credits(check, _LETTERS) if is_kine(line, practitioner, acts)]
    stops = _stops(acts, lines)
    billed = [stop for stop in stops if stop.lines]
    for missing, unknown in (
        ("act.place", [stop for stop in billed if stop.place is None and stop.facility is None]),
        ("act.facility", [stop for stop in billed if stop.place == "EHPAD" and stop.facility is None]),
    ):
        if len({stop.patient_id for stop in unknown}) > 1:
            yield Gap(whole_day(check), (missing,), "on ne sait pas si plusieurs patients sont du même établissement")
    for facility in dict.fromkeys(stop.facility for stop in billed if stop.facility is not None):
        inside = [stop for stop in billed if stop.facility == facility]
        if len({stop.patient_id for stop in inside}) < 2:
            continue
        if any(stop.place == "ETABLISSEMENT" for stop in inside):
            yield Gap(whole_day(check), ("act.place",), "on ne sait pas si l'établissement héberge des personnes âgées")
            continue
        if any(stop.starts_at is None for stop in inside):
            yield Gap(whole_day(check), ("act.started_at",), "des passages dans l'établissement n'ont pas d'heure")
            continue
        for rank, trip in enumerate(_trips(check, stops, facility), 1):
            paid = [stop for stop in trip if stop.lines]
            extra = [*_extra(paid, FLAT), *_extra(paid, MILEAGE)]
            if extra:
                amounts = [line.amount for line in extra if line.amount is not None]
                yield Flag(
                    whole_day(check),
                    f"Le {jour(day)}, le déplacement dans un EHPAD est facturé pour "
                    f"{len({stop.patient_id for stop in paid})} patients, entre {_clock(paid[0])} et "
                    f"{_clock(paid[-1])}.",
                    "Ne facturez le déplacement que pour un seul patient par déplacement dans l'établissement.",
                    fault=f"{facility}/{rank}",
                    amount=sum(amounts, Decimal(0)) if len(amounts) == len(extra) else None,
                    evidence=[line for stop in paid for line in stop.lines],
                )


def _stops(acts: Sequence[Act], lines: Sequence[Act]) -> list[Stop]:
    """A day's visits, in order of time; acts of a patient that name no visit are one."""
    stops: dict[object, Stop] = {}
    kept = {id(line) for line in lines}
    sessions = {(act.patient_id, act.started_at): act.session_id for act in acts if act.session_id is not None}
    for act in acts:
        visit = act.session_id or sessions.get((act.patient_id, act.started_at)) or act.started_at
        stop = stops.setdefault((act.patient_id, visit), Stop(act.patient_id))
        stop.acts.append(act)
        if id(act) in kept:
            stop.lines.append(act)
    return [*stops.values()]


def _trips(check: Check[PractitionerDay], stops: Sequence[Stop], facility: str) -> list[list[Stop]]:
    """The visits in one facility, trip by trip."""
    timed = sorted(((start, stop) for stop in stops if (start := stop.starts_at) is not None), key=lambda each: each[0])
    inside = [each for each in timed if each[1].facility == facility]
    elsewhere = [start for start, stop in timed if stop.facility != facility]
    longest = check.number("kine.travel.trip_minutes", check.subject.day)
    trips = [[inside[0][1]]]
    for (before, _), (after, stop) in pairwise(inside):
        if after - before > longest or any(before < start < after for start in elsewhere):
            trips.append([])
        trips[-1].append(stop)
    return trips


def _extra(trip: Sequence[Stop], letters: Sequence[str]) -> list[Act]:
    """The lines of a trip beyond the one patient for whom it may be billed; the dearest is kept.

    Two lines of one patient are another fault, of which KINE-DEPL-UNE speaks.
    """
    first: dict[str, Act] = {}
    for stop in trip:
        for line in stop.lines:
            if line.letter in letters:
                first.setdefault(stop.patient_id, line)
    if len(first) < 2:
        return []
    kept = max(first.values(), key=lambda line: line.amount or Decimal(0))
    return [line for line in first.values() if line is not kept]


def _clock(stop: Stop) -> str:
    return heure(min(act.started_at for act in stop.acts if act.started_at is not None))


RULES: tuple[AnyRule, ...] = (one_trip,)
