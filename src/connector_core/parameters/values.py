"""A dated parameter and its answers.

A value holds from its `since` until the next one's. `known_through` is the day of the last text read. Past that day a
value is carried on as long as no change is announced; once an announced, unconfirmed change takes effect the answer is
*undetermined*, never a guess.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Literal

from connector_core.model.finding import ParameterRead, ParameterValue, written

Confidence = Literal["confirmed", "derived", "source", "third-party", "uncertain", "practice"]
"""How a value is known. `uncertain` values are announced or contradicted; `practice` ones come from the
configuration."""


@dataclass(frozen=True, slots=True)
class DatedValue:
    since: date
    value: ParameterValue
    reference: str
    confidence: Confidence = "confirmed"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The value in force, with its reference."""

    value: ParameterValue
    read: ParameterRead
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Unknown:
    """No value can be given for that day; `reason` is a French sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter over time; `values` are in order of `since`, without duplicates."""

    name: str
    label: str
    unit: str
    known_through: date
    values: tuple[DatedValue, ...]

    def on(self, day: date) -> Known | Unknown:
        """The value in force on `day`."""
        index = bisect_right([value.since for value in self.values], day) - 1
        if index < 0:
            first = self.values[0].since
            return Unknown(self.name, f"« {self.label} » n'est pas connu avant le {first:%d/%m/%Y}")
        value = self.values[index]
        if value.confidence == "uncertain":
            return Unknown(
                self.name,
                f"« {self.label} » : valeur non confirmée à partir du {value.since:%d/%m/%Y} ({value.reference})",
            )
        note = value.note
        if note is None and day > self.known_through:
            note = f"texte lu au {self.known_through:%d/%m/%Y}, aucun changement annoncé"
        read = ParameterRead(self.name, written(value.value), value.since, value.reference, note)
        return Known(value.value, read, value.confidence)
