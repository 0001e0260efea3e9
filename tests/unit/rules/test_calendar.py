"""The public holidays against years that anyone can look up."""

from datetime import date

import pytest

from connector_core.rules.calendar import easter, is_holiday, is_local_holiday, is_sunday_or_holiday

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


def test_the_eleven_days_of_2026() -> None:
    first = date(2026, 1, 1).toordinal()
    assert {day for day in map(date.fromordinal, range(first, first + 365)) if is_holiday(day)} == HOLIDAYS_2026


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
