"""The patient's side of invoices: what is owed, and what was paid of it.

A payment goes to the invoice it names; what names none, or is too much, goes to the oldest debt. An invoice that was
cancelled, or replaced by another one (`rules.corrections`), asks the patient for nothing any more; what the patient
paid of it goes to the oldest debt.
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
