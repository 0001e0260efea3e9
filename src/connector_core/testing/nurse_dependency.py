"""Dependent patients of the synthetic nurse's practice: BSI, daily packages, and the acts that go with them."""

from __future__ import annotations

from datetime import date, timedelta

from connector_core.model.records import Bsi, Prescription
from connector_core.model.vocabulary import BsiPackage
from connector_core.parameters.hem import shipped_levels
from connector_core.rules.calendar import is_sunday_or_holiday
from connector_core.testing.nurse_rounds import EVENING, MORNING, NOON, Folder, Line

INSULIN = Line("AMX", "1", "IDE-diab-insuline", "0.5")
INJECTION = Line("AMX", "1", "IDE-sous-cutanee", "0.5")
HEAVY_DRESSING = Line("AMX", "4", "IDE-pansement-lourd-4")
BLOOD_TEST = Line("AMX", "1.5", "IDE-ponction-veineuse")
WORDS = "Soins infirmiers à domicile pour dépendance, toilette, tous les jours y compris dimanches et jours fériés"
INFUSION = Line("AMX", "14", "IDE-perf-longue")
NEXT_INFUSION = Line("AMX", "4.1", "IDE-perf-changement-flacon")
REMOVAL = Line("AMX", "5", "IDE-perf-retrait")
FOLLOW_UP = Line("AMX", "5.8", "IDE-ic-bpco-suivi")
_AGED = 90
_INFUSION_DAYS = 12
_STEADY = 4
"""The day of each week of care, counted from its first, of the visit for heart failure."""


def package_on(folder: Folder, bsi: Bsi, day: date) -> BsiPackage:
    """The package that the levels of a BSI lead to at the patient's age."""
    found = shipped_levels()[bsi.hem or ""]
    born = folder.patient.birth_date or day
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return found.aged if age >= _AGED else found.younger


def draw_levels(folder: Folder) -> str:
    return folder.rounds.random.choice(sorted(shipped_levels()))


def dependent(folder: Folder, start: date, end: date, *, beside: str = "none", earlier: bool = False) -> None:
    """Dependency care from a day to another, `beside` naming the technical care that goes with it.

    With `earlier`, the BSI was made elsewhere ten and a half months before, and is renewed in time.
    """
    random, today = folder.rounds.random, folder.rounds.today
    order = _order(folder, start - timedelta(days=325 if earlier else random.randint(1, 5)))
    if earlier:
        entered = start - timedelta(days=320)
        folder.bsi("initial", entered, draw_levels(folder), order)
    else:
        entered = start + timedelta(days=random.randint(0, 4))
        reply = random.choice((None, 1, 3, 4))
        folder.bsi("initial", entered, draw_levels(folder), order, first_care_on=start, replied_after=reply)
        if reply is None and random.random() < 0.5:
            _reply_late(folder, entered + timedelta(days=9))
    assessed: dict[date, Line] = {} if earlier else {entered: Line("DI", "2.5", "IDE-BSI-INITIAL")}
    orders = [(start, order)]
    changed = entered + timedelta(days=random.randint(25, 45))
    if beside == "dressing" and not earlier and changed < min(end, today - timedelta(days=8)):
        folder.bsi("intermediate", changed, draw_levels(folder), order, change=True)
        assessed[changed] = Line("DI", "1.2", "IDE-BSI-INTERM")
    while (renewed := _renewal_day(entered, end, today)) is not None:
        order = _order(folder, renewed - timedelta(days=random.randint(1, 6)))
        folder.bsi("renewal", renewed, draw_levels(folder), order)
        assessed[renewed] = Line("DI", "1.2", "IDE-BSI-RENOUV")
        orders.append((renewed, order))
        entered = renewed
    technical = _technical(folder, start, end, beside)
    day = start
    while day <= end:
        order = max((each for each in orders if each[0] <= day), key=lambda each: each[0])[1]
        _day(folder, day, order, technical, assessed.get(day), beside)
        day += timedelta(days=1)


def husband(first: Folder, second: Folder, start: date, end: date) -> None:
    """A household in which one is dependent and the other has injections: the travel is that of the first alone."""
    dependent(first, start, end)
    order = second.order(start, "Injections d'HBPM, 15 jours, dimanches compris", sessions=15, daily=True)
    for rank in range(1, min(16, (end - start).days)):
        day = start + timedelta(days=rank)
        sunday = [Line("MD")] if is_sunday_or_holiday(day) else []
        second.visit(day, MORNING + 10, [Line("AMI", "1", "IDE-sous-cutanee"), Line("MAU"), *sunday], order)


def couple(first: Folder, second: Folder, start: date, end: date) -> None:
    """A household in which both are dependent: each passage pays one travel, the second patient's IFI being 0.01."""
    orders = [_order(each, start - timedelta(days=2)) for each in (first, second)]
    for folder, order in zip((first, second), orders, strict=True):
        folder.bsi("initial", start, draw_levels(folder), order, first_care_on=start)
    day = start
    while day <= end:
        for rank, (folder, order) in enumerate(zip((first, second), orders, strict=True)):
            lines = [Line(package_on(folder, folder.bsis[0], day))]
            if day == start:
                lines.append(Line("DI", "2.5", "IDE-BSI-INITIAL"))
            if rank == 0:
                folder.home(day, MORNING + 60, lines, order, flat="IFI")
            else:
                sunday = [Line("MD")] if is_sunday_or_holiday(day) else []
                folder.visit(day, MORNING + 75, [*lines, Line("IFI", "0.01"), *sunday], order)
        day += timedelta(days=1)


def _weekly(day: date, since: int) -> bool:
    """Whether a day is that of the week's visit: the usual one, or the first after it that is no Sunday or holiday."""
    wanted = day - timedelta(days=since % 7 - _STEADY)
    while is_sunday_or_holiday(wanted):
        wanted += timedelta(days=1)
    return day == wanted


def _reply_late(folder: Folder, day: date) -> None:
    """Let the doctor answer once the BSI has closed without an answer."""
    if day <= folder.rounds.today:
        folder.bsis[-1] = folder.bsis[-1].model_copy(update={"doctor_replied_on": day})


def _order(folder: Folder, issued_on: date) -> Prescription:
    return folder.order(issued_on, WORDS, daily=True, dependency=True)


def _renewal_day(entered: date, end: date, today: date) -> date | None:
    """When a BSI is renewed, shortly before its term; None while that lies ahead or care has ended."""
    try:
        term = entered.replace(year=entered.year + 1)
    except ValueError:
        term = date(entered.year + 1, 2, 28)
    earliest = term - timedelta(days=30)
    return earliest if earliest <= min(end, today) else None


def _technical(folder: Folder, start: date, end: date, beside: str) -> Prescription | None:
    if beside == "none":
        return None
    words = {
        "insulin": "Insuline deux fois par jour",
        "dressing": "Pansements complexes un jour sur deux",
        "infusions": "Perfusions quotidiennes, 12 jours",
        "heart": "Suivi hebdomadaire de l'insuffisance cardiaque, 8 semaines",
    }
    said = words.get(beside, "Injections sous-cutanées quotidiennes, bilans sanguins")
    discharged_on = start if beside == "heart" else None
    issued_on = start if beside == "heart" else start - timedelta(days=1)
    return folder.order(issued_on, said, daily=True, ends_on=end, discharged_on=discharged_on)


def _day(
    folder: Folder,
    day: date,
    order: Prescription,
    technical: Prescription | None,
    assessed: Line | None,
    beside: str,
) -> None:
    """The passages of one day: the package in the morning, then what the patient needs."""
    known = [each for each in folder.bsis if each.entered_on <= day]
    due = known[-1] if known else folder.bsis[0]
    since = (day - folder.since).days
    lines = [Line(package_on(folder, due, day)), *([assessed] if assessed is not None else [])]
    acts = folder.home(day, MORNING, [*lines, *_beside(beside, since, day)], order, flat="IFI")
    if beside == "insulin":
        acts += folder.home(day, EVENING, [INSULIN], order, flat="IFI", nurse=folder.relief)
        if since % 14 == 5:
            acts += folder.home(day, NOON, [], order, flat="IFI")
    elif beside == "infusions" and since < _INFUSION_DAYS:
        last = since == _INFUSION_DAYS - 1
        acts += folder.home(day, EVENING, [REMOVAL if last else NEXT_INFUSION], order, flat="IFI")
    elif beside == "none" and since % 2 == 0:
        folder.home(day, EVENING, [], order, flat="IFI")
    for act in acts:
        if technical is not None and act.letter in ("AMX", "MCI"):
            act.prescription_id = technical.id


def _beside(beside: str, since: int, day: date) -> list[Line]:
    """What goes with the package of the morning."""
    match beside:
        case "infusions" if since < _INFUSION_DAYS:
            return [INFUSION]
        case "heart" if since < 8 * 7 and _weekly(day, since):
            return [FOLLOW_UP]
        case "insulin":
            return [INSULIN]
        case "dressing" if since % 2 == 0:
            return [HEAVY_DRESSING, Line("MCI")]
        case "injections" if since % 28 == 3:
            return [INJECTION, BLOOD_TEST]
        case "injections":
            return [INJECTION]
        case _:
            return []
