"""What the patient owes of each invoice, and where the patient's money goes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Invoice, PatientPayment
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.balances import Balances, balances, patient_part
from connector_core.rules.kernel import Check

CLOSED = date(2026, 3, 2)
Paid = tuple[str, str | None]
"""An amount, and the invoice that the payment names."""


def invoice(number: int, share: str | None, **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": str(number),
        "closed_on": CLOSED + timedelta(days=number),
        "third_party": "FULL",
        "total": Decimal("20.00"),
        "patient_share": None if share is None else Decimal(share),
    }
    return Invoice.model_validate({**given, **fields})


def shares(*amounts: str | None) -> list[Invoice]:
    """Invoices f1, f2, …, the oldest first."""
    return [invoice(number, share) for number, share in enumerate(amounts, 1)]


def told(invoices: list[Invoice], *paid: Paid) -> Balances:
    """Payments are e1, e2, …, one a day."""
    payments = tuple(
        PatientPayment(
            id=f"e{n}",
            patient_id="p1",
            invoice_id=name,
            received_on=CLOSED + timedelta(days=n),
            amount=Decimal(amount),
        )
        for n, (amount, name) in enumerate(paid, 1)
    )
    dossier = Dossier("p1", Cabinet(Covers.all()), invoices=tuple(invoices), patient_payments=payments)
    return Check(dossier, date(2026, 12, 31), load_parameters(), load_tariffs()).derive(balances)


def received(found: Balances) -> dict[str, str]:
    """By the id of an invoice, what was paid of it; those of which nothing was are left out."""
    return {name: str(amount) for name, amount in found.received.items() if amount}


def excess(found: Balances) -> dict[str, str]:
    return {name: str(amount) for name, amount in found.excess.items()}


def evidence(found: Balances) -> dict[str, list[str]]:
    return {name: [each.id for each in payments] for name, payments in found.payments.items()}


CANCELLED: dict[str, Any] = {"cancelled_on": CLOSED + timedelta(days=30)}


@pytest.mark.parametrize(
    ("share", "third_party", "owed"),
    [
        ("3.00", "FULL", "3.00"),
        ("3.00", "NONE", "3.00"),
        ("0.00", "NONE", "0.00"),
        ("0.00", "FULL", "0.00"),
        (None, "NONE", "20.00"),
        (None, "AMO", None),
        (None, "FULL", None),
        (None, None, None),
    ],
)
def test_what_the_patient_is_asked_for(share: str | None, third_party: str | None, owed: str | None) -> None:
    asked = invoice(1, share, third_party=third_party)
    found = told([asked])
    assert found.owed == {"f1": None if owed is None else Decimal(owed)}
    assert found.left(asked) == Decimal(owed or 0)


@pytest.mark.parametrize(
    ("share", "paid", "state", "of_it", "left"),
    [
        ("3.00", [], "waiting", "0", "3.00"),
        ("3.00", ["0.01"], "partly_paid", "0.01", "2.99"),
        ("3.00", ["2.99"], "partly_paid", "2.99", "0.01"),
        ("3.00", ["3.00"], "paid", "3.00", "0"),
        ("3.00", ["3.01"], "paid", "3.00", "0"),
        ("3.00", ["1.00", "2.00"], "paid", "3.00", "0"),
        ("3.00", ["3.00", "-3.00"], "waiting", "0", "3.00"),
        ("3.00", ["3.00", "-0.50"], "partly_paid", "2.50", "0.50"),
        ("0.50", [], "waiting", "0", "0.50"),
        ("0.00", [], "unasked", "0", "0"),
        ("0.00", ["3.00"], "unasked", "0", "0"),
        ("-3.00", [], "paid", "0", "0"),
        ("-3.00", ["-3.00"], "paid", "-3.00", "0"),
        (None, [], "waiting", "0", None),
        (None, ["3.00"], "waiting", "3.00", None),
    ],
)
def test_what_became_of_the_patient_s_part(
    share: str | None, paid: list[str], state: str, of_it: str, left: str | None
) -> None:
    (asked,) = shares(share)
    found = told([asked], *((amount, "f1") for amount in paid))
    part = patient_part(asked, found)
    assert (part.debtor, part.state, part.received) == ("PATIENT", state, Decimal(of_it))
    assert part.left == (None if left is None else Decimal(left))
    assert found.left(asked) == Decimal(left or 0)
    assert [each.id for each in part.payments] == [f"e{n}" for n in range(1, len(paid) + 1)]


def test_a_cancelled_or_replaced_invoice_asks_for_nothing() -> None:
    gone, former, later = invoice(1, "3.00", **CANCELLED), invoice(2, "4.00"), invoice(3, "5.00", replaces="2")
    found = told([gone, former, later])
    assert set(found.owed) == {"f3"}
    assert [patient_part(each, found).state for each in (gone, former, later)] == ["unasked", "unasked", "waiting"]
    assert [found.left(each) for each in (gone, former, later)] == [0, 0, Decimal("5.00")]


@pytest.mark.parametrize(
    ("invoices", "paid", "to", "too_much"),
    [
        pytest.param(shares("3.00", "3.00"), [("3.00", "f2")], {"f2": "3.00"}, {}, id="to the one it names"),
        pytest.param(shares("3.00", "3.00"), [("2.00", None)], {"f1": "2.00"}, {}, id="else to the oldest"),
        pytest.param(
            shares("3.00", "3.00"), [("3.50", None)], {"f1": "3.00", "f2": "0.50"}, {}, id="the rest to the next"
        ),
        pytest.param(
            shares("3.00", "3.00"), [("7.00", None)], {"f1": "3.00", "f2": "3.00"}, {}, id="an advance is no excess"
        ),
        pytest.param(shares("3.00", "3.00"), [("4.00", "f9")], {"f1": "3.00", "f2": "1.00"}, {}, id="unknown invoice"),
        pytest.param(shares("3.00"), [("4.00", "f9")], {"f1": "3.00"}, {}, id="too much for an unknown invoice"),
        pytest.param(
            shares("3.00", "3.00"), [("4.00", "f2")], {"f1": "1.00", "f2": "3.00"}, {}, id="too much, to the oldest"
        ),
        pytest.param(
            shares("1.00", "3.00"), [("4.50", "f2")], {"f1": "1.00", "f2": "3.00"}, {"f2": "0.50"}, id="excess"
        ),
        pytest.param(
            shares("0.00", "3.00"), [("1.00", "f1"), ("3.00", "f2")], {"f2": "3.00"}, {"f1": "1.00"}, id="unasked"
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("4.00", "f1"), ("4.50", "f2")],
            {"f1": "3.00", "f2": "3.00"},
            {"f1": "1.00", "f2": "1.50"},
            id="of two invoices",
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED)],
            [("1.00", "f1"), ("2.00", "f1")],
            {},
            {"f1": "3.00"},
            id="twice for a cancelled invoice",
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED), invoice(2, "2.00")],
            [("3.00", "f1")],
            {"f2": "2.00"},
            {"f1": "1.00"},
            id="a cancelled invoice's money goes to the next",
        ),
        pytest.param(
            [invoice(1, "3.00"), invoice(2, "3.00", replaces="1")],
            [("3.00", "f1")],
            {"f2": "3.00"},
            {},
            id="a replaced invoice's money goes to the one that replaces it",
        ),
        pytest.param(
            shares(None, "3.00"), [("4.00", None)], {"f2": "3.00"}, {}, id="an unknown share takes nothing unnamed"
        ),
        pytest.param(
            shares("3.00", None), [("9.00", "f1")], {"f1": "3.00"}, {}, id="an unknown share may be what was paid"
        ),
        pytest.param(
            shares(None, "3.00"),
            [("99.00", "f1"), ("1.00", "f2")],
            {"f1": "99.00", "f2": "1.00"},
            {},
            id="what names an unknown share stays",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", None), ("6.00", "f1")],
            {"f1": "3.00", "f2": "3.00"},
            {},
            id="what is too much goes before what names none",
        ),
        pytest.param(
            shares("-3.00", "4.00"), [("2.00", "f1")], {"f2": "2.00"}, {}, id="paid for what asks for less than nothing"
        ),
    ],
)
def test_where_payments_go(
    invoices: list[Invoice], paid: list[Paid], to: dict[str, str], too_much: dict[str, str]
) -> None:
    found = told(invoices, *paid)
    assert (received(found), excess(found)) == (to, too_much)


@pytest.mark.parametrize(
    ("invoices", "paid", "to", "too_much"),
    [
        pytest.param(shares("3.00"), [("3.00", "f1"), ("-3.00", "f1")], {}, {}, id="a cheque that came back"),
        pytest.param(shares("3.00"), [("3.00", "f1"), ("-3.00", None)], {}, {}, id="which names no invoice"),
        pytest.param(shares("3.00"), [("3.00", None), ("-3.00", None)], {}, {}, id="an advance given back"),
        pytest.param(shares("3.00"), [("3.00", "f9"), ("-2.00", "f9")], {"f1": "1.00"}, {}, id="an unknown invoice"),
        pytest.param(
            shares("3.00"), [("3.00", "f1"), ("-3.00", "f1"), ("3.00", None)], {"f1": "3.00"}, {}, id="and paid again"
        ),
        pytest.param(
            shares("3.00"), [("3.00", "f1"), ("3.00", "f1"), ("-3.00", "f1")], {"f1": "3.00"}, {}, id="paid twice"
        ),
        pytest.param(
            shares("3.00"),
            [("3.00", "f1"), ("3.00", "f1"), ("-2.50", None)],
            {"f1": "3.00"},
            {"f1": "0.50"},
            id="paid twice, most of it given back",
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED)], [("3.00", "f1"), ("-3.00", "f1")], {}, {}, id="of a cancelled invoice"
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED), invoice(2, "3.00", **CANCELLED), invoice(3, "3.00", **CANCELLED)],
            [("3.00", "f1"), ("3.00", "f2"), ("3.00", "f3"), ("-3.00", "f2")],
            {},
            {"f1": "3.00", "f3": "3.00"},
            id="of one of three cancelled invoices",
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED), invoice(2, "3.00", **CANCELLED)],
            [("3.00", "f1"), ("3.00", "f2"), ("-3.00", None), ("-2.00", "f1")],
            {},
            {"f2": "1.00"},
            id="first what names the invoice",
        ),
        pytest.param(
            [invoice(1, "3.00", **CANCELLED), invoice(2, "3.00")],
            [("3.00", "f1"), ("3.00", "f2"), ("-3.00", "f2")],
            {"f2": "3.00"},
            {},
            id="what is too much elsewhere pays for it again",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("3.00", "f2"), ("-2.00", None)],
            {"f1": "3.00", "f2": "1.00"},
            {},
            id="the newest first",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("3.00", "f2"), ("-3.50", None)],
            {"f1": "2.50"},
            {},
            id="then the one before",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("3.00", "f2"), ("-3.00", "f1")],
            {"f2": "3.00"},
            {},
            id="the one that it names, newest or not",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("1.00", "f2"), ("-3.00", "f2")],
            {"f1": "1.00"},
            {},
            id="more than was paid for it",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("-0.50", "f2")],
            {"f1": "2.50"},
            {},
            id="less than a euro that was not paid for it",
        ),
        pytest.param(
            shares("3.00", "3.00"),
            [("3.00", "f1"), ("2.00", None), ("-1.00", None)],
            {"f1": "3.00", "f2": "1.00"},
            {},
            id="of an advance before what was paid for an invoice",
        ),
        pytest.param(shares("3.00", None), [("3.00", "f1"), ("-3.00", None)], {}, {}, id="beside an unknown share"),
        pytest.param(
            shares(None, "3.00"), [("3.00", "f1"), ("-2.00", None)], {"f1": "1.00"}, {}, id="of an unknown share"
        ),
        pytest.param(shares("3.00"), [("-9.00", "f1")], {}, {}, id="what nobody paid makes no debt"),
        pytest.param(shares("3.00", "3.00"), [("1.00", "f1"), ("-9.00", None)], {}, {}, id="nor what is beyond"),
        pytest.param(
            shares("10.00", "-3.00"),
            [("10.00", "f1"), ("-3.00", "f2")],
            {"f1": "10.00", "f2": "-3.00"},
            {},
            id="what an invoice below zero gives back",
        ),
        pytest.param(
            shares("-3.00", "10.00"),
            [("10.00", "f2"), ("-4.00", None)],
            {"f1": "-3.00", "f2": "9.00"},
            {},
            id="no more than it gives back",
        ),
        pytest.param(
            shares("-0.50", "10.00"),
            [("10.00", "f2"), ("-0.50", None)],
            {"f1": "-0.50", "f2": "10.00"},
            {},
            id="what one below zero gives back, newest or not",
        ),
        pytest.param(
            [invoice(1, "3.00"), invoice(2, "-3.00", replaces="1")],
            [("3.00", "f1"), ("-3.00", "f2")],
            {},
            {},
            id="of the invoice that was replaced by one below zero",
        ),
    ],
)
def test_what_money_given_back_is_taken_from(
    invoices: list[Invoice], paid: list[Paid], to: dict[str, str], too_much: dict[str, str]
) -> None:
    found = told(invoices, *paid)
    assert (received(found), excess(found)) == (to, too_much)
    assert all(found.left(each) <= max(found.owed.get(each.id) or Decimal(0), Decimal(0)) for each in invoices)


@pytest.mark.parametrize(
    ("invoices", "paid", "shown"),
    [
        (shares("3.00", "3.00"), [("3.00", "f2"), ("1.00", "f2")], {"f2": ["e1", "e2"]}),
        (shares("3.00", "3.00"), [("4.00", None)], {"f1": ["e1"], "f2": ["e1"]}),
        (shares("3.00", "3.00"), [("3.00", None)], {"f1": ["e1"]}),
        (shares("3.00", "3.00"), [("3.00", "f1"), ("3.00", None)], {"f1": ["e1"], "f2": ["e2"]}),
        (shares("3.00"), [("3.00", "f1"), ("3.00", None)], {"f1": ["e1"]}),
        (shares("3.00"), [("3.00", "f1"), ("-3.00", None)], {"f1": ["e1", "e2"]}),
        (shares("3.00", "3.00"), [("3.00", "f1"), ("3.00", "f2"), ("-3.00", None)], {"f1": ["e1"], "f2": ["e2", "e3"]}),
        (shares("3.00", "3.00"), [("3.00", "f1"), ("1.00", "f2"), ("-2.00", "f2")], {"f1": ["e1"], "f2": ["e2", "e3"]}),
        (shares("3.00"), [("-3.00", None)], {}),
        (
            [invoice(1, "3.00", **CANCELLED), invoice(2, "3.00")],
            [("3.00", "f1"), ("3.00", "f2"), ("-3.00", None), ("-3.00", "f1")],
            {"f2": ["e2", "e3"]},
        ),
    ],
)
def test_which_payments_an_invoice_shows(
    invoices: list[Invoice], paid: list[Paid], shown: dict[str, list[str]]
) -> None:
    assert evidence(told(invoices, *paid)) == shown


CENTS = st.integers(0, 5000).map(lambda cents: Decimal(cents) / 100)
SIGNED = st.integers(-5000, 5000).map(lambda cents: Decimal(cents) / 100)


@given(
    st.lists(CENTS, min_size=1, max_size=6),
    st.lists(st.tuples(SIGNED, st.none() | st.integers(0, 7)), max_size=8),
    st.sets(st.integers(0, 5)),
)
def test_no_money_is_lost_or_counted_twice(
    asked: list[Decimal], paid: list[tuple[Decimal, int | None]], gone: set[int]
) -> None:
    invoices = [
        invoice(number, str(share), **(CANCELLED if number in gone else {})) for number, share in enumerate(asked)
    ]
    found = told(invoices, *((str(amount), None if named is None else f"f{named}") for amount, named in paid))
    owed = sum((share for number, share in enumerate(asked) if number not in gone), Decimal(0))
    in_hand = max(sum((amount for amount, _ in paid), Decimal(0)), Decimal(0))
    kept = sum(found.received.values(), Decimal(0))
    assert kept == min(owed, in_hand)
    assert sum((found.left(each) for each in invoices), Decimal(0)) == owed - kept
    assert all(Decimal(0) <= amount <= (found.owed[name] or 0) for name, amount in found.received.items())
    assert all(amount > 0 for amount in found.excess.values())
    assert sum(found.excess.values(), Decimal(0)) <= in_hand - kept
