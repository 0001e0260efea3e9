"""Tries are ever further apart, up to a bound, and chance keeps them from falling together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector_core.deliver.backoff import FIRST, LONGEST, MAX_TRIES, pause


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 10), (5, 80), (8, 640), (9, 900), (10_000, 900)])
def test_each_pause_is_twice_the_one_before_up_to_the_longest(tries: int, seconds: int) -> None:
    assert pause(tries, lambda: 1.0) == timedelta(seconds=seconds)
    assert pause(tries, lambda: 0.0) == timedelta(seconds=seconds / 2)


def test_all_tries_together_last_a_working_day() -> None:
    least = sum((pause(tries, lambda: 0.0) for tries in range(1, MAX_TRIES)), timedelta())
    most = sum((pause(tries, lambda: 1.0) for tries in range(1, MAX_TRIES)), timedelta())
    assert timedelta(hours=5) < least < timedelta(hours=8) < most < timedelta(hours=12)
    assert FIRST < LONGEST
