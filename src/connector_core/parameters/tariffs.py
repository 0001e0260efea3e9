"""The tariff table: which (letter, coefficient) exists when, and what it pays.

`data/tariffs.csv` holds one row per act, period and zone with its reference. Coefficients identify acts in the NGAP,
so they are compared exactly. Amounts are euros, rounded half up to the cent from coefficient × key value (valeur de
la lettre-clé).
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


_DAY = timedelta(days=1)


@dataclass(slots=True)
class Spell:
    """A period, from `first` on, over which the table says the same of one pair, whatever the day."""

    first: date
    standing: Standing
    codes: frozenset[str]
    """The acts of the nomenclature that the pair may be; those of other periods where none is in force."""
    _rows: dict[Zone, tuple[TariffRow, ...]] = field(default_factory=dict)
    _prices: dict[Zone, tuple[Decimal, ParameterRead] | None] = field(default_factory=dict)


class Tariffs:
    """The table, indexed. Built once; every method is a pure look-up.

    What it says of a pair only changes on a few days. Answers are kept by the spell between two of them, so that a
    practice's acts, day after day, ask the same few questions.
    """

    def __init__(self, rows: Iterable[TariffRow]) -> None:
        self._pairs: dict[tuple[str, Decimal], list[TariffRow]] = {}
        self._letters: dict[str, list[TariffRow]] = {}
        self._codes: dict[str, list[TariffRow]] = {}
        self._keys: dict[str, list[TariffRow]] = {}
        for row in rows:
            if row.code.startswith("KEY-"):
                self._keys.setdefault(row.letter, []).append(row)
                continue
            self._pairs.setdefault((row.letter, row.coefficient), []).append(row)
            self._letters.setdefault(row.letter, []).append(row)
            self._codes.setdefault(row.code, []).append(row)
        self._spells: dict[tuple[str, Decimal], tuple[list[date], list[Spell]]] = {}

    def letters(self) -> frozenset[str]:
        """The lettres-clés of which the table says anything."""
        return frozenset(self._letters)

    def pairs(self, code: str, zone: str, since: date) -> tuple[tuple[str, Decimal], ...]:
        """The lettres-clés with coefficients of an act of the nomenclature, in its rows of a zone that begin on a
        day."""
        rows = (row for row in self._codes.get(code, ()) if (row.zone, row.since) == (zone, since))
        return tuple(dict.fromkeys((row.letter, row.coefficient) for row in rows))

    def complete(self, letter: str, day: date) -> bool:
        """Whether the table holds every coefficient of the letter on that day, so that absence means "does not
        exist"."""
        since = _COMPLETE_SINCE.get(letter)
        return since is not None and since <= day

    def standing(self, letter: str, coefficient: Decimal, day: date) -> Standing:
        """Whether the pair may be billed on that day."""
        return self._spell(letter, coefficient, day).standing

    def spells(self, letter: str, coefficient: Decimal, first: date, last: date) -> Sequence[Spell]:
        """The spells of a pair that hold on some day from `first` to `last`, oldest first."""
        starts, spells = self._spells_of(letter, coefficient)
        begin = bisect_right(starts, first) - 1
        return spells[begin : bisect_right(starts, last, begin)]

    def codes_on(self, letter: str, coefficient: Decimal, day: date) -> frozenset[str]:
        """The acts of the nomenclature that a pair may be on a day; those of other periods where none is in force."""
        return self._spell(letter, coefficient, day).codes

    def rows_on(self, letter: str, coefficient: Decimal, day: date, zone: Zone) -> tuple[TariffRow, ...]:
        """The confirmed rows of a pair in force on a day; several acts may share one pair."""
        spell = self._spell(letter, coefficient, day)
        rows = spell._rows.get(zone)
        if rows is None:
            rows = spell._rows[zone] = self._find_rows(letter, coefficient, day, zone)
        return rows

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

    def announced(self, row: TariffRow, day: date) -> TariffRow | None:
        """The row of the same act and zone that is announced for `day` without being confirmed; it may be `row`."""
        for other in self._codes.get(row.code, ()):
            if other.zone == row.zone and not other.confirmed and other.holds_on(day):
                return other
        return None

    def key_value(self, letter: str, day: date, zone: Zone) -> TariffRow | None:
        """The value of a lettre-clé on a day, None where the table has no confirmed one."""
        for row in self._keys.get(letter, ()):
            if row.zone == zone and row.holds_on(day) and row.confirmed and row.key_value is not None:
                return row
        return None

    def price(self, letter: str, coefficient: Decimal, day: date, zone: Zone) -> tuple[Decimal, ParameterRead] | None:
        """The honoraires of one act without excess, in euros, with the row it follows from; None when unknown."""
        return self.price_in(self._spell(letter, coefficient, day), letter, coefficient, zone)

    def price_in(
        self, spell: Spell, letter: str, coefficient: Decimal, zone: Zone
    ) -> tuple[Decimal, ParameterRead] | None:
        """The same, on any day of a spell of the pair."""
        prices = spell._prices
        if zone not in prices:
            prices[zone] = self._find_price(letter, coefficient, spell.first, zone)
        return prices[zone]

    def _spell(self, letter: str, coefficient: Decimal, day: date) -> Spell:
        starts, spells = self._spells_of(letter, coefficient)
        return spells[bisect_right(starts, day) - 1]

    def _spells_of(self, letter: str, coefficient: Decimal) -> tuple[list[date], list[Spell]]:
        """The days on which something about a pair changes, and what it is from each of them on."""
        pair = (letter, coefficient)
        found = self._spells.get(pair)
        if found is None:
            starts = sorted(self._changes(letter, coefficient))
            spells = [self._make_spell(letter, coefficient, start) for start in starts]
            found = self._spells[pair] = (starts, spells)
        return found

    def _changes(self, letter: str, coefficient: Decimal) -> set[date]:
        changes = {date.min, _COMPLETE_SINCE.get(letter, date.min)}
        for row in (*self._pairs.get((letter, coefficient), ()), *self._keys.get(letter, ())):
            changes.add(row.since)
            if row.until is not None:
                changes.add(row.until + _DAY)
        return changes

    def _make_spell(self, letter: str, coefficient: Decimal, day: date) -> Spell:
        rows = [row for row in self._pairs.get((letter, coefficient), ()) if row.zone == "METRO"]
        codes = frozenset(row.code for row in rows if row.holds_on(day)) or frozenset(row.code for row in rows)
        return Spell(day, self._find_standing(letter, coefficient, day), codes)

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
        start = row.until + _DAY
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
