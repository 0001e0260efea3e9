"""Transfers that payers announced, and the bank credits that pay them.

What is settled is certain: the sums agree to the cent (or differ by a fee), the days do, the credit bears a reference
of the transfer or the name of its payer, and nothing else fits as well. Everything else that may be is proposed, with a
score and its reasons, and never assumed. A credit is used once.

The result depends on what is given and not on its order: each step settles at once all pairs that are alone with each
other, then the steps begin anew until none settles more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Literal

from connector_core.model.records import BankCredit
from connector_core.rules.candidates import Candidates, Evidence, Terms, mutual
from connector_core.rules.transfers import Transfer

How = Literal["one", "grouped", "split", "fees"]
"""A transfer is one credit; several are one; one is several; a bank's fee is missing."""

Reason = Literal["exact", "reference", "payer", "less", "more", "sum", "several", "may_be_returned"]
"""What speaks for a proposal, or against its certainty: the sums agree; the credit bears a reference, or the name of
the payer; it is less or more than the transfer; several make up the sum; others fit too; a debit may take it back."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Transfers and the credits that pay them, for certain."""

    transfers: tuple[Transfer, ...]
    credits: tuple[BankCredit, ...]
    how: How

    @property
    def difference(self) -> Decimal:
        """What was announced and did not come: a fee, else zero."""
        return _sum(each.amount for each in self.transfers) - _sum(each.amount for each in self.credits)


@dataclass(frozen=True, slots=True)
class Proposed:
    """Transfers and credits that may belong together; `score` is between 0 and 1, and orders proposals."""

    transfers: tuple[Transfer, ...]
    credits: tuple[BankCredit, ...]
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """A credit that the bank took back: it pays nothing."""

    credit: BankCredit
    reversal: BankCredit


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Each transfer is settled, proposed, missing, uncovered or owed; each credit settled, proposed, returned or
    unexplained.

    `missing` transfers should be on the statements and are not. Of `uncovered` ones the statements do not cover all the
    days. `owed` are below zero: the payer takes more than it gives, and will keep it back from another transfer.
    """

    settled: tuple[Settled, ...]
    proposed: tuple[Proposed, ...]
    returned: tuple[Returned, ...]
    missing: tuple[Transfer, ...]
    uncovered: tuple[Transfer, ...]
    owed: tuple[Transfer, ...]
    unexplained: tuple[BankCredit, ...]


def reconcile(
    transfers: Iterable[Transfer],
    credits: Iterable[BankCredit],
    terms: Terms | None = None,
    covered: tuple[date, date] | None = None,
) -> Reconciliation:
    """Find the credits of each transfer. `covered` is the first and last day of the statements, by default those of the
    credits."""
    return _Work(Candidates(transfers, credits, terms or Terms())).result(covered)


class _Work:
    """A reconciliation under way: which transfers and credits are still open."""

    def __init__(self, candidates: Candidates) -> None:
        self._all = candidates
        self._settled: list[Settled] = []
        self._open = set(range(len(candidates.transfers)))
        taken_back = {*candidates.returned, *candidates.returned.values()}
        self._free = set(range(len(candidates.credits))) - taken_back

    def result(self, covered: tuple[date, date] | None) -> Reconciliation:
        before = -1
        while before != len(self._settled):
            before = len(self._settled)
            self._by_reference()
            self._by_name()
            self._groups()
            self._splits()
            self._fees()
        return self._concluded(sorted(_best(self._proposals()), key=_proposal_order), covered)

    # Certain steps.

    def _by_reference(self) -> None:
        """One transfer and one credit of its sum that bears its reference."""
        self._settle_pairs((t, c) for t, c, evidence in self._pairs() if evidence.reference and self._all.exact(t, c))

    def _by_name(self) -> None:
        """One transfer and one credit of its sum that bears its payer's name, where no reference says otherwise."""
        self._settle_pairs(
            (t, c)
            for t, c, evidence in self._pairs()
            if evidence.name and self._all.exact(t, c) and not self._refers_elsewhere(t, c)
        )

    def _groups(self) -> None:
        """One credit of the sum of several transfers: all whose references it bears, or all that its payer made on a
        day."""
        found: dict[int, set[tuple[int, ...]]] = {}
        for credit in self._free - self._all.doubtful:
            near = {t: e for t, e in self._all.of_credit[credit].items() if t in self._open}
            if any(evidence and self._all.exact(t, credit) for t, evidence in near.items()):
                continue
            sets = {tuple(sorted(t for t, evidence in near.items() if evidence.reference))}
            if not any(sets):
                sets = self._days_of_payers(near)
            whole = {numbers for numbers in sets if len(numbers) > 1 and self._agree(numbers, (credit,))}
            if whole:
                found[credit] = whole
        users = Counter(t for sets in found.values() for t in {t for numbers in sets for t in numbers})
        for credit, sets in sorted(found.items()):
            (first, *others) = sorted(sets)
            if not others and all(users[t] == 1 and not self._exact_elsewhere(t) for t in first):
                self._settle(first, [credit], "grouped")

    def _splits(self) -> None:
        """One transfer of the sum of all credits that bear its reference, and no other's."""
        for number in sorted(self._open):
            credits = [c for c, e in self._all.of_transfer[number].items() if e.reference and c in self._free]
            sound = all(c not in self._all.doubtful and self._referred(c) == {number} for c in credits)
            if len(credits) > 1 and sound and self._agree((number,), credits) and not self._exact_elsewhere(number):
                self._settle([number], credits, "split")

    def _fees(self) -> None:
        """One transfer and the one credit that bears its reference, less what a bank may keep."""
        pairs = [(t, c) for t, c, evidence in self._pairs() if evidence.reference]
        for number, credit in [*mutual(pairs)]:
            came = self._all.credits[credit].amount
            kept = self._all.transfers[number].amount - came
            if credit not in self._all.doubtful and 0 < kept <= self._all.terms.fees_at_most and kept < came:
                self._settle([number], [credit], "fees")

    # What the steps ask.

    def _pairs(self) -> Iterator[tuple[int, int, Evidence]]:
        """The open transfers, each with the free credits of its days."""
        for number in sorted(self._open):
            for credit, evidence in self._all.of_transfer[number].items():
                if credit in self._free:
                    yield number, credit, evidence

    def _referred(self, credit: int) -> set[int]:
        """The transfers whose references a credit bears, settled or not."""
        return {t for t, evidence in self._all.of_credit[credit].items() if evidence.reference}

    def _refers_elsewhere(self, number: int, credit: int) -> bool:
        """Whether a reference joins one of the two to something else."""
        if self._referred(credit) - {number}:
            return True
        return any(
            evidence.reference and other != credit and other in self._free
            for other, evidence in self._all.of_transfer[number].items()
        )

    def _exact_elsewhere(self, number: int) -> bool:
        """Whether a single free credit may be the whole transfer."""
        return any(
            evidence and credit in self._free and self._all.exact(number, credit)
            for credit, evidence in self._all.of_transfer[number].items()
        )

    def _days_of_payers(self, near: dict[int, Evidence]) -> set[tuple[int, ...]]:
        """All open transfers of one payer and day, for each payer whose name a credit bears."""
        gathered: dict[tuple[date, str], list[int]] = {}
        for number, evidence in near.items():
            if evidence.name:
                transfer = self._all.transfers[number]
                gathered.setdefault((transfer.on, self._all.payer(number)), []).append(number)
        return {tuple(sorted(numbers)) for numbers in gathered.values()}

    def _agree(self, numbers: Iterable[int], credits: Iterable[int]) -> bool:
        """Whether these transfers are these credits to the cent."""
        came = _sum(self._all.credits[credit].amount for credit in credits)
        return came == _sum(self._all.transfers[number].amount for number in numbers)

    def _settle_pairs(self, pairs: Iterable[tuple[int, int]]) -> None:
        for number, credit in [*mutual(pairs)]:
            if credit not in self._all.doubtful:
                self._settle([number], [credit], "one")

    def _settle(self, numbers: Iterable[int], credits: Iterable[int], how: How) -> None:
        transfers = tuple(self._all.transfers[number] for number in sorted(numbers))
        paid = tuple(self._all.credits[credit] for credit in sorted(credits))
        self._settled.append(Settled(transfers, paid, how))
        self._open -= set(numbers)
        self._free -= set(credits)

    # What is not certain.

    def _proposals(self) -> Iterator[Proposed]:
        for number, credit, evidence in self._pairs():
            proposal = self._pair_proposal(number, credit, evidence)
            if proposal is not None:
                yield proposal
        for credit in sorted(self._free):
            near = [t for t, e in self._all.of_credit[credit].items() if e and t in self._open]
            for numbers in self._sums(near, self._all.credits[credit].amount, self._transfer_amount):
                yield self._proposal(numbers, (credit,))
        for number in sorted(self._open):
            credits = [c for c, e in self._all.of_transfer[number].items() if e and c in self._free]
            for places in self._sums(credits, self._all.transfers[number].amount, self._credit_amount):
                yield self._proposal((number,), places)

    def _pair_proposal(self, number: int, credit: int, evidence: Evidence) -> Proposed | None:
        wanted, came = self._all.transfers[number].amount, self._all.credits[credit].amount
        exact = self._all.exact(number, credit)
        less = 0 < wanted - came <= self._all.terms.fees_at_most
        if not (exact or (evidence.reference and came > 0) or (evidence.name and less and came > 0)):
            return None
        reasons: list[Reason] = ["exact"] if exact else ["less" if came < wanted else "more"]
        reasons += ["reference"] if evidence.reference else []
        reasons += ["payer"] if evidence.name else []
        rivals = exact and self._rivals(number, credit)
        reasons += ["several"] if rivals else []
        reasons += ["may_be_returned"] if credit in self._all.doubtful else []
        days = abs((self._all.credits[credit].booked_on - self._all.transfers[number].on).days)
        score = (50 if exact else 20) + 30 * evidence.reference + 14 * evidence.name + max(0, 5 - days)
        score -= 10 * rivals + 20 * (credit in self._all.doubtful)
        return self._made((number,), (credit,), score, reasons)

    def _rivals(self, number: int, credit: int) -> bool:
        """Whether another pair with one of the two has the right sum too."""
        others = (c for c in self._all.of_transfer[number] if c != credit and c in self._free)
        rivals = (t for t in self._all.of_credit[credit] if t != number and t in self._open)
        return any(self._all.exact(number, c) for c in others) or any(self._all.exact(t, credit) for t in rivals)

    def _proposal(self, numbers: tuple[int, ...], credits: tuple[int, ...]) -> Proposed:
        """Several on one side that make up the sum."""
        evidence = [self._all.of_transfer[number][credit] for number in numbers for credit in credits]
        reasons: list[Reason] = ["sum"]
        reasons += ["reference"] if all(each.reference for each in evidence) else []
        reasons += ["payer"] if all(each.name for each in evidence) else []
        return self._made(numbers, credits, 30 + 10 * len(reasons), reasons)

    def _made(self, numbers: tuple[int, ...], credits: tuple[int, ...], score: int, reasons: list[Reason]) -> Proposed:
        return Proposed(
            tuple(self._all.transfers[number] for number in numbers),
            tuple(self._all.credits[credit] for credit in credits),
            max(score, 1) / 100,
            tuple(reasons),
        )

    def _transfer_amount(self, number: int) -> Decimal:
        return self._all.transfers[number].amount

    def _credit_amount(self, credit: int) -> Decimal:
        return self._all.credits[credit].amount

    def _sums(self, places: list[int], wanted: Decimal, amount: Callable[[int], Decimal]) -> Iterator[tuple[int, ...]]:
        """The first few sets of these that add up to an amount, the smallest sets first; none where there are many to
        choose from, since some set of many adds up to anything."""
        if not 2 <= len(places) <= self._all.terms.together:
            return
        found = 0
        for size in range(2, min(len(places), _LARGEST_SET) + 1):
            for chosen in combinations(sorted(places), size):
                if _sum(map(amount, chosen)) == wanted:
                    yield chosen
                    found += 1
                    if found == _SETS:
                        return

    def _concluded(self, proposed: list[Proposed], covered: tuple[date, date] | None) -> Reconciliation:
        named = {each for one in proposed for each in one.transfers}
        used = {each.id for one in proposed for each in one.credits}
        missing: list[Transfer] = []
        uncovered: list[Transfer] = []
        owed: list[Transfer] = []
        days = [each.booked_on for each in self._all.credits]
        begin, end = covered or ((days[0], days[-1]) if days else (date.max, date.min))
        for transfer in (self._all.transfers[number] for number in sorted(self._open)):
            if transfer in named:
                continue
            first, last = self._all.window(transfer)
            if transfer.amount < 0:
                owed.append(transfer)
            elif begin <= first and last <= end:
                missing.append(transfer)
            else:
                uncovered.append(transfer)
        return Reconciliation(
            tuple(sorted(self._settled, key=_settled_order)),
            tuple(proposed),
            tuple(
                Returned(self._all.credits[one], self._all.credits[other])
                for one, other in sorted(self._all.returned.items())
            ),
            tuple(missing),
            tuple(uncovered),
            tuple(owed),
            tuple(each for each in (self._all.credits[credit] for credit in sorted(self._free)) if each.id not in used),
        )


_LARGEST_SET = 5
_SETS = 3
_PROPOSALS = 5
"""Of each transfer at most; the best."""


def _best(proposals: Iterable[Proposed]) -> Iterator[Proposed]:
    """The best proposals of each transfer."""
    told: Counter[Transfer] = Counter()
    for each in sorted(proposals, key=_proposal_order):
        if any(told[transfer] < _PROPOSALS for transfer in each.transfers):
            told.update(each.transfers)
            yield each


def _proposal_order(each: Proposed) -> tuple[object, ...]:
    return -each.score, [one.key for one in each.transfers], [one.id for one in each.credits]


def _settled_order(each: Settled) -> tuple[object, ...]:
    return [one.key for one in each.transfers], [one.id for one in each.credits]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
