"""Faults that the rules KINE-CUMUL and SUIVI must find, and those of a practitioner's day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.records import Act, Lot, PayerReturn
from connector_core.testing.agenda import working_day
from connector_core.testing.bench import Bench, Unplantable, half
from connector_core.testing.courses import Course, Plan
from connector_core.testing.desk import Habits

LUMBAR = "MK-art1-A-lombalgie-commune"
SPRAIN = "MK-art1-C-entorse-cheville-non-operee"
KNEE = "MK-art1-C-genou-jambe-non-operee"
BREATHING = "MK-art5-obstructives-restrictives"
CROWD = 5
CROWDED_DAY = 36


def two_in_one_session(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, code=LUMBAR)
    act = bench.shop.maker.add(course, "session", ("VIM", Decimal("8.11")), course.sessions[4], minutes=30)
    bench.finish(course)
    bench.on_act("KINE-CUMUL-SEANCE", "reject", act, "deux cotations dans une séance")


def two_a_day(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, code=LUMBAR)
    like = course.sessions[4]
    act = bench.extra(course, like, ("VIM", Decimal("8.11")))
    later = max((like, act), key=lambda each: (each.clock is not None, each.clock))
    bench.finish(course)
    bench.on_act("KINE-CUMUL-2JOUR", "reject", later, "deux séances de l'article 1, une ordonnance")


def second_halved(bench: Bench) -> None:
    start = working_day(bench.ago(100))
    first = bench.course(start, 10, code=KNEE, plan=_morning)
    second = bench.course(start, 10, code=BREATHING, chart=first.chart, plan=_afternoon)
    days = {act.day for act in first.sessions}
    act = next((each for each in second.sessions[1:] if each.day in days), None)
    if act is None or any(other.role == "bdk" and other.day == act.day for other in second.acts):
        raise Unplantable
    full = act.amount
    act.rate, act.amount = "0.5", half(full)
    bench.finish(first, second)
    note = "seconde séance du jour à demi-tarif"
    bench.on_act("KINE-CUMUL-2JOUR-TAUX", "revenue", act, note, half(full))


def three_urgent(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 9, code=BREATHING)
    first = course.sessions[4]
    bench.recode(first, "ARL", "8.49")
    acts = [first, *(bench.extra(course, first, ("ARL", Decimal("8.49")), hours=hours) for hours in (1, 2))]
    bench.finish(course)
    last = max(acts, key=lambda each: (each.clock is not None, each.clock, each.id))
    bench.on_act("KINE-CUMUL-EXC", "reject", last, "trois ARL 8,49 le même jour")


def doubled(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 8, code=SPRAIN)
    like = course.sessions[4]
    act = bench.extra(course, like, ("RIM", Decimal("8.1")))
    later = max((like, act), key=lambda each: (each.clock is not None, each.clock))
    before = len(bench.records)
    bench.finish(course)
    acts = [each for each in bench.records[before:] if isinstance(each, Act) and each.performed_on == like.day]
    if len({each.invoice_id for each in acts}) > 1:
        raise Unplantable  # TT-DOUBLON would speak of two invoices instead
    bench.on_act("KINE-CUMUL-DOUBLON", "reject", later, "RIM 8,1 deux fois le même jour")


def halved_long_ago(bench: Bench) -> None:
    course = bench.course(date(2023, 9, bench.random.randint(4, 12)), 9, code=LUMBAR)
    act = course.sessions[4]
    act.rate, act.amount = "0.5", half(act.amount)
    bench.finish(course)
    bench.expect("KINE-CUMUL-11B-ANCIEN", "info", "act", act.id, None, "AMS 7,5 à demi-tarif, seul")


def crowded_moment(bench: Bench) -> None:
    day = working_day(bench.ago(60))
    who = bench.further_practitioner()
    for _ in range(CROWD):
        course = _on_day(bench, day, who)
        for act in course.acts:
            if act.day == day and act.clock is not None:
                act.clock = act.clock.replace(hour=10, minute=0)
        bench.finish(course)
    _of_day(bench, "KINE-NOM-PARALLELE", who, day, "cinq patients à 10 h")


def crowded_day(bench: Bench) -> None:
    day = working_day(bench.ago(60))
    who = bench.further_practitioner()
    before = len(bench.records)
    for _ in range(CROWDED_DAY):
        bench.finish(_on_day(bench, day, who))
    acts = [each for each in bench.records[before:] if isinstance(each, Act)]
    if any(
        5 * count > 4 * CROWDED_DAY for on, count in Counter(each.performed_on for each in acts).items() if on != day
    ):
        raise Unplantable  # a holiday has put their next sessions on one day too
    _of_day(bench, "KINE-NOM-DUREE", who, day, "36 séances en un jour")


def lost_from_sight(bench: Bench) -> None:
    silent_since = bench.today - timedelta(days=30)

    def stops(plan: Plan) -> None:
        plan.silent_since, plan.exact = silent_since, True

    course = bench.course(bench.ago(52), 15, chunks=(15,), plan=stops)
    if not 2 <= len(course.sessions) <= 12:
        raise Unplantable
    bench.finish(course)
    last = course.sessions[-1]
    amount = last.amount * (15 - len(course.sessions))
    note = "séances restantes, silence, aucun rendez-vous"
    bench.expect("SUIVI-PERDU", "revenue", "treatment", course.treatment.id, amount, note)


def unpaid(bench: Bench) -> None:
    course = bench.course(bench.ago(190), 8)
    bench.finish(course, paying=Habits("NONE", 60, unpaid=True))
    amount = sum((act.amount for act in course.acts), Decimal(0))
    bench.expect("SUIVI-IMPAYE", "info", "patient", course.chart.patient.id, amount, "huit séances jamais réglées")


def refused(bench: Bench) -> None:
    if not _room_for_rejects(bench, 1):
        raise Unplantable
    course = bench.course(bench.ago(120), 8)
    before = len(bench.records)
    bench.finish(course, paying=Habits("AMO", 60, refused="left"))
    back = _rejected(bench, before)
    invoice_id = f"{course.chart.patient.id}F001"
    note = "facture rejetée, jamais renvoyée"
    bench.expect("SUIVI-REJET-NONTRAITE", "reject", "invoice", invoice_id, back.claimed, note)


def prescription_used_up(bench: Bench) -> None:
    course = bench.standing(15, (15,))
    bench.finish(course)
    last = course.prescriptions[-1].id
    bench.expect("SUIVI-ORDO-FIN", "info", "prescription", last, None, "15 séances sur 15, trois rendez-vous")


def not_invoiced(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 5)
    bench.finish(course, paying=Habits("NONE", 60, uninvoiced=True))
    for act in course.acts:
        bench.on_act("SUIVI-FACTURE-RETARD", "revenue", act, "acte fait depuis longtemps, jamais facturé")


def many_refused(bench: Bench) -> None:
    """Rejects that were all settled since, enough of them to be a rate worth telling."""
    wanted = _sent(bench) * 5 // 100 + 4
    for _ in range(wanted):
        bench.finish(bench.course(bench.ago(150), 8), paying=Habits("AMO", 60, refused="settled"))
    bench.expect("SUIVI-TAUX-REJET", "info", "practice", "practice", None, "plus de 3 % de rejets", patient=False)


def _morning(plan: Plan) -> None:
    plan.wish, plan.gap = 2, (3, 3)


def _afternoon(plan: Plan) -> None:
    plan.wish, plan.gap = 18, (3, 3)


def _on_day(bench: Bench, day: date, practitioner_id: str) -> Course:
    """A short course with a session on a day, of another patient with one practitioner."""

    def theirs(plan: Plan) -> None:
        plan.practitioner_id, plan.gap = practitioner_id, (1, 6)

    course = bench.course(day, 3, plan=theirs)
    if course.sessions[0].day != day:
        raise Unplantable
    return course


def _of_day(bench: Bench, rule: str, practitioner_id: str, day: date, note: str) -> None:
    subject = f"{practitioner_id}/{day.isoformat()}"
    bench.expect(rule, "info", "practitioner_day", subject, None, note, patient=False)


def _sent(bench: Bench) -> int:
    since = bench.today - timedelta(days=365)
    lots = [record for record in (*bench.before, *bench.shop.desk.lots()) if isinstance(record, Lot)]
    return sum(lot.invoice_count or 0 for lot in lots if lot.created_on is not None and lot.created_on >= since)


def _room_for_rejects(bench: Bench, more: int) -> bool:
    """Whether a few rejects stay under the rate that would be told of the practice."""
    known = sum(each.rule == "SUIVI-REJET-NONTRAITE" for each in bench.planted)
    return (known + more) * 100 <= 2 * _sent(bench)


def _rejected(bench: Bench, start: int) -> PayerReturn:
    for record in bench.records[start:]:
        if isinstance(record, PayerReturn) and record.state == "rejected":
            return record
    raise Unplantable


FAULTS = (
    two_in_one_session,
    two_a_day,
    second_halved,
    three_urgent,
    doubled,
    halved_long_ago,
    lost_from_sight,
    unpaid,
    refused,
    prescription_used_up,
    not_invoiced,
)
"""Faults of one patient."""

DAY_FAULTS = (crowded_moment, crowded_day)
"""Faults of one practitioner's day, planted once."""

__all__ = ["DAY_FAULTS", "FAULTS", "many_refused"]
