"""Cotations and what they cost: which columns of a table agree with the nomenclature, row by row.

This is what tells a price from any other amount, and the day of an act from any other date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from connector_core.dialects.calibration.relations import Sampled
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.converters import CONVERTERS


class Nomenclature(Protocol):
    """What calibration asks of the tariffs."""

    def exists(self, letter: str, coefficient: Decimal, day: date) -> bool:
        """Whether the cotation may be billed on a day."""
        ...

    def price(self, letter: str, coefficient: Decimal, day: date) -> Decimal | None:
        """The euros of a cotation on a day, None where they are not known."""
        ...


@dataclass(frozen=True, slots=True)
class Billing:
    """Which columns of a table bill together: a date, a cotation that exists on it, and what it then costs."""

    letter: str
    coefficient: str
    coefficient_as: str
    day: str
    exist: float
    amount: str = ""
    amount_as: str = ""
    agree: float = 0.0


class Billings:
    """The billing of each table, worked out once."""

    def __init__(self, nomenclature: Nomenclature) -> None:
        self._nomenclature = nomenclature
        self._found: dict[str, Billing | None] = {}
        self._existing: dict[tuple[str, Decimal, date], bool] = {}

    def of(self, table: Sampled) -> Billing | None:
        """The best reading of columns of a table as cotations and what they cost; None where there is none."""
        if table.name not in self._found:
            self._found[table.name] = self._best(table)
        return self._found[table.name]

    def _exists(self, letter: str, coefficient: Decimal, day: date) -> bool:
        asked = letter, coefficient, day
        if asked not in self._existing:
            self._existing[asked] = self._nomenclature.exists(*asked)
        return self._existing[asked]

    def _price(self, letter: str, coefficient: Decimal, day: date) -> Decimal | None:
        return self._nomenclature.price(letter, coefficient, day)

    def _best(self, table: Sampled) -> Billing | None:
        best: Billing | None = None
        days = [shape for shape in table.shapes if shape.day or shape.moment]
        for letter, letters in _letters(table):
            for coefficient, converter, numbers in _coefficients(table, letter):
                for day in days:
                    found = self._billing(table, letter, letters, coefficient, converter, numbers, day)
                    if found is not None and (best is None or _rank(found) > _rank(best)):
                        best = found
        return best

    def _billing(
        self,
        table: Sampled,
        letter: Shape,
        letters: Sequence[str],
        coefficient: Shape,
        converter: str,
        numbers: Sequence[Decimal | None],
        day: Shape,
    ) -> Billing | None:
        rows = [
            (row, text, number, when)
            for row, (text, number, when) in enumerate(zip(letters, numbers, day.days, strict=True))
            if text and number is not None and when is not None
        ][:_BILLED]
        if len(rows) < 2 or len(rows) < 0.5 * min(_BILLED, letter.filled):
            return None
        exist = sum(self._exists(text, number, when) for _, text, number, when in rows) / len(rows)
        if exist < 0.5:
            return None
        prices = {row: self._price(text, number, when) for row, text, number, when in rows}
        best = Billing(letter.name, coefficient.name, converter, day.name, exist)
        for shape in table.shapes:
            for money in shape.money if shape not in (letter, coefficient, day) else ():
                amounts = shape.amounts(money)
                compared = [(amounts[row], price) for row, price in prices.items() if price is not None]
                agree = sum(amount == price for amount, price in compared) / len(compared) if compared else 0.0
                if agree > best.agree:
                    best = Billing(letter.name, coefficient.name, converter, day.name, exist, shape.name, money, agree)
        return best


def _letters(table: Sampled) -> list[tuple[Shape, Sequence[str]]]:
    found: list[tuple[Shape, Sequence[str]]] = []
    for shape in table.shapes:
        if shape.cotation > 0.9:
            found.append((shape, _texts(shape, "cotation_letter")))
        elif shape.letter > 0.9:
            found.append((shape, [cell.upper() for cell in shape.column.cells]))
    return found


def _coefficients(table: Sampled, letter: Shape) -> list[tuple[Shape, str, Sequence[Decimal | None]]]:
    if letter.cotation > 0.9:
        return [(letter, "cotation_coefficient", letter.amounts("cotation_coefficient"))]
    return [
        (shape, converter, shape.amounts(converter))
        for shape in table.shapes
        if shape is not letter and shape.counts and shape.fill > 0.9 and not shape.day
        for converter in _coefficient_converters(shape)
    ]


_BILLED = 400


def _rank(found: Billing) -> tuple[float, float]:
    return found.exist + found.agree, found.exist


def _coefficient_converters(shape: Shape) -> Sequence[str]:
    found = list(shape.decimals)
    if shape.number == "whole" and not shape.padded and max(map(len, shape.counts)) <= 4:
        found.append("hundredths")
    return found


def _texts(shape: Shape, converter: str) -> list[str]:
    convert = CONVERTERS[converter].convert
    known: dict[str, str] = {"": ""}
    for value in shape.counts:
        try:
            known[value] = str(convert(value))
        except ValueError:
            known[value] = ""
    return [known[cell] for cell in shape.column.cells]
