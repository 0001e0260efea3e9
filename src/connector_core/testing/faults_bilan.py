"""Faults that the rules KINE-BILAN must find."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from connector_core.testing.bench import Bench, Unplantable, half
from connector_core.testing.courses import Plan
from connector_core.testing.desk import Habits
from connector_core.testing.practice import isolated_bilan

HEMIPLEGIA = "MK-art4-hemiplegie"
SPRAIN = "MK-art1-C-entorse-cheville-non-operee"


def amount_of_old_key(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 8)
    bdk = course.bdks()[0]
    right, bdk.amount = bdk.amount, Decimal("23.01")
    bench.finish(course)
    bench.on_act("KINE-BILAN-10.7", "reject", bdk, "BDK à l'ancienne valeur de lettre", right - bdk.amount)


def general_for_neuro(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 20, code=HEMIPLEGIA)
    bdk = course.bdks()[0]
    right = bdk.amount
    bench.recode(bdk, "AMK", "10.7")
    bench.finish(course)
    bench.on_act("KINE-BILAN-10.7", "reject", bdk, "10,7 pour une hémiplégie", right - bdk.amount)


def neuro_for_general(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 8, code=SPRAIN)
    bdk = course.bdks()[0]
    right = bdk.amount
    bench.recode(bdk, "AMK", "10.8")
    bench.finish(course)
    bench.on_act("KINE-BILAN-10.8", "reject", bdk, "10,8 pour une entorse", bdk.amount - right)


def old_letter(bench: Bench) -> None:
    course = bench.course(bench.in_2026(1), 9)
    bdk = course.bdks()[0]
    bdk.letter = "AMS"
    bench.finish(course)
    bench.on_act("KINE-BILAN-LETTRE", "reject", bdk, "BDK en AMS après le 22/02/2024")


def two_initial(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 12, bdks=(1, 8))
    bench.finish(course)
    bench.on_act("KINE-BILAN-INITIAL", "reject", course.bdks()[1], "deux BDK dans les dix premières séances")


def no_initial(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 14, bdks=())
    bench.finish(course)
    price = bench.shop.billing.price("AMK", Decimal("10.7"), course.sessions[9].day)
    note = "14 séances sans BDK"
    bench.expect("KINE-BILAN-INITIAL-MANQUANT", "revenue", "treatment", course.treatment.id, price, note)


def none_at_thirty(bench: Bench) -> None:
    course = bench.course(bench.ago(230), 37)
    bench.finish(course)
    price = bench.shop.billing.price("AMK", Decimal("10.7"), course.sessions[29].day)
    bench.expect("KINE-BILAN-30", "revenue", "treatment", course.treatment.id, price, "37 séances, rien à la 30e")


def due_at_thirty(bench: Bench) -> None:
    course = bench.standing(31, (45,))
    bench.finish(course)
    price = bench.shop.billing.price("AMK", Decimal("10.7"), course.sessions[29].day)
    bench.expect("KINE-BILAN-30", "revenue", "treatment", course.treatment.id, price, "31 séances, bilan encore dû")


def soon_at_thirty(bench: Bench) -> None:
    course = bench.standing(28, (45,))
    bench.finish(course)
    price = bench.shop.billing.price("AMK", Decimal("10.7"), course.sessions[-1].day)
    bench.expect("KINE-BILAN-30", "info", "treatment", course.treatment.id, price, "bilan de la 30e à préparer")


def late_at_thirty(bench: Bench) -> None:
    course = bench.course(bench.ago(230), 37, bdks=(1, 32))
    bench.finish(course)
    bench.expect("KINE-BILAN-30", "info", "treatment", course.treatment.id, None, "bilan à la 32e, tolérance")


def none_at_sixty(bench: Bench) -> None:
    course = bench.course(bench.ago(330), 66, code=HEMIPLEGIA)
    bench.finish(course)
    price = bench.shop.billing.price("AMK", Decimal("10.8"), course.sessions[59].day)
    bench.expect("KINE-BILAN-60", "revenue", "treatment", course.treatment.id, price, "hémiplégie, rien à la 60e")


def off_threshold(bench: Bench) -> None:
    course = bench.course(bench.ago(200), 26, bdks=(1, 22))
    bench.finish(course)
    bench.on_act("KINE-BILAN-HORS-SEUIL", "reject", course.bdks()[1], "BDK à la 22e séance")


def before_threshold(bench: Bench) -> None:
    course = bench.course(bench.ago(230), 37, bdks=(1, 28, 30))
    bench.finish(course)
    bench.on_act("KINE-BILAN-AVANT-SEUIL", "reject", course.bdks()[1], "BDK à la 28e séance")


def entered_late(bench: Bench) -> None:
    course = bench.course(bench.ago(250), 42, bdks=(1, 30))
    bdk = course.bdks()[1]
    bdk.created_at = course.sessions[40].created_at
    bench.finish(course)
    bench.expect("KINE-BILAN-RETRO", "info", "act", bdk.id, None, "BDK de la 30e saisi après la 41e")


def halved(bench: Bench) -> None:
    course = bench.course(bench.in_2026(4), 9)
    bdk = course.bdks()[0]
    full, bdk.rate, bdk.amount = bdk.amount, "0.5", half(bdk.amount)
    bench.finish(course)
    bench.on_act("KINE-BILAN-CUMUL-JOUR", "revenue", bdk, "BDK à demi-tarif le jour d'une séance", full - bdk.amount)


def billed_final(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 17, bdks=(1, 17))
    bench.finish(course)
    bench.on_act("KINE-BILAN-FINAL", "reject", course.bdks()[1], "BDK à la dernière séance, la 17e")


def no_summary(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 12, plan=_without_summary)
    bench.finish(course)
    bench.expect("KINE-BILAN-FICHE", "info", "treatment", course.treatment.id, None, "12 séances, pas de fiche de fin")


def renewed(bench: Bench) -> None:
    course = bench.course(bench.ago(180), 22, bdks=(1, 16), chunks=(14, 10))
    bdk = course.bdks()[1]
    bench.finish(course)
    bench.on_act("KINE-BILAN-HORS-SEUIL", "reject", bdk, "BDK à la 16e séance")
    bench.expect("KINE-BILAN-RENOUV", "info", "act", bdk.id, None, "BDK à cause d'une nouvelle ordonnance")


def isolated(bench: Bench) -> None:
    course = bench.course(bench.ago(150), 16)
    day = course.sessions[5].day + timedelta(days=1)
    act, assessment = isolated_bilan(bench.shop, course.chart, day, course.practitioner_id, Decimal(10))
    if any(session.day == act.day for session in course.sessions):
        raise Unplantable
    course.acts.append(act)
    course.assessments.append(assessment)
    bench.finish(course)
    bench.on_act("KINE-BILAN-ISOLE", "reject", act, "AMK 10 pendant un traitement")


def frailty(bench: Bench) -> None:
    if bench.today < date(2026, 8, 1):
        raise Unplantable
    day = date(2026, 7, bench.random.randint(1, 20))
    chart = bench.chart(day, (71, 90))
    act, assessment = isolated_bilan(bench.shop, chart, day, bench.random.choice(bench.staff).id, Decimal(10))
    if act.day >= date(2026, 9, 1):
        raise Unplantable
    act.label = "Bilan de fragilité"
    bench.records.extend(bench.shop.desk.loose(chart, (act, assessment), Habits("NONE", 60)))
    bench.on_act("KINE-BILAN-FRAGILITE", "info", act, "bilan de fragilité avant son ouverture")


def _without_summary(plan: Plan) -> None:
    plan.summary = False


FAULTS = (
    amount_of_old_key,
    general_for_neuro,
    neuro_for_general,
    old_letter,
    two_initial,
    no_initial,
    none_at_thirty,
    due_at_thirty,
    soon_at_thirty,
    late_at_thirty,
    none_at_sixty,
    off_threshold,
    before_threshold,
    entered_late,
    halved,
    billed_final,
    no_summary,
    renewed,
    isolated,
    frailty,
)
