"""The tariff table: which (letter, coefficient) exists when, and what it pays.

`data/tariffs.csv` holds one row per act, period and zone with its reference. Coefficients identify acts in the NGAP,
so they are compared exactly. Amounts are euros, rounded half up to the cent from coefficient × key value (valeur de
la lettre-clé).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from connector_core.errors import ConfigurationError
from connector_core.model.finding import ParameterRead
from connector_core.model.vocabulary import Zone
from connector_core.parameters.values import Confidence

CENT = Decimal("0.01")
Standing = Literal["valid", "other_period", "unknown", "undetermined"]
"""What the table says of a pair on a day: it exists; it exists at another date; it does not exist; it can't be told."""

_KINE_LETTERS = frozenset("APM ARL DRA NMI PLL RAB RAM RAO RAV RIC RIM RPB RPE RSC RSM TER VIC VIM VSC VSM".split())
_COMPLETE_SINCE: Mapping[str, date] = {
    **dict.fromkeys(_KINE_LETTERS, date(2024, 2, 22)),
    "AMK": date(2024, 6, 1),
    "AMI": date(2020, 1, 1),
    "AMX": date(2020, 1, 1),
}
"""Since when the table holds every coefficient of a letter; other letters are never complete."""

_UNCONFIRMED: frozenset[Confidence] = frozenset({"uncertain", "third-party"})


@dataclass(frozen=True, slots=True)
class TariffRow:
    """One act of the nomenclature over one period in one zone. `until` is the last day, None while open."""

    code: str
    letter: str
    coefficient: Decimal
    since: date
    until: date | None
    key_value: Decimal | None
    amount: Decimal | None
    zone: Zone
    confidence: Confidence
    reference: str
    label: str
    ngap: str

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def confirmed(self) -> bool:
        return self.confidence not in _UNCONFIRMED

    def read(self) -> ParameterRead:
        """The row as a parameter that was read."""
        reference = f"{self.reference} ({self.ngap})" if self.ngap else self.reference
        value = self.coefficient if self.amount is None else self.amount
        return ParameterRead(f"tariff.{self.code}.{self.zone}", str(value), self.since, reference)


class Tariffs:
    """The table, indexed. Built once; every method is a pure look-up."""

    def __init__(self, rows: Iterable[TariffRow]) -> None:
        self._pairs: dict[tuple[str, Decimal], list[TariffRow]] = {}
        self._letters: dict[str, list[TariffRow]] = {}
        self._codes: dict[str, list[TariffRow]] = {}
        self._keys: dict[tuple[str, Zone], list[TariffRow]] = {}
        for row in rows:
            if row.code.startswith("KEY-"):
                self._keys.setdefault((row.letter, row.zone), []).append(row)
                continue
            self._pairs.setdefault((row.letter, row.coefficient), []).append(row)
            self._letters.setdefault(row.letter, []).append(row)
            self._codes.setdefault(row.code, []).append(row)
        self._standing = cache(self._find_standing)
        self._rows_on = cache(self._find_rows)
        self._price = cache(self._find_price)

    def complete(self, letter: str, day: date) -> bool:
        """Whether the table holds every coefficient of the letter on that day, so that absence means "does not
        exist"."""
        since = _COMPLETE_SINCE.get(letter)
        return since is not None and since <= day

    def standing(self, letter: str, coefficient: Decimal, day: date) -> Standing:
        """Whether the pair may be billed on that day."""
        return self._standing(letter, coefficient, day)

    def rows_on(self, letter: str, coefficient: Decimal, day: date, zone: Zone) -> tuple[TariffRow, ...]:
        """The confirmed rows of a pair in force on a day; several acts may share one pair."""
        return self._rows_on(letter, coefficient, day, zone)

    def periods(self, letter: str, coefficient: Decimal, zone: Zone) -> tuple[TariffRow, ...]:
        """Every row of a pair, whatever the date, oldest first."""
        rows = (row for row in self._pairs.get((letter, coefficient), ()) if row.zone == zone)
        return tuple(sorted(rows, key=lambda row: row.since))

    def successor(self, row: TariffRow, day: date) -> TariffRow | None:
        """The row of the same act and zone in force on `day`, when it is another one."""
        for other in self._codes.get(row.code, ()):
            if other is not row and other.zone == row.zone and other.confirmed and other.holds_on(day):
                return other
        return None

    def key_value(self, letter: str, day: date, zone: Zone) -> TariffRow | None:
        """The value of a lettre-clé on a day, None where the table has no confirmed one."""
        for row in self._keys.get((letter, zone), ()):
            if row.holds_on(day) and row.confirmed and row.key_value is not None:
                return row
        return None

    def price(self, letter: str, coefficient: Decimal, day: date, zone: Zone) -> tuple[Decimal, ParameterRead] | None:
        """The honoraires of one act without excess, in euros, with the row it follows from; None when unknown."""
        return self._price(letter, coefficient, day, zone)

    def _find_rows(self, letter: str, coefficient: Decimal, day: date, zone: Zone) -> tuple[TariffRow, ...]:
        rows = self._pairs.get((letter, coefficient), ())
        return tuple(row for row in rows if row.zone == zone and row.confirmed and row.holds_on(day))

    def _find_standing(self, letter: str, coefficient: Decimal, day: date) -> Standing:
        rows = self._pairs.get((letter, coefficient), ())
        if any(row.holds_on(day) and row.confirmed for row in rows):
            return "valid"
        if not self.complete(letter, day) or any(row.holds_on(day) for row in rows):
            return "undetermined"
        if any(self._replaced_by_unconfirmed(row, day) for row in rows):
            return "undetermined"
        return "other_period" if rows else "unknown"

    def _replaced_by_unconfirmed(self, row: TariffRow, day: date) -> bool:
        """Whether the row ended because of a change that is announced but not confirmed."""
        if row.until is None or day <= row.until:
            return False
        start = row.until + timedelta(days=1)
        return any(other.since == start and not other.confirmed for other in self._codes[row.code])

    def _find_price(
        self, letter: str, coefficient: Decimal, day: date, zone: Zone
    ) -> tuple[Decimal, ParameterRead] | None:
        for row in self._find_rows(letter, coefficient, day, zone):
            if row.amount is not None:
                return row.amount, row.read()
        key = self.key_value(letter, day, zone)
        if key is None or key.key_value is None:
            return None
        amount = (coefficient * key.key_value).quantize(CENT, ROUND_HALF_UP)
        return amount, key.read()


def load_tariffs() -> Tariffs:
    """The table that ships with the project, read once per process."""
    return _shipped()


@cache
def _shipped() -> Tariffs:
    text = files("connector_core.parameters").joinpath("data/tariffs.csv").read_text(encoding="utf-8")
    return Tariffs(read_rows(text.splitlines(), "tariffs.csv"))


def read_rows(lines: Iterable[str], name: str) -> list[TariffRow]:
    """Parse the table; a wrong line is a ConfigurationError naming it. Rows without a start date are never in force."""
    rows: list[TariffRow] = []
    reader = csv.DictReader(lines)
    for cells in reader:
        if not cells["since"]:
            continue
        try:
            rows.append(
                TariffRow(
                    code=cells["code"],
                    letter=cells["letter"],
                    coefficient=Decimal(cells["coefficient"]),
                    since=date.fromisoformat(cells["since"]),
                    until=date.fromisoformat(cells["until"]) if cells["until"] else None,
                    key_value=Decimal(cells["key_value"]) if cells["key_value"] else None,
                    amount=Decimal(cells["amount"]) if cells["amount"] else None,
                    zone=cast(Zone, cells["zone"]),
                    confidence=cast(Confidence, cells["confidence"]),
                    reference=cells["reference"],
                    label=cells["label"],
                    ngap=cells["ngap"],
                )
            )
        except (ArithmeticError, ValueError, KeyError) as error:
            raise ConfigurationError(
                "ligne de tarif illisible", where=f"{name}, ligne {reader.line_num}", remedy="Corrigez la ligne"
            ) from error
    return rows
