"""Who owes what, and how old it is."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Coverage, Invoice, Lot, PayerReturn
from connector_core.money.ledger import Debt, aged, debts
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.kernel import Check

DAY = date(2026, 3, 2)
LOTS = {"l1": Lot(id="l1", number="1", sent_on=DAY + timedelta(days=3))}


def invoice(number: str = "1", **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": DAY,
        "lot_id": "l1",
        "third_party": "FULL",
        "total": Decimal("30.00"),
        "amo_claimed": Decimal("18.00"),
        "amc_claimed": Decimal("9.00"),
        "patient_share": Decimal("3.00"),
    }
    return Invoice.model_validate({**given, **fields})


def owed(*invoices: Invoice, lots: Mapping[str, Lot] = LOTS, **fields: tuple[object, ...]) -> list[Debt]:
    dossier = Dossier("p1", Cabinet(Covers.all(), lots=lots), invoices=invoices, **fields)  # type: ignore[arg-type]  # tuples of records
    return list(debts(Check(dossier, date(2026, 12, 31), load_parameters(), load_tariffs())))


def right(name: str, payer: str, organisation: str, **fields: object) -> Coverage:
    return Coverage.model_validate(
        {"id": name, "patient_id": "p1", "payer": payer, "organisation": organisation, **fields}
    )


def test_a_debt_runs_from_the_day_the_debtor_was_asked() -> None:
    assert [(debt.debtor, debt.amount, debt.since) for debt in owed(invoice())] == [
        ("AMO", Decimal("18.00"), DAY + timedelta(days=3)),
        ("AMC", Decimal("9.00"), DAY + timedelta(days=3)),
        ("PATIENT", Decimal("3.00"), DAY),
    ]
    received = LOTS["l1"].model_copy(update={"id": "l2", "sent_on": None, "arl": "positive", "arl_on": DAY})
    assert owed(invoice(lot_id="l2"), lots={"l2": received})[0].since == DAY
    later = owed(invoice(dre_sent_on=DAY + timedelta(days=9), lot_id=None))
    assert [debt.since for debt in later] == [DAY, DAY + timedelta(days=9), DAY]


def test_what_no_longer_stands_or_is_paid_is_not_owed() -> None:
    assert owed(invoice(cancelled_on=DAY)) == []
    assert {debt.number for debt in owed(invoice(), invoice("2", replaces="1"))} == {"2"}
    paid = PayerReturn(id="n1", invoice_number="1", payer="AMO", state="paid", paid=Decimal("18.00"), returned_on=DAY)
    assert [debt.debtor for debt in owed(invoice(), payer_returns=(paid,))] == ["AMC", "PATIENT"]


def test_a_part_of_unknown_amount_is_counted_apart() -> None:
    found = owed(invoice(amo_claimed=None))
    assert found[0].amount is None
    (caisse,) = [each for each in aged(found, DAY) if each.debtor == "AMO"]
    assert (caisse.total, caisse.untold) == (Decimal(0), 1)


@pytest.mark.parametrize(
    ("rights", "debtor"),
    [
        ((), ""),
        ((right("d1", "AMO", "A"),), "A"),
        ((right("d1", "AMO", "A", valid_to=DAY), right("d2", "AMO", "B", valid_from=DAY + timedelta(days=1))), "A"),
        ((right("d1", "AMO", "A", valid_to=date(2025, 1, 1)),), "A"),
        (
            (
                right("d1", "AMO", "A", valid_to=date(2025, 1, 1)),
                right("d2", "AMO", "B", valid_to=date(2025, 6, 1)),
            ),
            "",
        ),
        ((right("d1", "AMC", "C"),), ""),
    ],
)
def test_the_caisse_is_the_one_whose_right_was_open(rights: tuple[Coverage, ...], debtor: str) -> None:
    care = Act(
        id="a1",
        patient_id="p1",
        practitioner_id="mk1",
        performed_on=DAY,
        letter="RAM",
        coefficient=Decimal("8.09"),
        invoice_id="f1",
    )
    assert owed(invoice(), coverages=rights, acts=(care,))[0].debtor_id == debtor


def test_the_complementaire_is_the_one_on_the_invoice_else_on_the_card() -> None:
    rights = (right("d1", "AMC", "C"),)
    assert owed(invoice(amc_number="N"), coverages=rights)[1].debtor_id == "N"
    assert owed(invoice(), coverages=rights)[1].debtor_id == "C"


@pytest.mark.parametrize(
    ("days", "column"), [(-5, 0), (0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (900, 3)]
)
def test_the_columns_of_the_aged_balance(days: int, column: int) -> None:
    debt = Debt("PATIENT", "p1", "p1", "mk1", "f1", "1", Decimal("7.00"), DAY, "waiting")
    (balance,) = aged([debt], DAY + timedelta(days=days))
    assert [index for index, amount in enumerate(balance.amounts) if amount] == [column]


@given(
    st.lists(
        st.builds(
            Debt,
            debtor=st.sampled_from(["AMO", "AMC", "PATIENT"]),
            debtor_id=st.sampled_from(["x", "y"]),
            patient_id=st.just("p1"),
            practitioner_id=st.just("mk1"),
            invoice_id=st.just("f1"),
            number=st.just("1"),
            amount=st.none() | st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100),
            since=st.dates(date(2024, 1, 1), DAY),
            state=st.just("waiting"),
        )
    )
)
def test_the_columns_add_up_to_what_is_owed(found: list[Debt]) -> None:
    balances = aged(found, DAY)
    assert sum(each.total for each in balances) == sum(debt.amount for debt in found if debt.amount is not None)
    assert sum(len(each.debts) for each in balances) == len(found)
    assert sum(each.untold for each in balances) == sum(debt.amount is None for debt in found)
