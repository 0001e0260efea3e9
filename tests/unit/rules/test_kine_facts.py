"""What kiné rules share: which acts are sessions, and which supplement goes with which act."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from connector_core.model.records import Act
from connector_core.rules.catalogue.kine_facts import COMPANION, SAME_PASSAGE, companion, is_session


def act(**values: object) -> Act:
    given = {
        "id": "a1",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": date(2026, 3, 2),
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
    }
    return Act.model_validate({**given, **values})


def test_what_is_read_of_companions_is_more_than_of_one_passage() -> None:
    assert SAME_PASSAGE | {"act.duration_min"} == COMPANION


@pytest.mark.parametrize(
    ("letter", "coefficient", "session"),
    [
        ("RAM", "8.09", True),
        ("AMK", "9.5", True),
        ("AMK", "10.7", False),
        ("AMK", "10.8", False),
        ("AMK", "5.35", False),
        ("AMK", "5.4", False),
        ("AMK", "8.5", False),
        ("AMK", "20", False),
        ("AMS", "9.5", True),
        ("AMC", "8.5", True),
    ],
)
def test_a_session_is_neither_a_bilan_nor_half_of_one(letter: str, coefficient: str, session: bool) -> None:
    assert is_session(act(letter=letter, coefficient=Decimal(coefficient))) is session


NINE = time(9)


@pytest.mark.parametrize(
    ("one", "other", "goes"),
    [
        ({}, {}, True),
        ({}, {"practitioner_id": "mk2"}, False),
        ({"started_at": NINE}, {"started_at": NINE, "practitioner_id": "mk2"}, False),
        ({"session_id": "s1"}, {"session_id": "s1"}, True),
        ({"session_id": "s1", "started_at": NINE}, {"session_id": "s2", "started_at": NINE}, False),
        ({"session_id": "s1", "started_at": NINE}, {"started_at": time(9, 20)}, True),
        ({"started_at": NINE}, {"session_id": "s1", "started_at": time(9, 20)}, True),
        ({"started_at": NINE}, {"started_at": time(9, 30)}, True),
        ({"started_at": NINE}, {"started_at": time(9, 31)}, False),
        ({"started_at": time(9, 31)}, {"started_at": NINE}, False),
        ({"started_at": NINE, "duration_min": 45}, {"started_at": time(9, 45)}, True),
        ({"started_at": NINE}, {"started_at": time(9, 45), "duration_min": 45}, True),
        ({"started_at": NINE, "duration_min": 45}, {"started_at": time(9, 46), "duration_min": 20}, False),
        ({"session_id": "s1"}, {"session_id": "s2"}, False),
        ({"started_at": NINE}, {"practitioner_id": "mk2"}, False),
        ({"session_id": "s1", "started_at": NINE}, {"session_id": "s2"}, False),
    ],
)
def test_a_supplement_goes_with_an_act_that_nothing_sets_apart(
    one: dict[str, object], other: dict[str, object], goes: bool
) -> None:
    assert companion(act(**one), act(id="a2", **other), 30) is goes
