"""Records of several sources that describe the same thing become one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from connector_core.model.merge import Contradiction, MergedRecords, merge_sources
from connector_core.model.records import (
    Act,
    Assessment,
    Coverage,
    Invoice,
    Patient,
    PatientPayment,
    PayerReturn,
    Prescription,
    Record,
    Treatment,
)

DAY = date(2026, 3, 2)


def act(id_: str, **values: object) -> Act:
    given = {
        "patient_id": "a:p1",
        "practitioner_id": "mk1",
        "performed_on": DAY,
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
    }
    return Act.model_validate({"id": id_, **given, **values})


def payment(id_: str, amount: str = "20.00", **values: object) -> PatientPayment:
    given = {"patient_id": "a:p1", "received_on": DAY, "amount": Decimal(amount)}
    return PatientPayment.model_validate({"id": id_, **given, **values})


def merged(*sources: Sequence[Record], **leaders: str) -> MergedRecords:
    """Sources named a, b, c …, the leading one first."""
    by_source: dict[str, dict[str, list[Record]]] = {}
    for name, records in zip("abc", sources, strict=False):
        kinds = by_source.setdefault(name, {})
        for record in records:
            kinds.setdefault(record.record, []).append(record)
    return merge_sources(by_source, "abc", leaders)


def ids(found: MergedRecords, kind: str) -> list[str]:
    return [each.id for each in found.records.get(kind, [])]


def test_the_patient_of_a_dossier_is_one_and_others_fill_what_the_leader_leaves_empty() -> None:
    found = merged(
        [Patient(id="a:p1", family_name="Legrand")],
        [Patient(id="b:z", family_name="LEGRAND", birth_date=DAY, vendor={"Code": "1"})],
    )
    (patient,) = found.records["patient"]
    assert patient == Patient(id="a:p1", family_name="Legrand", birth_date=DAY, vendor={"Code": "1"})
    assert found.contradictions == (Contradiction("patient", "a:p1", "family_name", "a", "b"),)


def test_another_source_may_lead_for_a_kind() -> None:
    one, other = Patient(id="a:p1", family_name="Legrand"), Patient(id="b:z", family_name="LEGRAND")
    found = merged([one, act("a:1", label="a")], [other, act("b:1", label="b")], patient="b")
    assert ids(found, "patient") == ["b:z"]
    assert ids(found, "act") == ["a:1"]


def test_an_act_is_the_same_by_professional_day_letter_coefficient_and_rank() -> None:
    morning, evening = time(9), time(18)
    found = merged(
        [act("a:2", started_at=evening), act("a:1", started_at=morning)],
        [act("b:9", started_at=morning, place="CABINET"), act("b:8", started_at=evening, place="DOMICILE")],
    )
    places = {each.id: each.place for each in found.records["act"] if isinstance(each, Act)}
    assert places == {"a:1": "CABINET", "a:2": "DOMICILE"}


@pytest.mark.parametrize(
    "otherwise",
    [
        {"practitioner_id": "mk2"},
        {"performed_on": DAY + timedelta(days=1)},
        {"letter": "AMK"},
        {"coefficient": Decimal("8")},
    ],
)
def test_acts_that_differ_in_what_names_them_are_two(otherwise: dict[str, object]) -> None:
    assert ids(merged([act("a:1")], [act("b:1", **otherwise)]), "act") == ["a:1", "b:1"]


def test_what_only_one_source_has_is_kept() -> None:
    found = merged([act("a:1")], [act("b:1"), act("b:2"), Patient(id="b:z")])
    assert ids(found, "act") == ["a:1", "b:2"]
    assert ids(found, "patient") == ["b:z"]


def test_records_of_one_source_are_never_merged_with_each_other() -> None:
    assert ids(merged([payment("a:1"), payment("a:2")], []), "patient_payment") == ["a:1", "a:2"]


def test_two_equal_payments_are_two_in_each_source_and_two_together() -> None:
    found = merged([payment("a:1"), payment("a:2")], [payment("b:1"), payment("b:2")], [payment("c:1")])
    assert ids(found, "patient_payment") == ["a:1", "a:2"]
    assert ids(merged([payment("a:1")], [payment("b:1"), payment("b:2")]), "patient_payment") == ["a:1", "b:2"]


def invoice(id_: str, **values: object) -> Invoice:
    given = {"patient_id": "a:p1", "practitioner_id": "mk1", "number": "7", "closed_on": DAY, "total": Decimal(1)}
    return Invoice.model_validate({"id": id_, **given, **values})


def test_an_invoice_is_the_same_by_professional_and_number() -> None:
    found = merged([invoice("a:f")], [invoice("b:f", lot_id="b:l", total=Decimal(2)), invoice("b:g", number="8")])
    assert ids(found, "invoice") == ["a:f", "b:g"]
    (first, _) = found.records["invoice"]
    assert isinstance(first, Invoice)
    assert (first.lot_id, first.total) == ("b:l", Decimal(1))
    assert [each.field for each in found.contradictions] == ["total"]
    assert ids(merged([invoice("a:f")], [invoice("b:f", practitioner_id="mk2")]), "invoice") == ["a:f", "b:f"]


def test_invoices_of_two_years_with_one_number_are_two() -> None:
    before = DAY.replace(year=2025)
    assert ids(merged([invoice("a:old", closed_on=before)], [invoice("b:new")]), "invoice") == ["a:old", "b:new"]
    both = merged([invoice("a:old", closed_on=before), invoice("a:new")], [invoice("b:new", lot_id="b:l")])
    assert [(each.id, getattr(each, "lot_id", "")) for each in both.records["invoice"]] == [
        ("a:old", None),
        ("a:new", "b:l"),
    ]


def test_an_invoice_that_sources_date_otherwise_within_a_year_is_one_and_that_is_told() -> None:
    found = merged([invoice("a:f")], [invoice("b:f", closed_on=date(2026, 12, 31))])
    assert ids(found, "invoice") == ["a:f"]
    assert [each.field for each in found.contradictions] == ["closed_on"]


@pytest.mark.parametrize(("closed_on", "kept"), [(date(2026, 1, 31), ["a:f"]), (date(2026, 2, 1), ["a:f", "b:f"])])
@pytest.mark.parametrize("later_first", [False, True])
def test_an_invoice_that_sources_date_on_both_sides_of_new_year_is_one(
    closed_on: date, kept: list[str], later_first: bool
) -> None:
    days = [date(2025, 12, 31), closed_on]
    if later_first:
        days.reverse()
    assert ids(merged([invoice("a:f", closed_on=days[0])], [invoice("b:f", closed_on=days[1])]), "invoice") == kept


def test_two_invoices_that_one_source_tells_on_both_sides_of_new_year_are_two() -> None:
    both = [invoice("a:old", closed_on=date(2025, 12, 31)), invoice("a:new", closed_on=date(2026, 1, 2))]
    assert ids(merged(both, []), "invoice") == ["a:old", "a:new"]
    found = merged(both, [invoice("b:new", closed_on=date(2026, 1, 2), lot_id="b:l")])
    assert [(each.id, getattr(each, "lot_id", "")) for each in found.records["invoice"]] == [
        ("a:old", None),
        ("a:new", "b:l"),
    ]


def test_a_return_is_the_same_by_all_that_it_says_of_the_payment() -> None:
    def returned(id_: str, **values: object) -> PayerReturn:
        given = {"invoice_number": "7", "payer": "AMO", "state": "paid", "returned_on": DAY, "paid": Decimal(1)}
        return PayerReturn.model_validate({"id": id_, **given, **values})

    assert ids(merged([returned("a:r")], [returned("b:r", paying_body="CPAM")]), "payer_return") == ["a:r"]
    for otherwise in ({"payer": "AMC"}, {"state": "rejected"}, {"paid": Decimal(2)}, {"lot_number": "3"}):
        assert ids(merged([returned("a:r")], [returned("b:r", **otherwise)]), "payer_return") == ["a:r", "b:r"]


def test_other_records_are_the_same_when_all_they_say_is_equal() -> None:
    right = Coverage(id="a:c", patient_id="a:p1", payer="AMO", organisation="019990000")
    twin = right.model_copy(update={"id": "b:c", "patient_id": "b:z", "vendor": {"Code": "1"}})
    assert ids(merged([right], [twin]), "coverage") == ["a:c"]
    assert ids(merged([right], [twin.model_copy(update={"kind": "ALD"})]), "coverage") == ["a:c", "b:c"]


def test_references_to_a_record_that_was_merged_name_the_one_that_stands_for_it() -> None:
    one = Prescription(id="a:o", patient_id="a:p1", issued_on=DAY)
    two = one.model_copy(update={"id": "b:o", "patient_id": "b:z"})
    treatment = Treatment(id="a:t", patient_id="a:p1", started_on=DAY)
    found = merged(
        [Patient(id="a:p1"), one, treatment, act("a:1")],
        [
            Patient(id="b:z"),
            two,
            two.model_copy(update={"id": "b:renewed", "renewal_of": "b:o", "sessions": 10}),
            treatment.model_copy(update={"id": "b:t", "patient_id": "b:z"}),
            act("b:1", patient_id="b:z", prescription_id="b:o", treatment_id="b:t"),
            Assessment(id="b:b", patient_id="b:z", treatment_id="b:t", kind="initial", performed_on=DAY, act_id="b:1"),
        ],
    )
    (only,) = found.records["act"]
    assert isinstance(only, Act)
    assert (only.id, only.prescription_id, only.treatment_id) == ("a:1", "a:o", "a:t")
    (bilan,) = found.records["assessment"]
    assert isinstance(bilan, Assessment)
    assert (bilan.patient_id, bilan.treatment_id, bilan.act_id) == ("a:p1", "a:t", "a:1")
    renewed = found.records["prescription"][1]
    assert isinstance(renewed, Prescription)
    assert (renewed.id, renewed.renewal_of) == ("b:renewed", "a:o")
    assert found.contradictions == ()


def test_a_default_contradicts_nothing() -> None:
    found = merged([act("a:1", quantity=2)], [act("b:1", quantity=1)])
    assert found.contradictions == ()
    (only,) = found.records["act"]
    assert isinstance(only, Act)
    assert only.quantity == 2


def test_what_needs_no_change_is_left_as_it_is() -> None:
    first = act("a:1")
    (only,) = merged([first], [act("b:1")]).records["act"]
    assert only is first


def test_a_number_with_leading_zeros_contradicts_nothing() -> None:
    given = {"patient_id": "a:p1", "practitioner_id": "mk1", "closed_on": DAY, "total": Decimal("17.88")}
    invoices = [
        Invoice.model_validate({"id": f"{source}:f", "number": number, "replaces": replaced, **given})
        for source, number, replaced in (("a", "1001", "12"), ("b", "000001001", "000000012"))
    ]
    answer = {"payer": "AMO", "state": "paid", "returned_on": DAY, "paid": Decimal("10.73")}
    returns = [
        PayerReturn.model_validate({"id": f"{source}:r", "invoice_number": number, "lot_number": lot, **answer})
        for source, number, lot in (("a", "1001", "12"), ("b", "000001001", "012"))
    ]
    found = merged([invoices[0], returns[0]], [invoices[1], returns[1]])
    assert (ids(found, "invoice"), ids(found, "payer_return")) == (["a:f"], ["a:r"])
    assert found.contradictions == ()
    other = invoices[1].model_copy(update={"replaces": "13"})
    assert [each.field for each in merged([invoices[0]], [other]).contradictions] == ["replaces"]
