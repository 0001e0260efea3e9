"""The story of one invoice: what happened to it, in order, each step with the record that tells of it.

created → in a lot → sent → acknowledged → answered by each payer → in the bank → settled. A corrected invoice goes on
where the rejected one ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector_core.model.answering import pays
from connector_core.model.dossier import Dossier
from connector_core.model.finding import Evidence
from connector_core.model.records import BankCredit, Lot, PayerReturn, Record
from connector_core.money.bank import InBank
from connector_core.rules.french import euros, jour
from connector_core.rules.invoices import Followed
from connector_core.rules.kernel import Check, evidence_of
from connector_core.rules.parts import Debtor, Part, PartState

DEBTORS: Mapping[Debtor, str] = {"AMO": "caisse (AMO)", "AMC": "complémentaire (AMC)", "PATIENT": "patient"}
STATES: Mapping[PartState, str] = {
    "unasked": "rien de demandé",
    "unsent": "pas encore envoyée",
    "waiting": "sans réponse",
    "deferred": "différée par le payeur",
    "rejected": "rejetée",
    "paid_nothing": "réponse sans paiement",
    "taken_back": "payée, puis reprise par le payeur",
    "partly_paid": "payée en partie",
    "paid": "payée",
    "overpaid": "payée au-delà de la demande",
}
_OF_PATIENT: Mapping[PartState, str] = {"waiting": "à régler", "partly_paid": "réglée en partie"}
_RETURNED = {"paid": "paie", "rejected": "rejette", "deferred": "diffère"}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, on a day (None where no source says when), in French, and the record that tells."""

    on: date | None
    text: str
    evidence: Evidence


def state_words(debtor: Debtor, state: PartState) -> str:
    """Where a part stands, in French; a patient pays and does not answer."""
    return _OF_PATIENT.get(state, STATES[state]) if debtor == "PATIENT" else STATES[state]


def to_their_end(asked: Iterable[Followed], known: Iterable[Followed]) -> list[Followed]:
    """Invoices, each followed by the ones that replaced it one after the other, up to the one that stands. `known` are
    all of the dossier."""
    by_id = {each.invoice.id: each for each in known}
    found: dict[str, Followed] = {}
    for each in asked:
        follows: Followed | None = each
        while follows is not None and follows.invoice.id not in found:
            found[follows.invoice.id] = follows
            follows = None if follows.replaced_by is None else by_id[follows.replaced_by.id]
    return list(found.values())


def story(check: Check[Dossier], each: Followed, bank: InBank) -> list[Step]:
    """The steps of an invoice in order of their days; `bank` is what the bank tells of its answers."""
    steps = list(_steps(check, each, bank.credits))
    return sorted(steps, key=lambda step: step.on or date.min)


def unseen_payments(part: Part, bank: InBank) -> tuple[PayerReturn, ...]:
    """What a payer says it paid, and the bank should have and has not, or has only perhaps."""
    return tuple(answer for answer in part.returns if pays(answer) and not bank.sees(answer))


def standing(each: Followed, bank: InBank, unheard: Collection[Debtor] = ()) -> str:
    """Where the invoice stands: what is owed, or that nothing is; and what was announced and is not in the bank.

    `unheard` are the debtors whose answers no source gives: what they were asked for is told, not that they owe it.
    """
    if each.invoice.cancelled_on is not None:
        return f"Facture annulée{_paid_anyway(each)}."
    if each.replaced_by is not None:
        return f"Facture remplacée par la n° {each.replaced_by.number}{_paid_anyway(each)}."
    asked = [part for part in each.parts if part.state != "unasked"]
    unseen = [_unseen(part, answer, bank) for part in (each.amo, each.amc) for answer in unseen_payments(part, bank)]
    open_parts = [part for part in asked if not part.settled]
    if open_parts:
        owed = [_owed(each, part) for part in open_parts if part.debtor not in unheard]
        asked_for = [_asked_for(part) for part in open_parts if part.debtor in unheard]
        told = (
            ("Reste dû", owed),
            ("Demandé, sans qu'une source dise ce qui en est payé", asked_for),
            ("Payé, pas encore vu en banque", unseen),
        )
        return " ".join(f"{head} : {' ; '.join(parts)}." for head, parts in told if parts)
    if not asked:
        return "Rien n'est demandé sur cette facture."
    return f"Facture payée, pas encore vue en banque : {' ; '.join(unseen)}." if unseen else "Facture soldée."


def _paid_anyway(each: Followed) -> str:
    """What payers paid of an invoice that no longer stands."""
    paid = [f"{DEBTORS[part.debtor]}, {euros(part.received)}" for part in (each.amo, each.amc) if part.received > 0]
    return f" ; payée malgré tout : {', '.join(paid)}" if paid else ""


def _unseen(part: Part, answer: PayerReturn, bank: InBank) -> str:
    amount = "montant inconnu" if answer.paid is None else euros(answer.paid)
    transfer = "" if answer.transfer_on is None else f", virement du {jour(answer.transfer_on)}"
    perhaps = " (un crédit du relevé est peut-être le sien)" if answer.id in bank.perhaps else ""
    return f"{DEBTORS[part.debtor]}, {amount}{transfer}{perhaps}"


def _asked_for(part: Part) -> str:
    return f"{DEBTORS[part.debtor]}, {'montant inconnu' if part.left is None else euros(part.left)}"


def _owed(each: Followed, part: Part) -> str:
    amount = "montant inconnu" if part.left is None else euros(part.left)
    refused = not part.returns and each.refused(part.debtor)
    state = "lot refusé" if refused else state_words(part.debtor, part.state)
    return f"{DEBTORS[part.debtor]}, {amount} ({state})"


def _steps(check: Check[Dossier], each: Followed, credits: Mapping[str, BankCredit]) -> Iterator[Step]:
    invoice = each.invoice
    acts = f" ({len(each.acts)} acte{'s' * (len(each.acts) > 1)})" if each.acts else ""
    yield _step(invoice.closed_on, f"Facture n° {invoice.number} de {euros(invoice.total)}{acts}.", invoice)
    if each.replaces is not None:
        yield _step(invoice.closed_on, f"Remplace la facture n° {each.replaces.number}.", each.replaces)
    for lot in each.sendings:
        if lot.created_on is not None:
            yield _step(lot.created_on, f"Mise dans le lot n° {lot.number}.", lot)
        if lot.sent_on is not None:
            yield _step(lot.sent_on, f"Lot n° {lot.number} envoyé.", lot)
        yield from _acknowledged(lot, "Accusé de réception (ARL)")
    if invoice.dre_sent_on is not None:
        yield _step(invoice.dre_sent_on, "Demande (DRE) envoyée à la complémentaire.", invoice)
    if each.dre_lot is not None:
        yield from _acknowledged(each.dre_lot, f"Accusé de réception (ARL) du lot n° {each.dre_lot.number} de la DRE,")
    for part in (each.amo, each.amc):
        for answer in part.returns:
            yield _answered(part, answer)
            if answer.id in credits:
                credit = credits[answer.id]
                came = (
                    f"Virement de {euros(credit.amount)} reçu"
                    if credit.amount > 0
                    else f"{euros(-credit.amount)} repris"
                )
                yield _step(credit.booked_on, f"{came} en banque.", credit)
    for payment in each.patient.payments:
        yield _step(payment.received_on, _paid_by_patient(payment.amount), payment)
    for reminder in check.subject.reminders:
        if reminder.invoice_id == invoice.id:
            yield _step(reminder.sent_on, f"Relance de niveau {reminder.level}.", reminder)
    if each.replaced_by is not None:
        replaced_by = each.replaced_by
        yield _step(replaced_by.closed_on, f"Remplacée par la facture n° {replaced_by.number}.", replaced_by)
    if invoice.cancelled_on is not None:
        yield _step(invoice.cancelled_on, "Facture annulée.", invoice)


def _acknowledged(lot: Lot, what: str) -> Iterator[Step]:
    if lot.arl is not None:
        told = "positif" if lot.arl == "positive" else "négatif"
        motive = _motive(lot) if lot.arl == "negative" else ""
        yield _step(lot.arl_on or lot.sent_on, f"{what} {told}{motive}.", lot)


def _motive(lot: Lot) -> str:
    """Why a lot was refused, as the list of acknowledgements says it."""
    told = next((text for name, text in (lot.vendor or {}).items() if name.casefold() == "motif"), "")
    return f" : {told}" if told else ""


def _paid_by_patient(amount: Decimal) -> str:
    if amount < 0:
        return f"Règlement du patient rendu ou impayé : {euros(-amount)}."
    return f"Le patient règle {euros(amount)}."


def _answered(part: Part, answer: PayerReturn) -> Step:
    amount = answer.paid if answer.state == "paid" else answer.claimed
    verb = _RETURNED[answer.state]
    if answer.state == "paid" and amount is not None and amount < 0:
        verb, amount = "reprend", -amount
    told = "" if amount is None else f" {euros(amount)}"
    motive = " ".join(text for text in (answer.reject_code, answer.reject_label) if text)
    transfer = "" if answer.transfer_on is None else f", virement du {jour(answer.transfer_on)}"
    text = f"La {DEBTORS[part.debtor]} {verb}{told}{transfer}"
    return _step(answer.returned_on, f"{text} : {motive}." if motive else f"{text}.", answer)


def _step(on: date | None, text: str, record: Record) -> Step:
    return Step(on, text, evidence_of(record))
