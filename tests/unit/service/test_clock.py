"""The clock is set back, set forward, and changes with the seasons: a day passes once, no finding comes and goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector_core.service.logs import Lines
from connector_core.service.worker import _DAYS_TO_BELIEVE

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 3, 2)


def lives(service) -> dict[str, tuple[str, str, str]]:
    return {
        kept.finding.fingerprint: (kept.state, kept.opened_on, kept.changed_on)
        for kept in service.store.answers.findings()
    }


def dismissed_one(service) -> str:
    """A finding that a person has dismissed."""
    kept = service.store.answers.findings("open")[0]
    with service.store.transaction():
        service.store.answers.set_state(kept.finding.fingerprint, "dismissed", DAY.isoformat(), "vu")
    return str(kept.finding.fingerprint)


@pytest.fixture
def filled(service, act):
    service.drop(act(1), act(2))
    service.settle()
    dismissed_one(service)
    return service


@pytest.mark.parametrize("days", [1, 2, 40, 4000])
def test_a_clock_set_back_and_put_right_changes_nothing(filled, days: int) -> None:
    before = lives(filled)
    filled.day = DAY - timedelta(days=days)
    assert not filled.turn().works
    assert filled.store.fact("as_of") == DAY.isoformat()
    filled.day = DAY
    assert not filled.turn().works
    assert lives(filled) == before


def test_the_log_says_from_which_day_to_which_the_clock_went_back(filled, caplog: pytest.LogCaptureFixture) -> None:
    filled.day = DAY - timedelta(days=40)
    filled.turn()
    (line,) = (json.loads(Lines().format(record)) for record in caplog.records if record.msg == "clock")
    assert (line["from_day"], line["to_day"]) == ("2026-03-02", "2026-01-21")
    assert line["reason"] == "l'horloge a reculé"


def test_what_is_dropped_while_the_clock_is_behind_is_of_the_last_day(filled, act) -> None:
    filled.day = DAY - timedelta(days=2000)
    filled.drop(act(3), name="later.ndjson")
    filled.settle()
    assert "a3" in filled.open()
    assert {opened for _, opened, _ in lives(filled).values()} == {DAY.isoformat()}


def test_a_clock_that_was_ahead_is_believed_when_it_says_so_on_several_days(filled) -> None:
    ahead = DAY + timedelta(days=3000)
    filled.day = ahead
    filled.turn()
    assert filled.store.fact("as_of") == ahead.isoformat()
    for day in range(1, _DAYS_TO_BELIEVE):
        filled.day = DAY + timedelta(days=day)
        filled.turn()
        filled.turn()
        assert filled.store.fact("as_of") == ahead.isoformat()
    filled.day = DAY + timedelta(days=_DAYS_TO_BELIEVE)
    filled.turn()
    assert filled.store.fact("as_of") == filled.day.isoformat()


def test_days_behind_count_only_in_a_row(filled) -> None:
    for _ in range(_DAYS_TO_BELIEVE):
        for days in range(1, _DAYS_TO_BELIEVE):
            filled.day = DAY - timedelta(days=days)
            filled.turn()
        filled.day = DAY
        filled.turn()
    assert filled.store.fact("as_of") == DAY.isoformat()


def test_a_clock_set_back_by_an_hour_over_midnight_asks_a_day_once(filled) -> None:
    moments = [
        datetime(2026, 3, 2, 23, 50, tzinfo=PARIS),
        datetime(2026, 3, 3, 0, 10, tzinfo=PARIS),
        datetime(2026, 3, 2, 23, 15, tzinfo=PARIS),
        datetime(2026, 3, 2, 23, 59, tzinfo=PARIS),
        datetime(2026, 3, 3, 0, 1, tzinfo=PARIS),
    ]
    asked: list[str] = []
    for moment in moments:
        filled.day = moment.date()
        filled.turn()
        asked.append(str(filled.store.fact("as_of")))
    assert asked == ["2026-03-02", "2026-03-03", "2026-03-03", "2026-03-03", "2026-03-03"]


@pytest.mark.parametrize(
    ("first", "hours", "midnight"),
    [(datetime(2026, 10, 24, 20, tzinfo=UTC), 36, [22, 23]), (datetime(2027, 3, 27, 20, tzinfo=UTC), 36, [23, 22])],
    ids=["to winter", "to summer"],
)
def test_over_the_night_of_a_change_each_day_is_asked_once_at_its_own_midnight(
    new_service: Callable, act, monkeypatch: pytest.MonkeyPatch, first: datetime, hours: int, midnight: list[int]
) -> None:
    service = new_service(day=first.astimezone(PARIS).date())
    service.drop(act(1))
    service.settle()
    before = lives(service)
    passes = service.worker.files.pipeline.day_passes
    told: list[date] = []

    def day_passes(day: date) -> object:
        told.append(day)
        return passes(day)

    monkeypatch.setattr(service.worker.files.pipeline, "day_passes", day_passes)
    began: list[datetime] = []
    for step in range(hours * 6):
        now = first + timedelta(minutes=10 * step)
        service.day = now.astimezone(PARIS).date()
        service.turn(600)
        if told and (not began or len(told) > len(began)):
            began.append(now)
    assert told == [first.date() + timedelta(days=n) for n in (1, 2)], "each day once"
    assert [moment.hour for moment in began] == midnight
    now_lives = lives(service)
    assert now_lives.keys() >= before.keys()
    assert {name: now_lives[name][1] for name in before} == {name: opened for name, (_, opened, _) in before.items()}


def test_times_of_files_are_in_utc_and_their_order_is_that_of_reading(filled, act) -> None:
    filled.drop(act(4), name="z.ndjson")
    filled.settle()
    files = filled.store.files.list_files()
    assert [file.name for file in files] == ["export.ndjson", "z.ndjson"]
    assert all(datetime.fromisoformat(file.taken_at).utcoffset() == timedelta(0) for file in files)
