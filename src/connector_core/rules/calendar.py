"""Sundays and public holidays in France."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

_FIXED = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
_AFTER_EASTER = (1, 39, 50)
"""Days from Easter to lundi de Pâques, Ascension and lundi de Pentecôte."""
_SUNDAY = 6


def is_holiday(day: date) -> bool:
    """Whether a day is a public holiday (article L. 3133-1 du code du travail)."""
    return (day.month, day.day) in _FIXED or day in _moving(day.year)


def is_sunday_or_holiday(day: date) -> bool:
    return day.weekday() == _SUNDAY or is_holiday(day)


@lru_cache(maxsize=64)
def _moving(year: int) -> frozenset[date]:
    easter = _easter(year)
    return frozenset(easter + timedelta(days=days) for days in _AFTER_EASTER)


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon_shift + 15) % 30
    weekday = (32 + 2 * century_rest + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
