"""When a person may be told something: the practice's own hours, whatever the zone and the season."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from connector_core.deliver.hours import Hours

PARIS = ZoneInfo("Europe/Paris")
WEEK = frozenset(range(5))
OFFICE = Hours(time(8), time(19), WEEK, PARIS)
NIGHT = Hours(time(22), time(6), frozenset({4}), PARIS)


def at(text: str, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-02T07:59", "2026-03-02T08:00"),
        ("2026-03-02T08:00", "2026-03-02T08:00"),
        ("2026-03-02T18:59:59", "2026-03-02T18:59:59"),
        ("2026-03-02T19:00", "2026-03-03T08:00"),
        ("2026-03-06T19:00", "2026-03-09T08:00"),  # Friday evening
        ("2026-03-07T12:00", "2026-03-09T08:00"),  # Saturday
        ("2026-03-27T20:00", "2026-03-30T08:00"),  # the clocks go forward in between
        ("2026-10-23T20:00", "2026-10-26T08:00"),  # and back
    ],
)
def test_the_next_moment_within_the_hours(now: str, then: str) -> None:
    assert OFFICE.next(at(now)) == at(then)
    assert OFFICE.admit(at(now)) is (now == then)


def test_hours_are_those_of_the_practice() -> None:
    reunion = Hours(time(8), time(19), WEEK, ZoneInfo("Indian/Reunion"))
    assert reunion.next(datetime(2026, 3, 2, 3, 30, tzinfo=UTC)) == datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert not OFFICE.admit(datetime(2026, 3, 2, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-06T21:00", "2026-03-06T22:00"),
        ("2026-03-07T05:59", "2026-03-07T05:59"),
        ("2026-03-07T06:00", "2026-03-13T22:00"),
        ("2026-03-07T22:00", "2026-03-13T22:00"),
    ],
)
def test_hours_that_pass_midnight_belong_to_the_day_on_which_they_begin(now: str, then: str) -> None:
    assert NIGHT.next(at(now)) == at(then)


def test_the_same_time_twice_is_the_whole_day() -> None:
    whole = Hours(time(0), time(0), frozenset(range(7)), PARIS)
    assert whole.admit(at("2026-03-29T03:30"))
    assert whole.admit(at("2026-10-25T02:30"))


def test_an_hour_that_the_clocks_skip_is_not_waited_for_for_ever() -> None:
    early = Hours(time(2, 30), time(4), frozenset(range(7)), PARIS)
    assert early.next(at("2026-03-29T00:00")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
