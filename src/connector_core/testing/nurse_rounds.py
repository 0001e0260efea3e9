"""A nurse's rounds in the making: when each patient is seen, what each visit bills, and the invoices.

A folder is one patient with everything of theirs, in the common model only. Faults are planted by writing a folder that
is wrong on purpose; what goes through `Folder.home` and `Folder.cabinet` is priced and timed as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from connector_core.model.records import Bsi, Patient, Practitioner, Prescription, Record
from connector_core.model.vocabulary import ActRate, BsiKind, Zone
from connector_core.model.vocabulary import Place as CarePlace
from connector_core.parameters.tariffs import CENT, Tariffs, load_tariffs
from connector_core.rules.calendar import is_sunday_or_holiday
from connector_core.testing.courses import PARIS, ActDraft, Chart, Role
from connector_core.testing.desk import Desk, Habits
from connector_core.testing.people import People, rpps
from connector_core.testing.practice import coverage

FIRST_PATIENT = 50001
"""Nurses' patients, invoices and lots are numbered from here, apart from those of the physiotherapists."""
MORNING, NOON, EVENING = 7 * 60, 11 * 60, 16 * 60 + 30
SIMPLE_DRESSING_SINCE = date(2026, 6, 21)
_TRAVEL = frozenset({"IFD", "IFI", "IK"})
_PAID_KILOMETRES = 299
_STEP = 5
_ONE_FOR_ALL = Decimal("0.01")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of a visit bills, and the act of the nomenclature it is."""

    letter: str
    coefficient: str = "1"
    code: str | None = None
    rate: ActRate = "1"
    quantity: int = 1
    amount: str | None = None
    """What it bills instead of its tariff."""

    def half(self) -> Line:
        return replace(self, rate="0.5")


class Rounds:
    """What the patients of a practice share: its nurses' days, its price list, its desk."""

    def __init__(self, seed: int, today: date, zone: Zone, first_lot: int = FIRST_PATIENT - 1) -> None:
        self.random = Random(seed)
        self.people = People(self.random)
        self.today, self.zone = today, zone
        self.desk = Desk(self.random, today, first_lot)
        self._tariffs: Tariffs = load_tariffs()
        self._taken: dict[tuple[str, date], set[int]] = {}
        self._kilometres: dict[tuple[str, date], int] = {}
        self._visited: set[tuple[str, date, str]] = set()

    def nurse(self, number: int) -> Practitioner:
        """The nurse of a number, from 1 on."""
        found = self.people.practitioner(5000 + number, self.zone)
        return found.model_copy(update={"id": f"IDE{number}", "profession": "IDE"})

    def clock(self, nurse: str, day: date, wish: int) -> time:
        """The first free moment of a nurse's day, from the wished minute on."""
        taken = self._taken.setdefault((nurse, day), set())
        while wish in taken:
            wish += _STEP
        taken.add(wish)
        return time(wish // 60, wish % 60)

    def drives(self, nurse: str, day: date, kilometres: int) -> bool:
        """Whether so many kilometres are still paid in full on that day; they are then driven."""
        before = self._kilometres.get((nurse, day), 0)
        if before + kilometres > _PAID_KILOMETRES:
            return False
        self._kilometres[nurse, day] = before + kilometres
        return True

    def arrives(self, nurse: str, day: date, facility: str) -> bool:
        """Whether this is the nurse's first visit of the day in a facility."""
        key = (nurse, day, facility)
        first = key not in self._visited
        self._visited.add(key)
        return first

    def price(self, line: Line, day: date) -> Decimal:
        """What a line pays at the tariff of the day, confirmed or not."""
        if line.amount is not None:
            return Decimal(line.amount)
        coefficient = Decimal(line.coefficient)
        rows = self._tariffs.periods(line.letter, coefficient, self.zone)
        row = next(row for row in rows if row.code.startswith("IDE-") and row.holds_on(day))
        if line.rate == "1":
            return (row.amount or Decimal(0)) * line.quantity
        whole = coefficient * (row.key_value or Decimal(0))
        return (whole * Decimal(line.rate)).quantize(CENT, ROUND_HALF_UP) * line.quantity


@dataclass(slots=True)
class Folder:
    """One patient in the making."""

    rounds: Rounds
    chart: Chart
    nurse: str
    since: date
    ald: bool = False
    distance_km: Decimal | None = None
    """The distance to a patient who lives out of town; None in town."""
    facility: str | None = None
    relief: str | None = None
    """The nurse who comes in the evening, when it is another one."""
    prescriptions: list[Prescription] = field(default_factory=list)
    bsis: list[Bsi] = field(default_factory=list)
    acts: list[ActDraft] = field(default_factory=list)
    further: list[Record] = field(default_factory=list)
    closings: list[tuple[date, date]] = field(default_factory=list)
    """From which day of care on, what must not be invoiced before which day."""

    @property
    def patient(self) -> Patient:
        return self.chart.patient

    def order(
        self,
        issued_on: date,
        indication: str,
        *,
        sessions: int | None = None,
        ends_on: date | None = None,
        at_home: bool = True,
        daily: bool = False,
        night: bool = False,
        dependency: bool = False,
        palliative: bool = False,
        discharged_on: date | None = None,
        renewal_of: str | None = None,
    ) -> Prescription:
        """A further prescription."""
        found = Prescription(
            id=self.chart.identifier("O"),
            patient_id=self.patient.id,
            issued_on=issued_on,
            prescriber_rpps=rpps(self.rounds.random.randint(50000, 50400)),
            sessions=sessions,
            indication=indication,
            at_home=at_home,
            daily=daily,
            night=night,
            renewal_of=renewal_of,
            dependency=dependency,
            palliative=palliative,
            discharged_on=discharged_on,
            ends_on=ends_on,
            document_sent_on=issued_on,
        )
        self.prescriptions.append(found)
        return found

    def bsi(
        self,
        kind: BsiKind,
        entered_on: date,
        hem: str,
        order: Prescription | None,
        *,
        first_care_on: date | None = None,
        replied_after: int | None = 2,
        change: bool | None = None,
    ) -> Bsi:
        """A further BSI, closed by the doctor's reply or, without one, six days after its entry."""
        today = self.rounds.today
        waits = 6 if replied_after is None else replied_after
        closing = entered_on + timedelta(days=waits)
        closed_on = closing if closing <= today else None
        found = Bsi(
            id=self.chart.identifier("B"),
            patient_id=self.patient.id,
            practitioner_id=self.nurse,
            kind=kind,
            entered_on=entered_on,
            first_care_on=first_care_on,
            status="open" if closed_on is None else "closed",
            closed_on=closed_on,
            doctor_replied_on=None if replied_after is None else closed_on,
            prescription_id=None if order is None else order.id,
            hem=hem,
            clinical_change=change,
        )
        self.bsis.append(found)
        self.closings.append((entered_on, closing))
        return found

    def home(
        self,
        day: date,
        wish: int,
        lines: Sequence[Line],
        order: Prescription | None,
        *,
        flat: str = "IFD",
        sundays: bool = True,
        nurse: str | None = None,
    ) -> list[ActDraft]:
        """A visit to the patient's home with the travel that is due, and MD where the prescription asks for every
        day."""
        billed = list(lines)
        rounds, who = self.rounds, nurse or self.nurse
        if self.facility is None or rounds.arrives(who, day, self.facility):
            billed.append(Line(flat))
            if self.distance_km is not None:
                kilometres = int(2 * self.distance_km - 4)
                if rounds.drives(who, day, kilometres):
                    billed.append(Line("IK", quantity=kilometres))
        if sundays and order is not None and order.daily and is_sunday_or_holiday(day):
            billed.append(Line("MD"))
        return self.visit(day, wish, billed, order, place="DOMICILE" if self.facility is None else "EHPAD", nurse=who)

    def cabinet(self, day: date, wish: int, lines: Sequence[Line], order: Prescription | None) -> list[ActDraft]:
        """A visit of the patient to the practice."""
        return self.visit(day, wish, lines, order, place="CABINET")

    def visit(
        self,
        day: date,
        wish: int,
        lines: Sequence[Line],
        order: Prescription | None,
        *,
        place: CarePlace = "DOMICILE",
        nurse: str | None = None,
        exact: bool = False,
    ) -> list[ActDraft]:
        """A visit that bills exactly these lines, `exact` at the very minute."""
        who = nurse or self.nurse
        clock = time(wish // 60, wish % 60) if exact else self.rounds.clock(who, day, wish)
        session_id = self.chart.identifier("S")
        created_at = datetime.combine(day, clock, PARIS) + timedelta(minutes=20)
        found: list[ActDraft] = []
        for line in lines:
            kilometres = line.letter == "IK"
            act = ActDraft(
                role=_role(line),
                id=self.chart.identifier("A"),
                day=day,
                clock=clock,
                letter=line.letter,
                coefficient=Decimal(line.coefficient),
                amount=self.rounds.price(line, day),
                created_at=created_at,
                session_id=session_id,
                treatment_id=None,
                prescription_id=None if order is None else order.id,
                practitioner_id=who,
                minutes=None,
                place=place,
                rate=line.rate,
                quantity=line.quantity,
                facility=self.facility if place == "EHPAD" else None,
                distance_km=self.distance_km if kilometres else None,
                same_agglomeration=False if kilometres else None,
                ald=self.ald or None,
                code=line.code,
            )
            found.append(act)
        self.acts += found
        return found

    def records(self) -> Iterator[Record]:
        """Everything of the patient, invoiced month by month and nurse by nurse."""
        yield self.patient
        yield coverage(self.patient, self.since, self.ald)
        yield from self.prescriptions
        yield from self.bsis
        yield from self.further
        habits = Habits("FULL", 100 if self.ald else 60)
        months: dict[tuple[int, int, str], list[ActDraft]] = {}
        for act in sorted(self.acts, key=lambda each: (each.day, each.clock or time.min)):
            months.setdefault((act.day.year, act.day.month, act.practitioner_id), []).append(act)
        for acts in months.values():
            last = acts[-1].day
            due = max((closing for start, closing in self.closings if start - _WEEK <= last), default=date.min)
            yield from self.rounds.desk.batch(self.chart, acts, habits, due)


def open_folder(
    rounds: Rounds, number: int, nurse: str, since: date, ages: tuple[int, int], *, ald: bool = False
) -> Folder:
    """The folder of a new patient, seen from some day on."""
    patient = rounds.people.patient(f"N{number:05d}", on=since, ages=ages)
    return Folder(rounds, Chart(patient), nurse, since, ald)


def _role(line: Line) -> Role:
    if line.letter in _TRAVEL:
        return "travel"
    return "supplement" if line.letter in ("MAU", "MCI", "MIE", "MD", "MN", "MN23") else "session"


def out_of_town(folder: Folder) -> None:
    """Let the patient live some kilometres out of the practice's town."""
    folder.distance_km = Decimal(folder.rounds.random.randint(3, 9))
