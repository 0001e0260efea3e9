"""Delays in days, counted as they come: what is in the middle, what nine in ten keep to.

Quantiles are of the nearest rank: the least delay that so many tenths of the cases don't exceed, so that each is a
delay that was seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MEDIAN, NINTH_DECILE = 5, 9
FEW = 5
"""The least number of cases that a median is told of."""
_FEW_FOR_DECILE = 10


@dataclass(slots=True)
class Spread:
    """How often each delay was seen."""

    _days: Counter[int] = field(default_factory=Counter)

    def add(self, days: int) -> None:
        self._days[days] += 1

    @property
    def cases(self) -> int:
        return self._days.total()

    @property
    def median(self) -> int | None:
        """None where there are too few cases."""
        return self._quantile(MEDIAN) if self.cases >= FEW else None

    @property
    def ninth_decile(self) -> int | None:
        """None where there are too few cases."""
        return self._quantile(NINTH_DECILE) if self.cases >= _FEW_FOR_DECILE else None

    def beyond(self, days: int) -> tuple[int, int] | None:
        """The median and the 9th decile of the delays that are longer than so many days; None where there are too
        few of these."""
        longer = Spread(Counter({delay: n for delay, n in self._days.items() if delay > days}))
        return (longer._quantile(MEDIAN), longer._quantile(NINTH_DECILE)) if longer.cases >= FEW else None

    def _quantile(self, tenths: int) -> int:
        rank, seen = -(-self.cases * tenths // 10), 0
        for delay in sorted(self._days):
            seen += self._days[delay]
            if seen >= rank:
                return delay
        raise ValueError("no case")
