"""What goes wrong with money in a synthetic year, and what must be found of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from connector_core.model.records import Invoice
from connector_core.model.vocabulary import Payer, Severity
from connector_core.testing.money_book import Book, MoneyFault, MoneyKind, claimed
from connector_core.testing.practice import Planted

_NOTHING = Decimal("0.00")
_CENT = Decimal("0.01")
_REJECT = {"state": "rejected", "paid": _NOTHING, "reject_level": "F"}
_REASONS: dict[Payer, dict[str, str]] = {
    "AMO": {"reject_code": "2D01", "reject_label": "DROITS NON OUVERTS"},
    "AMC": {"reject_code": "4M02", "reject_label": "ADHERENT INCONNU"},
}

MoneyMaker = Callable[[Book], MoneyFault]


def lost_lot(book: Book) -> MoneyFault:
    """A lot that never arrived: no acknowledgement, no answer to what it holds. A DRE that left apart is answered."""
    drawn = book.draw(lambda invoice: _asks(invoice, "AMO"))
    lot = book.lots[drawn.lot_id or ""]
    book.lots[lot.id] = lot.model_copy(update={"arl": None, "arl_on": None})
    inside = [each for each in book.invoices.values() if each.lot_id == lot.id]
    for invoice in inside:
        book.taken.add(invoice.id)
        book.answers.pop((invoice.number, "AMO"), None)
        if invoice.amc_claimed and invoice.amc_management == "unique":
            del book.answers[invoice.number, "AMC"]
    amount = sum((claimed(each, in_lot=True) for each in inside), _NOTHING)
    planted = Planted("TT-ARL-ABSENT", "reject", "lot", lot.id, None, amount, "lot sans accusé de réception")
    return MoneyFault("lost_lot", "lot", lot.id, None, amount, planted.note, (planted,))


def forgotten_reject(book: Book) -> MoneyFault:
    """The caisse rejects an invoice that asks nobody else, and nobody sends it again."""
    invoice = book.draw(lambda each: _asks(each, "AMO") and not each.amc_claimed)
    return _forgotten(book, invoice, "AMO")


def forgotten_reject_of_the_amc(book: Book) -> MoneyFault:
    return _forgotten(book, book.draw(lambda each: _asks(each, "AMC")), "AMC")


def silent_caisse(book: Book) -> MoneyFault:
    invoice = book.draw(lambda each: _asks(each, "AMO"))
    return _silent(book, invoice, "AMO", "silent_caisse", "TT-NOEMIE-ABSENT-AMO")


def silent_amc(book: Book) -> MoneyFault:
    invoice = book.draw(lambda each: _asks(each, "AMC") and each.amc_management == "unique")
    return _silent(book, invoice, "AMC", "silent_amc", "TT-NOEMIE-ABSENT-AMC")


def silent_amc_asked_apart(book: Book) -> MoneyFault:
    """The complémentaire never answers the DRE."""
    invoice = book.draw(lambda each: _asks(each, "AMC") and each.amc_management == "separee")
    return _silent(book, invoice, "AMC", "silent_amc", "TT-NOEMIE-ABSENT-AMC")


def paid_twice(book: Book) -> MoneyFault:
    """The caisse pays the same part again two weeks later."""
    invoice = book.draw(lambda each: _asks(each, "AMO"))
    answer = book.answer(invoice, "AMO")
    again = answer.model_copy(update={"id": f"{answer.id}B", "returned_on": answer.returned_on + timedelta(days=14)})
    book.answers[invoice.number, "AMO"].append(again)
    return MoneyFault("paid_twice", "invoice", invoice.id, "AMO", answer.paid or _NOTHING, "part payée deux fois")


def patient_paid_twice(book: Book) -> MoneyFault:
    """A patient who pays everything at once pays one invoice again the day after."""

    def at_once(invoice: Invoice) -> bool:
        paid = book.payments.get(invoice.id, [])
        return [each.received_on for each in paid] == [invoice.closed_on] * (1 if invoice.patient_share else 0)

    def suits(invoice: Invoice) -> bool:
        own = [each for each in book.invoices.values() if each.patient_id == invoice.patient_id]
        return bool(invoice.patient_share) and invoice.patient_id not in book.taken and all(map(at_once, own))

    invoice = book.draw(suits)
    book.taken.add(invoice.patient_id)
    (payment,) = book.payments[invoice.id]
    again = {"id": f"{payment.id}B", "received_on": payment.received_on + timedelta(days=1)}
    book.payments[invoice.id].append(payment.model_copy(update=again))
    note = "facture réglée deux fois par le patient"
    return MoneyFault("patient_paid_twice", "invoice", invoice.id, None, payment.amount, note)


def taken_back(book: Book) -> MoneyFault:
    """The caisse pays, and takes all of it back three weeks later."""
    invoice = book.draw(lambda each: _asks(each, "AMO"))
    answer = book.answer(invoice, "AMO")
    paid = answer.paid or _NOTHING
    back = {"id": f"{answer.id}R", "paid": -paid, "returned_on": answer.returned_on + timedelta(days=21)}
    book.answers[invoice.number, "AMO"].append(answer.model_copy(update=back))
    return MoneyFault("taken_back", "invoice", invoice.id, "AMO", answer.claimed or _NOTHING, "part payée puis reprise")


def partly_paid(book: Book) -> MoneyFault:
    """The caisse pays half of its part."""
    return _partly(book, book.draw(lambda each: _asks(each, "AMO")), "AMO")


def partly_paid_by_the_amc(book: Book) -> MoneyFault:
    return _partly(book, book.draw(lambda each: _asks(each, "AMC")), "AMC")


def unpaid_patient(book: Book) -> MoneyFault:
    """A patient pays nothing from one invoice on."""
    first = book.draw(lambda each: not claimed(each) and each.patient_id not in book.taken)
    book.taken.add(first.patient_id)
    amount = _NOTHING
    for invoice in book.invoices.values():
        if invoice.patient_id == first.patient_id and invoice.closed_on >= first.closed_on:
            book.taken.add(invoice.id)
            book.payments.pop(invoice.id, None)
            amount += invoice.patient_share or _NOTHING
    note = "patient qui ne règle plus"
    planted = Planted("SUIVI-IMPAYE", "info", "patient", first.patient_id, first.patient_id, amount, note)
    return MoneyFault("unpaid_patient", "patient", first.patient_id, "PATIENT", amount, note, (planted,))


def _forgotten(book: Book, invoice: Invoice, payer: Payer) -> MoneyFault:
    answer = book.answer(invoice, payer)
    book.answers[invoice.number, payer] = [answer.model_copy(update=_REJECT | _REASONS[payer])]
    amount = answer.claimed or _NOTHING
    note = "rejet jamais traité"
    planted = _of_invoice("SUIVI-REJET-NONTRAITE", invoice, amount, note)
    return MoneyFault("forgotten_reject", "invoice", invoice.id, payer, amount, note, (planted,))


def _silent(book: Book, invoice: Invoice, payer: Payer, kind: MoneyKind, rule: str) -> MoneyFault:
    amount = book.answer(invoice, payer).claimed or _NOTHING
    del book.answers[invoice.number, payer]
    note = "aucune réponse"
    return MoneyFault(kind, "invoice", invoice.id, payer, amount, note, (_of_invoice(rule, invoice, amount, note),))


def _partly(book: Book, invoice: Invoice, payer: Payer) -> MoneyFault:
    answer = book.answer(invoice, payer)
    paid = ((answer.paid or _NOTHING) / 2).quantize(_CENT)
    book.answers[invoice.number, payer] = [answer.model_copy(update={"paid": paid})]
    left = (answer.claimed or _NOTHING) - paid
    return MoneyFault("partly_paid", "invoice", invoice.id, payer, left, "part payée à moitié")


def _of_invoice(rule: str, invoice: Invoice, amount: Decimal, note: str, severity: Severity = "reject") -> Planted:
    return Planted(rule, severity, "invoice", invoice.id, invoice.patient_id, amount, note)


def _asks(invoice: Invoice, payer: Payer) -> bool:
    return bool(invoice.amo_claimed if payer == "AMO" else invoice.amc_claimed)


MAKERS: tuple[MoneyMaker, ...] = (
    lost_lot,
    forgotten_reject,
    forgotten_reject_of_the_amc,
    silent_caisse,
    silent_amc,
    silent_amc_asked_apart,
    paid_twice,
    patient_paid_twice,
    taken_back,
    partly_paid,
    partly_paid_by_the_amc,
    unpaid_patient,
)

__all__ = ["MAKERS", "MoneyMaker"]
