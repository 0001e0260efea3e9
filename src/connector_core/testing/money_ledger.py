"""What every debtor of a synthetic year owes, as those who made the year know it.

Nothing here asks the rules: a debt is what was asked of one debtor in one invoice, with the receipts that were made for
it. What rules and balances say on a day is to agree with it to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Debtor = Literal["AMO", "AMC", "PATIENT"]
Part = tuple[str, Debtor]
"""An invoice, by id, and who owes a part of it."""

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money for one part of an invoice: the day it was told of (the payer's return, the patient's payment), and the day
    it was in the bank, None where it is not. What patients pay is taken as banked at once."""

    amount: Decimal
    told_on: date
    banked_on: date | None


@dataclass(frozen=True, slots=True)
class Debt:
    """What one debtor is asked for in one invoice, in euros.

    `who` is the patient, the caisse (régime, caisse, centre) or the number of the complémentaire. `asked_on` is the day
    the lot, or the DRE, left, None while it has not. From `replaced_on` on another invoice asks for it.
    """

    invoice_id: str
    debtor: Debtor
    who: str
    amount: Decimal
    closed_on: date
    asked_on: date | None
    receipts: tuple[Receipt, ...] = ()
    replaced_on: date | None = None

    def received_by(self, day: date, *, banked: bool = False) -> Decimal:
        """What had been paid on a day: as told, or as the bank had it."""
        days = ((each.banked_on if banked else each.told_on, each.amount) for each in self.receipts)
        return sum((amount for on, amount in days if on is not None and on <= day), _NOTHING)

    def owed_on(self, day: date, *, banked: bool = False) -> Decimal:
        """What was still owed on a day, never below zero."""
        if day < self.closed_on or (self.replaced_on is not None and self.replaced_on <= day):
            return _NOTHING
        return max(self.amount - self.received_by(day, banked=banked), _NOTHING)

    def since(self, day: date) -> date:
        """Since when it was owed, seen from a day: the closing, or the day on which the payer was asked."""
        return self.asked_on if self.asked_on is not None and self.asked_on <= day else self.closed_on


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every debt of a year."""

    debts: tuple[Debt, ...]

    def owed_on(self, day: date, *, banked: bool = False) -> dict[Part, Decimal]:
        """What each debtor owes of each invoice; parts that are settled are left out."""
        found = ((debt, debt.owed_on(day, banked=banked)) for debt in self.debts)
        return {(debt.invoice_id, debt.debtor): left for debt, left in found if left}

    def by_debtor(self, day: date, *, banked: bool = False) -> Mapping[tuple[Debtor, str], Decimal]:
        """What each debtor owes in all; those who owe nothing are left out."""
        found: dict[tuple[Debtor, str], Decimal] = {}
        for debt in self.debts:
            if left := debt.owed_on(day, banked=banked):
                key = debt.debtor, debt.who
                found[key] = found.get(key, _NOTHING) + left
        return found


__all__ = ["Debt", "Debtor", "Ledger", "Part", "Receipt"]
