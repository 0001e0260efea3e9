"""Faults that the rules KINE-DAP must find. Those of agreements show only where a source gives them."""

from __future__ import annotations

from datetime import date, timedelta

from connector_core.model.records import Act, PriorAgreement
from connector_core.testing.bench import Bench, Unplantable
from connector_core.testing.courses import ActDraft, Course

SPRAIN = "MK-art1-C-entorse-cheville-non-operee"
LUMBAR = "MK-art1-A-lombalgie-commune"
WRIST_OPERATED = "MK-art1-B-poignet-main-operee"
LCA = "MK-art1-C-lca"


def beyond_threshold(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 12, code=SPRAIN)
    bench.finish(course)
    for act in course.sessions[10:]:
        bench.on_act("KINE-DAP-SEUIL", "reject", act, "entorse au-delà de 10 séances, sans demande")


def third_series(bench: Bench) -> None:
    chart = bench.chart(bench.in_2026(1), (30, 64))
    series = [bench.course(date(2026, month, 5), 15, code=LUMBAR, chart=chart, chunks=(15,)) for month in (1, 4)]
    third = bench.course(date(2026, 7, 6), 3, code=LUMBAR, chart=chart)
    bench.finish(*series, third)
    for act in third.sessions:
        bench.on_act("KINE-DAP-12MOIS", "reject", act, "lombalgie, 30 séances dans les douze mois précédents")


def carpal_tunnel(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 3, code=WRIST_OPERATED)
    for act in course.sessions:
        bench.recode(act, "RSC", "8.09")
    bench.finish(course)
    for act in course.sessions:
        bench.on_act("KINE-DAP-CARPIEN", "reject", act, "canal carpien sans demande")


def silence_too_short(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 11, code=SPRAIN)
    act = course.sessions[10]
    bench.finish(course)
    bench.records.append(_agreement(course, act.day - timedelta(days=9)))
    bench.on_act("KINE-DAP-TACITE", "reject", act, "neuf jours après la réception de la demande")


def documents_asked(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 11, code=SPRAIN)
    act = course.sessions[10]
    asked = act.day - timedelta(days=17)
    agreement = _agreement(course, act.day - timedelta(days=19))
    bench.finish(course)
    documents = {"documents_asked_on": asked, "documents_received_on": asked + timedelta(days=7)}
    bench.records.append(agreement.model_copy(update=documents))
    bench.on_act("KINE-DAP-INCOMPLETE", "reject", act, "dix jours après la réception des pièces demandées")


def urgent_without_demand(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 11, code=SPRAIN)
    act = course.sessions[10]
    bench.finish(course)
    _mark_urgent(bench, act)
    bench.on_act("KINE-DAP-URGENCE", "info", act, "11e séance urgente d'une entorse, sans demande")


def long_prescription(bench: Bench) -> None:
    course = bench.standing(8, (20,), code=SPRAIN)
    bench.finish(course)
    note = "20 séances prescrites pour une entorse, sans demande"
    bench.expect("KINE-DAP-PRESCRIPTION", "info", "treatment", course.treatment.id, None, note)


def outside_referential(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9, code=LCA)
    act = course.sessions[4]
    bench.recode(act, "VIC", "8.1")
    bench.finish(course)
    bench.on_act("KINE-DAP-VS-V", "reject", act, "VIC 8,1 pour un ligament croisé antérieur")


def _agreement(course: Course, sent_on: date) -> PriorAgreement:
    return PriorAgreement(
        id=course.chart.identifier("D"),
        patient_id=course.chart.patient.id,
        treatment_id=course.treatment.id,
        prescription_id=course.prescriptions[0].id,
        sent_on=sent_on,
        received_on=sent_on,
    )


def _mark_urgent(bench: Bench, draft: ActDraft) -> None:
    for place, record in enumerate(bench.records):
        if isinstance(record, Act) and record.id == draft.id:
            bench.records[place] = record.model_copy(update={"urgent": True})
            return
    raise Unplantable


FAULTS = (outside_referential,)
AGREEMENT_FAULTS = (
    beyond_threshold,
    third_series,
    carpal_tunnel,
    silence_too_short,
    documents_asked,
    urgent_without_demand,
    long_prescription,
)
"""Faults of which nothing is said where no source gives the demands (accords préalables)."""
