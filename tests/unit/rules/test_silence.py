"""When a source has been silent for too long, and how that is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector_core.rules.silence import CODE, Awaited, silence, silent_from

ZONE = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("last", "every", "silent"),
    [
        ("2026-03-02T18:04", DAY, "2026-03-04T00:00"),  # Monday: one is due by the end of Tuesday
        ("2026-03-02T00:00", DAY, "2026-03-03T00:00"),
        ("2026-03-05T18:04", DAY, "2026-03-09T00:00"),  # Thursday: Friday ends it, and nobody is there to read it
        ("2026-03-06T18:04", DAY, "2026-03-10T00:00"),  # Friday: the weekend does not count
        ("2026-03-07T10:00", DAY, "2026-03-10T00:00"),  # Saturday
        ("2026-03-06T18:04", 3 * DAY, "2026-03-12T00:00"),
        ("2026-04-30T18:04", DAY, "2026-05-05T00:00"),  # before the 1 May, a Friday
        ("2026-03-02T18:04", DAY + timedelta(hours=12), "2026-03-05T00:00"),
        ("2026-03-02T18:04", timedelta(hours=12), "2026-03-03T06:04"),
        ("2026-03-06T18:04", timedelta(hours=12), "2026-03-09T06:04"),  # Friday evening to Monday morning
        ("2026-03-06T18:04", timedelta(hours=2), "2026-03-06T20:04"),
        ("2026-03-06T18:00", timedelta(hours=6), "2026-03-09T00:00"),  # at midnight, when the weekend has begun
        ("2026-03-27T18:04", DAY, "2026-03-31T00:00"),  # the clocks change on Sunday
    ],
)
def test_only_working_days_count(last: str, every: timedelta, silent: str) -> None:
    assert silent_from(at(last), every) == at(silent)
    assert silent_from(at(last), every).tzinfo is ZONE


def test_no_rhythm_makes_a_closed_practice_cry() -> None:
    for hours in range(1, 24 * 15, 5):
        for day in range(40):
            begun = silent_from(at("2026-04-20T18:30") + day * DAY, timedelta(hours=hours))
            assert begun.weekday() < 5
            assert f"{begun:%m-%d}" not in ("05-01", "05-08", "05-14", "05-25")


def vega(last: str = "2026-03-02T18:04", every: timedelta = DAY, *, heard: bool = True) -> Awaited:
    return Awaited("vega", "Vega", every, at(last), heard)


def test_silence_begins_at_its_moment() -> None:
    assert silence(vega(), at("2026-03-03T23:59")) is None
    found = silence(vega(), at("2026-03-04T00:00"))
    assert found is not None
    assert (found.rule, found.severity, found.subject.kind, found.subject.id) == (CODE, "info", "source", "vega")
    assert f"{found.due_on}" == "2026-03-04"


@pytest.mark.parametrize(
    ("source", "now", "message"),
    [
        (
            vega(),
            "2026-03-05T09:00",
            "Aucun export de Vega depuis 3 jours : le dernier est arrivé le 02/03/2026 à 18 h 04, et un export est "
            "attendu chaque jour ouvré.",
        ),
        (
            vega(),
            "2026-03-04T09:00",
            "Aucun export de Vega depuis 2 jours : le dernier est arrivé le 02/03/2026 à 18 h 04, et un export est "
            "attendu chaque jour ouvré.",
        ),
        (
            vega(every=timedelta(hours=1)),
            "2026-03-02T20:00",
            "Aucun export de Vega depuis le 02/03/2026 à 18 h 04, et un export est attendu chaque heure.",
        ),
        (
            vega(every=timedelta(hours=12)),
            "2026-03-03T07:00",
            "Aucun export de Vega depuis 1 jour : le dernier est arrivé le 02/03/2026 à 18 h 04, et un export est "
            "attendu toutes les 12 heures.",
        ),
        (
            vega(every=2 * DAY, heard=False),
            "2026-03-05T09:00",
            "Aucun export de Vega n'est encore arrivé ; un export est attendu tous les 2 jours ouvrés, depuis le "
            "02/03/2026 à 18 h 04.",
        ),
        (
            vega(every=timedelta(minutes=90)),
            "2026-03-02T20:00",
            "Aucun export de Vega depuis le 02/03/2026 à 18 h 04, et un export est attendu toutes les 90 minutes.",
        ),
        (
            vega(every=timedelta(seconds=90)),
            "2026-03-02T20:00",
            "Aucun export de Vega depuis le 02/03/2026 à 18 h 04, et un export est attendu toutes les 90 secondes.",
        ),
    ],
)
def test_what_is_said(source: Awaited, now: str, message: str) -> None:
    found = silence(source, at(now))
    assert found is not None
    assert found.message == message
    assert "lancez-le une fois à la main" in found.action


def test_one_silence_is_one_finding_and_another_is_another() -> None:
    one, later = (silence(vega(), at(f"2026-03-{day:02d}T09:00")) for day in (4, 9))
    other = silence(vega("2026-03-04T18:04"), at("2026-03-09T09:00"))
    assert one is not None
    assert later is not None
    assert other is not None
    assert one.fingerprint == later.fingerprint != other.fingerprint
