"""Whose invoice a payer's return answers: what rules an invoice out, and what says nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.answering import answers, may_answer, of_the_practice
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Invoice, Lot, PayerReturn, Practitioner
from connector_core.model.values import same_professional

DAY = date(2026, 11, 18)
LOT = Lot(id="l1", number="012", created_on=date(2026, 11, 11), practitioner_id="mk1")
MINE, THEIRS = "991234560", "998888880"
MK = Practitioner(id="mk1", profession="MK", am_number=MINE)
CABINET = Cabinet(Covers.all(), practitioners={"mk1": MK}, lots={"l1": LOT})
INVOICE = Invoice(
    id="f1",
    patient_id="p1",
    practitioner_id="mk1",
    number="1001",
    closed_on=date(2026, 11, 10),
    lot_id="l1",
    total=Decimal("32.16"),
)


def told(**values) -> PayerReturn:
    given = {"id": "r1", "invoice_number": "000001001", "payer": "AMO", "state": "paid", "returned_on": DAY}
    return PayerReturn.model_validate({**given, **values})


@pytest.mark.parametrize(
    ("values", "answers"),
    [
        ({}, True),
        ({"lot_number": "12"}, True),
        ({"lot_number": "13"}, False),
        ({"lot_on": LOT.created_on}, True),
        ({"lot_on": date(2025, 11, 11)}, False),
        ({"lot_number": "012", "lot_on": date(2026, 11, 12)}, False),
        ({"payee_number": MINE}, True),
        ({"payee_number": MINE[:8]}, True),
        ({"payee_number": THEIRS}, False),
        ({"lot_number": "012", "lot_on": LOT.created_on, "payee_number": THEIRS}, False),
    ],
)
def test_number_and_day_of_the_lot_and_the_payee_can_rule_an_invoice_out(values, answers: bool) -> None:
    assert may_answer(told(**values), INVOICE, CABINET) is answers


@pytest.mark.parametrize(
    ("values", "may"),
    [
        ({"returned_on": date(2025, 11, 30)}, False),
        ({"returned_on": date(2025, 12, 1)}, True),
        ({"returned_on": date(2026, 3, 1), "lot_on": date(2025, 11, 30)}, False),
        ({"returned_on": date(2026, 3, 1), "lot_on": date(2025, 12, 1)}, True),
        ({"returned_on": date(2028, 3, 1)}, True),
    ],
)
def test_what_is_older_than_the_year_of_an_invoice_answers_another_one_of_its_number(values, may: bool) -> None:
    alone = INVOICE.model_copy(update={"lot_id": None, "closed_on": date(2026, 1, 1)})
    each = told(**values)
    assert may_answer(each, alone, CABINET) is may
    assert bool(answers([alone], [each], CABINET)) is may


def test_what_came_in_the_year_of_an_invoice_may_answer_it_even_before_its_day() -> None:
    alone = INVOICE.model_copy(update={"lot_id": None})
    assert may_answer(told(returned_on=date(2026, 1, 1)), alone, CABINET)


def test_an_answer_to_a_lot_of_the_year_before_is_no_answer_to_an_invoice_that_was_sent_again() -> None:
    before = Lot(id="l0", number="40", created_on=date(2025, 3, 3), practitioner_id="mk1")
    earlier = before.model_copy(update={"created_on": date(2026, 3, 3)})
    for lot, found in ((before, False), (earlier, True)):
        cabinet = Cabinet(Covers.all(), practitioners={"mk1": MK}, lots={"l1": LOT, "l0": lot})
        each = told(lot_number="40", lot_on=lot.created_on)
        assert bool(answers([INVOICE], [each], cabinet)) is found


def test_a_lot_that_agrees_speaks_louder_than_the_day() -> None:
    late = INVOICE.model_copy(update={"closed_on": date(2027, 6, 1)})
    assert may_answer(told(lot_number="12", lot_on=LOT.created_on), late, CABINET)
    assert not may_answer(told(), late, CABINET)


@pytest.mark.parametrize(
    "cabinet",
    [
        Cabinet(Covers.all()),
        Cabinet(Covers.all(), practitioners={"mk1": Practitioner(id="mk1", profession="MK")}),
        Cabinet(Covers.all(), lots={"l1": LOT.model_copy(update={"created_on": None, "number": "12"})}),
    ],
)
def test_what_is_not_known_rules_nothing_out(cabinet: Cabinet) -> None:
    assert may_answer(told(lot_number="12", lot_on=DAY, payee_number=THEIRS), INVOICE, cabinet)


def test_a_complementaire_that_is_asked_apart_answers_the_lot_of_the_dre() -> None:
    apart = INVOICE.model_copy(update={"amc_management": "separee"})
    of_the_dre = told(payer="AMC", lot_number="013", lot_on=date(2026, 11, 12))
    assert may_answer(of_the_dre, apart, CABINET)
    assert not may_answer(of_the_dre, INVOICE, CABINET)
    assert not may_answer(of_the_dre.model_copy(update={"payer": "AMO"}), apart, CABINET)
    assert not may_answer(of_the_dre.model_copy(update={"payee_number": THEIRS}), apart, CABINET)


def test_whoever_is_replaced_may_be_paid() -> None:
    substitute = Practitioner(id="mk2", profession="MK", am_number="990000010", substitute_of="mk1")
    cabinet = Cabinet(Covers.all(), practitioners={"mk1": MK, "mk2": substitute})
    invoice = INVOICE.model_copy(update={"practitioner_id": "mk2"})
    assert may_answer(told(payee_number=MINE), invoice, cabinet)
    assert may_answer(told(payee_number="990000010"), invoice, cabinet)
    assert not may_answer(told(payee_number=THEIRS), invoice, cabinet)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("991234560", "991234560", True),
        ("99123456", "991234560", True),
        ("012345678", "12345678", True),
        ("000000991234560", "991234560", True),
        ("991234560", "991234570", False),
        ("9", "99", True),
        ("", "9", False),
        ("0", "9", False),
    ],
)
def test_numbers_of_professionals_may_lack_key_or_zeros(one: str, other: str, same: bool) -> None:
    assert same_professional(one, other) is same_professional(other, one) is same


def test_returns_to_somebody_else_are_none_of_the_practice() -> None:
    mine, theirs, untold = told(payee_number=MINE), told(payee_number=THEIRS), told()
    assert of_the_practice([mine, theirs, untold], CABINET) == [mine, untold]
    unnumbered = {**CABINET.practitioners, "mk2": Practitioner(id="mk2", profession="MK")}
    for cabinet in (Cabinet(Covers.all()), Cabinet(Covers.all(), practitioners=unnumbered)):
        assert of_the_practice([mine, theirs], cabinet) == [mine, theirs]


def test_whoever_sends_lots_is_of_the_practice() -> None:
    colleague = Lot(id="tt:l2", number="1", practitioner_id=f"tt:{THEIRS}")
    cabinet = Cabinet(Covers.all(), practitioners=CABINET.practitioners, lots={"tt:l2": colleague})
    assert of_the_practice([told(payee_number=THEIRS)], cabinet) == [told(payee_number=THEIRS)]
