"""A synthetic year of money: invoices, lots, payers' answers, transfers and bank credits, with what went wrong in it.

It is a synthetic practice (`practice`) in which each passage has an invoice of its own, so that a year of four
practitioners has 16,000 of them. Over it are laid: several caisses and complémentaires, gestion séparée with its DRE,
invoices that are corrected and sent again, patients who have not paid yet, the bank's own ways (transfers booked
together, credits of other origin), and the faults. Everything is drawn from the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from connector_core.model.records import Act, BankCredit, Coverage, Invoice, Lot, Record, Reminder
from connector_core.model.vocabulary import Payer
from connector_core.testing import faults_tt
from connector_core.testing.agenda import working_day
from connector_core.testing.anomalies import plant_only
from connector_core.testing.money_book import Book, MoneyFault, MoneyKind, TooSmall, claimed
from connector_core.testing.money_faults import MAKERS
from connector_core.testing.money_ledger import Ledger
from connector_core.testing.practice import Planted, make_practice
from connector_core.testing.transfers import PAYERS, Transfer, announced, bank_day, credit, without_transfers

FULL_YEAR = 16_000
"""The invoices of a year of four practitioners."""

_PER_PATIENT = 15.4
_MORE, _MORE_AT_MOST = 4, 20
_CAISSES = tuple(body for body in PAYERS if len(body) == 9)
_COMPLEMENTARIES = tuple(body for body in PAYERS if len(body) == 8)
_WINDOW = (timedelta(days=300), timedelta(days=65))
"""How long ago something may have gone wrong: long enough for every rule to speak, within the year."""
_DAYS_TO_PAY: tuple[tuple[Payer, int], ...] = (("AMO", 9), ("AMC", 16))
_RECENT = timedelta(days=30)
_SMALL = Decimal(40)
_NOTHING = Decimal("0.00")
_REJECT = {"state": "rejected", "paid": _NOTHING, "reject_code": "2D01", "reject_label": "DROITS NON OUVERTS"}
_OF_LIMITS = (
    faults_tt.limit_near,
    faults_tt.past_two_years,
    faults_tt.past_27_months,
    faults_tt.accident_past_two_years,
)
_OTHER_CREDITS = (
    "REMISE DE CHEQUES",
    "VIR INST REGLEMENT SEANCE",
    "REMISE CB",
    "VIR SEPA BAILLEUR DES ORMES TROP PERCU",
)


@dataclass(frozen=True, slots=True)
class MoneyYear:
    """The records of a year as known today, what went wrong in it, and who owes what."""

    records: Sequence[Record]
    today: date
    faults: tuple[MoneyFault, ...]
    ledger: Ledger

    def findings(self, rules: Iterable[str]) -> tuple[Planted, ...]:
        """What these rules must find, and nothing else."""
        known = set(rules)
        return tuple(each for fault in self.faults for each in fault.found if each.rule in known)


def make_money_year(seed: int, invoices: int = FULL_YEAR, *, today: date, each: int = 2) -> MoneyYear:
    """A year up to today with about so many invoices, every fault made `each` times.

    `today` must be 2026-08-15 or later, as for `anomalies.plant`. Where a small year has no room for its faults, a few
    more patients come to the practice; ValueError where they do not help.
    """
    patients = round(invoices / _PER_PATIENT) + 1
    for more in range(_MORE_AT_MOST):
        with suppress(TooSmall):
            return _year(seed, patients + _MORE * more, today, each)
    raise ValueError("the year is too small for what should go wrong in it")


def _year(seed: int, patients: int, today: date, each: int) -> MoneyYear:
    random = Random(f"{seed}/money")
    base = make_practice(seed, patients, 1, today=today, passages=(1, 1))
    usual = {patient.id for patient in base.patients}
    old = plant_only(base, seed, [fault for fault in _OF_LIMITS for _ in range(each)])
    book = Book.open(without_transfers(old.records), random, today)
    _spread(book)
    _fill_pool(book, usual)
    faults = [_of_limit(book, planted) for planted in old.planted]
    faults += [maker(book) for maker in MAKERS for _ in range(each)]
    _correct(book)
    faults += _paid_although_replaced(book, each)
    _not_yet_paid(book, usual)
    _unnamed_payments(book, usual)
    records, transfers = announced(list(book.records()), "V")
    missing = _missing(book, transfers, each)
    faults += [_of_transfer(transfer) for transfer in missing]
    credits, banked = _bank(book, [each for each in transfers if each not in missing])
    caisses = {right.patient_id: right.organisation or "" for right in book.rights.values() if right.payer == "AMO"}
    return MoneyYear([*records, *credits], today, tuple(faults), book.ledger(banked, caisses))


def _spread(book: Book) -> None:
    """Give the patients several caisses and complémentaires, and half of these gestion séparée."""
    asked = Counter(each.patient_id for each in book.invoices.values() if each.amc_claimed and _in_window(book, each))
    apart = {patient_id for rank, (patient_id, _) in enumerate(asked.most_common()) if rank % 2}
    insured: dict[str, Coverage] = {}
    for right in book.rights.values():
        if right.payer == "AMO":
            body = book.random.choices(_CAISSES, (80, 13, 7))[0]
            book.rights[right.id] = right.model_copy(update={"organisation": body})
            continue
        update = {
            "organisation": book.random.choice(_COMPLEMENTARIES),
            "management": "separee" if right.patient_id in apart else "unique",
        }
        insured[right.patient_id] = book.rights[right.id] = right.model_copy(update=update)
    for invoice in book.invoices.values():
        if invoice.amc_claimed:
            _to_the_amc(book, invoice, insured[invoice.patient_id])


def _to_the_amc(book: Book, invoice: Invoice, right: Coverage) -> None:
    """Ask the patient's complémentaire: by the invoice itself, or by a DRE on the day its lot leaves."""
    apart = right.management == "separee"
    update = {
        "amc_number": right.organisation,
        "amc_management": right.management,
        "dre_sent_on": book.sent_on(invoice) if apart else None,
    }
    book.invoices[invoice.id] = invoice.model_copy(update=update)
    answers = book.answers.get((invoice.number, "AMC"))
    if apart and answers is not None:
        answers[:] = [answer.model_copy(update={"lot_number": None}) for answer in answers]


def _fill_pool(book: Book, usual: set[str]) -> None:
    book.pool = [each for each in book.invoices.values() if each.patient_id in usual and _in_window(book, each)]
    book.random.shuffle(book.pool)


def _in_window(book: Book, invoice: Invoice) -> bool:
    first, last = (book.today - ago for ago in _WINDOW)
    return first <= invoice.closed_on <= last


def _of_limit(book: Book, planted: Planted) -> MoneyFault:
    kind: MoneyKind = "limit_near" if planted.rule == "TT-FORCLUSION-ALERTE" else "limit_past"
    return MoneyFault(kind, "invoice", planted.subject_id, "AMO", planted.amount or _NOTHING, planted.note, (planted,))


def _correct(book: Book) -> None:
    """Some invoices come back rejected, and are billed again and paid: nothing is to be found of them."""
    again_by: dict[str, str] = {}
    for rank in range(1, max(1, len(book.pool) // 200) + 1):
        invoice = book.draw(_asks_by_one_way)
        answer = book.answer(invoice, "AMO")
        again_by[invoice.id] = _billed_again(book, invoice, f"C{rank:03d}")
        book.answers[invoice.number, "AMO"] = [answer.model_copy(update=_REJECT)]
    _move_acts(book, again_by)


def _paid_although_replaced(book: Book, number: int) -> Iterator[MoneyFault]:
    """Some invoices are billed again although the caisse has paid them, and it pays both."""
    again_by: dict[str, str] = {}
    for rank in range(1, number + 1):
        invoice = book.draw(_asks_by_one_way)
        answer = book.answer(invoice, "AMO")
        again_by[invoice.id] = _billed_again(book, invoice, f"D{rank:03d}")
        book.answers[invoice.number, "AMO"] = [answer]
        note = "facture remplacée et payée"
        yield MoneyFault("replaced_and_paid", "invoice", invoice.id, None, answer.paid or _NOTHING, note)
    _move_acts(book, again_by)


def _asks_by_one_way(invoice: Invoice) -> bool:
    """Whether payers are asked for everything, by the lot alone."""
    return invoice.third_party == "FULL" and invoice.amc_management != "separee"


def _move_acts(book: Book, again_by: Mapping[str, str]) -> None:
    """Give the acts of invoices to those that bill them again."""
    book.others = [
        each.model_copy(update={"invoice_id": again_by[each.invoice_id]})
        if isinstance(each, Act) and each.invoice_id is not None and each.invoice_id in again_by
        else each
        for each in book.others
    ]


def _billed_again(book: Book, invoice: Invoice, lot_number: str) -> str:
    """Have an invoice billed again once the caisse has answered, and the new one paid; returns the id of that. The
    answers to the first one are left to be said."""
    answer = book.answer(invoice, "AMO")
    again_on = working_day(answer.returned_on + timedelta(days=book.random.randint(2, 9)))
    lot = Lot(
        id=f"{invoice.id}L",
        number=lot_number,
        created_on=again_on,
        sent_on=again_on,
        arl="positive",
        arl_on=again_on,
        invoice_count=1,
        total=claimed(invoice),
    )
    number = f"{invoice.number}C"
    changed = {"id": f"{invoice.id}C", "number": number, "closed_on": again_on, "replaces": invoice.number}
    again = invoice.model_copy(update={**changed, "lot_id": lot.id})
    book.lots[lot.id], book.invoices[again.id] = lot, again
    for payer, days in _DAYS_TO_PAY:
        for paid in book.answers.pop((invoice.number, payer), ()):
            named = {"id": f"{paid.id}C", "invoice_number": number, "lot_number": lot.number}
            on = again_on + timedelta(days=days)
            book.answers[number, payer] = [paid.model_copy(update={**named, "returned_on": on})]
    book.replaced[invoice.id] = again_on
    return again.id


def _not_yet_paid(book: Book, usual: set[str]) -> None:
    """Some patients have paid half of their last invoice, or nothing: too little and too recent to be told."""
    last: dict[str, Invoice] = {}
    for each in book.invoices.values():
        if each.patient_id in usual and each.patient_share:
            last[each.patient_id] = max(last.get(each.patient_id, each), each, key=lambda one: one.closed_on)
    for patient_id, invoice in last.items():
        share = invoice.patient_share or _NOTHING
        recent = invoice.closed_on >= book.today - _RECENT
        if not recent or share > _SMALL or patient_id in book.taken or book.random.random() < 0.6:
            continue
        book.taken.add(patient_id)
        (payment, *more) = book.payments[invoice.id]
        if more:
            continue
        book.payments[invoice.id] = []
        if book.random.random() < 0.5:
            half = (payment.amount / 2).quantize(Decimal("0.01"))
            book.payments[invoice.id].append(payment.model_copy(update={"amount": half}))


def _unnamed_payments(book: Book, usual: set[str]) -> None:
    """Some patients pay everything, at once, and no payment says for which invoice."""
    late = {each.patient_id for each in book.others if isinstance(each, Reminder)}
    paying = sorted(usual - book.taken - late)
    chosen = {patient_id for patient_id in paying if book.random.random() < 0.05}
    for payments in book.payments.values():
        payments[:] = [
            each.model_copy(update={"invoice_id": None}) if each.patient_id in chosen else each for each in payments
        ]


def _missing(book: Book, transfers: Sequence[Transfer], number: int) -> list[Transfer]:
    """Transfers that never came to the bank."""
    first, last = (book.today - ago for ago in _WINDOW)
    return book.random.sample([each for each in transfers if each.amount > 0 and first <= each.on <= last], number)


def _of_transfer(transfer: Transfer) -> MoneyFault:
    name = f"{transfer.on.isoformat()}/{transfer.body}/{transfer.label}"
    note = "virement absent du relevé"
    planted = Planted("TT-RAPPROCHEMENT", "info", "transfer", name, None, transfer.amount, note)
    return MoneyFault("missing_transfer", "transfer", name, None, transfer.amount, note, (planted,))


def _bank(book: Book, transfers: Sequence[Transfer]) -> tuple[list[BankCredit], dict[str, date]]:
    """What the bank books of the transfers and of other origin, and the day on which each answer's money is there."""
    credits: list[BankCredit] = []
    banked: dict[str, date] = {}
    for together in _booked_together(book, transfers):
        booked = credit(together)
        if booked.booked_on <= book.today:
            credits.append(booked)
            banked.update((each.id, booked.booked_on) for transfer in together for each in transfer.returns)
    credits.extend(_others(book, len(credits) // 10 + 5))
    return credits, banked


def _booked_together(book: Book, transfers: Sequence[Transfer]) -> Iterator[list[Transfer]]:
    """The transfers, one by one; some of one payer and day in twos."""
    open_for: dict[tuple[date, str], Transfer] = {}
    for transfer in transfers:
        key = transfer.on, transfer.body
        first = open_for.pop(key, None)
        if first is not None:
            yield [first, transfer]
        elif book.random.random() < 0.1:
            open_for[key] = transfer
        else:
            yield [transfer]
    yield from ([transfer] for transfer in open_for.values())


def _others(book: Book, number: int) -> Iterator[BankCredit]:
    for rank in range(1, number + 1):
        on = bank_day(book.today - timedelta(days=book.random.randint(3, 360)))
        amount = Decimal(book.random.randint(1500, 42000)).scaleb(-2)
        label = book.random.choice(_OTHER_CREDITS)
        yield BankCredit(id=f"KX{rank:05d}", booked_on=on, amount=amount, label=f"{label} {on:%d%m}")


__all__ = ["FULL_YEAR", "MoneyYear", "make_money_year"]
