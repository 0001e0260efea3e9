"""The patient's side of invoices: what is owed, and what was paid of it.

A payment goes to the invoice it names; what names none, or is too much, goes to the oldest debt. An invoice that was
cancelled, or replaced by another one (`rules.corrections`), asks the patient for nothing any more; what the patient
paid of it goes to the oldest debt.

A payment below zero is money given back, or a cheque that came back. It is taken from what was paid for the same
invoice, else from what is too much or names none, else from what was paid for the newest invoice. What was given back
and, as far as the sources tell, never paid makes no debt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.records import Invoice, PatientPayment
from connector_core.rules.corrections import REPLACED, replaced
from connector_core.rules.kernel import Check
from connector_core.rules.parts import Part, PartState

BALANCES = REPLACED | {
    "invoice.patient_share",
    "invoice.third_party",
    "invoice.total",
    "patient_payment.amount",
    "patient_payment.invoice_id",
}
"""What `balances` reads."""

_NOTHING = Decimal(0)


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
    too_much: list[_Free] = []
    back: list[_Free] = []
    named = {each.id for each in dossier.invoices}
    for payment in dossier.patient_payments:
        name = payment.invoice_id
        if name is not None and name in owed:
            payments.setdefault(name, []).append(payment)
            received[name] += payment.amount
        else:
            pile = back if payment.amount < 0 else free
            pile.append(_Free(payment, abs(payment.amount), name if name in named else None))
    for name in payments:
        share, total = owed[name], received[name]
        most = total if share is None else max(share, _NOTHING)
        if total < 0:
            back.append(_Free(None, -total, name))
            received[name] = _NOTHING
        elif total > most:
            too_much.append(_Free(None, total - most, name))
            received[name] = most
    free = [*too_much, *free]
    if back:
        _take_back(standing, owed, received, payments, free, back)
    excess = _spread(standing, owed, received, payments, free) if free else {}
    return Balances(owed, received, payments, {} if None in owed.values() else excess)


class _Free(NamedTuple):
    """Money that is of no invoice yet, never below zero: what payments for one invoice, by id, leave over, or a whole
    payment. Or money that was given back, and is to be taken from others: a whole one, or beyond what was paid for its
    invoice."""

    payment: PatientPayment | None
    amount: Decimal
    paid_for: str | None


def _take_back(
    standing: Sequence[Invoice],
    owed: Mapping[str, Decimal | None],
    received: dict[str, Decimal],
    payments: dict[str, list[PatientPayment]],
    free: list[_Free],
    back: Iterable[_Free],
) -> None:
    """Take what was given back from free money for the same invoice, from other free money, from what the practice owes
    for an invoice below zero, then from what was paid for the newest invoice."""
    floors = {each.id: min(owed[each.id] or _NOTHING, _NOTHING) for each in standing}
    in_turn = sorted(standing, key=lambda each: floors[each.id] < 0)[::-1]
    for payment, amount, paid_for in sorted(back, key=lambda each: each.paid_for is None):
        rest = amount
        for place in sorted(range(len(free)), key=lambda place: free[place].paid_for != paid_for):
            part = min(rest, free[place].amount)
            free[place] = free[place]._replace(amount=free[place].amount - part)
            rest -= part
        for invoice in in_turn:
            part = min(rest, received[invoice.id] - floors[invoice.id])
            if part > 0:
                received[invoice.id] -= part
                rest -= part
                if payment is not None:
                    payments.setdefault(invoice.id, []).append(payment)


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


def patient_part(invoice: Invoice, patient: Balances) -> Part:
    """The patient's part of an invoice."""
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
