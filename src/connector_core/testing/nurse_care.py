"""Patients of the synthetic nurse's practice who are not dependent: what each comes for, billed as it should be.

Every care takes a folder, the day it begins and the last day on which it may be given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from connector_core.model.records import PriorAgreement
from connector_core.rules.calendar import is_sunday_or_holiday
from connector_core.testing.agenda import working_day
from connector_core.testing.nurse_rounds import EVENING, MORNING, NOON, SIMPLE_DRESSING_SINCE, Folder, Line

INJECTION = Line("AMI", "1", "IDE-sous-cutanee")
BLOOD_TEST = Line("AMI", "1.5", "IDE-ponction-veineuse")
HEAVY_DRESSING = Line("AMI", "4", "IDE-pansement-lourd-4")
WOUND_REVIEW = Line("AMI", "11", "IDE-bilan-plaie-lourde")
ANALGESIA = Line("AMI", "1.1", "IDE-analgesie-topique")
INSULIN = Line("AMI", "1", "IDE-diab-insuline")
GLUCOSE = Line("AMI", "1", "IDE-diab-surveillance")
LONG_INFUSION = Line("AMI", "14", "IDE-perf-longue")
NEXT_INFUSION = Line("AMI", "4.1", "IDE-perf-changement-flacon")
REMOVAL = Line("AMI", "5", "IDE-perf-retrait")
SHORT_INFUSION = Line("AMI", "9", "IDE-perf-courte")
FURTHER_HOUR = Line("AMI", "6", "IDE-perf-suppl-heure")
MEDICATION = Line("AMI", "1.2", "IDE-administration-medic")
STITCHES = Line("AMI", "2", "IDE-ablation-fils-le10")
AFTER_SURGERY = Line("AMI", "3.9", "IDE-postop-surveillance")
FOLLOW_UP = Line("AMI", "5.8", "IDE-ic-bpco-suivi")
VACCINATION = Line("AMI", "2.4", "IDE-vaccination-avec-prescription")
SELF_CATHETER = Line("AMI", "3.5", "IDE-autosondage-education")
OBSERVATION = Line("AMI", "1", "IDE-surveillance-observation")
TELECARE = Line("TMI", "1.6", "IDE-telesoin-pansement")
MAU, MCI, MIE, MN = Line("MAU"), Line("MCI"), Line("MIE"), Line("MN")

Care = Callable[[Folder, date, date], None]
DAY = timedelta(days=1)
EVERY_DAY = "tous les jours y compris dimanches et jours fériés"


def simple_dressing(day: date) -> Line:
    """The dressing of no particular kind: AMI 2, 2.02 since the summer of 2026."""
    if day < SIMPLE_DRESSING_SINCE:
        return Line("AMI", "2", "IDE-pansement-autre")
    return Line("AMI", "2.02", "IDE-pansement-non-chirurgical")


def injections(folder: Folder, start: date, last: date) -> None:
    days = list(days_of(start, last, folder.rounds.random.randint(7, 21)))
    order = folder.order(start - DAY, f"Injections d'HBPM, {EVERY_DAY}", sessions=21, daily=True)
    for day in days:
        folder.home(day, MORNING, [INJECTION, MAU], order)


def injections_at_night(folder: Folder, start: date, last: date) -> None:
    order = folder.order(
        start - DAY, "Injection à 6 heures, impérieusement de nuit", sessions=10, daily=True, night=True
    )
    for day in days_of(start, last, 10):
        folder.home(day, MORNING - 45, [INJECTION, MAU, MN], order, sundays=False)


def heavy_dressings(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - 2 * DAY, "Pansement d'escarre un jour sur deux, jusqu'à cicatrisation")
    for rank, day in enumerate(days_of(start, last, folder.rounds.random.randint(6, 30), 2)):
        if rank == 0:
            folder.home(day, NOON, [WOUND_REVIEW], order)
        else:
            folder.home(day, NOON, [HEAVY_DRESSING, *([ANALGESIA] if rank < 5 else []), MCI], order)


def dressings(folder: Folder, start: date, last: date) -> None:
    count = folder.rounds.random.randint(4, 12)
    order = folder.order(start - DAY, f"Pansement simple, {count} fois", sessions=count)
    home = folder.rounds.random.random() < 0.5
    for day in days_of(start, last, count, 3):
        if home:
            folder.home(day, NOON, [simple_dressing(day)], order)
        else:
            folder.cabinet(day, EVENING, [simple_dressing(day)], order)


def operated(folder: Folder, start: date, last: date) -> None:
    """Watched over the first days after an operation, then dressings with an injection, then the stitches."""
    order = folder.order(
        start, "Surveillance post-opératoire 3 fois, pansements et HBPM 6 fois, ablation des fils",
        ends_on=start + timedelta(days=15), discharged_on=start,
    )  # fmt: skip
    for rank, day in enumerate(days_of(start + DAY, last, 12)):
        if rank < 3:
            folder.home(day, MORNING, [AFTER_SURGERY], order)
        elif rank < 11 and rank % 2:
            folder.home(day, MORNING, [simple_dressing(day), INJECTION.half()], order)
        elif rank == 11:
            folder.home(day, MORNING, [STITCHES], order)


def blood_tests(folder: Folder, start: date, last: date) -> None:
    gap = folder.rounds.random.choice((7, 14, 28))
    order = folder.order(start - DAY, "Prise de sang, 12 fois", sessions=12)
    home = folder.facility is not None or folder.rounds.random.random() < 0.6
    for day in days_of(working_day(start), last, 12, gap):
        if is_sunday_or_holiday(day):
            continue
        if home:
            folder.home(day, MORNING, [BLOOD_TEST, MAU], order)
        else:
            folder.cabinet(day, MORNING, [BLOOD_TEST, MAU], order)


def insulin(folder: Folder, start: date, last: date) -> None:
    end = min(last, start + timedelta(days=folder.rounds.random.randint(20, 60)))
    order = folder.order(start - DAY, f"Insuline matin et soir, {EVERY_DAY}", ends_on=end, daily=True)
    for day in days_of(start, end, 365):
        for wish in (MORNING, EVENING):
            folder.home(day, wish, [INSULIN, GLUCOSE], order)


def long_infusions(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, f"Perfusions, 10 jours, {EVERY_DAY}", sessions=10, daily=True)
    days = list(days_of(start, last, 10))
    for day in days:
        folder.home(day, MORNING, [LONG_INFUSION], order)
        folder.home(day, EVENING, [REMOVAL if day == days[-1] else NEXT_INFUSION], order)


def short_infusions(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Perfusion sous surveillance continue, 5 fois, une par semaine", sessions=5)
    for day in days_of(working_day(start), last, 5, 7):
        if not is_sunday_or_holiday(day):
            folder.home(day, NOON, [SHORT_INFUSION, FURTHER_HOUR], order)


def child(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Injections intramusculaires, 5 jours", sessions=5, at_home=True)
    for day in days_of(start, last, 5):
        lines = [Line("AMI", "1", "IDE-im"), MAU, MIE]
        if is_sunday_or_holiday(day):
            continue
        folder.home(day, EVENING, lines, order)


def medication(folder: Folder, start: date, last: date) -> None:
    """Medicines given at home, beyond the first month under an accord préalable."""
    days = list(days_of(start, last, folder.rounds.random.choice((20, 60))))
    order = folder.order(
        start - DAY, f"Administration et surveillance des médicaments, 2 mois, {EVERY_DAY}",
        ends_on=start + timedelta(days=62), daily=True,
    )  # fmt: skip
    if len(days) > 25:
        folder.further.append(
            PriorAgreement(
                id=folder.chart.identifier("G"),
                patient_id=folder.patient.id,
                prescription_id=order.id,
                sent_on=start,
                received_on=start + 2 * DAY,
                reply="accepted",
                replied_on=start + 9 * DAY,
            )
        )
    for day in days:
        folder.home(day, MORNING, [MEDICATION, MAU], order)


def accompaniment(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Accompagnement de la prise médicamenteuse, 3 séances", sessions=3)
    for rank, day in enumerate(days_of(working_day(start), last, 3, 7)):
        line = ("5.1", "IDE-accompagnement-medic-initiale") if rank == 0 else ("4.6", "IDE-accompagnement-medic-2-3")
        folder.home(day, NOON, [Line("AMI", *line)], order)


def back_from_hospital(folder: Folder, start: date, last: date) -> None:
    """Weekly visits for heart failure, the first within seven days of the discharge."""
    order = folder.order(start, "Suivi de l'insuffisance cardiaque, 8 séances", sessions=8, discharged_on=start)
    for day in days_of(start + 3 * DAY, last, 8, 7):
        folder.home(day, NOON, [FOLLOW_UP], order, sundays=False)


def vaccination(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Vaccination", sessions=1)
    day = working_day(start)
    if day <= last:
        folder.cabinet(day, EVENING, [VACCINATION], order)


def urgent_sunday(folder: Folder, start: date, last: date) -> None:
    """One injection, on a Sunday and urgent."""
    sunday = start + timedelta(days=6 - start.weekday())
    if sunday > last:
        return
    order = folder.order(sunday, "Injection ce jour", sessions=1)
    for act in folder.home(sunday, NOON, [INJECTION, MAU, Line("MD")], order):
        act.urgent = True


def self_catheter(folder: Folder, start: date, last: date) -> None:
    order = folder.order(start - DAY, "Éducation à l'autosondage, 8 séances", sessions=8)
    for day in days_of(start, last, 8, 2):
        folder.home(day, NOON, [SELF_CATHETER], order)


def watched(folder: Folder, start: date, last: date) -> None:
    """Watched while a new treatment begins, fifteen passages at most."""
    order = folder.order(
        start - DAY, f"Surveillance d'un nouveau traitement, 15 jours, {EVERY_DAY}", sessions=15, daily=True
    )
    for day in days_of(start, last, 15):
        folder.home(day, EVENING, [OBSERVATION, MAU], order)


def palliative(folder: Folder, start: date, last: date) -> None:
    """Injections of palliative care, which are coordinated with others."""
    said = f"Soins palliatifs, injections, 30 jours, {EVERY_DAY}"
    order = folder.order(start - DAY, said, sessions=30, daily=True, palliative=True)
    for day in days_of(start, last, 30):
        folder.home(day, EVENING, [INJECTION, MCI], order)


def seen_from_afar(folder: Folder, start: date, last: date) -> None:
    """Dressings at home, and once a week the wound is seen by télésoin."""
    order = folder.order(start - DAY, "Pansement un jour sur deux, 12 fois", sessions=15)
    for rank, day in enumerate(days_of(start, last, 20)):
        if rank % 2 == 0:
            folder.home(day, NOON, [simple_dressing(day)], order)
        elif rank % 8 == 5:
            folder.visit(day, EVENING, [TELECARE], order, place="CABINET")


CARES: tuple[tuple[Care, tuple[int, int]], ...] = (
    (injections, (25, 90)),
    (heavy_dressings, (40, 90)),
    (blood_tests, (20, 95)),
    (dressings, (12, 85)),
    (insulin, (30, 74)),
    (child, (2, 5)),
    (long_infusions, (25, 85)),
    (operated, (25, 80)),
    (medication, (40, 90)),
    (injections_at_night, (25, 80)),
    (short_infusions, (25, 85)),
    (accompaniment, (55, 85)),
    (back_from_hospital, (55, 90)),
    (vaccination, (18, 85)),
    (urgent_sunday, (25, 85)),
    (self_catheter, (30, 80)),
    (watched, (40, 90)),
    (palliative, (50, 90)),
    (seen_from_afar, (30, 85)),
)
"""Every care with the ages at which it is given."""


def days_of(start: date, last: date, count: int, every: int = 1) -> Iterator[date]:
    for rank in range(count):
        day = start + timedelta(days=rank * every)
        if day > last:
            return
        yield day
