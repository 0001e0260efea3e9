"""One course of treatment in the making: its prescriptions, sessions, bilans and appointments, before it is invoiced.

Everything is drawn so that no rule of the bilans, of the nomenclature, of cumulated acts or of the follow-up has
anything to say. A fault is then planted by changing the draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from connector_core.model.records import Appointment, Assessment, Patient, Prescription, Treatment
from connector_core.model.vocabulary import ActRate, Trend
from connector_core.model.vocabulary import Place as CarePlace
from connector_core.testing.affections import Affection, Billing, Pair
from connector_core.testing.agenda import Agenda, Place
from connector_core.testing.people import rpps
from connector_core.testing.thresholds import quiet_end, thresholds

PARIS = ZoneInfo("Europe/Paris")
APPOINTMENTS_KEPT_DAYS = 120
_IFS_SINCE = date(2026, 1, 1)

Role = Literal["session", "bdk", "travel", "supplement", "isolated"]


@dataclass(slots=True)
class ActDraft:
    """An act that can still be changed."""

    role: Role
    id: str
    day: date
    clock: time | None
    letter: str
    coefficient: Decimal
    amount: Decimal
    created_at: datetime
    session_id: str | None
    treatment_id: str | None
    prescription_id: str | None
    practitioner_id: str
    minutes: int | None = 30
    place: CarePlace = "CABINET"
    rate: ActRate = "1"
    excess: Decimal | None = None
    qualifier: str | None = None
    group_size: int | None = None
    quantity: int = 1
    facility: str | None = None
    distance_km: Decimal | None = None
    same_agglomeration: bool | None = None
    ald: bool | None = None
    label: str | None = None
    invoiced: bool = True
    code: str | None = None
    urgent: bool | None = None
    call_at: time | None = None
    helper: bool | None = None


@dataclass(slots=True)
class Chart:
    """One patient's dossier in the making: the counters of its identifiers, and the moments already taken."""

    patient: Patient
    counters: dict[str, int] = field(default_factory=dict)
    moments: set[tuple[date, time]] = field(default_factory=set)

    def number(self, mark: str) -> int:
        count = self.counters[mark] = self.counters.get(mark, 0) + 1
        return count

    def identifier(self, mark: str) -> str:
        """The next identifier of a kind, such as `P00012A0003`."""
        return f"{self.patient.id}{mark}{self.number(mark):03d}"


@dataclass(slots=True)
class Course:
    """One treatment with everything of its own, acts in order."""

    chart: Chart
    affection: Affection
    practitioner_id: str
    treatment: Treatment
    prescriptions: list[Prescription]
    acts: list[ActDraft]
    assessments: list[Assessment]
    appointments: list[Appointment]

    @property
    def sessions(self) -> list[ActDraft]:
        return [act for act in self.acts if act.role == "session"]

    def at(self, rank: int) -> list[ActDraft]:
        """The acts of one session, counted from 1."""
        session_id = self.sessions[rank - 1].session_id
        return [act for act in self.acts if act.session_id == session_id]

    def bdks(self) -> list[ActDraft]:
        return [act for act in self.acts if act.role == "bdk"]


@dataclass(slots=True)
class Plan:
    """What a course should be; `None` leaves the choice to chance."""

    affection: Affection
    start: date
    total: int
    practitioner_id: str
    until_today: bool = False
    """Keep it open today whatever the number of sessions."""
    bdk_ranks: Sequence[int] | None = None
    home: bool | None = None
    chunks: Sequence[int] | None = None
    """How many sessions each prescription is for, instead of one or several that suit."""
    exact: bool = False
    """Leave it where it stands, even close to a bilan or at the end of a prescription."""
    silent_since: date | None = None
    """Leave it open without a session or an appointment from this day on."""
    summary: bool = True
    gap: tuple[int, int] | None = None
    wish: int | None = None


class CourseMaker:
    """Makes courses in one practice: one agenda, one price list, one day on which everything is looked at."""

    def __init__(self, random: Random, billing: Billing, agenda: Agenda, today: date) -> None:
        self._random = random
        self._billing = billing
        self._agenda = agenda
        self.today = today

    def make(self, chart: Chart, plan: Plan) -> Course | None:
        """The course as it stands today, None when it would only start later."""
        done, ahead = self._schedule(chart, plan)
        chunks = self._chunks(plan)
        is_open = bool(ahead) or plan.until_today or plan.silent_since is not None
        if is_open and not plan.exact:
            done = _trimmed(done, plan.affection.neuro, chunks)
        if not done:
            return None
        treatment = self._treatment(chart, plan, done, is_open)
        prescriptions = self._prescriptions(chart, plan, done, chunks)
        course = Course(chart, plan.affection, plan.practitioner_id, treatment, prescriptions, [], [], [])
        self._fill(course, plan, done, chunks, is_open)
        self._appointments(course, done, ahead if plan.exact else ahead[: min(3, sum(chunks) - len(done))])
        return course

    def price(self, act: ActDraft) -> Decimal:
        return self._billing.price(act.letter, act.coefficient, act.day)

    def add(self, course: Course, role: Role, pair: Pair, like: ActDraft, *, minutes: int | None = None) -> ActDraft:
        """A further act in the session of another."""
        act = ActDraft(
            role=role,
            id=course.chart.identifier("A"),
            day=like.day,
            clock=like.clock,
            letter=pair[0],
            coefficient=pair[1],
            amount=self._billing.price(*pair, like.day),
            created_at=like.created_at,
            session_id=like.session_id,
            treatment_id=like.treatment_id,
            prescription_id=like.prescription_id,
            practitioner_id=like.practitioner_id,
            minutes=minutes,
            place=like.place,
            ald=like.ald,
        )
        course.acts.append(act)
        return act

    def bilan(self, course: Course, rank: int, *, last: bool = False) -> ActDraft:
        """A BDK billed with a session, and its clinical side."""
        session = course.sessions[rank - 1]
        act = self.add(course, "bdk", self._billing.bdk(course.affection, session.day), session)
        first = rank <= 10 and not any(each.kind == "initial" for each in course.assessments)
        pain = max(0, 7 - rank // 8 - self._random.randint(0, 2))
        trend: Trend | None = None if first else self._random.choice(("better", "better", "stable"))
        course.assessments.append(
            Assessment(
                id=course.chart.identifier("B"),
                patient_id=course.chart.patient.id,
                treatment_id=course.treatment.id,
                kind="initial" if first else "intermediate",
                performed_on=session.day,
                act_id=act.id,
                summary_sent_on=min(session.day + timedelta(days=1), self.today),
                pain=pain,
                trend=trend,
            )
        )
        return act

    def _schedule(self, chart: Chart, plan: Plan) -> tuple[list[Place], list[Place]]:
        random, affection = self._random, plan.affection
        low, high = plan.gap or affection.gap
        wish = random.randint(0, 21) if plan.wish is None else plan.wish
        slots = affection.minutes // 30
        day = plan.start
        done: list[Place] = []
        ahead: list[Place] = []
        booked = 0
        while plan.until_today or booked < plan.total:
            booked += 1
            place = self._agenda.book(plan.practitioner_id, day, wish, slots)
            while place in chart.moments:
                place = self._agenda.book(plan.practitioner_id, place[0] + timedelta(days=1), wish, slots)
            if plan.silent_since is not None and place[0] >= plan.silent_since:
                break
            chart.moments.add(place)
            if place[0] > self.today:
                ahead.append(place)
            elif len(done) < plan.total:
                done.append(place)
            if len(ahead) == 3:
                break
            day = place[0] + timedelta(days=random.randint(low, high))
        return done, ahead

    def _chunks(self, plan: Plan) -> list[int]:
        """How many sessions each prescription of the course is for."""
        affection, total = plan.affection, plan.total
        if plan.chunks is not None:
            return list(plan.chunks)
        if affection.referential or affection.minutes > 30:
            return [total if affection.minutes > 30 else min(affection.sessions[1], -(-total // 5) * 5)]
        left, chunks = total + (8 if plan.until_today else 0), []
        while left > 0:
            size = self._random.choice((10, 10, 15, 15, 20, 30 if left > 40 else 12))
            chunks.append(size)
            left -= size
        return chunks

    def _treatment(self, chart: Chart, plan: Plan, done: Sequence[Place], is_open: bool) -> Treatment:
        affection, first = plan.affection, done[0][0]
        operated_on = first - timedelta(days=self._random.randint(4, 40)) if affection.operated else None
        return Treatment(
            id=chart.identifier("T"),
            patient_id=chart.patient.id,
            practitioner_id=plan.practitioner_id,
            started_on=first,
            ended_on=None if is_open else done[-1][0],
            article=affection.article,
            section=affection.section,
            region=affection.region,
            side=self._random.choice(affection.sides),
            operated=affection.operated,
            operated_on=operated_on,
            discharged_on=operated_on + timedelta(days=2) if operated_on else None,
            pathology=affection.pathology,
            situation=affection.code if affection.referential else None,
            neuro_peripheral=affection.peripheral,
            direct_access=False,
            structure="CABINET",
        )

    def _prescriptions(
        self, chart: Chart, plan: Plan, done: Sequence[Place], chunks: Sequence[int]
    ) -> list[Prescription]:
        random, affection = self._random, plan.affection
        issued_on = done[0][0] - timedelta(days=random.randint(1, 20))
        prescriber = rpps(random.randint(50000, 50400))
        found: list[Prescription] = []
        used = 0
        for size in chunks:
            if used >= len(done):
                break
            found.append(
                Prescription(
                    id=chart.identifier("O"),
                    patient_id=chart.patient.id,
                    issued_on=issued_on,
                    prescriber_rpps=prescriber,
                    prescriber_structure=affection.structure,
                    sessions=size,
                    indication=affection.pathology,
                    at_home=affection.home,
                    daily=False,
                    renewal_of=found[0].id if found else None,
                    renewed_by="MEDECIN" if found else None,
                    document_sent_on=issued_on,
                )
            )
            used += size
            issued_on = done[min(used, len(done)) - 1][0]
        return found

    def _fill(self, course: Course, plan: Plan, done: Sequence[Place], chunks: Sequence[int], is_open: bool) -> None:
        affection = plan.affection
        home = plan.home if plan.home is not None else affection.home and self._random.random() < 0.6
        owners = _owners(course.prescriptions, chunks)
        ranks = set(self._bdk_ranks(affection, len(done), is_open) if plan.bdk_ranks is None else plan.bdk_ranks)
        extra = affection.supplement if self._random.random() < 0.3 else None
        for rank, (day, clock) in enumerate(done, 1):
            session = self._session(course, day, clock, next(owners).id, "DOMICILE" if home else "CABINET")
            if extra is not None and (pair := self._billing.supplement(extra, day)) is not None:
                self.add(course, "supplement", pair, session)
            if home:
                self.add(course, "travel", (_travel_letter(affection, day), Decimal(1)), session)
            if rank in ranks:
                self.bilan(course, rank)
        if not is_open:
            course.assessments.append(self._final(course, len(done) if plan.summary else 0))

    def _session(self, course: Course, day: date, clock: time, prescription_id: str, place: CarePlace) -> ActDraft:
        letter, coefficient = self._billing.pair(course.affection, day)
        created_at = datetime.combine(day, clock, PARIS) + timedelta(minutes=self._random.randint(5, 55))
        chart = course.chart
        act = ActDraft(
            role="session",
            id=chart.identifier("A"),
            day=day,
            clock=clock,
            letter=letter,
            coefficient=coefficient,
            amount=self._billing.price(letter, coefficient, day),
            created_at=created_at,
            session_id=chart.identifier("S"),
            treatment_id=course.treatment.id,
            prescription_id=prescription_id,
            practitioner_id=course.practitioner_id,
            minutes=course.affection.minutes,
            place=place,
            ald=course.affection.ald or None,
        )
        course.acts.append(act)
        return act

    def _bdk_ranks(self, affection: Affection, count: int, is_open: bool) -> list[int]:
        first = self._random.choice((1, 1, 1, 1, 2))
        ranks = [first if count > first or is_open else 1, *thresholds(affection.neuro, count)]
        if affection.breast and count > 9:
            ranks.append(10)
        return ranks

    def _final(self, course: Course, counted: int) -> Assessment:
        last = course.sessions[-1].day
        return Assessment(
            id=course.chart.identifier("B"),
            patient_id=course.chart.patient.id,
            treatment_id=course.treatment.id,
            kind="final",
            performed_on=last,
            summary_sent_on=last if counted >= 8 else None,
            pain=self._random.randint(0, 3),
            trend="better",
        )

    def _appointments(self, course: Course, done: Sequence[Place], ahead: Sequence[Place]) -> None:
        since = self.today - timedelta(days=APPOINTMENTS_KEPT_DAYS)
        for day, clock in (*(place for place in done if place[0] >= since), *ahead):
            starts_at = datetime.combine(day, clock, PARIS)
            course.appointments.append(
                Appointment(
                    id=course.chart.identifier("V"),
                    patient_id=course.chart.patient.id,
                    practitioner_id=course.practitioner_id,
                    starts_at=starts_at,
                    ends_at=starts_at + timedelta(minutes=course.affection.minutes),
                    status="honoured" if day <= self.today else self._random.choice(("booked", "confirmed")),
                )
            )


def _trimmed(done: list[Place], neuro: bool, chunks: Sequence[int]) -> list[Place]:
    """Sessions of an open course, stopped where neither a bilan nor the end of a prescription is near."""
    ends = {sum(chunks[:rank]) for rank in range(1, len(chunks) + 1)}
    while done and (not quiet_end(neuro, len(done)) or len(done) in ends or len(done) == 1):
        done = done[:-1]
    return done


def _owners(prescriptions: Sequence[Prescription], chunks: Sequence[int]) -> Iterator[Prescription]:
    for prescription, size in zip(prescriptions, chunks, strict=False):
        for _ in range(size):
            yield prescription


def _travel_letter(affection: Affection, day: date) -> str:
    if day < _IFS_SINCE:
        return "IFD"
    long_care = affection.article in (2, 4, 9) or affection.section == "D" or affection.pair == ("ARL", Decimal("8.5"))
    return "IFS" if long_care else "IFD"
