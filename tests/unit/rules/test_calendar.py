"""The public holidays against years that anyone can look up."""

from datetime import date, timedelta

import pytest
from holidays.countries.france import France
from hypothesis import given
from hypothesis import strategies as st

from connector_core.rules.calendar import (
    after_working_days,
    easter,
    is_holiday,
    is_local_holiday,
    is_sunday_or_holiday,
    is_working_day,
    months_later,
    next_quarter,
    working_days,
)

EASTER = {
    1961: date(1961, 4, 2),
    2000: date(2000, 4, 23),
    2008: date(2008, 3, 23),
    2011: date(2011, 4, 24),
    2019: date(2019, 4, 21),
    2024: date(2024, 3, 31),
    2025: date(2025, 4, 20),
    2026: date(2026, 4, 5),
    2027: date(2027, 3, 28),
    2038: date(2038, 4, 25),
}
GAUSS = {17: (23, 3), 18: (23, 4), 19: (24, 5), 20: (24, 5), 21: (24, 6), 22: (25, 0)}
"""The two numbers of a century in Gauss's rule, which reckons otherwise than the one in use."""
DAYS_2026 = [date(2026, 1, 1) + timedelta(days=days) for days in range(365)]
LOCAL_2026 = {
    date(2026, 4, 3),
    date(2026, 4, 27),
    date(2026, 5, 22),
    date(2026, 5, 27),
    date(2026, 5, 28),
    date(2026, 6, 10),
    date(2026, 10, 9),
    date(2026, 12, 20),
    date(2026, 12, 26),
}
HOLIDAYS_2026 = {
    date(2026, 1, 1),
    date(2026, 4, 6),
    date(2026, 5, 1),
    date(2026, 5, 8),
    date(2026, 5, 14),
    date(2026, 5, 25),
    date(2026, 7, 14),
    date(2026, 8, 15),
    date(2026, 11, 1),
    date(2026, 11, 11),
    date(2026, 12, 25),
}


@pytest.mark.parametrize("year", sorted(EASTER))
def test_easter(year: int) -> None:
    assert easter(year) == EASTER[year]


@pytest.mark.parametrize("century", sorted(GAUSS))
def test_easter_is_where_gauss_puts_it(century: int) -> None:
    moon, sunday = GAUSS[century]
    for year in range(100 * century, 100 * century + 100):
        golden = year % 19
        full = (19 * golden + moon) % 30
        days = (2 * (year % 4) + 4 * (year % 7) + 6 * full + sunday) % 7
        exception = full == 29 or (full == 28 and golden > 10)
        late = days == 6 and exception
        assert easter(year) == date(year, 3, 22) + timedelta(days=full + days - 7 * late), year


def test_the_eleven_days_of_2026() -> None:
    assert {day for day in DAYS_2026 if is_holiday(day)} == HOLIDAYS_2026


def test_the_days_of_2026_that_are_holidays_in_some_places_only() -> None:
    assert {day for day in DAYS_2026 if is_local_holiday(day)} == LOCAL_2026


def test_two_holidays_may_fall_on_one_day() -> None:
    """In 2008 Ascension was on the first of May."""
    assert is_holiday(date(2008, 5, 1))
    assert sum(is_holiday(date.fromordinal(date(2008, 1, 1).toordinal() + days)) for days in range(366)) == 10


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 7, 13), False),
        (date(2026, 7, 14), True),
        (date(2026, 7, 18), False),
        (date(2026, 7, 19), True),
        (date(2026, 4, 5), True),
    ],
)
def test_sundays_and_holidays(day: date, expected: bool) -> None:
    assert is_sunday_or_holiday(day) is expected


def test_days_that_are_holidays_in_some_places_only() -> None:
    """Good Friday and Saint-Étienne in Alsace-Moselle, the abolition of slavery overseas."""
    assert is_local_holiday(date(2026, 4, 3))
    assert is_local_holiday(date(2026, 12, 26))
    assert is_local_holiday(date(2026, 5, 22))
    assert not is_local_holiday(date(2026, 4, 6))
    assert not is_holiday(date(2026, 4, 3))


def test_the_days_are_those_of_a_kept_list() -> None:
    """From 2008, when Whit Monday was a holiday again in every reading of the law."""
    kept = France(years=range(2008, 2101))
    first, last = date(2008, 1, 1).toordinal(), date(2100, 12, 31).toordinal()
    assert {day for day in map(date.fromordinal, range(first, last + 1)) if is_holiday(day)} == set(kept)


@pytest.mark.parametrize("subdivision", ["57", "973", "974", "976", "BL"])
def test_the_local_days_are_those_of_a_kept_list(subdivision: str) -> None:
    everywhere = set(France(years=range(2015, 2031)))
    local = set(France(years=range(2015, 2031), subdiv=subdivision)) - everywhere
    assert local
    assert all(is_local_holiday(day) for day in local)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2026, 3, 2), date(2026, 3, 12), 8),
        (date(2026, 3, 2), date(2026, 3, 16), 10),
        (date(2026, 3, 2), date(2026, 3, 2), 0),
        (date(2026, 3, 2), date(2026, 3, 1), 0),
        (date(2026, 3, 6), date(2026, 3, 8), 0),
        (date(2026, 4, 3), date(2026, 4, 7), 1),
        (date(2026, 5, 7), date(2026, 5, 11), 1),
    ],
)
def test_working_days_are_those_after_the_first(first: date, last: date, days: int) -> None:
    assert working_days(first, last) == days


@given(st.dates(date(2015, 1, 1), date(2040, 1, 1)), st.integers(-3, 800))
def test_working_days_are_counted_one_by_one(day: date, number: int) -> None:
    days = [day + timedelta(days=ahead) for ahead in range(1, number + 1)]
    assert working_days(day, day + timedelta(days=number)) == sum(map(is_working_day, days))


@given(st.dates(date(2015, 1, 1), date(2040, 1, 1)), st.integers(1, 40))
def test_so_many_working_days_later_is_the_first_day_on_which_they_have_passed(day: date, number: int) -> None:
    later = after_working_days(day, number)
    assert is_working_day(later)
    assert working_days(day, later) == number
    assert after_working_days(day, 0) == day


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        (date(2024, 2, 10), date(2024, 4, 1)),
        (date(2024, 3, 31), date(2024, 4, 1)),
        (date(2024, 4, 1), date(2024, 7, 1)),
        (date(2024, 12, 31), date(2025, 1, 1)),
    ],
)
def test_the_quarter_after_a_day(day: date, quarter: date) -> None:
    assert next_quarter(day) == quarter


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 1, 1), 27, date(2026, 4, 1)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
