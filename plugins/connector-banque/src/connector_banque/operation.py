"""One operation of a statement, and the `bank_credit` it becomes.

A credit is kept. A debit is kept, below zero, only where it takes back money of the payers: the bank says that it
reverses a credit, or its text names a caisse or a returned transfer (`TAKEN_BACK`). Without these a transfer that
came and went would look paid. Every other debit is the account holder's business: it counts in the balance of its
statement and becomes no record.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector_core.dialects.converters import date_iso, key_of
from connector_core.dialects.drafts import Draft
from connector_core.errors import RowRefused
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.model.records import BankCredit

COVERS = Covers.of(f"bank_credit.{name}" for name in ("id", "booked_on", "amount", "label", "counterparty"))

TAKEN_BACK = re.compile(
    r"\b(?:CPAM|CGSS|MSA|CNMSS|ENIM|CAMIEG|CAISSE PRIMAIRE|ASSURANCE MALADIE|MUTUALITE SOCIALE AGRICOLE"
    r"|(?:REJET|RETOUR|ANNULATION|EXTOURNE|CONTREPASSATION)(?: DE| D')? ?VIR(?:EMENT)?S?"
    r"|VIR(?:EMENT)?S? (?:REJETE|RETOURNE)S?|INDUS?)\b"
)
"""In capitals without accents. Complémentaires are left out: a practice pays premiums to its own."""

_SEPARATOR = "\x1f"
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+")
_LONGEST = 500
_AMOUNT = re.compile(r"[+-]?\d{1,13}(?:[.,]\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a statement says of one operation; texts as they are in the file until it becomes a draft.

    `account` is a key, never a number. `reference` is the bank's own, unique on the account, empty where it gives none.
    `amount` is signed: a credit is above zero. `reverses` marks a reversal, `pending` what is not booked yet. `rank`
    counts equal operations of one statement. `problem` is why it can't be used, without a value of it.
    """

    account: str
    booked_on: str
    amount: str
    reference: str = ""
    label: str = ""
    counterparty: str = ""
    reverses: bool = False
    pending: bool = False
    rank: int = 1
    problem: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two operations the same one, but for their rank.

        Day and amount stand beside the bank's reference, since some banks give one reference to several operations.
        """
        told = (self.reference,) if self.reference else ("", self.label, self.counterparty)
        return (self.account, self.booked_on, self.amount, *told)

    def row(self, place: int) -> Row:
        """The operation as a row whose bytes say all of it."""
        flags = f"{int(self.reverses)}{int(self.pending)}"
        parts = (
            self.account,
            self.booked_on,
            self.amount,
            self.reference,
            self.label,
            self.counterparty,
            flags,
            str(self.rank),
            self.problem,
        )
        return Row(place, "", _SEPARATOR.join(map(one_line, parts)).encode())


def operation_of(raw: bytes) -> Operation:
    """The operation that a row says."""
    account, booked_on, amount, reference, label, counterparty, flags, rank, problem = raw.decode().split(_SEPARATOR)
    return Operation(
        account,
        booked_on,
        amount,
        reference,
        label,
        counterparty,
        flags[0] == "1",
        flags[1] == "1",
        int(rank),
        problem,
    )


class Ranks:
    """Numbers the equal operations of one statement, so that each is one of its own wherever it is told again."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, ...]] = Counter()

    def ranked(self, operation: Operation) -> Operation:
        self._seen[operation.key] += 1
        return replace(operation, rank=self._seen[operation.key])


def drafts_of(operation: Operation) -> list[Draft]:
    """The record that an operation becomes, if any; raise RowRefused for one that can't be used."""
    if operation.problem:
        raise RowRefused(operation.problem)
    if operation.pending:
        return []
    amount = amount_of(operation.amount)
    if amount is None:
        raise RowRefused("le montant de l'opération est illisible", fields=("bank_credit.amount",))
    try:
        booked_on = date_iso(operation.booked_on)
    except ValueError:
        raise RowRefused("la date de l'opération est absente ou illisible", fields=("bank_credit.booked_on",)) from None
    identifier = key_of((*operation.key, str(operation.rank)))
    return credit(identifier, booked_on, amount, operation.label, operation.counterparty, operation.reverses)


def credit(
    identifier: str, booked_on: date, amount: Decimal, label: str, counterparty: str, reverses: bool
) -> list[Draft]:
    """The draft of an operation that is kept; none for another."""
    if not amount or (amount < 0 and not (reverses or TAKEN_BACK.search(_capitals(f"{label} {counterparty}")))):
        return []
    values: dict[str, object] = {"id": identifier, "booked_on": booked_on, "amount": amount}
    values |= {name: text for name, text in (("label", label), ("counterparty", counterparty)) if text}
    return [(BankCredit, values)]


def amount_of(text: str) -> Decimal | None:
    """A signed amount in whole cents, written with a decimal point or comma; None for anything else."""
    if not _AMOUNT.fullmatch(text):
        return None
    value = Decimal(text.replace(",", "."))
    return value.quantize(Decimal("0.01")) if not value.scaleb(2) % 1 else None


def one_line(text: str) -> str:
    """A text on one line, without control characters and doubled spaces; one beyond any label is cut."""
    return _BLANK.sub(" ", text).strip()[:_LONGEST]


def _capitals(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
