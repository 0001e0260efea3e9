"""Faults that the rules IDE-CUMUL, IDE-MAJ and IDE-DEPL must find."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.records import Prescription
from connector_core.testing.nurse_bench import MAU, MCI, MD, NurseBench
from connector_core.testing.nurse_rounds import EVENING, MORNING, NOON, Folder, Line

STITCHES = Line("AMI", "4", "IDE-ablation-fils-gt10")
DRESSING = Line("AMI", "2", "IDE-pansement-autre")
HEAVY = Line("AMI", "4", "IDE-pansement-lourd-4")
INJECTION = Line("AMI", "1", "IDE-sous-cutanee")
BLOOD_TEST = Line("AMI", "1.5", "IDE-ponction-veineuse")
INFUSION = Line("AMI", "14", "IDE-perf-longue")
IFD, MN = Line("IFD"), Line("MN")
_DAY = timedelta(days=1)
_CHILDREN_SINCE = date(2026, 6, 22)


def both_whole(bench: NurseBench) -> None:
    bench.on_line("IDE-CUMUL-11B", "reject", [STITCHES, DRESSING], "AMI", "deuxième acte à taux plein", "3.15")


def third_act(bench: NurseBench) -> None:
    lines = [STITCHES, DRESSING.half(), INJECTION]
    bench.on_line("IDE-CUMUL-11B-3", "reject", lines, "AMI", "troisième acte d'une séance")


def wrong_order(bench: NurseBench) -> None:
    lines = [INJECTION, STITCHES.half()]
    bench.on_line("IDE-CUMUL-11B-ORDRE", "revenue", lines, "AMI", "le plus fort coefficient à 50 %", "4.73")


def another_visit(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    folder.cabinet(folder.since, MORNING, [STITCHES], order)
    (act,) = folder.cabinet(folder.since, EVENING, [INJECTION.half()], order)
    bench.on_act("IDE-CUMUL-2PASSAGES", "revenue", folder, act, "acte du soir à 50 %", "1.57")


def halved_analgesia(bench: NurseBench) -> None:
    lines = [HEAVY, Line("AMI", "1.1", "IDE-analgesie-topique", "0.5"), MCI]
    note = "analgésie à 50 % avec un pansement"
    bench.on_line("IDE-CUMUL-EXC", "revenue", lines, "AMI", note, "1.73", home=True)


def two_long_infusions(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    folder.cabinet(folder.since, MORNING, [INFUSION], order)
    (act,) = folder.cabinet(folder.since, EVENING, [INFUSION], order)
    bench.on_act("IDE-CUMUL-PERF-JOUR", "reject", folder, act, "deux forfaits de perfusion longue", "31.18")


def two_kinds_of_infusion(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    (act,) = folder.cabinet(folder.since, MORNING, [INFUSION], order)
    folder.cabinet(folder.since, EVENING, [Line("AMI", "15", "IDE-immuno-perf-longue")], order)
    bench.on_act("IDE-CUMUL-PERF-1415", "info", folder, act, "AMI 14 et AMI 15 le même jour")


def halved_blood_test(bench: NurseBench) -> None:
    lines = [STITCHES, BLOOD_TEST.half()]
    bench.on_line("IDE-CUMUL-PRISESANG", "revenue", lines, "AMI", "prise de sang à 50 %", "2.36")


def sunday_at_practice(bench: NurseBench) -> None:
    folder, order = _usual(bench, daily=True)
    acts = folder.cabinet(folder.since + 6 * _DAY, NOON, [INJECTION, MAU, MD], order)
    for act in acts:
        act.urgent = False
    bench.on_act("IDE-MAJ-CABINET", "info", folder, acts[-1], "dimanche au cabinet sans urgence")


def silent_prescription(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    folder.visit(folder.since, NOON, [INJECTION, MAU], order)
    act = folder.visit(folder.since + 6 * _DAY, NOON, [INJECTION, MAU, MD], order)[-1]
    bench.on_act("IDE-MAJ-DIM", "reject", folder, act, "dimanche sans prescription quotidienne")


def single_act_forgotten(bench: NurseBench) -> None:
    bench.on_line("IDE-MAJ-MAU-MANQ", "revenue", [INJECTION], "AMI", "MAU oubliée", "1.35")


def single_act_too_high(bench: NurseBench) -> None:
    bench.on_line("IDE-MAJ-MAU", "reject", [DRESSING, MAU], "MAU", "MAU avec AMI 2")


def coordination_forgotten(bench: NurseBench) -> None:
    bench.on_line("IDE-MAJ-MCI-MANQ", "revenue", [HEAVY], "AMI", "MCI oubliée", "5.00", home=True)


def coordination_undue(bench: NurseBench) -> None:
    bench.on_line("IDE-MAJ-MCI", "reject", [DRESSING, MCI], "MCI", "MCI avec un pansement simple", home=True)


def child_forgotten(bench: NurseBench) -> None:
    folder = bench.folder((2, 4), since=_CHILDREN_SINCE)
    order = folder.order(folder.since - _DAY, "Injection, 1 fois", sessions=1)
    act = folder.cabinet(folder.since, NOON, [INJECTION, MAU], order)[0]
    bench.on_act("IDE-MAJ-MIE-MANQ", "revenue", folder, act, "MIE oubliée", "3.15")


def child_too_old(bench: NurseBench) -> None:
    folder = bench.folder((8, 10))
    order = folder.order(folder.since - _DAY, "Injection, 1 fois", sessions=1)
    act = folder.cabinet(folder.since, NOON, [INJECTION, MAU, Line("MIE")], order)[-1]
    bench.on_act("IDE-MAJ-MIE", "reject", folder, act, "MIE après sept ans")


def not_yet_night(bench: NurseBench) -> None:
    folder, order = _usual(bench, night=True)
    act = folder.visit(folder.since, 19 * 60 + 30, [INJECTION, MAU, MN], order, exact=True)[-1]
    bench.on_act("IDE-MAJ-NUIT", "reject", folder, act, "majoration de nuit à 19 h 30")


def night_and_sunday(bench: NurseBench) -> None:
    folder, order = _usual(bench, night=True, daily=True)
    acts = folder.visit(folder.since + 6 * _DAY, 21 * 60, [INJECTION, MAU, MD, MN], order)
    bench.on_act("IDE-MAJ-NUITDIM", "reject", folder, acts[2], "nuit et dimanche")


def two_surcharges(bench: NurseBench) -> None:
    folder, order = _usual(bench, daily=True)
    act = folder.visit(folder.since + 6 * _DAY, NOON, [INJECTION, MAU, MD, MD], order)[-1]
    bench.on_act("IDE-MAJ-UNE", "reject", folder, act, "deux majorations de dimanche dans un passage")


def many_in_facility(bench: NurseBench) -> None:
    nurse, folders = bench.nurse(), []
    first = bench.folder(nurse=nurse)
    for folder in (first, *(bench.folder(since=first.since, nurse=nurse) for _ in range(4))):
        folder.facility = "EHPAD-F"
        order = folder.order(folder.since - _DAY, "Prise de sang à domicile, 1 fois", sessions=1)
        folder.visit(folder.since, 14 * 60, [BLOOD_TEST, MAU, IFD], order, place="EHPAD")
        folders.append(folder)
    bench.finish(*folders)
    _on_day(bench, "IDE-DEPL-EHPAD", nurse, first.since, "11.00", "cinq IFD dans un EHPAD")


def same_moment(bench: NurseBench) -> None:
    nurse = bench.nurse()
    first = bench.folder(nurse=nurse)
    second = bench.folder(since=first.since, nurse=nurse)
    for folder in (first, second):
        order = folder.order(folder.since - _DAY, "Prise de sang à domicile, 1 fois", sessions=1)
        folder.visit(folder.since, NOON, [BLOOD_TEST, MAU, IFD], order, exact=True)
    bench.finish(first, second)
    bench.expect("IDE-DEPL-FOYER", "info", ("act", second.acts[-1].id), None, "2.75", "deux IFD au même moment")


def former_travel(bench: NurseBench) -> None:
    lines = [BLOOD_TEST, MAU, Line("IFD", amount="2.50")]
    bench.on_line("IDE-DEPL-IFD", "revenue", lines, "IFD", "IFD à l'ancien tarif", "0.25", home=True)


def too_far(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    folder.distance_km = Decimal(5)
    act = folder.visit(folder.since, NOON, [BLOOD_TEST, MAU, IFD, Line("IK", quantity=10)], order)[-1]
    bench.on_act("IDE-DEPL-IK", "reject", folder, act, "abattement oublié", "1.40")


def in_town(bench: NurseBench) -> None:
    folder, order = _usual(bench)
    folder.distance_km = Decimal(5)
    act = folder.visit(folder.since, NOON, [BLOOD_TEST, MAU, IFD, Line("IK", quantity=6)], order)[-1]
    act.same_agglomeration = True
    bench.on_act("IDE-DEPL-IKMEME", "reject", folder, act, "indemnités kilométriques en ville")


def long_day(bench: NurseBench) -> None:
    nurse = bench.nurse()
    first = bench.folder(nurse=nurse)
    second = bench.folder(since=first.since, nurse=nurse)
    for rank, folder in enumerate((first, second)):
        folder.distance_km = Decimal(82)
        order = folder.order(folder.since - _DAY, "Prise de sang à domicile, 1 fois", sessions=1)
        folder.visit(folder.since, MORNING + 240 * rank, [BLOOD_TEST, MAU, IFD, Line("IK", quantity=160)], order)
    bench.finish(first, second)
    _on_day(bench, "IDE-DEPL-PLAF", nurse, first.since, "3.67", "320 km payés en entier")


def home_not_prescribed(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Prise de sang, 1 fois", sessions=1, at_home=False)
    folder.visit(folder.since, NOON, [BLOOD_TEST, MAU, IFD], order)
    bench.finish(folder)
    note = "déplacement sur une ordonnance sans domicile"
    bench.expect("IDE-DEPL-PRESC", "info", ("prescription", order.id), folder, "2.75", note)


def _usual(bench: NurseBench, *, daily: bool = False, night: bool = False) -> tuple[Folder, Prescription]:
    """A patient, and a prescription of care for some days."""
    folder = bench.folder()
    return folder, folder.order(folder.since - _DAY, "Soins, 3 fois", sessions=3, daily=daily, night=night)


def _on_day(bench: NurseBench, rule: str, nurse: str, day: date, amount: str, note: str) -> None:
    bench.expect(rule, "reject", ("practitioner_day", f"{nurse}/{day.isoformat()}"), None, amount, note)


FAULTS = (
    both_whole,
    third_act,
    wrong_order,
    another_visit,
    halved_analgesia,
    two_long_infusions,
    two_kinds_of_infusion,
    halved_blood_test,
    sunday_at_practice,
    silent_prescription,
    single_act_forgotten,
    single_act_too_high,
    coordination_forgotten,
    coordination_undue,
    child_forgotten,
    child_too_old,
    not_yet_night,
    night_and_sunday,
    two_surcharges,
    many_in_facility,
    same_moment,
    former_travel,
    too_far,
    in_town,
    long_day,
    home_not_prescribed,
)
