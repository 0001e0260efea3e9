"""The real daemon on the store of ten years: from its start until its first turn is done, worker included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from benchmarks.bench import Bench
from benchmarks.contenders.connector import TODAY
from benchmarks.figures import Figure
from benchmarks.watched import Watched, watched

NAME = "startup"
_STARTS = 5


def measure(bench: Bench) -> Iterator[Figure]:
    """Started again on a day that was asked about, and on the day after, which asks what time alone changes and makes
    the report with its figures anew."""
    practice = watched(bench)
    same = [_start(practice, TODAY) for _ in range(_STARTS)]
    note = f"median of {_STARTS}"
    yield Figure(
        NAME, "until the first turn is done", median(same), "s", at_most=2, ours=_range(same), note=f"{note}, same day"
    )
    first = TODAY + timedelta(days=1)
    passed = [_start(practice, first + timedelta(days=n)) for n in range(_STARTS)]
    yield Figure(
        NAME, "until the first turn is done", median(passed), "s", ours=_range(passed), note=f"{note}, new day"
    )


def _start(practice: Watched, on: date) -> float:
    starts, begin = practice.events("ready"), time.perf_counter()
    with practice.daemon(on) as daemon:
        practice.wait_until_ready(daemon, starts)
        return time.perf_counter() - begin


def _range(times: list[float]) -> str:
    return f"{min(times):.2f} to {max(times):.2f} s"
