"""Which dossier a payer's return goes to where professionals, or practices, number their invoices alike."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from connector_core.model.records import Invoice, Lot, Patient, PayerReturn, Practitioner, Record
from connector_core.pipeline.gather import payer_returns
from connector_core.store.codec import KIND_INDEX

ONE, TWO = "991234560", "998888880"
CLOSED = date(2026, 2, 2)
PRACTITIONERS = [
    Practitioner(id="mk1", profession="MK", am_number=ONE),
    Practitioner(id="mk2", profession="MK", am_number=TWO),
]
PATIENTS = [Patient(id="p1"), Patient(id="p2")]


def lot(name: str, number: str, day: int = 2, practitioner: str = "mk1") -> Lot:
    return Lot(id=name, number=number, created_on=date(2026, 2, day), practitioner_id=practitioner)


def invoice(practitioner: str, patient: str, lot_id: str | None, **values) -> Invoice:
    given = {"id": f"f{practitioner}", "practitioner_id": practitioner, "patient_id": patient, "number": "17"}
    return Invoice.model_validate(
        {**given, "closed_on": CLOSED, "lot_id": lot_id, "total": Decimal("16.13"), "amo_claimed": None, **values}
    )


def answer(name: str = "r1", **values) -> PayerReturn:
    given = {"id": name, "invoice_number": "000000017", "payer": "AMO", "state": "paid", "paid": Decimal("9.68")}
    return PayerReturn.model_validate({**given, "returned_on": CLOSED + timedelta(days=9), **values})


def owned(cabinet) -> dict[str, list[str]]:
    """The returns of each dossier, by its patient."""
    return {
        patient: sorted(each.id for each in records[KIND_INDEX["payer_return"]])
        for _, patient, records in cabinet.store.dossiers.iterate()
        if records[KIND_INDEX["payer_return"]]
    }


def both(first_lot: str | None = "l1", second_lot: str | None = "l2") -> list[Record]:
    return [*PRACTITIONERS, *PATIENTS, invoice("mk1", "p1", first_lot), invoice("mk2", "p2", second_lot)]


@pytest.mark.parametrize(
    ("lots", "said", "owner"),
    [
        ([lot("l1", "12"), lot("l2", "55")], {"lot_number": "055", "lot_on": date(2026, 2, 2)}, "a:p2"),
        ([lot("l1", "12"), lot("l2", "12", 9)], {"lot_number": "012", "lot_on": date(2026, 2, 9)}, "a:p2"),
        ([lot("l1", "12"), lot("l2", "12")], {"lot_number": "012", "payee_number": TWO}, "a:p2"),
        ([lot("l1", "12"), lot("l2", "12")], {"lot_number": "012", "payee_number": ONE}, "a:p1"),
        ([lot("l1", "12"), lot("l2", "12")], {"lot_number": "012", "lot_on": date(2026, 2, 2)}, None),
        ([lot("l1", "12"), lot("l2", "55")], {"lot_number": "099"}, None),
        ([lot("l1", "12"), lot("l2", "55")], {"lot_number": "012", "payee_number": TWO}, None),
        ([], {"payee_number": TWO}, "a:p2"),
        ([], {}, None),
    ],
)
@pytest.mark.parametrize("first", ["returns", "invoices"])
def test_lot_and_payee_tell_the_invoices_of_two_professionals_apart(cabinet, lots, said, owner, first: str) -> None:
    parts = [[answer(**said)], [*both(), *lots]]
    for part in parts if first == "returns" else reversed(parts):
        cabinet.take(*part)
    assert owned(cabinet) == ({} if owner is None else {f"{owner}": ["a:r1"]})
    assert cabinet.store.waiting.count() == (owner is None)


def test_a_lot_that_agrees_speaks_for_an_invoice_and_then_the_payee_does(cabinet) -> None:
    """Where nothing is known of the other invoice, nothing contradicts it either."""
    unknown = Practitioner(id="mk2", profession="MK")
    cabinet.take(PRACTITIONERS[0], unknown, *PATIENTS, lot("l1", "12"))
    cabinet.take(invoice("mk1", "p1", "l1"), invoice("mk2", "p2", None))
    cabinet.take(answer("lot", lot_number="012", lot_on=date(2026, 2, 2)), answer("payee", payee_number=ONE))
    cabinet.take(answer("untold"), answer("elsewhere", payee_number="990000017"))
    assert owned(cabinet) == {"a:p1": ["a:lot", "a:payee"], "a:p2": ["a:elsewhere"]}
    assert cabinet.store.waiting.count() == 1


@pytest.mark.parametrize(
    "said",
    [
        {"payee_number": "990000017"},
        {"lot_number": "012", "lot_on": date(2025, 2, 2)},
        {"lot_number": "013"},
    ],
)
def test_a_return_of_another_practice_is_kept_and_given_to_nobody(cabinet, said) -> None:
    cabinet.take(*PRACTITIONERS, *PATIENTS, lot("l1", "12"), invoice("mk1", "p1", "l1"))
    cabinet.take(answer(**said))
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({}, 1)
    cabinet.take(*PRACTITIONERS, *PATIENTS, lot("l1", "12"), invoice("mk1", "p1", "l1", total=Decimal("20.00")))
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({}, 1)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_return_is_matched_once_the_rest_has_come_in_whatever_order(cabinet, order) -> None:
    parts: list[list[Record]] = [
        [answer(lot_number="12", lot_on=date(2026, 2, 2), payee_number=TWO)],
        [PRACTITIONERS[0], PATIENTS[0], lot("l1", "12"), invoice("mk1", "p1", "l1")],
        [PRACTITIONERS[1], PATIENTS[1], lot("l2", "12", practitioner="mk2"), invoice("mk2", "p2", "l2")],
    ]
    for number in order:
        cabinet.take(*parts[number])
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p2": ["a:r1"]}, 0)


def test_an_answer_to_an_earlier_sending_still_finds_its_invoice(cabinet) -> None:
    cabinet.take(*PRACTITIONERS, *PATIENTS, lot("l1", "12"), lot("l3", "30", 20), invoice("mk1", "p1", "l1"))
    cabinet.take(invoice("mk1", "p1", "l3"))
    cabinet.take(answer(lot_number="12", lot_on=date(2026, 2, 2)))
    assert owned(cabinet) == {"a:p1": ["a:r1"]}


def test_the_answer_to_a_dre_names_a_lot_of_its_own(cabinet) -> None:
    apart = invoice("mk1", "p1", "l1", amc_management="separee", amc_claimed=Decimal("6.45"))
    cabinet.take(*PRACTITIONERS, *PATIENTS, lot("l1", "12"), apart)
    cabinet.take(answer(payer="AMC", lot_number="13", lot_on=date(2026, 2, 3)), answer("r2", lot_number="13"))
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p1": ["a:r1"]}, 1)


def test_an_invoice_that_another_source_tells_of_without_its_lot_is_the_same_invoice(cabinet) -> None:
    person = Patient(id="p1", nir="2550499999001", birth_date=date(1955, 4, 12))
    cabinet.take(PRACTITIONERS[0], person, lot("l1", "12"), invoice("mk1", "p1", "l1"))
    cabinet.take(PRACTITIONERS[0], person, invoice("mk1", "p1", None), source="b")
    cabinet.take(answer(lot_number="012", lot_on=date(2025, 2, 2)), source="b")
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({}, 1)


def test_what_another_practice_is_paid_is_none_of_the_practice_s_money(cabinet) -> None:
    cabinet.take(*both(), answer(payee_number=TWO), answer("foreign", payee_number="990000017"))
    found = payer_returns(cabinet.store, date(2026, 2, 1), date(2026, 2, 28))
    assert [each.id for each in found] == ["a:r1"]


def of_two_years(**said) -> tuple[list[Record], list[Record], PayerReturn]:
    """Number 17 of one professional in two years, of two patients, and a return that came after both."""
    before = invoice("mk1", "p1", None, id="f25", closed_on=date(2025, 2, 4))
    return [PRACTITIONERS[0], *PATIENTS, before], [invoice("mk1", "p2", None, id="f26")], answer(**said)


def test_the_invoice_of_the_year_that_has_come_is_the_one_that_is_answered(cabinet) -> None:
    before, now, said = of_two_years()
    cabinet.take(*before, *now)
    cabinet.take(said)
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p2": ["a:r1"]}, 0)


def test_a_return_older_than_an_invoice_of_its_number_answers_the_one_of_its_own_year(cabinet) -> None:
    before, now, said = of_two_years(returned_on=date(2025, 3, 1))
    cabinet.take(*before, *now)
    cabinet.take(said)
    assert owned(cabinet) == {"a:p1": ["a:r1"]}


def test_a_return_older_than_the_only_invoice_of_its_number_waits(cabinet) -> None:
    before, now, said = of_two_years(returned_on=date(2025, 3, 1))
    cabinet.take(*before[:-1], *now)
    cabinet.take(said)
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({}, 1)
    cabinet.take(before[-1])
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p1": ["a:r1"]}, 0)


@pytest.mark.parametrize(
    ("first", "second", "owner"),
    [
        (date(2025, 2, 4), date(2025, 6, 9), None),
        (date(2025, 12, 31), date(2026, 1, 31), None),
        (date(2025, 12, 31), date(2026, 2, 1), "a:p2"),
        (date(2025, 2, 4), date(2026, 3, 10), "a:p1"),
    ],
)
def test_years_tell_invoices_apart_where_numbers_started_anew_between_them(cabinet, first, second, owner) -> None:
    """On 9 February; an invoice of March that bears the number already is closed after it."""
    invoices = [invoice("mk1", "p1", None, id="f1", closed_on=first), invoice("mk1", "p2", None, closed_on=second)]
    cabinet.take(PRACTITIONERS[0], *PATIENTS, *invoices)
    cabinet.take(answer(returned_on=date(2026, 2, 9)))
    assert owned(cabinet) == ({} if owner is None else {owner: ["a:r1"]})


@pytest.mark.parametrize("said", [{"lot_number": "12", "lot_on": date(2025, 2, 4)}, {"lot_number": "12"}])
def test_a_lot_that_agrees_speaks_louder_than_the_year(cabinet, said) -> None:
    invoices = [
        invoice("mk1", "p1", "l1", id="f25", closed_on=date(2025, 2, 4)),
        invoice("mk1", "p2", "l2", id="f26", closed_on=date(2026, 2, 2)),
    ]
    of_2025 = Lot(id="l1", number="12", created_on=date(2025, 2, 4), practitioner_id="mk1")
    cabinet.take(PRACTITIONERS[0], *PATIENTS, of_2025, lot("l2", "30"), *invoices)
    cabinet.take(answer(**said))
    assert owned(cabinet) == {"a:p1": ["a:r1"]}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_return_goes_to_the_invoice_of_its_year_in_whatever_order_they_come(cabinet, order) -> None:
    """Also where it was taken for an answer to the invoice of the year before, which was the only one known."""
    before, now, said = of_two_years()
    parts = [before, [*PRACTITIONERS, *PATIENTS, *now], [said]]
    for number in order:
        cabinet.take(*parts[number])
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p2": ["a:r1"]}, 0)


def test_a_return_that_may_be_another_s_as_soon_as_that_one_is_known_waits(cabinet) -> None:
    first, second = invoice("mk1", "p1", None), invoice("mk1", "p2", None, id="f2")
    cabinet.take(PRACTITIONERS[0], *PATIENTS, first, answer())
    assert owned(cabinet) == {"a:p1": ["a:r1"]}
    cabinet.take(second)
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({}, 1)


def test_an_answer_of_last_year_stays_with_the_invoice_of_last_year(cabinet) -> None:
    before, now, said = of_two_years(returned_on=date(2025, 3, 1))
    cabinet.take(*before, said)
    cabinet.take(*now)
    assert owned(cabinet) == {"a:p1": ["a:r1"]}


def test_a_claim_of_an_earlier_version_is_contradicted_by_no_year_until_the_invoice_is_read_again(cabinet) -> None:
    before, now, said = of_two_years(returned_on=date(2025, 3, 1))
    cabinet.take(*before[:-1], *now)
    cabinet.store._connection.execute("UPDATE claim SET closed_on = ''")
    cabinet.take(said)
    assert owned(cabinet) == {"a:p2": ["a:r1"]}
    cabinet.take(now[0].model_copy(update={"total": Decimal("20.00")}), answer("r2", returned_on=date(2025, 3, 2)))
    assert (owned(cabinet), cabinet.store.waiting.count()) == ({"a:p2": ["a:r1"]}, 1)
