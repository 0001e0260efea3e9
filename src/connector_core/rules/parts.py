"""The parts of an invoice: what each payer is asked for, and what came of it.

* What a payer is asked for is what the invoice says it claims of it. Where it does not say, and the invoice is in
  tiers payant, the amount is unknown, never taken for zero.
* What a payer paid is the sum of its answers, less what it took back; a reject stands until a payment, a deferral or
  another sending comes after it. A part of which nothing is left in hand is not paid, whatever was paid before.
* Where no source says on which day lots leave, being in a lot made after a reject is being sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from connector_core.model.answering import of_lot
from connector_core.model.coverage import Covers
from connector_core.model.records import Invoice, Lot, PatientPayment, PayerReturn
from connector_core.model.vocabulary import Payer

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

_NOTHING = Decimal(0)


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


def payer_part(
    payer: Payer,
    invoice: Invoice,
    lot: Lot | None,
    returns: Sequence[PayerReturn],
    covers: Covers,
    *,
    sent: bool | None,
) -> Part:
    """The part of a payer; `returns` are the answers to the invoice, `sent` whether the payer was asked for it."""
    claimed = invoice.amo_claimed if payer == "AMO" else invoice.amc_claimed
    own = tuple([each for each in returns if each.payer == payer])
    received, again = _NOTHING, False
    if own:
        received = sum([each.paid for each in own if each.state == "paid" and each.paid is not None], _NOTHING)
        again = sent is not False and _left_again(own[-1], invoice, lot, covers)
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
