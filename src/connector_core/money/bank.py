"""What the bank tells of payers' answers: the credit that paid one, or that none did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connector_core.model.records import BankCredit, PayerReturn
from connector_core.model.vocabulary import Payer
from connector_core.rules.reconciliation import Reconciliation
from connector_core.rules.transfers import Transfer


@dataclass(frozen=True, slots=True)
class InBank:
    """By the id of a payer's answer, the credit that certainly holds its transfer (the first one where several do);
    and the answers whose transfer is on no statement although they cover its days, or is on one only perhaps."""

    credits: Mapping[str, BankCredit] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()

    def sees(self, answer: PayerReturn) -> bool:
        """Whether nothing says that an answer's money has not come."""
        return answer.id not in self.missing and answer.id not in self.perhaps


@dataclass(frozen=True, slots=True)
class Unseen:
    """A transfer that payers announced and the statements of its days don't certainly bear, in euros. `perhaps`: some
    credit may be it."""

    on: date
    label: str
    body: str
    amount: Decimal
    payers: frozenset[Payer]
    perhaps: bool


def in_bank(found: Reconciliation) -> InBank:
    """What a reconciliation tells of each answer."""
    credits = {
        name: settled.credits[0]
        for settled in found.settled
        if settled.credits
        for transfer in settled.transfers
        for name in transfer.returns
    }
    return InBank(credits, _answers(found.missing), _answers(_proposed(found)))


def unseen(found: Reconciliation, returns: Iterable[PayerReturn]) -> list[Unseen]:
    """The transfers that are announced and not received, the oldest first. `returns` are those that were reconciled."""
    payers = {each.id: each.payer for each in returns}
    told = [(transfer, False) for transfer in found.missing] + [(transfer, True) for transfer in _proposed(found)]
    return [
        Unseen(
            transfer.on,
            transfer.label,
            transfer.body,
            transfer.amount,
            frozenset(payers[name] for name in transfer.returns),
            perhaps,
        )
        for transfer, perhaps in sorted(told, key=lambda each: each[0].key)
    ]


def _proposed(found: Reconciliation) -> Iterable[Transfer]:
    return dict.fromkeys(transfer for proposal in found.proposed for transfer in proposal.transfers)


def _answers(transfers: Iterable[Transfer]) -> frozenset[str]:
    return frozenset(name for transfer in transfers for name in transfer.returns)
