"""Which quotes are due, and on which visit they are made."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Appointment, Patient, Quote
from connector_core.money.quotes import QuoteDue, quotes_due
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.catalogue.fin import quote_above
from connector_core.rules.kernel import Check, judge

DAY = date(2026, 3, 2)


def act(number: int, on: date, amount: str | None, excess: str | None = "20.00", practitioner: str = "mk1") -> Act:
    return Act(
        id=f"a{number}",
        patient_id="p1",
        practitioner_id=practitioner,
        performed_on=on,
        letter="RAM",
        coefficient=Decimal("8.09"),
        amount=None if amount is None else Decimal(amount),
        excess=None if excess is None else Decimal(excess),
    )


def check(*acts: Act, as_of: date = DAY, **fields: object) -> Check[Dossier]:
    dossier = Dossier("p1", Cabinet(Covers.all()), acts=acts, **fields)  # type: ignore[arg-type]  # tuples of records
    return Check(dossier, as_of, load_parameters(), load_tariffs())


def due(*acts: Act, as_of: date = DAY, off: tuple[str, ...] = (), **fields: object) -> list[QuoteDue]:
    return list(quotes_due(check(*acts, as_of=as_of, **fields), off, ()))


VISIT = act(1, DAY, "75.00")


def test_a_quote_is_due_for_an_excess_without_written_information() -> None:
    (found,) = due(VISIT)
    assert (found.visit_on, found.total, found.excess) == (DAY, Decimal("75.00"), Decimal("20.00"))
    assert (found.rules, found.coming) == (("FIN-DEVIS-70",), True)
    assert due(act(1, DAY, "75.00", None)) == []


def test_it_is_made_on_the_latest_visit_of_each_practitioner() -> None:
    first, second = act(1, DAY - timedelta(9), "75.00"), act(2, DAY - timedelta(2), "40.00", "10.00")
    other = act(3, DAY - timedelta(5), "80.00", "30.00", "mk2")
    found = due(first, second, other)
    assert [(each.practitioner_id, each.total) for each in found] == [("mk1", Decimal(40)), ("mk2", Decimal(80))]
    assert found[0].rules == ("FIN-DEVIS-70", "FIN-DEVIS-ULT")


@pytest.mark.parametrize(
    ("quote", "number"),
    [
        (Quote(id="q", patient_id="p1", issued_on=DAY + timedelta(1), amount=Decimal(75)), 0),
        (Quote(id="q", patient_id="p1", issued_on=DAY, for_date=DAY + timedelta(9), amount=Decimal(75)), 0),
        (
            Quote(
                id="q", patient_id="p1", issued_on=DAY - timedelta(9), for_date=DAY - timedelta(9), amount=Decimal(75)
            ),
            1,
        ),
    ],
)
def test_a_quote_for_the_visits_to_come_is_enough(quote: Quote, number: int) -> None:
    assert len(due(VISIT, as_of=DAY + timedelta(1), quotes=(quote,))) == number


@pytest.mark.parametrize(("days", "coming"), [(60, True), (61, False)])
def test_it_is_for_patients_who_come_again(days: int, coming: bool) -> None:
    (found,) = due(VISIT, as_of=DAY + timedelta(days))
    assert found.coming is coming


@pytest.mark.parametrize(("status", "coming"), [("booked", True), ("cancelled", False)])
def test_an_appointment_says_that_they_do(status: str, coming: bool) -> None:
    booked = Appointment.model_validate(
        {
            "id": "r1",
            "patient_id": "p1",
            "practitioner_id": "mk1",
            "starts_at": datetime(2026, 9, 1, 9, tzinfo=UTC),
            "status": status,
        }
    )
    (found,) = due(VISIT, as_of=date(2026, 8, 1), appointments=(booked,))
    assert found.coming is coming


def test_the_practice_s_decisions_are_kept() -> None:
    assert due(VISIT, off=("FIN-DEVIS-70",)) == []
    asked = check(VISIT)
    (finding,) = judge([quote_above], asked, {}).findings
    assert list(quotes_due(asked, (), {finding.fingerprint})) == []


def test_there_is_no_quote_for_the_dead_nor_on_an_unknown_amount() -> None:
    assert due(VISIT, patient=Patient(id="p1", deceased_on=DAY)) == []
    assert due(act(1, DAY, None)) == []
