"""Until when what is found of care can still be mended by a bill."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.records import Act, Assessment, Patient
from connector_core.parameters.registry import ParameterSet, load_parameters
from connector_core.rules.claimable import claimable_until

PARAMETERS = load_parameters()


def act(day: date) -> Act:
    return Act(
        id="a1", patient_id="p1", practitioner_id="mk1", performed_on=day, letter="RAM", coefficient=Decimal("8.09")
    )


@pytest.mark.parametrize(
    ("care", "last"),
    [
        (date(2016, 1, 1), date(2020, 9, 30)),
        (date(2024, 1, 1), date(2026, 3, 31)),
        (date(2024, 3, 31), date(2026, 3, 31)),
        (date(2024, 4, 1), date(2026, 6, 30)),
    ],
)
def test_payment_may_be_asked_for_two_years_from_the_quarter_after_the_care(care: date, last: date) -> None:
    assert claimable_until("KINE-NOM", [act(care), Patient(id="p1")], None, PARAMETERS) == last


def test_the_latest_care_counts_and_the_day_on_which_it_was_due() -> None:
    first, second = date(2024, 1, 1), date(2024, 4, 1)
    clinical = Assessment(id="b1", patient_id="p1", kind="initial", performed_on=second)
    assert claimable_until("KINE-BILAN", [act(first), clinical], None, PARAMETERS) == date(2026, 6, 30)
    assert claimable_until("KINE-BILAN", [act(first)], second, PARAMETERS) == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("family", "records", "parameters"),
    [
        ("TT", [act(date(2024, 1, 1))], PARAMETERS),
        ("SUIVI", [act(date(2024, 1, 1))], PARAMETERS),
        ("ID", [Patient(id="p1")], PARAMETERS),
        ("KINE-NOM", [act(date(2024, 1, 1))], ParameterSet([])),
    ],
    ids=["TT", "SUIVI", "no care", "no such parameter"],
)
def test_where_nothing_tells_there_is_no_last_day(family: str, records: list[object], parameters: ParameterSet) -> None:
    assert claimable_until(family, records, None, parameters) is None
