"""The front desk of the synthetic practice: acts become records, are invoiced, sent in lots, and paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from connector_core.model.records import (
    Act,
    Assessment,
    Coverage,
    Invoice,
    Lot,
    PatientPayment,
    PayerReturn,
    Record,
    Reminder,
)
from connector_core.model.vocabulary import Acknowledgement, Payer, PaymentMeans, ThirdParty
from connector_core.testing.construct import construct
from connector_core.testing.courses import ActDraft, Chart, Course

_UNINVOICED_DAYS = 8
_MEANS: tuple[PaymentMeans, ...] = ("CB", "CB", "CB", "CHEQUE", "CHEQUE", "ESPECES", "VIREMENT")
_AMC = "99900017"
"""A complémentaire that does not exist."""
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Habits:
    """How one patient's care is invoiced and paid; the last three serve to plant faults."""

    third_party: ThirdParty
    share: int
    """Percent of the total that the caisse pays."""
    pays_late: bool = False
    unpaid: bool = False
    uninvoiced: bool = False
    refused: Literal["left", "settled"] | None = None
    """Whether the first invoice comes back rejected, and is paid later or not."""


@dataclass(slots=True)
class _OpenLot:
    id: str
    number: str
    created_on: date
    arl: Acknowledgement | None = "positive"
    count: int = 0
    total: Decimal = ZERO

    def take(self, claimed: Decimal) -> None:
        self.count += 1
        self.total += claimed


@dataclass(slots=True)
class Desk:
    """Invoices the courses of a practice. Lots fill as invoices come; `lots` gives them at the end."""

    random: Random
    today: date
    first_lot: int = 0
    passages: tuple[int, int] = (3, 6)
    """How many passages an invoice bills, at least and at most."""
    _lots: dict[tuple[str, date], _OpenLot] = field(default_factory=dict)
    _by_id: dict[str, _OpenLot] = field(default_factory=dict)
    _insured: set[str] = field(default_factory=set)
    """Patients whose complémentaire has been told of."""

    def records(self, course: Course, habits: Habits) -> Iterator[Record]:
        """Everything of a course as records."""
        chart = course.chart
        yield course.treatment
        yield from course.prescriptions
        money: list[Record] = []
        for chunk in self._chunks(course, habits):
            invoice = self._invoice(chart, chunk, habits) if chunk[0].invoiced else None
            yield from (_act(act, chart, invoice) for act in chunk)
            money.extend(self._settled(chart, invoice, habits))
        yield from course.assessments
        yield from money
        yield from course.appointments

    def loose(self, chart: Chart, care: tuple[ActDraft, Assessment], habits: Habits) -> Iterator[Record]:
        """An act outside any course, with its bilan."""
        act, assessment = care
        invoice = self._invoice(chart, [act], habits)
        yield _act(act, chart, invoice)
        yield assessment
        yield from self._settled(chart, invoice, habits)

    def batch(
        self, chart: Chart, acts: Sequence[ActDraft], habits: Habits, not_before: date = date.min
    ) -> Iterator[Record]:
        """Acts without a course on one invoice, not closed before a day; uninvoiced when that day has not come."""
        invoice = self._invoice(chart, acts, habits, not_before) if not_before <= self.today else None
        yield from (_act(act, chart, invoice) for act in acts)
        yield from self._settled(chart, invoice, habits)

    def _settled(self, chart: Chart, invoice: Invoice | None, habits: Habits) -> Iterator[Record]:
        if invoice is not None:
            if invoice.amc_claimed and invoice.patient_id not in self._insured:
                self._insured.add(invoice.patient_id)
                yield _complementary(invoice.patient_id)
            yield invoice
            yield from self._returns(chart, invoice, habits)
            yield from self._payments(chart, invoice, habits)

    def send_apart(self, invoice: Invoice, on: date, arl: Acknowledgement | None = "positive") -> Invoice:
        """Take an invoice out of its lot, and send it on a day in one of its own that is acknowledged as told."""
        claimed = _claimed(invoice)
        left = self._by_id.get(invoice.lot_id or "")
        if left is not None:
            left.count -= 1
            left.total -= claimed
        lot = self._open(invoice.id, on)
        lot.arl = arl
        lot.take(claimed)
        return invoice.model_copy(update={"lot_id": lot.id})

    def lots(self) -> list[Lot]:
        return [
            Lot(
                id=lot.id,
                number=lot.number,
                created_on=lot.created_on,
                sent_on=lot.created_on,
                arl=lot.arl,
                arl_on=None if lot.arl is None else lot.created_on,
                invoice_count=lot.count,
                total=lot.total,
            )
            for lot in self._lots.values()
            if lot.count
        ]

    def _chunks(self, course: Course, habits: Habits) -> Iterator[list[ActDraft]]:
        recent = self.today - timedelta(days=_UNINVOICED_DAYS)
        is_open = course.treatment.ended_on is None
        passages: dict[str, list[ActDraft]] = {}
        for act in course.acts:
            passages.setdefault(act.session_id or act.id, []).append(act)
        size, chunk, count = self.random.randint(*self.passages), [], 0
        left = len(passages)
        for passage in passages.values():
            chunk.extend(passage)
            count += 1
            left -= 1
            if count == size or left == 0:
                if (left == 0 and is_open and count < size and chunk[0].day >= recent) or habits.uninvoiced:
                    for act in chunk:
                        act.invoiced = False
                yield chunk
                size, chunk, count = self.random.randint(*self.passages), [], 0

    def _invoice(self, chart: Chart, chunk: Sequence[ActDraft], habits: Habits, not_before: date = date.min) -> Invoice:
        last = max(act.day for act in chunk)
        total = sum((act.amount for act in chunk), ZERO)
        claimable = total - sum((act.excess for act in chunk if act.excess is not None), ZERO)
        amo = (claimable * habits.share / 100).quantize(Decimal("0.01")) if habits.third_party != "NONE" else None
        amc = claimable - amo if amo is not None and habits.third_party == "FULL" else None
        closed_on = max(not_before, min(self.today, last + timedelta(days=self.random.choice((0, 0, 0, 1, 2)))))
        number = chart.number("F")
        claimed = (amo or ZERO) + (amc or ZERO)
        return construct(
            Invoice,
            {
                "id": f"{chart.patient.id}F{number:03d}",
                "patient_id": chart.patient.id,
                "practitioner_id": chunk[0].practitioner_id,
                "number": f"{chart.patient.id[1:]}{number:03d}",
                "closed_on": closed_on,
                "lot_id": self._lot(chunk[0].practitioner_id, closed_on, claimed),
                "securing": "SESAM",
                "third_party": habits.third_party,
                "nature": "10",
                "total": total,
                "amo_claimed": amo,
                "amc_claimed": amc,
                "amc_number": _AMC if amc else None,
                "amc_management": "unique" if amc else None,
                "patient_share": total - claimed,
            },
        )

    def _lot(self, practitioner_id: str, closed_on: date, claimed: Decimal) -> str | None:
        """The lot an invoice leaves in: of the week's Friday; where the patient has paid, of the Tuesday as well."""
        friday = closed_on + timedelta(days=(4 - closed_on.weekday()) % 7)
        tuesday = closed_on + timedelta(days=(1 - closed_on.weekday()) % 7)
        leaves_on = friday if claimed else min(friday, tuesday)
        if leaves_on > self.today:
            return None
        lot = self._open(practitioner_id, leaves_on)
        lot.take(claimed)
        return lot.id

    def _open(self, whose: str, leaves_on: date) -> _OpenLot:
        """The lot of a practitioner, or of one invoice that leaves apart, for a day."""
        key = (whose, leaves_on)
        lot = self._lots.get(key)
        if lot is None:
            number = self.first_lot + len(self._lots) + 1
            lot = self._lots[key] = _OpenLot(f"L{number:05d}", f"{number % 1000:03d}", leaves_on)
            self._by_id[lot.id] = lot
        return lot

    def _returns(self, chart: Chart, invoice: Invoice, habits: Habits) -> Iterator[PayerReturn]:
        if invoice.lot_id is None:
            return
        parts: tuple[tuple[Payer, Decimal | None, int], ...] = (
            ("AMO", invoice.amo_claimed, 9),
            ("AMC", invoice.amc_claimed, 16),
        )
        lot = self._by_id[invoice.lot_id]
        refused = habits.refused is not None and invoice.number.endswith("001")
        for payer, claimed, days in parts:
            returned_on = lot.created_on + timedelta(days=days)
            if not claimed or returned_on > self.today:
                continue
            values: dict[str, object] = {
                "id": chart.identifier("N"),
                "invoice_number": invoice.number,
                "lot_number": lot.number,
                "payer": payer,
                "state": "rejected" if refused else "paid",
                "claimed": claimed,
                "paid": ZERO if refused else claimed,
                "returned_on": returned_on,
            }
            if refused:
                values |= {"reject_code": "2D01", "reject_label": "DROITS NON OUVERTS", "reject_level": "F"}
            yield construct(PayerReturn, values)
            if refused and habits.refused == "settled" and returned_on + timedelta(days=14) <= self.today:
                yield PayerReturn(
                    id=chart.identifier("N"),
                    invoice_number=invoice.number,
                    lot_number=lot.number,
                    payer=payer,
                    state="paid",
                    claimed=claimed,
                    paid=claimed,
                    returned_on=returned_on + timedelta(days=14),
                )

    def _payments(self, chart: Chart, invoice: Invoice, habits: Habits) -> Iterator[Record]:
        share = invoice.patient_share
        if not share or habits.unpaid:
            return
        late = habits.pays_late and invoice.closed_on + timedelta(days=40) <= self.today
        if late:
            yield Reminder(
                id=chart.identifier("L"),
                patient_id=chart.patient.id,
                invoice_id=invoice.id,
                sent_on=invoice.closed_on + timedelta(days=30),
                level=1,
                channel=self.random.choice(("email", "letter", "sms")),
                addressee="PATIENT",
            )
        times = 1 if late or share < 45 else self.random.choice((2, 3, 3, 4))
        part = (share / times).quantize(Decimal("0.01"))
        means = self.random.choice(_MEANS)
        for rank in range(times):
            waits = 38 if late else rank * 4
            yield construct(
                PatientPayment,
                {
                    "id": chart.identifier("R"),
                    "patient_id": chart.patient.id,
                    "invoice_id": invoice.id,
                    "received_on": min(self.today, invoice.closed_on + timedelta(days=waits)),
                    "amount": share - part * (times - 1) if rank == times - 1 else part,
                    "means": means,
                },
            )


def _claimed(invoice: Invoice) -> Decimal:
    """What an invoice asks of its payers."""
    return (invoice.amo_claimed or ZERO) + (invoice.amc_claimed or ZERO)


def _complementary(patient_id: str) -> Coverage:
    return Coverage(
        id=f"{patient_id}D9",
        patient_id=patient_id,
        payer="AMC",
        organisation=_AMC,
        member_number=f"9{patient_id[1:]}",
        valid_from=date(2010, 1, 1),
        routing="XX",
        management="unique",
        domains=("AUXM",),
    )


def _act(draft: ActDraft, chart: Chart, invoice: Invoice | None) -> Act:
    return construct(
        Act,
        {
            "id": draft.id,
            "patient_id": chart.patient.id,
            "practitioner_id": draft.practitioner_id,
            "performed_on": draft.day,
            "letter": draft.letter,
            "coefficient": draft.coefficient,
            "started_at": draft.clock,
            "duration_min": draft.minutes,
            "amount": draft.amount,
            "excess": draft.excess,
            "qualifier": draft.qualifier,
            "rate": draft.rate,
            "prescription_id": draft.prescription_id,
            "treatment_id": draft.treatment_id,
            "session_id": draft.session_id,
            "place": draft.place,
            "group_size": draft.group_size,
            "quantity": draft.quantity,
            "facility": draft.facility,
            "distance_km": draft.distance_km,
            "same_agglomeration": draft.same_agglomeration,
            "ald_related": draft.ald,
            "label": draft.label,
            "act_code": draft.code,
            "urgent": draft.urgent,
            "call_at": draft.call_at,
            "helper_present": draft.helper,
            "invoice_id": None if invoice is None else invoice.id,
            "created_at": draft.created_at,
        },
    )
