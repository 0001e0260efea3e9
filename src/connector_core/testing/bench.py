"""Where faults are made: patients added to a practice, each with one fault and the findings it must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import TypeVar

from connector_core.model.records import Invoice, PayerReturn, Practitioner, Record
from connector_core.model.vocabulary import Payer, Severity
from connector_core.testing.affections import BY_CODE, Pair
from connector_core.testing.agenda import slot_of
from connector_core.testing.courses import ActDraft, Chart, Course, Plan
from connector_core.testing.desk import Habits
from connector_core.testing.practice import Planted, Workshop, coverage, habits

R = TypeVar("R", bound=Record)

PLAIN = "MK-art1-A-lombosacre-sans-chirurgie"
"""RAM 8.11, article 1 A, no référentiel: the affection of faults that need no particular one."""

_BILLED = timedelta(days=45)
"""How long after its first session all of a short course is invoiced and answered."""


class Unplantable(Exception):
    """The practice leaves no room for a fault: its day is too early, or its agenda too full."""


@dataclass(slots=True)
class Bench:
    """Adds patients to a practice. A fault function calls it and says what must be found."""

    shop: Workshop
    staff: Sequence[Practitioner]
    number: int
    before: Sequence[Record]
    """The practice as it was."""
    records: list[Record] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    _patient_id: str = ""

    @property
    def random(self) -> Random:
        return self.shop.random

    @property
    def today(self) -> date:
        return self.shop.today

    def chart(self, on: date, ages: tuple[int, int] = (30, 64), *, ald: bool = False) -> Chart:
        """A further patient, with their right."""
        self.number += 1
        self._patient_id = f"P{self.number:05d}"
        patient = self.shop.people.patient(self._patient_id, on=on, ages=ages)
        self.records += [patient, coverage(patient, on, ald)]
        return Chart(patient)

    def course(
        self,
        start: date,
        total: int,
        *,
        code: str = PLAIN,
        bdks: Sequence[int] | None = None,
        chunks: Sequence[int] | None = None,
        chart: Chart | None = None,
        plan: Callable[[Plan], None] | None = None,
    ) -> Course:
        """A course of one prescription, ended before today unless the plan says otherwise, of a new patient."""
        affection = BY_CODE[code]
        if chart is None:
            chart = self.chart(start, affection.ages if affection.ages[1] < 30 else (max(30, affection.ages[0]), 80))
        made = Plan(affection, start, total, self.random.choice(self.staff).id)
        made.chunks = chunks or [total + 3]
        made.bdk_ranks = [1] if bdks is None else bdks
        made.home = False
        if plan is not None:
            plan(made)
        course = self.shop.maker.make(chart, made)
        still_open = made.until_today or made.silent_since is not None
        if course is None or (course.treatment.ended_on is None) is not still_open:
            raise Unplantable
        return course

    def further_practitioner(self) -> str:
        """A practitioner of whom nobody was a patient yet."""
        known = sum(isinstance(record, Practitioner) for record in (*self.before, *self.records))
        practitioner = self.shop.people.practitioner(known + 1, self.shop.billing.zone)
        self.records.append(practitioner)
        self.shop.agenda.tireless.add(practitioner.id)
        return practitioner.id

    def standing(self, done: int, chunks: Sequence[int], *, code: str = PLAIN) -> Course:
        """A course that stands at so many sessions today, three appointments ahead, with its initial bilan alone."""
        days = done * 7 // 3 + 4
        chart = self.chart(self.today - timedelta(days=days))
        for more in range(8):
            start = self.today - timedelta(days=days + 2 * more)
            course = self.course(start, done, code=code, chunks=chunks, chart=chart, plan=_standing_plan)
            if len(course.sessions) == done:
                return course
        raise Unplantable

    def ago(self, days: int) -> date:
        """A day in the past, give or take some."""
        return self.today - timedelta(days=days + self.random.randint(0, 9))

    def in_2026(self, month: int) -> date:
        """A day early in a month of 2026, whose tariffs are known, and which is over and billed."""
        day = date(2026, month, self.random.randint(2, 9))
        if self.today < day + _BILLED:
            raise Unplantable
        return day

    def extra(self, course: Course, like: ActDraft, pair: Pair, *, hours: int = 4) -> ActDraft:
        """A further session on the day of another, at another time."""
        if like.clock is None:
            raise Unplantable
        wish = slot_of(like.clock) + 2 * hours
        day, clock = self.shop.agenda.book(like.practitioner_id, like.day, wish if wish < 22 else wish - 4 * hours)
        if day != like.day or clock == like.clock:
            raise Unplantable
        act = self.shop.maker.add(course, "session", pair, like, minutes=30)
        act.session_id, act.clock = course.chart.identifier("S"), clock
        return act

    def finish(self, *courses: Course, paying: Habits | None = None) -> None:
        """Invoice the courses and keep their records."""
        how = paying or habits(self.random, courses[0].affection.ald)
        for course in courses:
            course.acts.sort(key=lambda act: (act.day, act.clock is None, act.clock, act.id))
            self.records.extend(self.shop.desk.records(course, how))

    def last(self, kind: type[R]) -> R:
        """The record of a kind that was made last."""
        return next(each for each in reversed(self.records) if isinstance(each, kind))

    def invoices(self, first: int) -> list[Invoice]:
        """The invoices made since there were so many records."""
        return [each for each in self.records[first:] if isinstance(each, Invoice)]

    def answer(self, invoice: Invoice, payer: Payer) -> PayerReturn:
        """What a payer answered to an invoice."""
        for each in reversed(self.records):
            if isinstance(each, PayerReturn) and (each.invoice_number, each.payer) == (invoice.number, payer):
                return each
        raise Unplantable

    def leave_out(self, record: Record) -> None:
        """Keep a record no longer."""
        self.records[:] = [each for each in self.records if each is not record]

    def change(self, record: R, **values: object) -> R:
        """Keep a record otherwise than it was made."""
        place = next(place for place, each in enumerate(self.records) if each is record)
        changed = record.model_copy(update=values)
        self.records[place] = changed
        return changed

    def expect(
        self,
        rule: str,
        severity: Severity,
        kind: str,
        subject_id: str,
        amount: Decimal | None,
        note: str,
        *,
        patient: bool = True,
    ) -> None:
        """Say what must be found about the patient made last, or about the practice."""
        owner = self._patient_id if patient else None
        self.planted.append(Planted(rule, severity, kind, subject_id, owner, amount, note))

    def on_act(self, rule: str, severity: Severity, act: ActDraft, note: str, amount: Decimal | None = None) -> None:
        """A finding about one act, by default for its whole amount."""
        self.expect(rule, severity, "act", act.id, act.amount if amount is None else amount, note)

    def recode(self, act: ActDraft, letter: str, coefficient: str) -> None:
        """Bill an act under another cotation, at its own price."""
        act.letter, act.coefficient = letter, Decimal(coefficient)
        act.amount = self.shop.billing.price(letter, act.coefficient, act.day)


def half(amount: Decimal) -> Decimal:
    """Half of an amount, to the cent."""
    return (amount / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _standing_plan(plan: Plan) -> None:
    plan.until_today = plan.exact = True
    plan.gap = (2, 2)
