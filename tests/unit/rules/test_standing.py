"""Which acts of a dossier stand, when invoices were cancelled or replaced and lines credited."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Act, Invoice, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.kernel import Check
from connector_core.rules.standing import standing

DAY = date(2026, 3, 2)


def act(name: str, **fields: object) -> Act:
    given: dict[str, Any] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "n1",
        "performed_on": DAY,
        "letter": "AMI",
        "coefficient": Decimal(2),
    }
    return Act.model_validate({**given, **fields})


def credit(name: str, **fields: object) -> Act:
    return act(name, **{"amount": Decimal("-6.30"), **fields})


def invoice(name: str, number: str, **fields: object) -> Invoice:
    given: dict[str, Any] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "n1",
        "number": number,
        "closed_on": DAY,
        "total": Decimal("6.30"),
    }
    return Invoice.model_validate({**given, **fields})


def left(*records: Record) -> list[str]:
    """The acts that stand, in order."""
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.record, []).append(record)
    as_of = DAY + timedelta(days=90)
    dossier = assemble_dossier("p1", by_kind, Cabinet(Covers.all()), as_of).dossier
    return [each.id for each in Check(dossier, as_of, load_parameters(), load_tariffs()).derive(standing).acts]


def test_acts_stand_where_nothing_was_taken_back() -> None:
    assert left(act("a"), act("b", invoice_id="f1"), invoice("f1", "1")) == ["a", "b"]


def test_cancelled_and_replaced_invoices_bill_nothing() -> None:
    invoices = (
        invoice("f1", "1"),
        invoice("f2", "2", replaces="1"),
        invoice("f3", "3", cancelled_on=DAY + timedelta(days=1)),
    )
    acts = [act(name, invoice_id=of) for name, of in (("a", "f1"), ("b", "f2"), ("c", "f3"), ("d", None))]
    assert left(*invoices, *acts) == ["b", "d"]


@pytest.mark.parametrize(
    "line",
    [
        credit("x"),
        act("x", quantity=0),
        act("x", quantity=-1),
        credit("x", amount=Decimal("-0.01")),
    ],
)
def test_a_credited_line_takes_one_equal_act_away(line: Act) -> None:
    assert left(act("a"), act("b"), line) == ["b"]
    assert left(line, act("z")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"letter": "AIS"},
        {"coefficient": Decimal(1)},
        {"practitioner_id": "n2"},
        {"performed_on": DAY + timedelta(days=1)},
        {"performed_on": DAY - timedelta(days=1)},
    ],
)
def test_a_credited_line_takes_no_other_act_away(other: dict[str, object]) -> None:
    assert left(act("a", **other), credit("x")) == ["a"]
    assert sorted(left(act("a", **other), act("b"), credit("x"))) == ["a"]


def test_each_credited_line_takes_an_act_of_its_own() -> None:
    assert left(act("a"), act("b"), act("c"), credit("x"), credit("y")) == ["c"]
    assert left(act("a"), act("b", letter="AIS"), credit("x", letter="DI"), credit("y", letter="AIS")) == ["a"]


def test_the_credited_line_of_a_cancelled_invoice_takes_nothing_away() -> None:
    cancelled = invoice("f1", "1", cancelled_on=DAY + timedelta(days=1))
    assert left(cancelled, act("a"), credit("x", invoice_id="f1")) == ["a"]
    assert left(cancelled, act("a", invoice_id="f1"), act("b"), credit("x")) == []
