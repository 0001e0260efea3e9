"""The account of a synthetic practice: what the payers transferred, what patients paid, and what is nobody's business.

Transfers follow the practice's payer returns, one for each payer and day. Beside them stand what makes statements hard:
equal credits of one day, remittances booked as one entry, a transfer that came back, a caisse that takes money back,
and debits that no one but the account holder needs to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from connector_core.model.records import PatientPayment, PayerReturn, Record

ACCOUNT = "FR7699999000000000000000097"
"""Of no bank: the code 99999 is not attributed."""
OPENING = Decimal("2500.00")

_CAISSE = "CPAM DE VALMONTEL"
_MUTUELLE = "MUTUELLE DES TILLEULS"
_PRIVATE = (
    ("PRLV SEPA BAILLEUR DES ORMES LOYER CABINET", Decimal("-780.00")),
    ("CARTE SUPERETTE DU PONT", Decimal("-43.18")),
    ("PRLV SEPA ELECTRICITE DU VAL", Decimal("-96.40")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One operation on the account. `parts` are the transactions that one entry groups."""

    booked_on: date
    amount: Decimal
    label: str
    counterparty: str = ""
    reference: str = ""
    end_to_end: str = ""
    reverses: bool = False
    kept: bool = True
    """Whether a reader makes a record of it: credits, and debits that take a payer's money back."""
    parts: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the account: every line between two days, oldest first."""

    lines: tuple[Line, ...]
    opening: Decimal = OPENING

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((line.amount for line in self.lines), Decimal(0))


def make_statement(records: Iterable[Record], seed: int) -> Statement:
    """The statement of a practice over the time of its returns and payments."""
    kept = list(records)
    random = Random(seed)
    lines = [*_transfers(kept), *_patients(kept)]
    days = sorted({line.booked_on for line in lines})
    lines += _hard_cases(days)
    for n, day in enumerate(days):
        if n % 4 == 0:
            label, amount = random.choice(_PRIVATE)
            lines.append(Line(day, amount, label, kept=False))
    ordered = sorted(lines, key=lambda line: line.booked_on)
    return Statement(tuple(_referenced(line, f"{n:08}") for n, line in enumerate(ordered, 1)))


def _referenced(line: Line, number: str) -> Line:
    return Line(
        line.booked_on,
        line.amount,
        line.label,
        line.counterparty,
        f"B{line.booked_on:%y%m%d}{number}",
        line.end_to_end,
        line.reverses,
        line.kept,
        line.parts,
    )


def _transfers(records: Sequence[Record]) -> list[Line]:
    """One transfer for each payer and day of returns, two days later."""
    sums: dict[tuple[date, str], Decimal] = {}
    for each in records:
        if isinstance(each, PayerReturn) and each.paid:
            key = each.returned_on, each.payer
            sums[key] = sums.get(key, Decimal(0)) + each.paid
    lines = []
    for (day, payer), amount in sorted(sums.items()):
        name = _CAISSE if payer == "AMO" else _MUTUELLE
        told = f"{day:%y%m%d}{payer}"
        label = f"VIR SEPA {name} NOEMIE {told}"
        lines.append(Line(day + timedelta(days=2), amount, label, name, end_to_end=told))
    return lines


def _patients(records: Sequence[Record]) -> list[Line]:
    """What patients paid by card or transfer, the cards of a day as one remittance."""
    cards: dict[date, list[Decimal]] = {}
    lines = []
    for each in records:
        if isinstance(each, PatientPayment) and each.means == "VIREMENT":
            lines.append(Line(each.received_on + timedelta(days=1), each.amount, "VIR INST RÈGLEMENT SÉANCE"))
        elif isinstance(each, PatientPayment) and each.means == "CB":
            cards.setdefault(each.received_on + timedelta(days=1), []).append(each.amount)
    for day, amounts in sorted(cards.items()):
        label = f"REMISE CB {day:%d%m}"
        parts = tuple(
            Line(day, amount, label, end_to_end=f"CB{day:%y%m%d}{n:02}") for n, amount in enumerate(amounts, 1)
        )
        lines.append(Line(day, sum(amounts, Decimal(0)), label, parts=parts if len(parts) > 1 else ()))
    return lines


def _hard_cases(days: Sequence[date]) -> list[Line]:
    early, middle, late = days[len(days) // 4], days[len(days) // 2], days[3 * len(days) // 4]
    equal = Line(early, Decimal("40.00"), "VIR INST RÈGLEMENT SÉANCE")
    came = Line(middle, Decimal("61.25"), f"VIR SEPA {_MUTUELLE} NOEMIE RETOURNE", _MUTUELLE, end_to_end="R0001")
    back = Line(
        middle + timedelta(days=1),
        Decimal("-61.25"),
        f"REJET VIREMENT {_MUTUELLE}",
        _MUTUELLE,
        end_to_end="R0001",
        reverses=True,
    )
    taken = Line(late, Decimal("-37.58"), f"PRLV SEPA {_CAISSE} INDU", _CAISSE, end_to_end="I0001")
    return [equal, equal, came, back, taken]
