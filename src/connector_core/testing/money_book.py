"""A synthetic year while its money is being made: what was asked of whom, and what each answered.

The year starts as a practice in which everybody pays what is asked; whatever goes otherwise changes the book, from
which the records and the ledger are then written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Literal

from connector_core.model.records import Coverage, Invoice, Lot, PatientPayment, PayerReturn, Record
from connector_core.model.vocabulary import Payer
from connector_core.testing.money_ledger import Debt, Debtor, Ledger, Receipt
from connector_core.testing.practice import Planted

MoneyKind = Literal[
    "lost_lot",
    "forgotten_reject",
    "silent_caisse",
    "silent_amc",
    "paid_twice",
    "patient_paid_twice",
    "replaced_and_paid",
    "taken_back",
    "patient_paid_twice",
    "replaced_and_paid",
    "taken_back",
    "partly_paid",
    "missing_transfer",
    "unpaid_patient",
    "limit_near",
    "limit_past",
]

_NOTHING = Decimal("0.00")


class TooSmall(Exception):
    """The year has no invoice left for something that should go wrong."""


@dataclass(frozen=True, slots=True)
class MoneyFault:
    """One thing that went wrong with money: what it is about, who owes (None: nobody), and the amount in euros.

    `found` are the findings that rules must give of it: none where it only shows in a balance, or where a rule that is
    not there yet would tell.
    """

    kind: MoneyKind
    subject_kind: str
    subject_id: str
    debtor: Debtor | None
    amount: Decimal
    note: str
    found: tuple[Planted, ...] = ()


@dataclass(slots=True)
class Book:
    """The money of a year. Invoices, lots and rights are by id; answers by invoice number and payer; payments by
    invoice."""

    random: Random
    today: date
    invoices: dict[str, Invoice] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    rights: dict[str, Coverage] = field(default_factory=dict)
    answers: dict[tuple[str, Payer], list[PayerReturn]] = field(default_factory=dict)
    payments: dict[str, list[PatientPayment]] = field(default_factory=dict)
    others: list[Record] = field(default_factory=list)
    replaced: dict[str, date] = field(default_factory=dict)
    """Invoices, by id, that another one replaces from a day on."""
    pool: list[Invoice] = field(default_factory=list)
    """The invoices to which something may happen, in an order drawn by lot; all of them are answered and paid."""
    taken: set[str] = field(default_factory=set)
    """The invoices, and the patients as payers, to which something has happened."""

    @classmethod
    def open(cls, records: Iterable[Record], random: Random, today: date) -> Book:
        """The book of a practice whose payments name their invoices."""
        book = cls(random, today)
        for each in records:
            match each:
                case Invoice():
                    book.invoices[each.id] = each
                case Lot():
                    book.lots[each.id] = each
                case Coverage():
                    book.rights[each.id] = each
                case PayerReturn():
                    book.answers.setdefault((each.invoice_number, each.payer), []).append(each)
                case PatientPayment() if each.invoice_id is not None:
                    book.payments.setdefault(each.invoice_id, []).append(each)
                case _:
                    book.others.append(each)
        return book

    def draw(self, suits: Callable[[Invoice], bool]) -> Invoice:
        """The next invoice of the pool that suits, to which nothing has happened yet; TooSmall where none is left."""
        found = next((each for each in self.pool if each.id not in self.taken and suits(self.invoices[each.id])), None)
        if found is None:
            raise TooSmall
        self.taken.add(found.id)
        return self.invoices[found.id]

    def answer(self, invoice: Invoice, payer: Payer) -> PayerReturn:
        """The payer's only answer."""
        (answer,) = self.answers[invoice.number, payer]
        return answer

    def sent_on(self, invoice: Invoice) -> date | None:
        lot = self.lots.get(invoice.lot_id or "")
        return None if lot is None else lot.sent_on

    def records(self) -> Iterator[Record]:
        """Everything as records, the answers without their transfers."""
        yield from self.others
        for kept in (self.rights, self.invoices, self.lots):
            yield from kept.values()
        for answers in self.answers.values():
            yield from answers
        for payments in self.payments.values():
            yield from payments

    def ledger(self, banked: Mapping[str, date], caisses: Mapping[str, str]) -> Ledger:
        """Every debt, given the day on which the bank has the money of each answer, by its id, and the caisse of each
        patient."""
        return Ledger(tuple(debt for each in self.invoices.values() for debt in self._debts(each, banked, caisses)))

    def _debts(self, invoice: Invoice, banked: Mapping[str, date], caisses: Mapping[str, str]) -> Iterator[Debt]:
        sent_on = self.sent_on(invoice)
        paid = self.payments.get(invoice.id, ())
        by_patient = tuple(Receipt(each.amount, each.received_on, each.received_on) for each in paid)
        parts: tuple[tuple[Debtor, str, Decimal | None, date | None, tuple[Receipt, ...]], ...] = (
            ("AMO", caisses[invoice.patient_id], invoice.amo_claimed, sent_on, self._receipts(invoice, "AMO", banked)),
            (
                "AMC",
                invoice.amc_number or "",
                invoice.amc_claimed,
                invoice.dre_sent_on or sent_on,
                self._receipts(invoice, "AMC", banked),
            ),
            ("PATIENT", invoice.patient_id, invoice.patient_share, invoice.closed_on, by_patient),
        )
        for debtor, who, amount, asked_on, receipts in parts:
            if amount:
                replaced_on = self.replaced.get(invoice.id)
                yield Debt(invoice.id, debtor, who, amount, invoice.closed_on, asked_on, receipts, replaced_on)

    def _receipts(self, invoice: Invoice, payer: Payer, banked: Mapping[str, date]) -> tuple[Receipt, ...]:
        answers = self.answers.get((invoice.number, payer), ())
        return tuple(Receipt(each.paid, each.returned_on, banked.get(each.id)) for each in answers if each.paid)


def claimed(invoice: Invoice, *, in_lot: bool = False) -> Decimal:
    """What an invoice asks of payers; with `in_lot`, without what a DRE asks for apart from its lot."""
    apart = in_lot and invoice.amc_management == "separee"
    return (invoice.amo_claimed or _NOTHING) + (_NOTHING if apart else invoice.amc_claimed or _NOTHING)


__all__ = ["Book", "MoneyFault", "MoneyKind", "TooSmall", "claimed"]
