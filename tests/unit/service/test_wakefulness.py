"""Noticing a sleep of the PC: a wait that took too long, or clocks that went apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

import pytest

from connector_core.service.wakefulness import LONGEST, SLACK, Wakefulness


@dataclass
class Pc:
    """Two clocks, and an event whose waiting moves them."""

    measured: float = 100.0
    wall: float = 1_700_000_000.0
    more: tuple[float, float] = (0.0, 0.0)
    """How much more than was asked for the next wait moves each of them."""
    asked: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        self.asked.append(seconds)
        self.measured += seconds + self.more[0]
        self.wall += seconds + self.more[1]
        return False

    def wakefulness(self) -> Wakefulness:
        return Wakefulness(lambda: self.measured, lambda: self.wall)


@pytest.mark.parametrize(
    ("more", "slept"),
    [
        ((0.0, 0.0), False),
        ((SLACK - 1, SLACK - 1), False),  # a busy PC
        ((8 * 3600.0, 8 * 3600.0), True),  # both clocks go on while it sleeps
        ((0.0, 8 * 3600.0), True),  # one stands still
        ((0.0, -3600.0), True),  # the clock was set
        ((0.0, SLACK - 1), False),
        ((0.0, 1 - SLACK), False),
    ],
)
def test_a_sleep_is_told_once(more: tuple[float, float], slept: bool) -> None:
    pc = Pc(more=more)
    wakefulness = pc.wakefulness()
    assert wakefulness.wait(pc, 10.0) is slept  # type: ignore[arg-type]  # it waits like an event
    pc.more = (0.0, 0.0)
    assert wakefulness.wait(pc, 10.0) is False  # type: ignore[arg-type]  # it waits like an event


def test_clocks_that_drift_apart_slowly_are_no_sleep() -> None:
    pc = Pc(more=(0.0, 1.0))
    wakefulness = pc.wakefulness()
    assert not any(wakefulness.wait(pc, 60.0) for _ in range(100))  # type: ignore[arg-type]  # it waits like an event


def test_a_sleep_in_the_middle_of_a_turn_is_told_after_it() -> None:
    pc = Pc()
    wakefulness = pc.wakefulness()
    pc.measured += 20.0
    pc.wall += 3600.0
    assert wakefulness.wait(pc, 1.0) is True  # type: ignore[arg-type]  # it waits like an event


def test_no_wait_is_longer_than_a_sleep_may_stay_unnoticed() -> None:
    pc = Pc()
    wakefulness = pc.wakefulness()
    for seconds in (1e9, -5.0, float("inf")):
        wakefulness.wait(pc, seconds)  # type: ignore[arg-type]  # it waits like an event
    assert pc.asked == [LONGEST, 0.0, LONGEST]


def test_an_event_that_is_set_ends_the_wait() -> None:
    event = Event()
    event.set()
    assert Wakefulness().wait(event, 30.0) is False
