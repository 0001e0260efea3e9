"""Rarer care of the synthetic nurse's practice, where several rules meet: cumulated acts, nights, shared homes."""

from __future__ import annotations

from datetime import date, time, timedelta

from connector_core.rules.calendar import is_sunday_or_holiday
from connector_core.testing.nurse_care import (
    ANALGESIA,
    BLOOD_TEST,
    DAY,
    EVERY_DAY,
    GLUCOSE,
    HEAVY_DRESSING,
    INJECTION,
    INSULIN,
    MAU,
    MCI,
    MN,
    Care,
    days_of,
    simple_dressing,
)
from connector_core.testing.nurse_rounds import EVENING, MORNING, NOON, Folder, Line

DIABETIC_DRESSING = Line("AMI", "4", "IDE-diab-pansement-lourd")
WEEKLY = Line("AMI", "4", "IDE-diab-hebdo-gt75")
DIALYSIS = Line("AMI", "4", "IDE-dialyse-peritoneale")
STOMA = Line("AMI", "3", "IDE-pansement-stomie")
PRESSURE = Line("AMI", "4.6", "IDE-tpn-pose")
PERINEURAL = Line("AMI", "4.2", "IDE-postop-catheter-perinerveux")
DRAIN = Line("AMI", "2.8", "IDE-postop-drain")
WATCHED_INFUSION = Line("AMI", "10", "IDE-immuno-perf-courte")
LONG_INFUSION = Line("AMI", "15", "IDE-immuno-perf-longue")
CATHETER = Line("AMI", "4", "IDE-sonde-demeure-homme")


def diabetic_wound(folder: Folder, start: date, last: date) -> None:
    """Insulin, its watch and a heavy dressing in one visit: each is paid in full."""
    order = folder.order(start - DAY, f"Insuline et pansement, 30 jours, {EVERY_DAY}", sessions=30, daily=True)
    for rank, day in enumerate(days_of(start, last, 30)):
        lines = [INSULIN, GLUCOSE]
        if rank % 2 == 0:
            lines += [DIABETIC_DRESSING, MCI]
        folder.home(day, MORNING, lines, order)


def weekly_visits(folder: Folder, start: date, last: date) -> None:
    """Insulin every day of a patient of more than 75 years, and once a week the visit that goes with it."""
    order = folder.order(start - DAY, f"Insuline, 40 jours, {EVERY_DAY}", sessions=40, daily=True)
    for rank, day in enumerate(days_of(start, last, 40)):
        folder.home(day, MORNING, [INSULIN, GLUCOSE], order)
        if rank % 7 == 3:
            folder.home(day, NOON, [WEEKLY], order)


def dialysis(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, f"Dialyse péritonéale, 14 jours, {EVERY_DAY}", sessions=14, daily=True)
    for day in days_of(start, last, 14):
        for rank in range(4):
            folder.home(day, MORNING + 180 * rank, [DIALYSIS], order)


def several_acts(folder: Folder, start: date, last: date) -> None:
    """Three acts in a visit, the third unpaid; and blood tests, always in full."""
    order = folder.order(start - DAY, "Pansement, injection et prise de sang, 9 jours", sessions=9)
    for rank, day in enumerate(days_of(start, last, 9)):
        match rank % 3:
            case 0:
                unpaid = Line("AMI", "1", "IDE-im", "0", amount="0.00")
                folder.home(day, NOON, [STOMA, simple_dressing(day).half(), unpaid], order)
            case 1:
                folder.home(day, NOON, [HEAVY_DRESSING, BLOOD_TEST, MCI], order)
            case _:
                folder.home(day, NOON, [HEAVY_DRESSING, ANALGESIA, INJECTION.half(), MCI], order)


def pressure(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Traitement par pression négative, 10 fois", sessions=10)
    for day in days_of(start, last, 10, 3):
        folder.home(day, NOON, [PRESSURE, MCI], order)


def perineural(folder: Folder, start: date, last: date) -> None:
    """After an operation: the perineural catheter for three days, and twice the drain."""
    order = folder.order(start, "Cathéter périnerveux 3 jours, drain 2 fois", sessions=5, discharged_on=start)
    for rank, day in enumerate(days_of(start + DAY, last, 3)):
        acts = folder.home(day, MORNING, [PERINEURAL, *([DRAIN] if rank < 2 else [])], order)
        for act in acts:
            act.helper = True


def two_infusions(folder: Folder, start: date, last: date) -> None:
    """A watched infusion and a long one in one day, outside article 11 B."""
    order = folder.order(start - DAY, "Perfusions, 4 fois, une par semaine", sessions=4)
    for day in days_of(start, last, 4, 7):
        if not is_sunday_or_holiday(day):
            folder.home(day, MORNING, [WATCHED_INFUSION, LONG_INFUSION], order)


def called_at_night(folder: Folder, start: date, last: date) -> None:
    """Urgent calls: one late in the evening, one in the depth of the night."""
    for rank, (wish, call, letter) in enumerate(
        ((22 * 60 + 10, time(21, 30), MN), (65, time(0, 20), Line("MN23"))),
    ):
        day = start + timedelta(days=4 * rank)
        if day > last:
            return
        order = folder.order(day, "Sondage en urgence, 1 fois", sessions=1)
        for act in folder.home(day, wish, [CATHETER, letter], order):
            act.urgent, act.call_at = True, call


def dressed_for_long(folder: Folder, start: date, last: date) -> None:
    """Dressings until healed, under a second prescription after ten weeks."""
    order = folder.order(start - DAY, "Pansement d'ulcère, jusqu'à cicatrisation")
    for rank, day in enumerate(days_of(start, last, 50, 3)):
        if rank == 24:
            order = folder.order(day, "Pansement d'ulcère, jusqu'à cicatrisation", renewal_of=order.id)
        folder.home(day, NOON, [Line("AMI", "5.1", "IDE-pansement-ulcere-compression"), MCI], order)


def asked_from_afar(folder: Folder, start: date, last: date) -> None:
    """Requests of téléexpertise and accompanied teleconsultations beside ordinary care."""
    order = folder.order(start - DAY, "Injections, 4 fois", sessions=4)
    for rank, day in enumerate(days_of(start, last, 4, 9)):
        folder.home(day, EVENING, [INJECTION, Line("TLS")] if rank == 2 else [INJECTION, MAU], order)
        if rank < 2:
            folder.cabinet(day, EVENING + 120, [Line("RQD")], order)


RARE_CARES: tuple[tuple[Care, tuple[int, int]], ...] = (
    (diabetic_wound, (45, 74)),
    (weekly_visits, (77, 92)),
    (dialysis, (40, 80)),
    (several_acts, (30, 85)),
    (pressure, (40, 85)),
    (perineural, (30, 75)),
    (two_infusions, (30, 80)),
    (called_at_night, (30, 85)),
    (dressed_for_long, (55, 90)),
    (asked_from_afar, (30, 85)),
)
