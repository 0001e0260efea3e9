"""Faults that the rules KINE-DEPL and KINE-MAJ must find."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal

from connector_core.testing.agenda import working_day
from connector_core.testing.bench import Bench, Unplantable
from connector_core.testing.courses import ActDraft, Course, Plan

GAIT = "MK-art9-deambulation-sujet-age"
KNEE_PROSTHESIS = "MK-art1-C-arthroplastie-genou"
_ONE = Decimal(1)
_SPECIFIC_MORE = Decimal("1.50")
"""What IFS pays above IFD."""


def former_code(bench: Bench) -> None:
    course = bench.course(bench.in_2026(2), 12, code=GAIT, plan=_home)
    line = _travel_of(course, 4)
    line.letter = "IFN"
    bench.finish(course)
    bench.on_act("KINE-DEPL-CODE", "reject", line, "IFN en 2026")


def specific_not_due(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, plan=_home)
    line = _travel_of(course, 4)
    bench.recode(line, "IFS", "1")
    bench.finish(course)
    bench.on_act("KINE-DEPL-IFS", "reject", line, "IFS sans intervention", _SPECIFIC_MORE)


def specific_missing(bench: Bench) -> None:
    course = bench.course(bench.in_2026(2), 12, code=GAIT, plan=_home)
    line = _travel_of(course, 4)
    bench.recode(line, "IFD", "1")
    bench.finish(course)
    bench.on_act("KINE-DEPL-IFS-MANQ", "revenue", line, "IFD au lieu d'IFS", _SPECIFIC_MORE)


def specific_too_late(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 10, code=KNEE_PROSTHESIS, plan=_home)
    discharged_on = course.treatment.started_on - timedelta(days=40)
    course.treatment = course.treatment.model_copy(
        update={"operated_on": discharged_on - timedelta(days=3), "discharged_on": discharged_on, "prado": False}
    )
    line = _travel_of(course, 4)
    bench.recode(line, "IFS", "1")
    bench.finish(course)
    bench.on_act("KINE-DEPL-IFS-J35", "reject", line, "IFS plus de 35 jours après la sortie", _SPECIFIC_MORE)


def two_in_one_visit(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, plan=_home)
    line = _added(bench, course, "IFD")
    bench.finish(course)
    bench.on_act("KINE-DEPL-UNE", "reject", line, "deux IFD pour une séance")


def travel_to_the_practice(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9)
    line = _added(bench, course, "IFD")
    bench.finish(course)
    bench.on_act("KINE-DEPL-CABINET", "reject", line, "IFD au cabinet")


def kilometres(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, plan=_home)
    line = _added(bench, course, "IK")
    line.quantity, line.distance_km, line.same_agglomeration = 14, Decimal(7), False
    line.amount *= 14
    bench.finish(course)
    bench.on_act("KINE-DEPL-IK", "reject", line, "14 km pour un patient à 7 km", Decimal("1.52"))


def one_trip(bench: Bench) -> None:
    day = working_day(bench.ago(60))
    who = bench.further_practitioner()

    def theirs(plan: Plan) -> None:
        plan.practitioner_id, plan.home = who, True

    for clock in (time(14), time(14, 30), time(15)):
        course = bench.course(day, 3, plan=theirs)
        if course.sessions[0].day != day:
            raise Unplantable
        for act in course.at(1):
            act.clock, act.place, act.facility = clock, "EHPAD", "E1"
        bench.finish(course)
    subject = f"{who}/{day.isoformat()}"
    note = "trois IFD dans un EHPAD"
    bench.expect("KINE-DEPL-EHPAD", "reject", "practitioner_day", subject, Decimal("5.00"), note, patient=False)


def weekday(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9)
    line = _added(bench, course, "MD")
    bench.finish(course)
    bench.on_act("KINE-MAJ-FERIE", "reject", line, "MD un jour ouvré")


def by_day(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, plan=_late)
    line = _added(bench, course, "MN")
    bench.finish(course)
    bench.on_act("KINE-MAJ-NUIT", "reject", line, "MN en journée")


def night_and_sunday(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, plan=_late)
    sunday, night = _added(bench, course, "MD"), _added(bench, course, "MN")
    bench.finish(course)
    bench.on_act("KINE-MAJ-EXCL", "reject", sunday, "MN et MD pour une séance")
    bench.on_act("KINE-MAJ-FERIE", "reject", sunday, "MD un jour ouvré")
    bench.on_act("KINE-MAJ-NUIT", "reject", night, "MN en journée")


def _travel_of(course: Course, rank: int) -> ActDraft:
    return next(act for act in course.at(rank) if act.role == "travel")


def _added(bench: Bench, course: Course, letter: str) -> ActDraft:
    """A further line in the fifth session."""
    return bench.shop.maker.add(course, "travel", (letter, _ONE), course.sessions[4])


def _home(plan: Plan) -> None:
    plan.home = True


def _late(plan: Plan) -> None:
    plan.wish = 8


FAULTS = (
    former_code,
    specific_not_due,
    specific_missing,
    two_in_one_visit,
    travel_to_the_practice,
    weekday,
    by_day,
    night_and_sunday,
)

UNWRITTEN = (specific_too_late, kilometres, one_trip)
"""Faults that rest on fields which no reference layout writes."""

__all__ = ["FAULTS", "UNWRITTEN"]
