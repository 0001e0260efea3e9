"""Which bank credits may pay which transfers: those of the right days, and what speaks for each pair."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from connector_core.model.records import BankCredit
from connector_core.rules.bank_days import bank_days_from
from connector_core.rules.bank_texts import Texts, bears_name, bears_reference, names, plain, references
from connector_core.rules.transfers import Transfer


@dataclass(frozen=True, slots=True)
class Terms:
    """What is allowed between a transfer and its credit; days are bank days.

    `early` and `late` bound the day of the credit around that of the transfer. A bank may keep `fees_at_most` of a
    transfer. A credit may be taken back within `returned_within`. At most `together` transfers or credits are tried in
    sums.
    """

    early: int = 1
    late: int = 5
    fees_at_most: Decimal = Decimal("5.00")
    returned_within: int = 15
    together: int = 10


class Evidence(NamedTuple):
    """What a credit bears of a transfer: a reference that few others bear, the name or number of its payer."""

    reference: bool
    name: bool

    def __bool__(self) -> bool:
        return self.reference or self.name


class Candidates:
    """The pairs of a transfer and a credit of its days, by their places in `transfers` and `credits`, both sorted."""

    def __init__(self, transfers: Iterable[Transfer], credits: Iterable[BankCredit], terms: Terms) -> None:
        self.terms = terms
        self.transfers: Sequence[Transfer] = sorted(transfers, key=lambda each: (each.key, each.returns))
        alone = {each.id: each for each in credits}
        self.credits: Sequence[BankCredit] = sorted(alone.values(), key=lambda each: (each.booked_on, each.id))
        self._days = [each.booked_on for each in self.credits]
        told = [f"{each.label or ''} {each.counterparty or ''}" for each in self.credits]
        texts = Texts([each.label for each in self.transfers], told)
        payers = [texts.payer(each.label, each.body) for each in self.transfers]
        printed = [texts.printed(each) for each in told]
        self.of_transfer: list[dict[int, Evidence]] = []
        self.of_credit: list[dict[int, Evidence]] = [{} for _ in self.credits]
        for number, transfer in enumerate(self.transfers):
            payer, found = payers[number], {}
            for place in self.booked(*self.window(transfer)):
                evidence = Evidence(bears_reference(payer, printed[place]), bears_name(payer, printed[place]))
                found[place] = self.of_credit[place][number] = evidence
            self.of_transfer.append(found)
        self.returned, self.doubtful = self._returned([plain(each) for each in told])

    def window(self, transfer: Transfer) -> tuple[date, date]:
        """The days on which the credit of a transfer may be booked."""
        return bank_days_from(transfer.on, -self.terms.early), bank_days_from(transfer.on, self.terms.late)

    def booked(self, first: date, last: date) -> range:
        """The places of the credits of some days."""
        return range(bisect_left(self._days, first), bisect_right(self._days, last))

    def exact(self, transfer: int, credit: int) -> bool:
        """Whether a credit is the sum of a transfer."""
        return self.credits[credit].amount == self.transfers[transfer].amount

    def payer(self, number: int) -> str:
        """Who makes a transfer, as far as it says."""
        transfer = self.transfers[number]
        return plain(transfer.body) or " ".join(sorted(names(plain(transfer.label))))

    def _returned(self, texts: Sequence[str]) -> tuple[dict[int, int], frozenset[int]]:
        """The credits that were taken back, with the debit that did; and both sides where that is not certain.

        It is certain where one debit has the amount of one credit before it, and their texts have a name or a reference
        in common. A debit that a payer announced takes no other credit back.
        """
        by_amount: dict[Decimal, list[int]] = {}
        for place, each in enumerate(self.credits):
            by_amount.setdefault(each.amount, []).append(place)
        pairs: list[tuple[int, int]] = []
        for place, each in enumerate(self.credits):
            if each.amount < 0 and not self._is_announced(place):
                first = bank_days_from(each.booked_on, -self.terms.returned_within)
                days = self.booked(first, each.booked_on)
                pairs += ((before, place) for before in by_amount.get(-each.amount, ()) if before in days)
        certain = {
            one: other
            for one, other in mutual(pairs)
            if names(texts[one]) & names(texts[other]) or references(texts[one]) & references(texts[other])
        }
        return certain, frozenset(place for pair in pairs if pair[0] not in certain for place in pair)

    def _is_announced(self, credit: int) -> bool:
        """Whether a transfer of its sum has a reference that it bears."""
        return any(each.reference and self.exact(number, credit) for number, each in self.of_credit[credit].items())


def mutual(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The pairs whose two sides stand in no other pair."""
    ones: dict[int, set[int]] = {}
    others: dict[int, set[int]] = {}
    for one, other in pairs:
        ones.setdefault(one, set()).add(other)
        others.setdefault(other, set()).add(one)
    for one, found in sorted(ones.items()):
        if len(found) == 1:
            (other,) = found
            if len(others[other]) == 1:
                yield one, other
