"""KINE-ORD: renewals in a circle, months of different lengths, and a CPTS that the practice confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Invoice, Lot, Prescription, Treatment
from connector_core.parameters.registry import ParameterSet, load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.parameters.values import DatedValue
from connector_core.rules.base import RuleBase
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue import kine_ord
from connector_core.rules.kernel import Verdict
from connector_core.testing.cases import load_cases

AS_OF = date(2026, 11, 22)
DAY = date(2026, 3, 3)
CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))


def ask(dossier: Dossier, parameters: ParameterSet | None = None) -> Verdict:
    return RuleBase(kine_ord.RULES, parameters or load_parameters(), load_tariffs(), Covers.all()).ask(dossier, AS_OF)


def session(number: int, **fields: object) -> Act:
    given: dict[str, object] = {
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": DAY,
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
        "session_id": f"s{number}",
    }
    return Act.model_validate({**given, **fields})


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2026, 1, 15), -12, date(2025, 1, 15)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_end_where_the_month_does(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


@pytest.mark.parametrize("parents", [("o1",), ("o2", "o1"), ("o2", "o3", "o1"), ("o2", "o3", "o2")])
def test_renewals_in_a_circle_are_one_chain_and_come_to_an_end(parents: tuple[str, ...]) -> None:
    circle = tuple(
        Prescription(id=f"o{number}", patient_id="p1", issued_on=DAY, sessions=1, renewal_of=parent, renewed_by="MK")
        for number, parent in enumerate(parents, 1)
    )
    total = len(circle)
    acts = tuple(session(number, prescription_id="o1") for number in range(1, total + 2))
    verdict = ask(Dossier("p1", Cabinet(Covers.all()), prescriptions=circle, acts=acts))
    assert [each.subject.id for each in verdict.findings if each.rule == "KINE-ORD-NB"] == [f"a{total + 1}"]
    assert "KINE-ORD-RENOUV" in {each.rule for each in verdict.undetermined}
    assert not any("échoué" in each.reason for each in verdict.undetermined)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_practice_says_whether_its_cpts_is_in_the_experiment(confirmed: bool) -> None:
    value = DatedValue(date(2025, 6, 8), confirmed, "confirmé par le cabinet", "practice")
    parameters = load_parameters().with_practice([("kine.direct_access.cpts", value)])
    dossier = Dossier(
        "p1",
        Cabinet(Covers.all(), lots={"l1": Lot(id="l1", number="1", sent_on=DAY)}),
        treatments=(Treatment(id="t1", patient_id="p1", started_on=DAY, direct_access=True, structure="CPTS"),),
        acts=(session(1, treatment_id="t1", invoice_id="f1"),),
        invoices=(
            Invoice(
                id="f1",
                patient_id="p1",
                practitioner_id="mk1",
                number="1",
                closed_on=DAY,
                total=Decimal("17.88"),
                lot_id="l1",
            ),
        ),
    )
    verdict = ask(dossier, parameters)
    assert verdict.undetermined == ()
    assert [each.rule for each in verdict.findings] == ([] if confirmed else ["KINE-ORD-ACCES-REMB"])
    asked_without = ask(dossier)
    assert [each.missing for each in asked_without.undetermined] == [("kine.direct_access.cpts",)]


def test_a_finding_never_depends_on_the_order_in_which_acts_come() -> None:
    for case in load_cases(CASES / "KINE-ORD-NB.toml"):
        acts = tuple(each for each in case.records if isinstance(each, Act))
        prescriptions = tuple(each for each in case.records if isinstance(each, Prescription))
        dossier = Dossier("p1", Cabinet(Covers.all()), prescriptions=prescriptions, acts=acts)
        other = replace(dossier, prescriptions=prescriptions[::-1])
        found = {each.fingerprint for each in ask(dossier).findings if each.rule == "KINE-ORD-NB"}
        assert {each.fingerprint for each in ask(other).findings if each.rule == "KINE-ORD-NB"} == found
