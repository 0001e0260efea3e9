"""The life of a finding: open, dismissed, resurfaced, resolved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector_core.findings.life import Changes, advance, digest
from connector_core.model.finding import Finding, ParameterRead, SubjectRef
from connector_core.store.answers import FindingRow, FindingState, Life

DAY = date(2026, 3, 2)
READ = ParameterRead("tarif", "17.88", date(2024, 1, 1), "JO")
FOUND = Finding(
    rule="R",
    severity="revenue",
    subject=SubjectRef("act", "a1"),
    patient_id="p1",
    message="m",
    action="a",
    amount=Decimal("1.88"),
    due_on=None,
    deadline=None,
    evidence=(),
    parameters=(READ,),
    fingerprint="f1",
)


def known(state: FindingState, reason: str | None = None) -> dict[str, Life]:
    return {"f1": Life(state, digest(FOUND, 1), "2026-01-01", reason)}


def asked(
    before: dict[str, Life], found: Iterable[Finding], version: int = 1
) -> tuple[Changes, tuple[FindingRow, ...], tuple[str, ...]]:
    changes = Changes()
    ahead = advance("d1", before, found, {"R": version}, DAY, changes)
    return changes, ahead.rows, ahead.resolved


def test_what_is_found_for_the_first_time_is_new_and_open() -> None:
    changes, (row,), resolved = asked({}, [FOUND])
    assert row[:9] == ("f1", "d1", "R", "revenue", "open", digest(FOUND, 1), "2026-03-02", "2026-03-02", None)
    assert (changes.new, resolved, bool(changes)) == (["f1"], (), True)


@pytest.mark.parametrize(("state", "reason"), [("open", None), ("dismissed", "vu")])
def test_what_is_found_again_unchanged_stays_as_it_is(state: FindingState, reason: str | None) -> None:
    changes, (row,), _ = asked(known(state, reason=reason), [replace(FOUND, message="other words")])
    assert (row[4], row[6], row[8]) == (state, "2026-01-01", reason)
    assert not changes


CHANGED = {
    "severity": replace(FOUND, severity="reject"),
    "amount": replace(FOUND, amount=Decimal("2.00")),
    "no amount": replace(FOUND, amount=None),
    "the value of a parameter": replace(FOUND, parameters=(replace(READ, value="18.00"),)),
    "its day": replace(FOUND, parameters=(replace(READ, since=date(2025, 1, 1)),)),
    "another parameter": replace(FOUND, parameters=()),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_dismissal_does_not_stand_when_what_was_judged_changes(what: str) -> None:
    changes, (row,), _ = asked(known("dismissed", reason="vu"), [CHANGED[what]])
    assert (row[4], row[6], row[8]) == ("open", "2026-01-01", None)
    assert changes.resurfaced == ["f1"]


def test_a_dismissal_does_not_stand_when_the_rule_is_another() -> None:
    changes, (row,), _ = asked(known("dismissed", reason="vu"), [FOUND], version=2)
    assert row[4] == "open"
    assert changes.resurfaced == ["f1"]


def test_an_open_finding_that_changes_is_told_as_changed() -> None:
    changes, (row,), _ = asked(known("open"), [CHANGED["amount"]])
    assert (row[4], changes.changed, changes.resurfaced) == ("open", ["f1"], [])


@pytest.mark.parametrize("state", ["open", "dismissed"])
def test_what_is_not_found_any_more_is_resolved(state: FindingState) -> None:
    changes, rows, resolved = asked(known(state), [])
    assert (rows, resolved, changes.resolved) == ((), ("f1",), ["f1"])


def test_what_was_resolved_stays_so_and_is_told_no_more() -> None:
    changes, rows, resolved = asked(known("resolved"), [])
    assert (rows, resolved, bool(changes)) == ((), (), False)


def test_what_was_resolved_and_is_found_again_is_open_since_it_was_first_found() -> None:
    changes, (row,), _ = asked(known("resolved"), [FOUND])
    assert (row[4], row[6], changes.resurfaced) == ("open", "2026-01-01", ["f1"])


def test_a_rule_that_is_not_known_any_more_is_of_its_first_version() -> None:
    changes = Changes()
    ahead = advance("d1", known("open"), [FOUND], {}, DAY, changes)
    assert len(ahead.rows) == 1
    assert not changes
