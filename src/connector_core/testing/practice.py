"""A synthetic practice: deterministic, busy, and correct.

`make_practice` draws everything from its seed; nothing is read from a clock. People are invented and cannot exist
(`people`). The rules of the bilans, the nomenclature, cumulated acts and the follow-up have nothing to say about it;
`anomalies.plant` adds what they should find.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from connector_core.model.records import Act, Assessment, Coverage, Patient, Practitioner, Quote, Record
from connector_core.model.vocabulary import Severity, Zone
from connector_core.testing.affections import AFFECTIONS, BY_CODE, LETTERS_CHANGED_ON, Affection, Billing
from connector_core.testing.agenda import Agenda, working_day
from connector_core.testing.courses import PARIS, ActDraft, Chart, Course, CourseMaker, Plan
from connector_core.testing.desk import Desk, Habits
from connector_core.testing.people import People
from connector_core.testing.thresholds import quiet_end
from connector_core.testing.transfers import with_transfers

AMK_LEFT_TO_BILANS = date(2024, 6, 3)
_EXCESS = Decimal("5.00")


@dataclass(frozen=True, slots=True)
class Planted:
    """A finding that must be found: the rule, what it is about, and the money it names (None: not compared)."""

    rule: str
    severity: Severity
    subject_kind: str
    subject_id: str
    patient_id: str | None
    amount: Decimal | None
    note: str


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A practice as records of the model, and what was planted in it."""

    records: Sequence[Record]
    today: date
    zone: Zone
    planted: tuple[Planted, ...] = ()

    @property
    def patients(self) -> tuple[Patient, ...]:
        return tuple(record for record in self.records if isinstance(record, Patient))


@dataclass(slots=True)
class Workshop:
    """The tools that make a practice and add to it."""

    random: Random
    people: People
    agenda: Agenda
    billing: Billing
    maker: CourseMaker
    desk: Desk
    today: date

    @classmethod
    def open(cls, seed: int, today: date, zone: Zone, first_lot: int = 0) -> Workshop:
        random, agenda, billing = Random(seed), Agenda(), Billing(zone)
        maker = CourseMaker(random, billing, agenda, today)
        return cls(random, People(random), agenda, billing, maker, Desk(random, today, first_lot), today)


def make_practice(
    seed: int,
    patients: int,
    years: float,
    practitioners: int = 4,
    *,
    today: date,
    zone: Zone = "METRO",
    passages: tuple[int, int] = (3, 6),
) -> Synthetic:
    """A practice of so many patients, seen over so many years up to `today`.

    Each invoice bills so many passages, at least and at most.
    """
    shop = Workshop.open(seed, today, zone)
    shop.desk.passages = passages
    staff = [shop.people.practitioner(number, zone) for number in range(1, practitioners + 1)]
    records: list[Record] = [*staff]
    begin = today - timedelta(days=round(years * 365.25))
    for number in range(1, patients + 1):
        records.extend(_patient(shop, f"P{number:05d}", begin, staff))
    records.extend(shop.desk.lots())
    return Synthetic(with_transfers(records, today, "A"), today, zone)


def habits(random: Random, ald: bool) -> Habits:
    """How a patient's care is usually paid."""
    if ald:
        return Habits("FULL", 100)
    draw = random.random()
    if draw < 0.48:
        return Habits("NONE", 60, pays_late=random.random() < 0.05)
    return Habits("AMO", 60, pays_late=random.random() < 0.05) if draw < 0.78 else Habits("FULL", 60)


def coverage(patient: Patient, since: date, ald: bool) -> Coverage:
    """The right of a patient with the caisse 999, which does not exist."""
    return Coverage(
        id=f"{patient.id}D1",
        patient_id=patient.id,
        payer="AMO",
        organisation="019990000",
        valid_from=date(since.year, 1, 1),
        exemption_code="4" if ald else "0",
        kind="ALD" if ald else "standard",
    )


def total_for(random: Random, affection: Affection) -> int:
    """How many sessions a course usually takes, never ending close to a bilan."""
    low, high = affection.sessions
    total = low + int((high - low + 1) * random.random() ** 2.6)
    while not quiet_end(affection.neuro, total):
        total -= 1
    return max(total, low)


def _patient(shop: Workshop, patient_id: str, begin: date, staff: Sequence[Practitioner]) -> Iterator[Record]:
    random = shop.random
    if random.random() < 0.012:
        yield from _isolated(shop, patient_id, begin, staff)
        return
    plans = _plans(shop, begin, staff)
    first = plans[0]
    patient = shop.people.patient(patient_id, on=first.start, ages=_common_ages(plans))
    ald = any(plan.affection.ald for plan in plans)
    paying = habits(random, ald)
    chart, courses = Chart(patient), []
    after = begin
    for plan in plans:
        plan.start = max(plan.start, after)
        course = shop.maker.make(chart, plan)
        if course is not None:
            courses.append(course)
            after = course.acts[-1].day + timedelta(days=30)
            if (beside := _beside(shop, chart, plan)) is not None:
                courses.append(beside)
    if paying.third_party == "NONE" and random.random() < 0.06:
        for course in courses:
            _exceed(course)
    yield patient
    yield from _quotes(chart, courses)
    yield coverage(patient, first.start, ald)
    for course in courses:
        yield from shop.desk.records(course, paying)


def _beside(shop: Workshop, chart: Chart, plan: Plan) -> Course | None:
    """Now and then a second treatment at the same time: another prescription, another article, another region."""
    if plan.affection.section not in ("B", "C") or shop.random.random() > 0.04 or plan.start < LETTERS_CHANGED_ON:
        return None
    other = BY_CODE["MK-art5-obstructives-restrictives"]
    return shop.maker.make(chart, Plan(other, plan.start, 12, plan.practitioner_id))


def _isolated(shop: Workshop, patient_id: str, begin: date, staff: Sequence[Practitioner]) -> Iterator[Record]:
    """Someone who came once, for a bilan that no treatment follows."""
    random, today = shop.random, shop.today
    day = begin + timedelta(days=random.randrange(max(1, (today - begin).days - 40)))
    day = working_day(max(day, AMK_LEFT_TO_BILANS))
    patient = shop.people.patient(patient_id, on=day, ages=(20, 85))
    chart = Chart(patient)
    yield patient
    yield coverage(patient, day, ald=False)
    if day <= today - timedelta(days=10):
        care = isolated_bilan(shop, chart, day, random.choice(staff).id, Decimal("8.5"))
        yield from shop.desk.loose(chart, care, Habits("NONE", 60))


def isolated_bilan(
    shop: Workshop, chart: Chart, day: date, practitioner_id: str, coefficient: Decimal
) -> tuple[ActDraft, Assessment]:
    """A bilan of chapter I section 1, and its clinical side."""
    day, clock = shop.agenda.book(practitioner_id, day, shop.random.randint(0, 21))
    act = ActDraft(
        role="isolated",
        id=chart.identifier("A"),
        day=day,
        clock=clock,
        letter="AMK",
        coefficient=coefficient,
        amount=shop.billing.price("AMK", coefficient, day),
        created_at=datetime.combine(day, clock, PARIS) + timedelta(minutes=20),
        session_id=chart.identifier("S"),
        treatment_id=None,
        prescription_id=None,
        practitioner_id=practitioner_id,
    )
    assessment = Assessment(
        id=chart.identifier("B"), patient_id=chart.patient.id, kind="isolated", performed_on=day, act_id=act.id
    )
    return act, assessment


def _plans(shop: Workshop, begin: date, staff: Sequence[Practitioner]) -> list[Plan]:
    random, today = shop.random, shop.today
    affections = _affections(random)
    span = max(2, (today - begin).days)
    start = begin + timedelta(days=random.randrange(span - 1))
    plans: list[Plan] = []
    who = random.choice(staff).id
    for affection in affections:
        if start >= today:
            break
        start = min(max(start, affection.since), today - timedelta(days=1))
        plans.append(Plan(affection, start, total_for(random, affection), who))
        start += timedelta(days=random.randint(200, 900))
    return plans


def _affections(random: Random) -> list[Affection]:
    weights = [affection.weight for affection in AFFECTIONS]
    first = random.choices(AFFECTIONS, weights)[0]
    found = [first]
    wanted = random.choices((1, 2, 3), (58, 30, 12))[0]
    while len(found) < wanted:
        other = random.choices(AFFECTIONS, weights)[0]
        together = [*found, other]
        youngest, oldest = max(each.ages[0] for each in together), min(each.ages[1] for each in together)
        if oldest - youngest >= 12 and all(other.region != each.region for each in found):
            found.append(other)
        elif random.random() < 0.2:
            break
    return found


def _common_ages(plans: Sequence[Plan]) -> tuple[int, int]:
    oldest = min(plan.affection.ages[1] for plan in plans)
    youngest = max(plan.affection.ages[0] for plan in plans)
    return youngest, max(youngest, oldest - (6 if len(plans) > 1 else 0))


def _exceed(course: Course) -> None:
    """Bill a dépassement with each session, for a demand of the patient (DE)."""
    for act in course.sessions:
        act.excess, act.qualifier = _EXCESS, "DE"
        act.amount += _EXCESS


def _quotes(chart: Chart, courses: Sequence[Course]) -> Iterator[Quote]:
    """What the patient is told in writing before a course with a dépassement."""
    for course in courses:
        first = course.sessions[0] if course.sessions else None
        if first is not None and first.excess is not None:
            yield Quote(
                id=chart.identifier("D"),
                patient_id=chart.patient.id,
                issued_on=first.day,
                signed_on=first.day,
                amount=first.amount,
                excess=first.excess,
            )


def acts_of(records: Sequence[Record]) -> Iterator[Act]:
    """The acts among records."""
    return (record for record in records if isinstance(record, Act))
