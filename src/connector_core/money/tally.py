"""From dossiers to the figures of a practice, one dossier after the other: nothing of a dossier is kept but sums.

Every dossier is given as of the last day of the period; a figure of a past period is what was known on its last day.

* Acts and honoraires: the lines of the period, by the month of care, billed or not. Lines of an invoice that is
  cancelled, or replaced by one that bills its acts again, are left out, as `rules.counting` does; a credited line
  (a negative amount, a quantity of zero or less) is left out with the equal line that it takes away. A line of
  kilometres is one act.
* Delays: the cases that end in the period, whenever they began. The acts of an invoice that was replaced waited until
  that one was closed, not until the next. An invoice is sent when its lot leaves; sending and payment are those of the
  invoices that stand (`rules.invoices`). A part is paid on the day of the transfer, else of the answer, that settles
  it; the patient's on the day of their last payment, at once where they pay before the invoice is closed.
* Rejects: the parts of invoices, cancelled and replaced ones among them, with an answer (paid or rejected) in the
  period, by payer and by organisation, named as in the aged balance. A part rejected twice for one motif counts once.
* Money that waits: `ledger.debts`, on the last day. A payer's part that was asked for before the first answer that the
  sources give has no amount here: whether it was paid can't be known.
* Cash in: a part that waits is taken to be paid after the median delay of the parts of its debtor that had to wait
  longer than it has waited so far; and at the latest, nine times in ten, after their 9th decile. Parts that were
  rejected, deferred, paid in part by the payer or not sent yet have no week; nor have parts
  that are older than the payments seen.
* Missed appointments, of those that name a patient: kept is what the agenda says was kept, or a day with an act of the
  patient. Missed over kept and missed is the rate.
* Bilans: see `money.bilans`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Dossier
from connector_core.model.letters import act_kind
from connector_core.model.records import Act
from connector_core.model.vocabulary import Payer
from connector_core.money.bilans import expected_bilans
from connector_core.money.cash import Open, cash_in
from connector_core.money.figures import (
    PAID_BY,
    ZERO,
    Activity,
    Bilans,
    CashIn,
    Delay,
    FigureName,
    Figures,
    Missed,
    Overpaid,
    RejectedBy,
    RejectedFor,
    RejectRate,
    Step,
    Unsaid,
    Waiting,
)
from connector_core.money.ledger import AGES, age_column, debtor_id, debts, overpayments
from connector_core.money.spread import Spread
from connector_core.parameters.motifs import as_received, motif_key
from connector_core.rules.batches import Batches, batches
from connector_core.rules.corrections import corrected
from connector_core.rules.invoices import Followed, followed
from connector_core.rules.kernel import Check
from connector_core.rules.parts import Debtor, Part
from connector_core.rules.standing import net_of_credits
from connector_core.rules.succession import void_invoices

RESTS_ON: Mapping[FigureName, tuple[str, ...]] = {
    "activity": ("act",),
    "act_to_invoice": ("act", "invoice", "act.invoice_id"),
    "invoice_to_sent": ("invoice", "lot.sent_on"),
    "sent_to_paid_amo": ("invoice", "lot.sent_on", "payer_return"),
    "sent_to_paid_amc": ("invoice", "lot.sent_on", "payer_return"),
    "invoice_to_paid_patient": ("invoice", "patient_payment"),
    "rejects": ("invoice", "payer_return"),
    "waiting_amo": ("invoice", "payer_return"),
    "waiting_amc": ("invoice", "payer_return"),
    "waiting_patient": ("invoice", "patient_payment"),
    "missed": ("appointment",),
    "bilans": ("act",),
}
"""What a source must cover for a figure to be told."""

STEPS: tuple[Step, ...] = ("act_to_invoice", "invoice_to_sent", *PAID_BY.values())
_WAITING: Mapping[Debtor, FigureName] = {"AMO": "waiting_amo", "AMC": "waiting_amc", "PATIENT": "waiting_patient"}
_PAYERS: tuple[Payer, ...] = ("AMO", "AMC")

_MotifKey = tuple[Payer, str | tuple[str | None, str | None]]


def figures_of(checks: Iterable[Check[Dossier]], covers: Covers, first: date, last: date) -> Figures:
    """The figures of a period. `checks` are every dossier of the practice as of its last day, `covers` what its
    sources cover."""
    tally = Tally(covers, first, last)
    for check in checks:
        tally.add(check)
    return tally.figures()


@dataclass(slots=True)
class _Month:
    acts: int = 0
    honoraires: Decimal = ZERO
    unpriced: int = 0


@dataclass(slots=True)
class _Delay:
    spread: Spread = field(default_factory=Spread)
    waiting: int = 0
    contradictory: int = 0


@dataclass(slots=True)
class _Waiting:
    amounts: list[Decimal] = field(default_factory=lambda: [ZERO] * (len(AGES) + 1))
    parts: int = 0
    untold: int = 0


@dataclass(slots=True)
class Tally:
    """The sums so far. What the sources don't cover is not summed."""

    covers: Covers
    first: date
    last: date
    _told: frozenset[FigureName] = frozenset()
    _months: dict[tuple[date, str], _Month] = field(default_factory=dict)
    _delays: dict[Step, _Delay] = field(default_factory=lambda: {step: _Delay() for step in STEPS})
    _answered: Counter[tuple[Payer, str]] = field(default_factory=Counter)
    _rejected: Counter[tuple[Payer, str]] = field(default_factory=Counter)
    _motifs: Counter[_MotifKey] = field(default_factory=Counter)
    _names: dict[_MotifKey, tuple[str | None, str | None]] = field(default_factory=dict)
    _waiting: dict[Debtor, _Waiting] = field(default_factory=lambda: {debtor: _Waiting() for debtor in PAID_BY})
    _overpaid: dict[Debtor, tuple[Decimal, int]] = field(default_factory=dict)
    _open: Counter[Open] = field(default_factory=Counter)
    _owed: dict[Open, Decimal] = field(default_factory=dict)
    _appointments: Counter[str] = field(default_factory=Counter)
    _cost: Decimal = ZERO
    _bilans: Counter[str] = field(default_factory=Counter)
    _bilan_amounts: dict[str, Decimal] = field(default_factory=lambda: {"due": ZERO, "lost": ZERO})

    def __post_init__(self) -> None:
        told = [name for name, needed in RESTS_ON.items() if all(each in self.covers for each in needed)]
        self._told = frozenset(told)

    def add(self, check: Check[Dossier]) -> None:
        """Count one dossier."""
        acts = _standing(check)
        if "activity" in self._told:
            self._add_acts(acts)
        if "invoice" in self.covers and check.subject.invoices:
            self._add_invoices(check)
            self._add_debts(check)
        if "missed" in self._told and check.subject.appointments:
            self._add_appointments(check, acts)
        if "bilans" in self._told:
            for each in expected_bilans(check, self.first, self.last):
                self._bilans[each.outcome] += 1
                if each.outcome in self._bilan_amounts:
                    self._bilans["unpriced"] += each.amount is None
                    self._bilan_amounts[each.outcome] += each.amount or ZERO

    def figures(self) -> Figures:
        """What the dossiers add up to."""
        return Figures(
            first=self.first,
            last=self.last,
            activity=tuple(
                Activity(month, letter, each.acts, each.honoraires, each.unpriced)
                for (month, letter), each in sorted(self._months.items())
            ),
            delays=tuple(self._delay(step) for step in STEPS if step in self._told),
            rejects=tuple(
                RejectRate(payer, _of(payer, self._answered), _of(payer, self._rejected))
                for payer in _PAYERS
                if "rejects" in self._told
            ),
            organisations=self._organisations(),
            motifs=self._rejected_for(),
            waiting=tuple(
                Waiting(debtor, tuple(each.amounts), each.parts, each.untold)
                for debtor, each in self._waiting.items()
                if _WAITING[debtor] in self._told
            ),
            overpaid=tuple(Overpaid(debtor, *self._overpaid[debtor]) for debtor in PAID_BY if debtor in self._overpaid),
            cash_in=self._cash_in() if self._told.intersection(_WAITING.values()) else None,
            missed=self._missed() if "missed" in self._told else None,
            bilans=self._bilans_told() if "bilans" in self._told else None,
            unsaid=tuple(
                Unsaid(name, tuple(each for each in needed if each not in self.covers))
                for name, needed in RESTS_ON.items()
                if name not in self._told
            ),
        )

    def _add_acts(self, acts: Batches) -> None:
        begin, end = bisect_left(acts.days, self.first), bisect_right(acts.days, self.last)
        for act in acts.acts[begin:end]:
            key = act.performed_on.replace(day=1), act.letter
            month = self._months.get(key)
            if month is None:
                month = self._months[key] = _Month()
            month.acts += 1
            if act.amount is None:
                month.unpriced += 1
            else:
                month.honoraires += act.amount
        self._delays["act_to_invoice"].waiting += sum(act.invoice_id is None for act in acts.acts[begin:end])

    def _add_invoices(self, check: Check[Dossier]) -> None:
        for each in check.derive(followed):
            if "rejects" in self._told:
                for part in (each.amo, each.amc):
                    self._add_answers(check, each, part)
            if each.invoice.cancelled_on is None and each.replaces is None and self._holds(each.invoice.closed_on):
                for act in each.acts:
                    self._ended("act_to_invoice", act.performed_on, each.invoice.closed_on)
            if each.stands:
                self._add_delays(each)

    def _add_delays(self, each: Followed) -> None:
        closed_on = each.invoice.closed_on
        sent_on = self._known(each.sent_on)
        if sent_on is not None and self._holds(sent_on):
            self._ended("invoice_to_sent", closed_on, sent_on)
        elif each.is_sent is False and each.asks_a_payer and self._holds(closed_on):
            self._delays["invoice_to_sent"].waiting += 1
        for part, asked_on in (
            (each.amo, sent_on),
            (each.amc, each.invoice.dre_sent_on or sent_on),
            (each.patient, closed_on),
        ):
            paid_on = _paid_on(part)
            if paid_on is not None and asked_on is not None and self._holds(paid_on):
                begun = min(asked_on, paid_on) if part.debtor == "PATIENT" else asked_on
                self._ended(PAID_BY[part.debtor], begun, paid_on)

    def _ended(self, step: Step, begun: date, ended: date) -> None:
        if step not in self._told:
            return
        delay = self._delays[step]
        if ended < begun:
            delay.contradictory += 1
        else:
            delay.spread.add((ended - begun).days)

    def _add_answers(self, check: Check[Dossier], each: Followed, part: Part) -> None:
        if part.debtor == "PATIENT":
            return
        payer = part.debtor
        own = [answer for answer in part.returns if answer.state != "deferred" and self._holds(answer.returned_on)]
        if not own:
            return
        rejects = [answer for answer in own if answer.state == "rejected"]
        organisation = payer, debtor_id(check.subject, each, part)
        self._answered[organisation] += 1
        self._rejected[organisation] += bool(rejects)
        motifs: dict[_MotifKey, tuple[str | None, str | None]] = {}
        for answer in rejects:
            motif = check.motifs.find(payer, answer.reject_code, answer.reject_label)
            if motif is not None:
                motifs[payer, motif.id] = motif.id, motif.name
            else:
                key = motif_key(answer.reject_code, answer.reject_label)
                motifs[payer, key] = None, as_received(answer.reject_code, answer.reject_label)
        self._motifs.update(motifs.keys())
        self._names.update(motifs)

    def _add_debts(self, check: Check[Dossier]) -> None:
        for debt in debts(check):
            if _WAITING[debt.debtor] not in self._told:
                continue
            waiting = self._waiting[debt.debtor]
            waiting.parts += 1
            if debt.amount is None or not debt.answer_known:
                waiting.untold += 1
                continue
            self._delays[PAID_BY[debt.debtor]].waiting += debt.since >= self.first
            waiting.amounts[age_column(debt.days(self.last))] += debt.amount
            key = Open(debt.debtor, debt.since, debt.state)
            self._open[key] += 1
            self._owed[key] = self._owed.get(key, ZERO) + debt.amount
        for each in overpayments(check):
            if _WAITING[each.debtor] in self._told:
                amount, parts = self._overpaid.get(each.debtor, (ZERO, 0))
                self._overpaid[each.debtor] = amount + each.amount, parts + 1

    def _add_appointments(self, check: Check[Dossier], acts: Batches) -> None:
        came = set(acts.days)
        for each in check.subject.appointments:
            day = each.starts_at.date()
            if not self._holds(day):
                continue
            match each.status:
                case "honoured":
                    self._appointments["kept"] += 1
                case "missed":
                    self._appointments["missed"] += 1
                    price = _usual_price(acts, day)
                    self._appointments["unpriced"] += price is None
                    self._cost += price or ZERO
                case "cancelled":
                    self._appointments["cancelled"] += 1
                case "booked" | "confirmed":
                    if day in came:
                        self._appointments["kept"] += 1
                    elif day < self.last:
                        self._appointments["untold"] += 1

    def _delay(self, step: Step) -> Delay:
        found = self._delays[step]
        spread = found.spread
        return Delay(step, spread.cases, spread.median, spread.ninth_decile, found.waiting, found.contradictory)

    def _organisations(self) -> tuple[RejectedBy, ...]:
        found = [RejectedBy(*key, answered, self._rejected[key]) for key, answered in self._answered.items()]
        return tuple(sorted(found, key=lambda each: (each.payer, -each.rejected, -each.answered, each.organisation)))

    def _rejected_for(self) -> tuple[RejectedFor, ...]:
        found = [RejectedFor(key[0], *self._names[key], parts) for key, parts in self._motifs.items()]
        return tuple(sorted(found, key=lambda each: (-each.parts, each.payer, each.motif or "", each.name or "")))

    def _cash_in(self) -> CashIn:
        spreads = {debtor: self._delays[step].spread for debtor, step in PAID_BY.items()}
        return cash_in(self.last, ((key, self._owed[key], parts) for key, parts in self._open.items()), spreads)

    def _missed(self) -> Missed:
        told = self._appointments
        return Missed(told["kept"], told["missed"], told["cancelled"], told["untold"], self._cost, told["unpriced"])

    def _bilans_told(self) -> Bilans:
        told, amounts = self._bilans, self._bilan_amounts
        return Bilans(
            told["done"],
            told["due"],
            told["lost"],
            amounts["due"],
            amounts["lost"],
            told["unpriced"],
            told["undetermined"],
        )

    def _holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def _known(self, day: date | None) -> date | None:
        """A day that was past on the last one; lots are told as they stand today."""
        return None if day is None or day > self.last else day


def _standing(check: Check[Dossier]) -> Batches:
    """The lines that are not taken back, in order."""
    void = void_invoices(check.subject) | check.derive(corrected).keys()
    found = check.derive(batches)
    if void:
        found = Batches.of([act for act in found.acts if act.invoice_id not in void])
    return net_of_credits(found)


def _of(payer: Payer, parts: Counter[tuple[Payer, str]]) -> int:
    return sum(number for (kind, _), number in parts.items() if kind == payer)


def _paid_on(part: Part) -> date | None:
    """The day on which a part was settled; None where it is not, or where what settled it was paid for another."""
    if part.state not in ("paid", "overpaid"):
        return None
    if part.debtor == "PATIENT":
        return max((each.received_on for each in part.payments if each.amount > 0), default=None)
    paid = [each.transfer_on or each.returned_on for each in part.returns if each.state == "paid"]
    return max(paid, default=None)


def _usual_price(acts: Batches, day: date) -> Decimal | None:
    """What the patient's last session up to a day brought; None where no session has an amount."""
    return next((act.amount for act in _sessions_back(acts.acts, bisect_right(acts.days, day))), None)


def _sessions_back(acts: Sequence[Act], end: int) -> Iterator[Act]:
    return (act for act in reversed(acts[:end]) if act.amount is not None and act_kind(act) == "session")
