"""Whose invoice a payer's return answers.

A return names an invoice by its number, the lot it left in by number and day, and the professional who is paid. The
professionals of one practice may all number alike, and so may another practice; numbers start anew every year. What
contradicts an invoice rules it out; what is not known says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from connector_core.model.dossier import Cabinet
from connector_core.model.records import Invoice, Lot, PayerReturn
from connector_core.model.values import invoice_key, numbered_together, same_professional


def answers(
    invoices: Iterable[Invoice], returns: Iterable[PayerReturn], cabinet: Cabinet
) -> dict[str, list[PayerReturn]]:
    """The answers to each of a dossier's invoices, by its id, in the order given: to the lot it is in, or to an earlier
    one. Of several invoices of one number, the one most speaks for is meant, else the latest one closed by then."""
    by_number: dict[str, list[Invoice]] = {}
    for invoice in invoices:
        by_number.setdefault(invoice_key(invoice.number), []).append(invoice)
    found: dict[str, list[PayerReturn]] = {}
    for each in returns:
        own = [
            one for one in by_number.get(invoice_key(each.invoice_number), ()) if _may_have_answered(each, one, cabinet)
        ]
        if own:
            invoice = own[0] if len(own) == 1 else max(own, key=lambda one: _evidence(each, one, cabinet))
            found.setdefault(invoice.id, []).append(each)
    return found


def _evidence(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> tuple[bool, bool, bool, date]:
    lot = _lot_asked(each, invoice, cabinet)
    return (
        lot is not None and of_lot(each, lot) is True,
        paid_to(each, invoice.practitioner_id, cabinet) is True,
        invoice.closed_on <= each.returned_on,
        invoice.closed_on,
    )


def _may_have_answered(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> bool:
    if may_answer(each, invoice, cabinet):
        return True
    if of_another_year(each, invoice.closed_on):
        return False
    return _may_be_paid(each, invoice, cabinet) and other_sending(each, invoice, cabinet) is not None


def may_answer(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> bool:
    """Whether a return that bears an invoice's number may be an answer to it, as it was last sent.

    In gestion séparée the complémentaire answers the DRE, which leaves in a lot of its own.
    """
    lot = _lot_asked(each, invoice, cabinet)
    of_its_lot = None if lot is None else of_lot(each, lot)
    if of_its_lot is False or (of_its_lot is None and of_another_year(each, invoice.closed_on)):
        return False
    return _may_be_paid(each, invoice, cabinet)


def of_another_year(each: PayerReturn, closed_on: date) -> bool:
    """Whether a return is older than an invoice of its number, and of a year that numbered apart."""
    day = each.returned_on if each.lot_on is None else min(each.lot_on, each.returned_on)
    return day < closed_on and not numbered_together(day, closed_on)


def other_sending(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> Lot | None:
    """The lot of the same professional that a return names in place of the one that an invoice is in: it was sent in
    both. None where it names no other, or none that is known by number and day."""
    lot = _lot_asked(each, invoice, cabinet)
    if lot is None or of_lot(each, lot) is not False or each.lot_on is None:
        return None
    for other in cabinet.lots.values():
        if other.created_on == each.lot_on and of_lot(each, other) and other.practitioner_id == lot.practitioner_id:
            return other
    return None


def _lot_asked(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> Lot | None:
    """The lot by which the payer of a return was asked, as far as it is known."""
    if invoice.lot_id is None or (each.payer == "AMC" and invoice.amc_management == "separee"):
        return None
    return cabinet.lots.get(invoice.lot_id)


def _may_be_paid(each: PayerReturn, invoice: Invoice, cabinet: Cabinet) -> bool:
    return each.payee_number is None or paid_to(each, invoice.practitioner_id, cabinet) is not False


def pays(answer: PayerReturn) -> bool:
    """Whether an answer brings money: a payment of nothing, or one that takes back, brings none."""
    return answer.state == "paid" and (answer.paid is None or answer.paid > 0)


def of_lot(each: PayerReturn, lot: Lot) -> bool | None:
    """Whether a return answers an invoice of a lot: no where number or day differ, yes where both agree, else unknown.

    Lots are numbered with or without leading zeros.
    """
    by_number = None if each.lot_number is None else each.lot_number.lstrip("0") == lot.number.lstrip("0")
    by_day = None if each.lot_on is None or lot.created_on is None else each.lot_on == lot.created_on
    if by_number is False or by_day is False:
        return False
    return True if by_number and by_day else None


def may_answer_alike(one: PayerReturn, other: PayerReturn) -> bool:
    """Whether two returns that bear one number may be about one invoice, as it was sent once: neither the lot nor the
    payee that one names is another than the other's."""
    payees = [each.payee_number for each in (one, other) if each.payee_number is not None]
    lots = {each.lot_number.lstrip("0") for each in (one, other) if each.lot_number is not None}
    days = {each.lot_on for each in (one, other) if each.lot_on is not None}
    return len(lots) < 2 and len(days) < 2 and (len(payees) < 2 or same_professional(*payees))


def paid_to(each: PayerReturn, practitioner_id: str, cabinet: Cabinet) -> bool | None:
    """Whether the payee is a professional, or whom that one stands in for; None where a number is not known, or is that
    of a company which is paid for any of them."""
    if each.payee_number is None or _is_company(each.payee_number, cabinet):
        return None
    own = cabinet.practitioners.get(practitioner_id)
    if own is None:
        return None
    named = cabinet.practitioners.get(own.substitute_of) if own.substitute_of is not None else None
    numbers = [who.am_number for who in (own, named) if who is not None and who.am_number]
    return any(same_professional(each.payee_number, number) for number in numbers) if numbers else None


def _is_company(payee: str, cabinet: Cabinet) -> bool:
    return any(same_professional(payee, each) for each in cabinet.payees)


def of_the_practice(returns: Iterable[PayerReturn], cabinet: Cabinet) -> list[PayerReturn]:
    """The returns without those whose payee is certainly nobody in the practice: every professional of it is known by
    number, and so is whoever sent its lots."""
    found = list(returns)
    payees = {each.payee_number for each in found if each.payee_number is not None}
    numbers = {each.am_number for each in cabinet.practitioners.values()}
    if not payees or not numbers or None in numbers:
        return found
    senders = {each.practitioner_id for each in cabinet.lots.values() if each.practitioner_id is not None}
    known = [*filter(None, numbers), *(each.rpartition(":")[2] for each in senders), *cabinet.payees]
    foreign = {payee for payee in payees if not any(same_professional(payee, each) for each in known)}
    return [each for each in found if each.payee_number not in foreign] if foreign else found
