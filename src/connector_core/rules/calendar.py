"""The public holidays of France (article L.3133-1 du code du travail), on which surcharges of the NGAP rest; and the
working days (jours ouvrés) and months in which delays are counted.

The days that are holidays in some places only (Alsace-Moselle, and the commemoration of the abolition of slavery
overseas, L.3134-13 and L.3422-2) are kept apart: a rule says of them that they are to be verified.

A practice asks the same delays of the same days by the thousand: answers are remembered.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)
"""Easter Monday, Ascension, Whit Monday."""
_LOCAL = ((12, 26), (4, 27), (5, 22), (5, 27), (5, 28), (6, 10), (10, 9), (12, 20))
"""Alsace-Moselle; Mayotte, Martinique, Guadeloupe, Saint-Martin, Guyane, Saint-Barthélemy, La Réunion."""
_GOOD_FRIDAY = -2
_SATURDAY, _SUNDAY = 5, 6
_REMEMBERED = 4096


def is_holiday(day: date) -> bool:
    """Whether the day is a public holiday everywhere in France."""
    return day in _holidays(day.year)


def is_local_holiday(day: date) -> bool:
    """Whether the day is a public holiday in Alsace-Moselle or in one of the overseas departments only."""
    if is_holiday(day):
        return False
    return (day.month, day.day) in _LOCAL or day == easter(day.year) + timedelta(days=_GOOD_FRIDAY)


def is_sunday_or_holiday(day: date) -> bool:
    """Whether the day is a Sunday or a public holiday everywhere in France."""
    return day.weekday() == _SUNDAY or is_holiday(day)


def is_working_day(day: date) -> bool:
    """Whether the day is a jour ouvré: Monday to Friday, and no public holiday."""
    return day.weekday() < _SATURDAY and not is_holiday(day)


@lru_cache(maxsize=_REMEMBERED)
def working_days(first: date, last: date) -> int:
    """The number of working days after `first` up to and including `last`; 0 where `last` is not later."""
    return sum(is_working_day(first + timedelta(days=ahead)) for ahead in range(1, (last - first).days + 1))


@lru_cache(maxsize=_REMEMBERED)
def after_working_days(day: date, number: int) -> date:
    """The day on which so many working days have passed since `day`, which does not count itself."""
    while number > 0:
        day += timedelta(days=1)
        number -= is_working_day(day)
    return day


@lru_cache(maxsize=_REMEMBERED)
def months_later(day: date, months: int) -> date:
    """The same day some months later, earlier where negative; the last of the month where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def next_quarter(day: date) -> date:
    """The first day of the quarter that follows the one of a day."""
    return months_later(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3)


@lru_cache(maxsize=256)
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    golden, century, rest = year % 19, year // 100, year % 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    sunday = easter(year)
    return frozenset(
        {date(year, month, day) for month, day in _FIXED} | {sunday + timedelta(days=days) for days in _AFTER_EASTER}
    )
