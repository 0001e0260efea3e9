"""The hours in which a person may be told something, in the practice's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector_core.settings.notices import WEEKDAYS, Notify

_DAYS_LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` (included) until `until` (excluded), on some days of the week (Monday is 0).

    `until` at or before `start` is on the next morning: 22:00 until 06:00 begins on one of the days and ends on the day
    after it. Times that the clocks skip in spring are taken as what they become an hour later.
    """

    start: time
    until: time
    days: frozenset[int]
    zone: ZoneInfo

    @classmethod
    def of(cls, notify: Notify, zone: ZoneInfo) -> Hours:
        """Those of a block of the configuration."""
        return cls(notify.start, notify.until, frozenset(map(WEEKDAYS.index, notify.days)), zone)

    def admit(self, at: datetime) -> bool:
        return self.next(at) <= at

    def next(self, at: datetime) -> datetime:
        """The first instant from `at` on that is within the hours, in UTC."""
        local = at.astimezone(self.zone)
        for offset in range(-1, _DAYS_LOOKED_AT):
            day = local.date() + timedelta(days=offset)
            if day.weekday() not in self.days:
                continue
            begins = self._instant(datetime.combine(day, self.start))
            last = day if self.until > self.start else day + timedelta(days=1)
            if at < self._instant(datetime.combine(last, self.until)):
                return max(begins, at.astimezone(UTC))
        raise AssertionError("a week has one of the days")

    def _instant(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)
