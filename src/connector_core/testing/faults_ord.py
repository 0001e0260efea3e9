"""Faults that the rules KINE-ORD, KINE-TMK, KINE-FORF and KINE-RQD must find."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.records import Act
from connector_core.model.vocabulary import Structure
from connector_core.testing.bench import Bench, Unplantable
from connector_core.testing.courses import ActDraft, Course, Plan
from connector_core.testing.desk import Habits


def prescribed_too_late(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 8)
    first, second = course.sessions[:2]
    _redated(course, second.day)
    bench.finish(course)
    bench.on_act("KINE-ORD-PRESENTE", "reject", first, "première séance avant l'ordonnance")


def one_too_many(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 9)
    course.prescriptions[0] = course.prescriptions[0].model_copy(update={"sessions": 8})
    bench.finish(course)
    bench.on_act("KINE-ORD-NB", "reject", course.sessions[8], "9 séances pour 8 prescrites")


def renewed_too_late(bench: Bench) -> None:
    course = bench.course(bench.ago(560), 9, chunks=(8, 4), plan=_rare)
    renewal = course.prescriptions[1].model_copy(update={"renewed_by": "MK"})
    course.prescriptions[1] = renewal
    if (renewal.issued_on - course.prescriptions[0].issued_on).days < 370:
        raise Unplantable
    bench.finish(course)
    amount, note = course.sessions[8].amount, "ordonnance renouvelée par le kinésithérapeute après un an"
    bench.expect("KINE-ORD-RENOUV", "reject", "prescription", renewal.id, amount, note)


def old_prescription(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 8)
    _redated(course, course.sessions[0].day - timedelta(days=425))
    bench.finish(course)
    note = "première séance quatorze mois après l'ordonnance"
    bench.expect("KINE-ORD-VALIDITE", "info", "prescription", course.prescriptions[0].id, None, note)


def ninth_without_doctor(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9)
    _direct(course, "MSP")
    bench.finish(course)
    bench.on_act("KINE-ORD-ACCES8", "reject", course.sessions[8], "9e séance en accès direct")


def direct_in_town(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 3)
    _direct(course, "CABINET")
    before = len(bench.records)
    bench.finish(course, paying=Habits("FULL", 60))
    acts = [each for each in bench.records[before:] if isinstance(each, Act)]
    for invoice in bench.invoices(before):
        amount = sum((act.amount or Decimal(0) for act in acts if act.invoice_id == invoice.id), Decimal(0))
        note = "accès direct télétransmis par un cabinet isolé"
        bench.expect("KINE-ORD-ACCES-REMB", "reject", "invoice", invoice.id, amount, note)


def never_met(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 6, bdks=())
    act = course.sessions[0]
    act.letter = "TMK"
    before = len(bench.records)
    bench.finish(course)
    for invoice in bench.invoices(before):
        bench.change(invoice, securing="DEGRADE")
    bench.on_act("KINE-TMK-1", "reject", act, "télésoin au premier contact")


def quick_start_twice(bench: Bench) -> None:
    _package_twice(bench, "FRD", Decimal("100.00"))


def accompaniment_twice(bench: Bench) -> None:
    _package_twice(bench, "FAD", Decimal("20.00"))


def three_requests(bench: Bench) -> None:
    course = bench.course(bench.in_2026(2), 9)
    acts = [_added(bench, course, rank, "RQD", Decimal("10.00")) for rank in (2, 4, 6)]
    bench.finish(course)
    bench.on_act("KINE-RQD", "reject", acts[2], "troisième téléexpertise de l'année")


def _package_twice(bench: Bench, letter: str, price: Decimal) -> None:
    course = bench.course(bench.ago(120), 9)
    acts = [_added(bench, course, rank, letter, price) for rank in (1, 5)]
    bench.finish(course)
    bench.on_act(f"KINE-FORF-{letter}", "info", acts[1], f"{letter} deux fois pour une prise en charge")


def _added(bench: Bench, course: Course, rank: int, letter: str, price: Decimal) -> ActDraft:
    """An act that the price list of sessions does not have, beside a session."""
    session = course.sessions[rank - 1]
    act = bench.shop.maker.add(course, "supplement", (session.letter, session.coefficient), session)
    act.letter, act.coefficient, act.amount = letter, Decimal(1), price
    return act


def _redated(course: Course, day: date) -> None:
    course.prescriptions[0] = course.prescriptions[0].model_copy(update={"issued_on": day})


def _direct(course: Course, structure: Structure) -> None:
    """Let the patient come without an ordonnance."""
    course.treatment = course.treatment.model_copy(update={"direct_access": True, "structure": structure})
    course.prescriptions.clear()
    for act in course.acts:
        act.prescription_id = None


def _rare(plan: Plan) -> None:
    plan.gap = (58, 60)


FAULTS = (
    prescribed_too_late,
    one_too_many,
    renewed_too_late,
    old_prescription,
    ninth_without_doctor,
    direct_in_town,
    never_met,
    quick_start_twice,
    accompaniment_twice,
    three_requests,
)
