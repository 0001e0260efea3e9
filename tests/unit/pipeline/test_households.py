"""The people of one home: asked about together, day by day, whenever one of them changes."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from connector_core.deliver.people import People
from connector_core.model.records import Act, Patient, Practitioner, Record

DAY = date(2026, 3, 2)
NURSE = Practitioner(id="n1", profession="IDE")
RULE = "IDE-BSI-IFI-COEF"


def patient(name: str, home: str | None = "F1") -> Patient:
    return Patient(id=name, household=home, family_name=name.upper(), birth_date=date(1940, 1, 1))


def care(name: str, coefficient: str = "1", day: date = DAY) -> list[Act]:
    """A morning's dependency care with its travel."""
    common = {
        "patient_id": name,
        "practitioner_id": "n1",
        "performed_on": day,
        "started_at": time(9),
        "session_id": f"s-{name}-{day}",
    }
    package = {"letter": "BSB", "coefficient": Decimal(1), "amount": Decimal("18.20")}
    travel = {"letter": "IFI", "coefficient": Decimal(coefficient), "amount": Decimal("2.75")}
    return [
        Act.model_validate({"id": f"b-{name}-{day}", **common, **package}),
        Act.model_validate({"id": f"i-{name}-{day}", **common, **travel}),
    ]


def found(cabinet) -> list[str]:
    return sorted(finding.subject.id for finding in cabinet.open(RULE))


@pytest.fixture
def home(cabinet):
    """A couple cared for on one morning, each with an IFI in full."""
    cabinet.take(NURSE, patient("p1"), patient("p2"), *care("p1"), *care("p2"))
    return cabinet


def test_what_two_people_of_a_home_are_billed_is_asked_together(home) -> None:
    (finding,) = home.open(RULE)
    assert finding.subject.id == f"a:i-p2-{DAY}"
    assert {each.provenance and each.provenance.locator for each in finding.evidence} == {"line 6", "line 8"}
    (kept,) = [each for each in home.kept("open") if each.finding.rule == RULE]
    assert kept.owner == "ha:F1"
    owner = People(home.store).owner(kept.owner)
    assert ("act", f"a:i-p1-{DAY}") in owner.records
    assert finding.patient_id == "a:p2"
    assert owner.household["a:p2"].name == "P2"


def test_a_change_of_one_asks_about_both(home) -> None:
    home.take(*care("p2", "0.01"))
    assert found(home) == []
    home.take(*care("p1", day=DAY + timedelta(days=1)), on=DAY + timedelta(days=1))
    home.take(*care("p2", day=DAY + timedelta(days=1)), on=DAY + timedelta(days=1))
    assert found(home) == [f"a:i-p2-{DAY + timedelta(days=1)}"]


def test_people_may_move(home) -> None:
    home.take(patient("p2", "F2"))
    assert found(home) == []
    home.take(patient("p2", None))
    assert found(home) == []
    home.take(patient("p2"))
    assert found(home) == [f"a:i-p2-{DAY}"]


def test_homes_of_two_sources_are_two(cabinet) -> None:
    cabinet.take(NURSE, patient("p1"), *care("p1"), source="a")
    cabinet.take(NURSE, patient("p2"), *care("p2"), source="b")
    assert found(cabinet) == []


def test_the_end_is_the_same_in_any_order(new_cabinet) -> None:
    records: list[Record] = [NURSE, patient("p1"), patient("p2"), *care("p1"), *care("p2")]
    whole, parts = new_cabinet(), new_cabinet()
    whole.take(*records)
    for each in reversed(records):
        parts.take(each)
    parts.pipeline.recheck(DAY)
    assert found(parts) == found(whole) == [f"a:i-p2-{DAY}"]


def test_a_home_that_no_rule_concerns_is_not_kept(cabinet) -> None:
    session = {"letter": "RAM", "coefficient": Decimal("8.09"), "patient_id": "p1", "practitioner_id": "mk1"}
    mk = Practitioner(id="mk1", profession="MK")
    cabinet.take(mk, patient("p1"), Act.model_validate({"id": "a1", "performed_on": DAY, **session}))
    assert cabinet.store.dossiers.households() == []
