"""What became of each invoice of a dossier, part by part: what the money rules and the story of an invoice stand on.

An invoice is closed, put in a lot, sent, acknowledged (ARL), and answered by each payer it asks: the caisse (AMO), the
complémentaire (AMC); what neither pays is the patient's. A part is what one of them is asked for, and what came of it.

* What a payer is asked for is what the invoice says it claims of it. Where it does not say, and the invoice is in
  tiers payant, the amount is unknown, never taken for zero.
* A payer's answers are the returns that bear the invoice's number and that neither the lots it was in nor the payee
  contradict (`model.answering`). What it paid is their sum, less what it took back; a reject stands until a payment, a
  deferral or another sending comes after it. A part of which nothing is left in hand is not paid, whatever was paid
  before.
* The lot of an invoice that was sent again is the latest one, by the day of the lots. Where no source says on which day
  lots leave, being in a lot made after a reject is being sent again.
* The patient's payments go to the invoice they name; what names none, or is too much, goes to the oldest debt.
* That an invoice left is proven by the day its lot was sent, by the lot's acknowledgement (ARL), whatever it says, and
  by an answer of the caisse. It has not left where no lot holds it, or its lot has none of these, as far as the sources
  cover lots and their sending; a paper sheet goes by post, which nothing tells. What a complémentaire is asked apart,
  in gestion séparée, leaves with the DRE.
* An invoice that was cancelled, or replaced by another one (`rules.corrections`), asks the patient for nothing any
  more; what the patient paid of it goes to the oldest debt.

Days are compared with the day asked about; every answer that a coming day may change says so with `Check.reached`, in
the rules that ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from connector_core.model.answering import of_lot, other_sending
from connector_core.model.assemble import lot_on
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Invoice, Lot, PatientPayment, PayerReturn
from connector_core.model.vocabulary import Payer
from connector_core.rules.calendar import months_later, next_quarter
from connector_core.rules.corrections import REPLACED, answered, replaced
from connector_core.rules.kernel import Check

Debtor = Literal["AMO", "AMC", "PATIENT"]
"""Who owes a part of an invoice."""

PartState = Literal[
    "unasked",
    "unsent",
    "waiting",
    "deferred",
    "rejected",
    "paid_nothing",
    "taken_back",
    "partly_paid",
    "paid",
    "overpaid",
]
"""Where a part stands: not asked for; asked for in an invoice that has not left; sent and not answered; answered by a
delay; rejected and left at that; answered by a payment of nothing; paid, and all of it taken back; paid in part; paid;
paid beyond what was asked."""

ACCIDENT = "41"
"""Nature d'assurance: accident du travail, maladie professionnelle."""
BALANCES = REPLACED | {
    "invoice.patient_share",
    "invoice.third_party",
    "invoice.total",
    "patient_payment.amount",
    "patient_payment.invoice_id",
}
"""What `balances` reads."""
FOLLOWED = BALANCES | {
    "invoice.amc_claimed",
    "invoice.amo_claimed",
    "invoice.dre_lot_id",
    "invoice.dre_sent_on",
    "invoice.securing",
    "lot.sent_on",
}
"""What `followed` reads."""

_NOTHING = Decimal(0)
_DAY = timedelta(days=1)


class Part(NamedTuple):
    """What one debtor is asked for in an invoice, in euros, and what came of it.

    `claimed` is None where the source does not say. `left_again` says that it was asked again since the latest answer.
    """

    debtor: Debtor
    claimed: Decimal | None
    received: Decimal
    state: PartState
    returns: tuple[PayerReturn, ...] = ()
    payments: tuple[PatientPayment, ...] = ()
    left_again: bool = False

    @property
    def left(self) -> Decimal | None:
        """What is still owed, never below zero; None where what was asked for is not known."""
        if self.state == "unasked":
            return _NOTHING
        return None if self.claimed is None else max(self.claimed - max(self.received, _NOTHING), _NOTHING)

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of this debtor."""
        return self.state in ("unasked", "paid", "overpaid")

    @property
    def rejected(self) -> tuple[PayerReturn, ...]:
        """The rejects among the answers, the latest last."""
        return tuple(each for each in self.returns if each.state == "rejected")


class Followed(NamedTuple):
    """An invoice with its lot, its acts in order of date, and its parts.

    `is_sent` says whether it left, None where nothing tells. `replaced_by` is the invoice that bills its acts again,
    `replaces` the one it took over. `dre_lot` is the lot of its DRE. `sendings` are the lots it was sent
    in, as far as is known, the latest last.
    """

    invoice: Invoice
    lot: Lot | None
    acts: tuple[Act, ...]
    amo: Part
    amc: Part
    patient: Part
    is_sent: bool | None
    replaced_by: Invoice | None = None
    replaces: Invoice | None = None
    dre_lot: Lot | None = None
    sendings: tuple[Lot, ...] = ()

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        return self.amo, self.amc, self.patient

    @property
    def stands(self) -> bool:
        """Whether the invoice still asks for something: neither cancelled nor replaced."""
        return self.invoice.cancelled_on is None and self.replaced_by is None

    @property
    def asks_a_payer(self) -> bool | None:
        """Whether a payer is asked for a part (tiers payant); None where nothing tells."""
        if self.invoice.third_party is not None:
            return self.invoice.third_party != "NONE"
        claims = (self.invoice.amo_claimed, self.invoice.amc_claimed)
        return any(claims) if None not in claims else (True if any(claims) else None)

    @property
    def sent_on(self) -> date | None:
        """The day its lot left, None where it is not known or has not left."""
        return None if self.lot is None else self.lot.sent_on

    @property
    def sent_by(self) -> date | None:
        """The first day on which it is known to have left: that of its sending, else of the ARL or of an answer of the
        caisse."""
        if self.lot is not None and (known := self.lot.sent_on or self.lot.arl_on) is not None:
            return known
        return min((each.returned_on for each in self.amo.returns), default=None)

    @property
    def first_lot(self) -> Lot | None:
        return self.sendings[0] if self.sendings else None

    @property
    def first_sent_on(self) -> date | None:
        """The day on which it left for the first time, None where that is not known or it has not left."""
        return None if self.first_lot is None else self.first_lot.sent_on

    @property
    def asked_apart(self) -> bool:
        """Whether the complémentaire is asked by a DRE of its own (gestion séparée)."""
        return self.invoice.dre_sent_on is not None or self.invoice.amc_management == "separee"

    @property
    def answered(self) -> bool:
        """Whether a payer has answered what the lot asks: a complémentaire that was asked apart does not tell."""
        return bool(self.amo.returns or (self.amc.returns and not self.asked_apart))

    @property
    def dre_answered(self) -> bool:
        """Whether the complémentaire has answered what the DRE asks."""
        lot = self.dre_lot
        return lot is not None and any(of_lot(each, lot) is not False for each in self.amc.returns)

    def refused(self, debtor: Debtor) -> bool:
        """Whether the lot by which a payer was asked was refused (negative ARL)."""
        lot = self.dre_lot if debtor == "AMC" and self.asked_apart else self.lot
        return debtor != "PATIENT" and lot is not None and lot.arl == "negative"

    @property
    def first_care(self) -> date | None:
        """The day of its earliest act, from which the time to ask for payment runs."""
        return self.acts[0].performed_on if self.acts else None


def followed(check: Check[Dossier]) -> tuple[Followed, ...]:
    """Every invoice of the dossier, in order. Ask through `check.derive(followed)`."""
    dossier = check.subject
    if not dossier.invoices:
        return ()
    acts = check.derive(billed)
    told = check.derive(answered)
    successors = check.derive(replaced)
    by_id = {each.id: each for each in dossier.invoices} if successors else {}
    predecessors = {successor.id: by_id[each] for each, successor in successors.items()}
    covers = dossier.cabinet.covers
    patient = check.derive(balances)
    found: list[Followed] = []
    for invoice in dossier.invoices:
        returns = told.get(invoice.id, ())
        sendings = [_as_known(check, each) for each in _lots_of(dossier.cabinet, invoice, returns)]
        lot = sendings[-1] if sendings else None
        dre_lot = dossier.cabinet.lots.get(invoice.dre_lot_id or "")
        sent = _is_sent(covers, invoice, lot, returns)
        found.append(
            Followed(
                invoice,
                lot,
                tuple(acts.get(invoice.id, ())),
                _payer_part("AMO", invoice, lot, returns, covers, sent=sent),
                _payer_part("AMC", invoice, lot, returns, covers, sent=_is_sent_apart(covers, invoice, sent)),
                _patient_part(invoice, patient),
                sent,
                successors.get(invoice.id),
                predecessors.get(invoice.id),
                None if dre_lot is None else _as_known(check, dre_lot),
                tuple(sendings),
            )
        )
    return tuple(found)


def billed(check: Check[Dossier]) -> Mapping[str, Sequence[Act]]:
    """The acts of each invoice in order of date, by its id. Ask through `check.derive(billed)`."""
    acts: dict[str, list[Act]] = {}
    for act in check.subject.acts:
        if act.invoice_id is not None:
            acts.setdefault(act.invoice_id, []).append(act)
    return acts


class Limit(NamedTuple):
    """The last day on which payment of an invoice may be asked for (forclusion the day after), and the day of care
    from which that runs."""

    care: date
    last: date


def last_day(check: Check[Dossier], each: Followed) -> Limit | None:
    """The last day of an invoice, by its earliest act, which is lost first; None where its acts are not known."""
    care = each.first_care
    if care is None:
        return None
    if each.invoice.nature == ACCIDENT:
        return Limit(care, months_later(care, 12 * check.number("tt.limit.accident_years", care)))
    return Limit(care, months_later(next_quarter(care), 12 * check.number("tt.limit.years", care)) - _DAY)


def _untold_acknowledgement(cabinet: Cabinet, sent_on: date) -> bool:
    """Whether a lot left before the sources told of any acknowledgement, so that it may have had one."""
    if cabinet.covers.everything:
        return False
    told = [each.arl_on or each.sent_on for each in cabinet.lots.values() if each.arl is not None]
    first = min((day for day in told if day is not None), default=None)
    return first is None or sent_on < first - _DAY


def unacknowledged(cabinet: Cabinet, lot: Lot) -> bool:
    """Whether a lot left and nobody acknowledged it, although an acknowledgement would be known."""
    if lot.arl is not None or lot.sent_on is None or "lot.arl" not in cabinet.covers:
        return False
    return not _untold_acknowledgement(cabinet, lot.sent_on)


def _lots_of(cabinet: Cabinet, invoice: Invoice, returns: Iterable[PayerReturn]) -> list[Lot]:
    """The lots in which an invoice was sent, the latest last: the one it is in, and others that a payer answered."""
    own = cabinet.lots.get(invoice.lot_id or "")
    if own is None:
        return []
    others = {each.id: each for answer in returns if (each := other_sending(answer, invoice, cabinet)) is not None}
    return sorted([own, *others.values()], key=lambda lot: lot.created_on or date.max) if others else [own]


def _as_known(check: Check[Dossier], lot: Lot) -> Lot:
    """The lot as known on the day asked about; the dossier is asked again when more of it comes into view."""
    for day in (lot.sent_on, lot.arl_on):
        if day is not None:
            check.reached(day)
    return lot_on(lot, check.as_of)


def _is_sent(covers: Covers, invoice: Invoice, lot: Lot | None, returns: Iterable[PayerReturn]) -> bool | None:
    if lot is not None and (lot.sent_on is not None or lot.arl is not None):
        return True
    if any(each.payer == "AMO" for each in returns):
        return True
    if lot is not None:
        return False if "lot.sent_on" in covers else None
    known = invoice.lot_id is None and invoice.securing != "PAPIER" and "invoice.lot_id" in covers
    return False if known else None


def _is_sent_apart(covers: Covers, invoice: Invoice, sent: bool | None) -> bool | None:
    """Whether the complémentaire was asked: by the DRE in gestion séparée, else by the invoice itself."""
    if invoice.dre_sent_on is not None:
        return True
    if invoice.amc_management != "separee":
        return sent
    return False if "invoice.dre_sent_on" in covers else None


def _payer_part(
    payer: Payer,
    invoice: Invoice,
    lot: Lot | None,
    returns: Iterable[PayerReturn],
    covers: Covers,
    *,
    sent: bool | None,
) -> Part:
    claimed = invoice.amo_claimed if payer == "AMO" else invoice.amc_claimed
    own = tuple([each for each in returns if each.payer == payer])
    received = _NOTHING
    for each in own:
        if each.state == "paid" and each.paid is not None:
            received += each.paid
    again = bool(own) and sent is not False and _left_again(own[-1], invoice, lot, covers)
    state = _payer_state(payer, invoice, claimed, own, received, sent=sent, again=again)
    return Part(payer, claimed, received, state, own, left_again=again)


def _left_again(answer: PayerReturn, invoice: Invoice, lot: Lot | None, covers: Covers) -> bool:
    """Whether what a payer answered was asked again since, if it left: the answer is to an earlier lot, or the lot left
    later. Where no source says on which day lots leave, the day one was made stands for it."""
    if answer.payer == "AMC" and invoice.amc_management == "separee":
        return invoice.dre_sent_on is not None and invoice.dre_sent_on > answer.returned_on
    if lot is None:
        return False
    left_on = lot.sent_on or lot.arl_on or (None if "lot.sent_on" in covers else lot.created_on)
    return of_lot(answer, lot) is False or (left_on is not None and left_on > answer.returned_on)


def _payer_state(
    payer: Payer,
    invoice: Invoice,
    claimed: Decimal | None,
    answers: Sequence[PayerReturn],
    received: Decimal,
    *,
    sent: bool | None,
    again: bool,
) -> PartState:
    last = answers[-1] if answers else None
    asked = _asks(payer, invoice, claimed)
    if last is None and not asked:
        return "unasked"
    if claimed is not None and received > claimed:
        return "overpaid"
    if claimed is not None and received == claimed and received > 0:
        return "paid"
    if last is None or (again and received <= 0):
        return "unsent" if sent is False else "waiting"
    if last.state == "deferred":
        return "deferred"
    if received > 0:
        return "partly_paid" if claimed is not None or any(each.state == "rejected" for each in answers) else "paid"
    return "rejected" if last.state == "rejected" else _nothing_in_hand(answers, asked=asked)


def _nothing_in_hand(answers: Iterable[PayerReturn], *, asked: bool) -> PartState:
    """Of a part that a payer says it paid, and of which no amount is left: whether it took it back, or paid nothing."""
    amounts = [each.paid for each in answers if each.state == "paid"]
    if None in amounts or not asked:
        return "paid"
    return "taken_back" if any(amount is not None and amount < 0 for amount in amounts) else "paid_nothing"


def _asks(payer: Payer, invoice: Invoice, claimed: Decimal | None) -> bool:
    """Whether an invoice asks a payer for something, as far as it tells."""
    if claimed is not None:
        return claimed > 0 and invoice.third_party != "NONE"
    match invoice.third_party:
        case "FULL":
            return True
        case "AMO":
            return payer == "AMO"
        case "NONE" | None:
            return False


@dataclass(frozen=True, slots=True)
class Balances:
    """What the patient owes and has paid of each invoice that stands, by its id, in euros; `owed` is None where the
    invoice does not say.

    `excess` is what was paid for an invoice, by its id, beyond what it asks, and for which no other debt was left; it
    is empty where a share is not known, which it may have paid. What names no invoice is no excess: an advance, or the
    payment of an invoice that no source gives.
    """

    owed: Mapping[str, Decimal | None]
    received: Mapping[str, Decimal]
    payments: Mapping[str, Sequence[PatientPayment]]
    excess: Mapping[str, Decimal]

    def left(self, invoice: Invoice) -> Decimal:
        """What the patient still owes of an invoice, as far as it is known."""
        owed = self.owed.get(invoice.id)
        return _NOTHING if owed is None else max(owed - self.received[invoice.id], _NOTHING)


def balances(check: Check[Dossier]) -> Balances:
    """The patient's side of every invoice: a payment goes to the invoice it names; what is left of it, and what names
    none, to the oldest debt whose amount is known. Ask through `check.derive(balances)`."""
    dossier = check.subject
    successors = check.derive(replaced)
    standing = [each for each in dossier.invoices if each.cancelled_on is None and each.id not in successors]
    owed = {each.id: _share(each) for each in standing}
    received = dict.fromkeys(owed, _NOTHING)
    payments: dict[str, list[PatientPayment]] = {}
    free: list[_Free] = []
    named = {each.id for each in dossier.invoices}
    for payment in dossier.patient_payments:
        name = payment.invoice_id
        if name is None or name not in owed:
            free.append(_Free(payment, payment.amount, name if name in named else None))
            continue
        payments.setdefault(name, []).append(payment)
        received[name] += payment.amount
        share = owed[name]
        if share is not None and received[name] > share:
            free.append(_Free(None, received[name] - share, name))
            received[name] = share
    excess = _spread(standing, owed, received, payments, free) if free else {}
    return Balances(owed, received, payments, {} if None in owed.values() else excess)


class _Free(NamedTuple):
    """Money to give to the oldest debts: what is left of a payment for one invoice, by id, or a whole payment."""

    payment: PatientPayment | None
    amount: Decimal
    paid_for: str | None


def _spread(
    invoices: Sequence[Invoice],
    owed: Mapping[str, Decimal | None],
    received: dict[str, Decimal],
    payments: dict[str, list[PatientPayment]],
    free: Iterable[_Free],
) -> dict[str, Decimal]:
    """Give what names no invoice, or was too much, to the oldest debts; what is left over of it, by the invoice that it
    was paid for."""
    excess: dict[str, Decimal] = {}
    for payment, amount, paid_for in free:
        for invoice in invoices:
            share = owed[invoice.id]
            if amount <= 0 or share is None or received[invoice.id] >= share:
                continue
            part = min(amount, share - received[invoice.id])
            received[invoice.id] += part
            amount -= part
            if payment is not None:
                payments.setdefault(invoice.id, []).append(payment)
        if amount > 0 and paid_for is not None:
            excess[paid_for] = excess.get(paid_for, _NOTHING) + amount
    return excess


def _share(invoice: Invoice) -> Decimal | None:
    """What the patient owes of an invoice; the total where no payer is asked; None where nothing tells."""
    if invoice.patient_share is not None:
        return invoice.patient_share
    return invoice.total if invoice.third_party == "NONE" else None


def _patient_part(invoice: Invoice, patient: Balances) -> Part:
    owed = patient.owed.get(invoice.id, _NOTHING)
    received = patient.received.get(invoice.id, _NOTHING)
    state: PartState
    if owed is None:
        state = "waiting"
    elif owed == 0 and not received:
        state = "unasked"
    elif received >= owed:
        state = "paid"
    else:
        state = "partly_paid" if received else "waiting"
    return Part("PATIENT", owed, received, state, payments=tuple(patient.payments.get(invoice.id, ())))
