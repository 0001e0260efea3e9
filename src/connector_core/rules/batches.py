"""A dossier's acts in batches of equal lines, so that what is asked of every act is asked once per batch.

Over a treatment the same line is billed session after session: of thirty acts, three or four differ in anything but
their day, their session and their invoice. A rule first looks at the batches, then only at the acts of those that
need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.model.vocabulary import ActKind, ActRate
from connector_core.parameters.tariffs import Spell, Tariffs
from connector_core.rules.kernel import Check

_performed_on = attrgetter("performed_on")
_letter, _places = itemgetter(0), itemgetter(-1)


class Batch(NamedTuple):
    """Acts of one dossier that are the same line; `places` are theirs among the dossier's acts, in order."""

    letter: str
    coefficient: Decimal
    kind: ActKind | None
    quantity: int
    amount: Decimal | None
    rate: ActRate
    excess: Decimal | None
    practitioner_id: str
    treatment_id: str | None
    group_size: int | None
    places: list[int]


def is_credit(line: Batch | Act) -> bool:
    """Whether a line takes a billed act away: a negative amount, a quantity of zero or less."""
    return line.quantity <= 0 or (line.amount is not None and line.amount < 0)


_same_line = attrgetter(*Batch._fields[:-1])

BATCHES = frozenset({"act.performed_on", *(f"act.{name}" for name in Batch._fields[:-1])})
"""What `batches` reads."""


@dataclass(slots=True)
class Batches:
    """Acts in order of date and time, and the same in batches, in order of their first act."""

    acts: Sequence[Act]
    days: list[date]
    batches: list[Batch]
    _spells: list[Sequence[Spell]] = field(default_factory=list)

    @classmethod
    def of(cls, acts: Sequence[Act]) -> Batches:
        places: dict[tuple[object, ...], list[int]] = {}
        before: tuple[object, ...] = ()
        found: list[int] = []
        for place, line in enumerate(map(_same_line, acts)):
            if line != before:  # mostly it is not, and comparing is cheaper than hashing
                found = places.setdefault(line, [])
                before = line
            found.append(place)
        return cls(acts, [*map(_performed_on, acts)], [Batch._make((*line, found)) for line, found in places.items()])

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(map(_letter, self.batches))

    def spells(self, tariffs: Tariffs) -> list[Sequence[Spell]]:
        """The spells of the tariff table that each batch goes through; several rules ask."""
        if not self._spells:
            days, spells = self.days, tariffs.spells
            self._spells = [
                spells(batch.letter, batch.coefficient, days[batch.places[0]], days[batch.places[-1]])
                for batch in self.batches
            ]
        return self._spells

    def span(self, batch: Batch) -> tuple[date, date]:
        """The first and the last day of a batch."""
        return self.days[batch.places[0]], self.days[batch.places[-1]]

    def acts_of(self, batches: Iterable[Batch]) -> list[Act]:
        """The acts of some batches, in order."""
        return self.acts_at(places_of(batches))

    def acts_at(self, places: Iterable[int]) -> list[Act]:
        return [self.acts[place] for place in places]


def places_of(batches: Iterable[Batch]) -> list[int]:
    """The places of the acts of some batches, in order."""
    return sorted(chain.from_iterable(map(_places, batches)))


def batches(check: Check[Dossier]) -> Batches:
    """The batches of all of a dossier's acts. Ask through `check.derive(batches)`."""
    return Batches.of(check.subject.acts)
