"""The silence of a source: opened when it begins, told everywhere, resolved by a file."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import pytest

from connector_core.rules.silence import CODE

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 3, 23, tzinfo=UTC)
"""The midnight, in Paris, that ends the Tuesday."""


@pytest.fixture
def practice(new_service, act):
    """A practice of which a file is expected every day, and that gave one on a Monday."""
    service = new_service(expected_every="1d", now=MONDAY.timestamp())
    service.turn()
    service.drop(act(1, amount="17.88"))
    service.settle()
    return service


def silences(service) -> list[tuple[str, str]]:
    found = [kept for kept in service.store.answers.findings() if kept.finding.rule == CODE]
    return [(kept.state, kept.opened_on) for kept in found]


def pass_time(service, moment: datetime) -> None:
    """Let time go by, as far as the clocks tell."""
    service.moment, service.now = moment, moment.timestamp()
    service.day = (moment + timedelta(hours=1)).date()


def test_silence_is_found_when_it_begins_and_not_before(practice) -> None:
    pass_time(practice, WEDNESDAY - timedelta(seconds=1))
    practice.turn()
    assert silences(practice) == []
    pass_time(practice, WEDNESDAY)
    turn = practice.turn()
    assert silences(practice) == [("open", "2026-03-04")]
    assert sum(work.opened for work in turn.works) == 1


def test_the_worker_is_asked_when_a_silence_falls_due_in_the_middle_of_a_day(new_service, act) -> None:
    service = new_service(expected_every="2h", now=MONDAY.timestamp())
    service.drop(act(1))
    service.settle()
    service.moment = MONDAY + timedelta(hours=2)
    service.now = service.moment.timestamp() - 1
    assert service.daemon._pause() <= 1.0
    assert service.turn().works == []
    service.now += 1
    delivered = service.delivered
    assert service.turn().works
    assert silences(service) == [("open", "2026-03-02")]
    assert service.delivered == delivered + 1, "the report says so at once"
    service.now += 60
    assert service.turn().works == []


def test_a_file_resolves_it(practice, act) -> None:
    pass_time(practice, WEDNESDAY)
    practice.turn()
    practice.drop(act(2, amount="17.88"), name="next.ndjson")
    turn = practice.settle()
    assert silences(practice) == [("resolved", "2026-03-04")]
    assert sum(work.resolved for work in turn.works) == 1


def test_the_same_content_given_again_is_no_silence_and_an_old_file_is(practice, act) -> None:
    old = practice.folder / "cabinet" / "export.ndjson"
    os.utime(old, (MONDAY.timestamp() - 60, MONDAY.timestamp() - 60))
    pass_time(practice, WEDNESDAY)
    practice.start()
    practice.settle()
    assert silences(practice) == [("open", "2026-03-04")], "it was there all along"
    again = practice.drop(act(1, amount="17.88"), name="again.ndjson")
    os.utime(again, (WEDNESDAY.timestamp(), WEDNESDAY.timestamp()))
    practice.settle()
    assert silences(practice) == [("resolved", "2026-03-04")]


def test_a_file_of_the_future_came_now(practice, act) -> None:
    pass_time(practice, WEDNESDAY)
    again = practice.drop(act(1, amount="17.88"), name="again.ndjson")
    os.utime(again, (4_000_000_000, 4_000_000_000))
    practice.settle()
    assert practice.store.files.heard() == {"cabinet": WEDNESDAY.isoformat()}


def test_a_file_that_nobody_can_read_is_no_export(practice) -> None:
    pass_time(practice, WEDNESDAY)
    practice.drop_bytes("holiday.jpg")
    practice.settle()
    assert silences(practice) == [("open", "2026-03-04")]


def test_a_source_that_never_gave_anything_is_given_its_time(new_service) -> None:
    service = new_service(expected_every="1d", now=MONDAY.timestamp())
    service.turn()
    service.start()
    service.turn()
    assert silences(service) == []
    pass_time(service, WEDNESDAY)
    service.turn()
    assert silences(service) == [("open", "2026-03-04")]
    (kept,) = service.store.answers.findings("open")
    assert "n'est encore arrivé" in kept.finding.message


def test_what_was_dismissed_stays_so_until_the_next_silence(practice, act) -> None:
    pass_time(practice, WEDNESDAY)
    practice.turn()
    (kept,) = practice.store.answers.findings("open")
    with practice.store.transaction():
        practice.store.answers.set_state(kept.finding.fingerprint, "dismissed", "2026-03-04", "fermé")
    pass_time(practice, WEDNESDAY + timedelta(days=1))
    practice.turn()
    (kept,) = practice.store.answers.findings("dismissed")
    assert "depuis 3 jours" in kept.finding.message
    practice.drop(act(2, amount="17.88"), name="next.ndjson")
    practice.settle()
    pass_time(practice, WEDNESDAY + timedelta(days=12))
    practice.turn()
    assert sorted(state for state, _ in silences(practice)) == ["open", "resolved"]


def test_nothing_expected_any_more_is_nothing_found(practice) -> None:
    pass_time(practice, WEDNESDAY)
    practice.turn()
    practice.expected_every = None
    practice.start()
    practice.turn()
    assert silences(practice) == [("resolved", "2026-03-04")]


def test_listening_writes_only_what_is_new(practice) -> None:
    pass_time(practice, WEDNESDAY)
    practice.turn()
    changes = practice.store._connection.total_changes
    listening = practice.worker.listening
    assert listening.listen(date(2026, 3, 4)).due is None
    assert practice.store._connection.total_changes == changes
