"""When a practice works, and who is free: working days, and the sessions of each practitioner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from functools import lru_cache

from connector_core.model.records import Act

SLOT_MIN = 30
_OPENING = 8 * 60
_SLOTS = 22
_SIDE_BY_SIDE = 2

Place = tuple[date, time]


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    easter = _easter(year)
    return frozenset(
        {date(year, month, day) for month, day in fixed} | {easter + timedelta(days=days) for days in (1, 39, 50)}
    )


def _easter(year: int) -> date:
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    return date(year, (h + m - 7 * n + 114) // 31, (h + m - 7 * n + 114) % 31 + 1)


@lru_cache(maxsize=16384)
def works(day: date) -> bool:
    """Whether the practice is open: Monday to Friday, public holidays of mainland France apart."""
    return day.weekday() < 5 and day not in _holidays(day.year)


@lru_cache(maxsize=16384)
def working_day(day: date) -> date:
    """The first working day from `day` on."""
    while not works(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def _clock(slot: int) -> time:
    minutes = _OPENING + slot * SLOT_MIN
    return time(minutes // 60, minutes % 60)


def slot_of(clock: time) -> int:
    return (clock.hour * 60 + clock.minute - _OPENING) // SLOT_MIN


class Agenda:
    """The taken half-hours of each practitioner: at most two patients side by side, and a limit a day."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, date], list[int]] = {}
        self.limit = 26
        """Half-hours of care a day."""
        self.tireless: set[str] = set()
        """Practitioners whose days have no limit."""

    def occupy(self, acts: Iterable[Act]) -> None:
        """Take the half-hours of acts that are already there."""
        seen: set[tuple[str, str | None, time]] = set()
        for act in acts:
            start = act.started_at
            if start is None or (key := (act.patient_id, act.session_id, start)) in seen:
                continue
            seen.add(key)
            taken = self._day(act.practitioner_id, act.performed_on)
            first = slot_of(start)
            for slot in range(first, min(_SLOTS, first + max(1, (act.duration_min or SLOT_MIN) // SLOT_MIN))):
                taken[slot] += 1

    def book(self, practitioner: str, day: date, wish: int, slots: int = 1) -> Place:
        """The free moment nearest to the wished half-hour, that day or on the next working one that has room."""
        while True:
            day = working_day(day)
            taken = self._day(practitioner, day)
            if sum(taken) + slots <= self.limit or practitioner in self.tireless:
                start = self._nearest(taken, wish, slots)
                if start is not None:
                    for slot in range(start, start + slots):
                        taken[slot] += 1
                    return day, _clock(start)
            day += timedelta(days=1)

    def _day(self, practitioner: str, day: date) -> list[int]:
        taken = self._taken.get((practitioner, day))
        if taken is None:
            taken = self._taken[practitioner, day] = [0] * _SLOTS
        return taken

    @staticmethod
    def _nearest(taken: list[int], wish: int, slots: int) -> int | None:
        last = _SLOTS - slots
        for distance in range(_SLOTS):
            for start in (wish + distance, wish - distance):
                if 0 <= start <= last and all(taken[slot] < _SIDE_BY_SIDE for slot in range(start, start + slots)):
                    return start
        return None
