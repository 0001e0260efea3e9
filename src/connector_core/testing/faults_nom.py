"""Faults that the rules KINE-NOM must find, those of a practitioner's day apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connector_core.model.vocabulary import Severity
from connector_core.testing.bench import PLAIN, Bench, Unplantable
from connector_core.testing.courses import ActDraft, Course, Plan

LUMBAR = "MK-art1-A-lombalgie-commune"
SPRAIN = "MK-art1-C-entorse-cheville-non-operee"
FOOT_OPERATED = "MK-art1-C-cheville-pied-operee"
KNEE = "MK-art1-C-genou-jambe-non-operee"
SPINE = "MK-art1-A-dorsal-sans-chirurgie"
GAIT = "MK-art9-deambulation-sujet-age"
COPD = "MK-art5-readaptation-individuelle"
BREATHING = "MK-art5-obstructives-restrictives"
PALLIATIVE = "MK-art11-soins-palliatifs"
BREAST = "MK-art7-lymphoedeme-sein"
SCOLIOSIS = "MK-art1-E-deviation-dorsal"


def no_such_pair(bench: Bench) -> None:
    _recoded(bench, LUMBAR, bench.in_2026(3), ("RAM", "8.5"), "KINE-NOM-PAIRE", "RAM 8,5 n'existe pas")


def before_its_time(bench: Bench) -> None:
    start = date(2025, 9, bench.random.randint(1, 9))
    _recoded(bench, LUMBAR, start, ("RAM", "8.09"), "KINE-NOM-DATE", "RAM 8,09 avant le 01/01/2026")


def underbilled(bench: Bench) -> None:
    course = bench.course(bench.in_2026(2), 10, code=LUMBAR)
    act = course.sessions[4]
    right = act.amount
    bench.recode(act, "RAM", "7.49")
    bench.finish(course)
    bench.on_act("KINE-NOM-SOUSCOTE", "revenue", act, "RAM 7,49 en 2026", right - act.amount)


def too_much(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 8, code=SPRAIN)
    act = course.sessions[3]
    right, act.amount = act.amount, Decimal("20.00")
    bench.finish(course)
    bench.on_act("KINE-NOM-MONTANT", "reject", act, "RIM 8,1 à 20,00 €", act.amount - right)


def old_letter_in_transition(bench: Bench) -> None:
    course = bench.course(date(2024, 3, bench.random.randint(1, 7)), 12, code=LUMBAR)
    act = next((each for each in course.sessions if each.day >= date(2024, 4, 1)), None)
    if act is None:
        raise Unplantable
    bench.recode(act, "AMS", "7.5")
    bench.finish(course)
    bench.on_act("KINE-NOM-ANCIENNE", "reject", act, "AMS en avril 2024, traitement commencé en mars")


def old_letter_today(bench: Bench) -> None:
    course = bench.course(date(2024, 9, bench.random.randint(2, 9)), 9)
    act = course.sessions[3]
    act.letter, act.coefficient = "AMS", Decimal("7.5")
    bench.finish(course)
    bench.on_act("KINE-NOM-ANCIENNE", "reject", act, "AMS en septembre 2024")


def session_under_amk(bench: Bench) -> None:
    start = date(2025, 1, bench.random.randint(6, 10))
    _recoded(bench, PLAIN, start, ("AMK", "8"), "KINE-NOM-AMK-RESTE", "AMK 8 en 2025")


def removed_gait(bench: Bench) -> None:
    course = bench.course(bench.in_2026(2), 14, code=GAIT)
    act = course.sessions[4]
    right = act.amount
    bench.recode(act, "RPE", "6")
    bench.finish(course)
    bench.on_act("KINE-NOM-RPE6", "revenue", act, "RPE 6 en 2026", right - act.amount)


def letter_of_not_operated(bench: Bench) -> None:
    _recoded(bench, FOOT_OPERATED, bench.in_2026(3), ("VIM", "8.1"), "KINE-NOM-OPERE", "VIM pour un pied opéré")


def one_limb(bench: Bench) -> None:
    start = date(2026, 6, bench.random.randint(2, 5))
    _recoded(bench, KNEE, start, ("TER", "9.79"), "KINE-NOM-TERRITOIRE", "TER pour un seul genou", after=start)


def too_old(bench: Bench) -> None:
    _recoded(bench, SPINE, bench.in_2026(3), ("DRA", "8.08"), "KINE-NOM-DRA-AGE", "DRA chez un adulte")


def copd_without_ald(bench: Bench) -> None:
    _recoded(bench, BREATHING, bench.in_2026(3), ("ARL", "28"), "KINE-NOM-BPCO", "ARL 28 sans ALD")


def copd_too_long(bench: Bench) -> None:
    start = bench.in_2026(2)
    chart = bench.chart(start, (50, 80), ald=True)
    course = bench.course(start, 22, code=COPD, chart=chart, chunks=(25,))
    bench.finish(course)
    for act in course.sessions[20:]:
        bench.on_act("KINE-NOM-BPCO", "reject", act, "ARL 28 au-delà de 20 séances")


def child_from_town(bench: Bench) -> None:
    start = bench.in_2026(3)
    course = bench.course(start, 10, code=SCOLIOSIS, chart=bench.chart(start, (6, 12)))
    first = course.prescriptions[0]
    course.prescriptions[0] = first.model_copy(update={"prescriber_structure": "Cabinet médical des Glycines"})
    act = course.sessions[4]
    bench.recode(act, "TER", "16")
    bench.finish(course)
    bench.on_act("KINE-NOM-TER16", "reject", act, "TER 16 prescrit en ville")


def palliative_twice(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 12, code=PALLIATIVE)
    act = bench.extra(course, course.sessions[4], ("PLL", Decimal(12)))
    first, second = sorted((course.sessions[4], act), key=lambda each: (each.clock is None, each.clock))
    bench.finish(course)
    bench.on_act("KINE-NOM-PLL", "reject", second, f"PLL deux fois le jour de {first.id}")


def bandage_of_breast(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 9, code=BREAST)
    act = bench.shop.maker.add(course, "supplement", ("RAV", Decimal(1)), course.sessions[4])
    bench.finish(course)
    bench.on_act("KINE-NOM-BANDAGE", "reject", act, "RAV 1 avec RAV 15,5")


def breast_beyond_ten(bench: Bench) -> None:
    course = bench.course(bench.ago(120), 14, code=BREAST)
    bench.finish(course)
    act = course.sessions[10]
    bench.expect("KINE-NOM-SEIN10", "info", "act", act.id, None, "14 RAV 15,5 sans nouveau BDK")


def pool_alone(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 12, code=KNEE, plan=_wide)
    like = course.sessions[4]
    act = bench.shop.maker.add(course, "supplement", ("AMK", Decimal("3.5")), like)
    act.day = date.fromordinal(like.day.toordinal() + 1)
    if any(each.day == act.day for each in course.sessions):
        raise Unplantable
    act.session_id = course.chart.identifier("S")
    bench.finish(course)
    bench.on_act("KINE-NOM-BALNEO", "reject", act, "piscine sans séance")


def group_of_four(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 12)
    act = course.sessions[4]
    act.group_size = 4
    bench.finish(course)
    bench.on_act("KINE-NOM-GROUPE", "reject", act, "groupe de quatre patients")


def _recoded(
    bench: Bench,
    code: str,
    start: date,
    pair: tuple[str, str],
    rule: str,
    note: str,
    *,
    after: date | None = None,
    severity: Severity = "reject",
) -> None:
    """One session of a course billed under another cotation, at the price of that one."""
    course = bench.course(start, 9, code=code)
    act = _one(course, after)
    bench.recode(act, *pair)
    bench.finish(course)
    bench.on_act(rule, severity, act, note)


def _one(course: Course, after: date | None) -> ActDraft:
    return next(act for act in course.sessions[3:] if after is None or act.day >= after)


def _wide(plan: Plan) -> None:
    plan.gap = (3, 3)


FAULTS = (
    no_such_pair,
    before_its_time,
    underbilled,
    too_much,
    old_letter_in_transition,
    old_letter_today,
    session_under_amk,
    removed_gait,
    letter_of_not_operated,
    one_limb,
    too_old,
    copd_without_ald,
    copd_too_long,
    child_from_town,
    palliative_twice,
    bandage_of_breast,
    breast_beyond_ten,
    pool_alone,
    group_of_four,
)
