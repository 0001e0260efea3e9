"""Which invoice replaces which, and which bill nothing any more."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Invoice
from connector_core.rules.succession import dead_invoices, replaced_numbers, successors, void_invoices


def invoice(name: str, number: str, closed_on: str, **fields: object) -> Invoice:
    given: dict[str, Any] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": date.fromisoformat(closed_on),
        "total": Decimal("20.00"),
    }
    return Invoice.model_validate({**given, **fields})


FIRST = invoice("first", "1", "2026-03-02")
OTHER = invoice("other", "9", "2026-03-02")


def replaced(*invoices: Invoice) -> dict[str, str]:
    found = {name: each.id for name, each in successors(invoices).items()}
    assert found == {name: each.id for name, each in successors(invoices[::-1]).items()}
    return found


def dossier(invoices: Sequence[Invoice], billed: Sequence[str] = ()) -> Dossier:
    acts = [
        Act.model_validate(
            {
                "id": f"act of {name}",
                "patient_id": "p1",
                "practitioner_id": "mk1",
                "performed_on": date(2026, 3, 2),
                "letter": "RAM",
                "coefficient": Decimal("8.09"),
                "invoice_id": name,
            }
        )
        for name in billed
    ]
    return Dossier("p1", Cabinet(Covers.all()), invoices=tuple(invoices), acts=tuple(acts))


def test_an_invoice_replaces_the_one_that_it_names() -> None:
    assert replaced(FIRST, OTHER) == {}
    assert replaced(FIRST, OTHER, invoice("next", "2", "2026-03-20", replaces="1")) == {"first": "next"}


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-01"])
def test_an_invoice_replaces_one_of_its_own_day_and_one_that_was_closed_after_it(day: str) -> None:
    """Some software gives the invoice that was replaced the day of the correction."""
    assert replaced(FIRST, invoice("next", "2", day, replaces="1")) == {"first": "next"}


def test_each_of_a_chain_replaces_the_one_before_it_also_where_the_export_lacks_the_first() -> None:
    chain = [invoice("next", "2", "2026-03-20", replaces="1"), invoice("last", "3", "2026-04-02", replaces="2")]
    assert replaced(FIRST, *chain) == {"first": "next", "next": "last"}
    assert replaced(*chain) == {"next": "last"}


@pytest.mark.parametrize(
    ("closed_on", "before"),
    [
        ("2026-02-28", "2025"),
        ("2026-03-02", "first"),
        ("2027-02-28", "first"),
        ("2027-03-01", "2027"),
        ("2024-12-01", "2027"),
    ],
)
def test_a_number_that_came_back_names_the_last_invoice_before_the_new_one(closed_on: str, before: str) -> None:
    years = [invoice("2025", "1", "2025-03-03"), FIRST, invoice("2027", "1", "2027-03-01")]
    assert replaced(*years, invoice("next", "2", closed_on, replaces="1")) == {before: "next"}


@pytest.mark.parametrize(
    "fields", [{"replaces": "7"}, {"practitioner_id": "mk2"}, {"cancelled_on": date(2026, 3, 21)}, {"replaces": None}]
)
def test_what_replaces_nothing(fields: dict[str, object]) -> None:
    """A number that no invoice has, another practitioner's, a cancelled invoice."""
    one = invoice("next", "2", "2026-03-20", **{"replaces": "1", **fields})
    assert replaced(FIRST, one) == {}


def test_an_invoice_that_names_itself_stands() -> None:
    itself = invoice("first", "1", "2026-03-02", replaces="1")
    assert replaced(itself) == {}
    assert not dead_invoices(dossier([itself]))


def test_which_invoices_bill_nothing_and_whose_acts_no_longer_count() -> None:
    cancelled = invoice("cancelled", "5", "2026-03-02", cancelled_on=date(2026, 3, 3))
    invoices = [FIRST, OTHER, cancelled, invoice("next", "2", "2026-03-20", replaces="1")]
    for billed, void in (
        (["first", "other", "cancelled", "next"], {"first", "cancelled"}),
        (["first", "other", "cancelled"], {"cancelled"}),
    ):
        assert dead_invoices(dossier(invoices, billed)) == {"first", "cancelled"}
        assert void_invoices(dossier(invoices, billed)) == void
    assert void_invoices(dossier([FIRST, cancelled], ["first", "cancelled"])) == {"cancelled"}


def test_the_numbers_that_were_replaced_whoever_has_them() -> None:
    assert replaced_numbers([FIRST, OTHER]) == frozenset()
    cancelled = invoice("cancelled", "5", "2026-03-20", replaces="9", cancelled_on=date(2026, 3, 21))
    absent = invoice("absent", "6", "2026-03-20", replaces="8", practitioner_id="mk2")
    assert replaced_numbers([FIRST, OTHER, cancelled, absent]) == {"8"}
