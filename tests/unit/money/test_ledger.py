"""Who owes what, and how old it is."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Coverage, Invoice, Lot, PatientPayment, PayerReturn
from connector_core.model.vocabulary import Payer
from connector_core.money.ledger import Debt, aged, debts, overpayments
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


def too_much(*invoices: Invoice, **fields: tuple[object, ...]) -> list[tuple[str, str, Decimal, date]]:
    dossier = Dossier("p1", Cabinet(Covers.all(), lots=LOTS), invoices=invoices, **fields)  # type: ignore[arg-type]  # tuples of records
    found = overpayments(Check(dossier, date(2026, 12, 31), load_parameters(), load_tariffs()))
    return [(each.debtor, each.number, each.amount, each.since) for each in found]


def returned(number: str, days: int, paid: str, payer: Payer = "AMO") -> PayerReturn:
    return PayerReturn(
        id=f"n{number}{days}{payer}",
        invoice_number=number,
        payer=payer,
        state="paid",
        paid=Decimal(paid),
        returned_on=DAY + timedelta(days=days),
    )


def test_what_is_paid_of_an_invoice_that_no_longer_stands_is_too_much() -> None:
    paid = (returned("1", 10, "18.00"), returned("1", 12, "9.00", "AMC"), returned("2", 20, "18.00"))
    told = [("AMO", "1", Decimal("18.00"), DAY + timedelta(10)), ("AMC", "1", Decimal("9.00"), DAY + timedelta(12))]
    assert too_much(invoice(), invoice("2", replaces="1"), payer_returns=paid) == told
    assert too_much(invoice(cancelled_on=DAY), payer_returns=paid[:2]) == told
    assert too_much(invoice(), payer_returns=paid[:2]) == []
    back = (*paid[:1], returned("1", 30, "-18.00"))
    assert too_much(invoice(cancelled_on=DAY), payer_returns=back) == []


def test_what_a_payer_pays_twice_is_too_much_since_the_last_payment() -> None:
    twice = (returned("1", 10, "18.00"), returned("1", 20, "18.00"), returned("1", 30, "-6.00"))
    assert too_much(invoice(), payer_returns=twice) == [("AMO", "1", Decimal("12.00"), DAY + timedelta(20))]


def payment(name: str, amount: str, invoice_id: str | None, days: int = 0) -> PatientPayment:
    on = DAY + timedelta(days)
    return PatientPayment(id=name, patient_id="p1", invoice_id=invoice_id, received_on=on, amount=Decimal(amount))


@pytest.mark.parametrize(
    ("invoices", "payments", "told"),
    [
        ((invoice(),), [("3.00", "f1", 0), ("3.00", "f1", 5)], [("1", "3.00", 5)]),
        ((invoice(),), [("3.00", "f1", 0)], []),
        ((invoice(), invoice("2")), [("3.00", "f1", 0), ("3.00", "f1", 5)], []),
        ((invoice(), invoice("2")), [("7.50", "f1", 0)], [("1", "1.50", 0)]),
        ((invoice(cancelled_on=DAY),), [("3.00", "f1", 0)], [("1", "3.00", 0)]),
        ((invoice(), invoice("2", replaces="1")), [("3.00", "f1", 0)], []),
        ((invoice(), invoice("2", patient_share=None)), [("9.00", "f1", 0)], []),
        ((invoice(),), [("9.00", None, 0)], []),
        ((invoice(),), [("3.00", "f1", 0), ("9.00", "f9", 0)], []),
        ((invoice(),), [("3.00", "f1", 0), ("3.00", "f1", 5), ("-3.00", "f1", 6)], []),
        ((invoice(),), [("3.00", "f1", 0), ("3.00", "f1", 5), ("-3.00", None, 6)], []),
        ((invoice(),), [("3.00", "f1", 0), ("3.00", "f1", 5), ("-1.00", "f1", 6)], [("1", "2.00", 5)]),
        ((invoice(cancelled_on=DAY),), [("3.00", "f1", 0), ("-3.00", "f1", 6)], []),
    ],
)
def test_what_the_patient_paid_for_an_invoice_and_owes_for_no_other_is_too_much(
    invoices: tuple[Invoice, ...],
    payments: list[tuple[str, str | None, int]],
    told: list[tuple[str, str, int]],
) -> None:
    made = tuple(payment(f"e{n}", amount, name, days) for n, (amount, name, days) in enumerate(payments))
    expected = [("PATIENT", number, Decimal(amount), DAY + timedelta(days)) for number, amount, days in told]
    assert too_much(*invoices, patient_payments=made) == expected


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
