"""The days on which banks book transfers in France.

A transfer in euros is settled on the opening days of the Eurosystem's payment system (T2, formerly TARGET2): every day
but Saturdays, Sundays, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December. French banks book none on
public holidays either (article L.3133-1 du code du travail).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from connector_core.rules.calendar import easter, is_holiday

_SATURDAY = 5
_BOXING_DAY = (12, 26)
_GOOD_FRIDAY = timedelta(days=-2)
_DAY = timedelta(days=1)


def is_bank_day(day: date) -> bool:
    """Whether a transfer may be booked on this day."""
    if day.weekday() >= _SATURDAY or is_holiday(day):
        return False
    return (day.month, day.day) != _BOXING_DAY and day != easter(day.year) + _GOOD_FRIDAY


@lru_cache(maxsize=8192)
def bank_days_from(day: date, number: int) -> date:
    """The day that is so many bank days after another one, or before it where the number is below zero."""
    step = _DAY if number >= 0 else -_DAY
    left = abs(number)
    while left:
        day += step
        left -= is_bank_day(day)
    return day
