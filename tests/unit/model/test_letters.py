"""What an act is, from its letter and coefficient."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.letters import act_kind
from connector_core.model.records import Act


@pytest.mark.parametrize(
    ("letter", "coefficient", "kind"),
    [
        ("RAM", "8.09", "session"),
        ("AMK", "8.5", "assessment"),
        ("AMI", "1", "session"),
        ("DI", "2.5", "bsi"),
        ("BSB", "1", "package"),
        ("IFI", "1", "travel"),
        ("IK", "1", "travel"),
        ("MAU", "1", "surcharge"),
        ("XYZ", "1", "other"),
    ],
)
def test_the_kind_of_an_act_follows_from_its_letter(letter: str, coefficient: str, kind: str) -> None:
    given = {"id": "a", "patient_id": "p", "practitioner_id": "mk", "performed_on": date(2026, 3, 2)}
    act = Act.model_validate({**given, "letter": letter, "coefficient": Decimal(coefficient)})
    assert act_kind(act) == kind
    assert act_kind(act.model_copy(update={"kind": "other"})) == "other", "the source knows better"
