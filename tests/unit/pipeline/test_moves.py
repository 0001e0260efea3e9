"""A record that is said again under its own id and belongs elsewhere since: it is there, and nowhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector_core.model.records import (
    Act,
    Invoice,
    Patient,
    PatientPayment,
    PayerReturn,
    Practitioner,
    Record,
    Reminder,
)
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.gather import payer_returns
from connector_core.store.codec import KIND_INDEX, kind_of
from connector_core.store.whereabouts import record_hash

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MK = Practitioner(id="mk1", profession="MK")
ZOE = Patient(id="p1", family_name="Legrand", given_name="Zoé", birth_date=date(1980, 1, 1))
LUC = Patient(id="p2", family_name="Petit", given_name="Luc", birth_date=date(1990, 1, 1))


def act(name: str = "a1", patient: str = "p1", on: date = DAY, practitioner: str = "mk1") -> Act:
    return Act(
        id=name,
        patient_id=patient,
        practitioner_id=practitioner,
        performed_on=on,
        letter="RAM",
        coefficient=Decimal("8.09"),
        amount=Decimal("17.88"),
    )


def invoice(number: str = "42", patient: str = "p1", closed_on: date = DAY, **values) -> Invoice:
    given = {"practitioner_id": "mk1", "total": Decimal("17.88"), "id": "f1", **values}
    return Invoice(number=number, patient_id=patient, closed_on=closed_on, **given)


def answer(number: str = "42", name: str = "r1", **values) -> PayerReturn:
    given = {"payer": "AMO", "state": "paid", "returned_on": DAY + timedelta(days=9), **values}
    return PayerReturn(id=name, invoice_number=number, **given)


def places(cabinet) -> dict[str, list[str]]:
    """The patients in whose dossiers each record is; a record that waits for an invoice is with nobody."""
    found: dict[str, list[str]] = {}
    for _, patient, records in cabinet.store.dossiers.iterate():
        for each in (each for kind in records for each in kind if kind_of(each) not in ("patient", "practitioner")):
            found.setdefault(each.id.partition(":")[2], []).append(patient.partition(":")[2])
    for each in cabinet.store.waiting.every():
        found.setdefault(each.id.partition(":")[2], []).append("nobody")
    return {name: sorted(patients) for name, patients in sorted(found.items())}


def gathered(cabinet, subject: str) -> dict[str, list[str]]:
    """What each gathering holds once it is asked for."""
    return {
        key: [each.id for each in cabinet.gatherings().records(subject, key)]
        for key in cabinet.store.gathered.keys(subject)
    }


BEFORE = (MK, ZOE, LUC, act("a1"), act("a2"), act("a3", "p2"))


@pytest.mark.parametrize("again", [(act("a1", "p2"),), (MK, ZOE, LUC, act("a1", "p2"), act("a2"), act("a3", "p2"))])
def test_an_act_that_was_entered_for_the_wrong_patient_leaves_the_dossier(cabinet, again: tuple[Record, ...]) -> None:
    cabinet.take(*BEFORE)
    cabinet.take(*again)
    assert places(cabinet) == {"a1": ["p2"], "a2": ["p1"], "a3": ["p2"]}


def test_the_correction_may_be_taken_back_and_made_again(cabinet) -> None:
    cabinet.take(*BEFORE)
    for patient in ("p2", "p1", "p2", "p1"):
        cabinet.take(*BEFORE[:3], act("a1", patient), act("a2"), act("a3", "p2"))
        assert places(cabinet) == {"a1": [patient], "a2": ["p1"], "a3": ["p2"]}


def test_what_the_file_lacks_stays_where_it_is(cabinet) -> None:
    cabinet.take(*BEFORE)
    cabinet.take(act("a1", "p2"))
    cabinet.take(act("a9", "p2"))
    assert places(cabinet) == {"a1": ["p2"], "a2": ["p1"], "a3": ["p2"], "a9": ["p2"]}


def test_a_row_that_is_refused_moves_nothing(cabinet) -> None:
    cabinet.take(*BEFORE)
    cabinet.take('{"record":"act","id":"a1","patient_id":"p2","practitioner_id":"mk1","performed_on":"2026-13-45"}')
    assert places(cabinet)["a1"] == ["p1"]


def test_an_id_that_one_file_gives_twice_stays_in_both_dossiers(cabinet) -> None:
    twice = (*BEFORE, act("a1", "p2", DAY + timedelta(days=1)))
    cabinet.take(*twice)
    assert places(cabinet)["a1"] == ["p1", "p2"]
    cabinet.take(*twice, act("a4"))
    cabinet.take(*twice, act("a4", "p2"), act("a1", "p2", DAY + timedelta(days=2)))
    assert places(cabinet)["a1"] == ["p1", "p2"]
    assert places(cabinet)["a4"] == ["p2"]


def test_ids_of_two_sources_are_two_records(cabinet) -> None:
    cabinet.take(*BEFORE, source="a")
    cabinet.take(MK, LUC, act("a1", "p2"), source="b")
    assert places(cabinet)["a1"] == ["p1", "p2"]


def test_a_row_and_its_correction_in_two_files_that_are_read_at_once(cabinet) -> None:
    cabinet.attempt(cabinet.export(BEFORE), cabinet.export([*BEFORE[:3], act("a1", "p2")]))
    assert places(cabinet) == {"a1": ["p2"], "a2": ["p1"], "a3": ["p2"]}
    cabinet.attempt(cabinet.export([act("a2", "p2")]), cabinet.export([act("a2", "p1"), act("a1", "p1")]))
    assert places(cabinet) == {"a1": ["p1"], "a2": ["p1"], "a3": ["p2"]}


def test_of_an_act_that_moved_within_a_month_the_practitioner_s_day_has_the_last_word(cabinet) -> None:
    cabinet.take(*BEFORE)
    cabinet.take(act("a1", "p2"))
    cabinet.take(act("a2", "p2", DAY + timedelta(days=40)))
    assert gathered(cabinet, "acts") == {"a:mk1/2026-03": ["a:a1", "a:a3"], "a:mk1/2026-04": ["a:a2"]}
    (moved,) = (each for each in cabinet.records("act") if each.id == "a:a1")
    assert moved.patient_id == "a:p2"


def test_a_dossier_that_has_lost_everything_is_no_more(cabinet) -> None:
    cabinet.take(MK, LUC, act("a1"))
    assert cabinet.store.dossiers.count() == 2
    cabinet.take(act("a1", "p2"))
    assert cabinet.store.dossiers.count() == 1
    assert places(cabinet) == {"a1": ["p2"]}


def test_what_two_sources_tell_of_one_person_moves_with_the_dossier(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act("a1"), act("a2", "p2"))
    cabinet.take(MK, act("b1", "q1"), source="b")
    cabinet.take(act("b2", "q1"), source="b")
    assert places(cabinet)["b1"] == ["q1"]
    cabinet.take(ZOE.model_copy(update={"id": "q1"}), source="b")
    assert places(cabinet)["b1"] == ["p1"]
    cabinet.take(LUC.model_copy(update={"id": "q2"}), act("b1", "q2"), source="b")
    assert places(cabinet) == {"a1": ["p1"], "a2": ["p2"], "b1": ["p2"], "b2": ["p1"]}


def test_an_invoice_takes_what_answers_it_along(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(), invoice(), answer(), Reminder(id="m1", invoice_id="f1", sent_on=DAY, level=1))
    assert places(cabinet) == {"a1": ["p1"], "f1": ["p1"], "m1": ["p1"], "r1": ["p1"]}
    cabinet.take(invoice(patient="p2"))
    assert places(cabinet) == {"a1": ["p1"], "f1": ["p2"], "m1": ["p2"], "r1": ["p2"]}


def test_a_reminder_without_a_patient_goes_to_the_invoice_whose_id_it_names_in_whatever_order(cabinet) -> None:
    reminder = Reminder(id="m1", invoice_id="f1", sent_on=DAY, level=1)
    cabinet.take(MK, ZOE, LUC, act(), reminder, invoice("f1", "p2", id="f2"))
    assert places(cabinet)["m1"] == ["nobody"]
    cabinet.take(invoice())
    assert places(cabinet)["m1"] == ["p1"]
    cabinet.take(reminder.model_copy(update={"invoice_id": "f2"}))
    assert places(cabinet)["m1"] == ["p2"]


def test_what_answered_an_invoice_by_its_old_number_waits(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(), invoice(), answer())
    cabinet.take(invoice("43"))
    assert places(cabinet)["r1"] == ["nobody"]
    assert cabinet.store.claims.of("42") == []
    cabinet.take(invoice("0042"))
    assert places(cabinet)["r1"] == ["p1"]


def test_what_answered_it_goes_to_another_invoice_of_the_number(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(), invoice(), invoice("43", "p2", id="f2"), answer())
    cabinet.take(invoice("43"), invoice("42", "p2", id="f2"))
    assert places(cabinet) == {"a1": ["p1"], "f1": ["p1"], "f2": ["p2"], "r1": ["p2"]}


def test_an_invoice_that_was_closed_in_another_year_is_not_what_was_answered(cabinet) -> None:
    cabinet.take(MK, ZOE, act(), invoice(), answer())
    cabinet.take(invoice(closed_on=date(2027, 2, 1)))
    assert places(cabinet)["r1"] == ["nobody"]
    cabinet.take(invoice(closed_on=DAY - timedelta(days=3)))
    assert places(cabinet)["r1"] == ["p1"]


def test_an_invoice_that_was_sent_again_is_still_known_by_the_lot_it_was_in(cabinet) -> None:
    cabinet.take(MK, ZOE, act(), invoice(lot_id="l1"))
    cabinet.take(invoice(lot_id="l2"))
    assert {claim.lot for claim in cabinet.store.claims.of("42")} == {"a:l1", "a:l2"}


def test_an_fse_that_is_told_again_is_still_known_by_what_its_dre_says(cabinet) -> None:
    dre = invoice(closed_on=DAY + timedelta(days=2), amc_management="separee", dre_sent_on=DAY, dre_lot_id="d1")
    cabinet.take(MK, ZOE, act(), invoice(amc_management="separee", amo_claimed=Decimal("10.73")), dre)
    cabinet.take(invoice(amc_management="separee", amo_claimed=Decimal("10.74")))
    assert {claim.closed_on for claim in cabinet.store.claims.of("42")} == {DAY, DAY + timedelta(days=2)}


def test_an_answer_whose_invoice_number_is_corrected_goes_to_that_invoice(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(), invoice(), invoice("43", "p2", id="f2"), answer())
    cabinet.take(answer("43"))
    assert places(cabinet)["r1"] == ["p2"]
    cabinet.take(answer("77"))
    assert places(cabinet)["r1"] == ["nobody"]
    cabinet.take(answer("77", state="rejected"))
    assert places(cabinet)["r1"] == ["nobody"]
    cabinet.take(answer("42"))
    assert places(cabinet)["r1"] == ["p1"]


def test_an_answer_that_waits_and_is_said_again_waits_once(cabinet) -> None:
    cabinet.take(MK, ZOE, act(), answer("77"))
    cabinet.take(answer("77", state="rejected"))
    cabinet.attempt(cabinet.export([answer("77")]), cabinet.export([answer("78")]))
    assert places(cabinet)["r1"] == ["nobody"]
    assert cabinet.store.waiting.awaited() == []
    assert [each.invoice_number for each in cabinet.store.waiting.every()] == ["78"]
    cabinet.take(invoice("77"))
    assert places(cabinet)["r1"] == ["nobody"]


def test_of_an_answer_that_moved_the_practice_has_the_last_word_once(cabinet) -> None:
    cabinet.take(MK, ZOE, act(), invoice(), answer("77", returned_on=date(2026, 3, 20)))
    cabinet.take(answer("42", returned_on=date(2026, 5, 4)))
    assert gathered(cabinet, "returns") == {"2026-03": [], "2026-05": ["a:r1"]}
    told = payer_returns(cabinet.store, date(2026, 1, 1), date(2026, 12, 31))
    assert [(each.invoice_number, each.returned_on) for each in told] == [("42", date(2026, 5, 4))]


def test_the_newest_word_counts_where_an_answer_is_released_and_said_again_at_once(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(), invoice(), answer(state="rejected"))
    cabinet.take(invoice(patient="p2"), answer(state="paid"))
    (kept,) = cabinet.records("payer_return")
    assert kept.state == "paid"
    assert places(cabinet)["r1"] == ["p2"]


def test_an_answer_that_was_adopted_since_a_company_is_a_payee_moves_like_any_other(cabinet) -> None:
    known = MK.model_copy(update={"am_number": "990000017"})
    cabinet.take(known, ZOE, LUC, act(), invoice(), invoice("43", "p2", id="f2"))
    cabinet.take(act("a2"), answer(payee_number="990000033"))
    assert places(cabinet)["r1"] == ["nobody"]
    pipeline = Pipeline(cabinet.store, cabinet.rules, lambda: NOW, payees=["990000033"])
    pipeline.day_passes(DAY)
    assert places(cabinet)["r1"] == ["p1"]
    pipeline.attempt([cabinet.export([answer("43", payee_number="990000033")])], DAY)
    assert places(cabinet)["r1"] == ["p2"]


def test_a_payment_moves_too(cabinet) -> None:
    payment = PatientPayment(id="e1", patient_id="p1", received_on=DAY, amount=Decimal("7.15"), means="CB")
    cabinet.take(MK, ZOE, LUC, act(), payment)
    cabinet.take(payment.model_copy(update={"patient_id": "p2"}))
    assert places(cabinet)["e1"] == ["p2"]


def test_where_records_are_is_noted_at_the_first_new_one_and_kept_up_since(cabinet) -> None:
    store = cabinet.store
    cabinet.take(*BEFORE)
    cabinet.take(act("a1").model_copy(update={"amount": Decimal("18.00")}))
    assert not store.whereabouts.kept
    cabinet.take(act("a4"))
    assert store.whereabouts.kept
    cabinet.take(act("a1", "p2"), answer("77"))
    kind = KIND_INDEX["act"]
    names = {name: record_hash(kind, f"a:{name}") for name in ("a1", "a2", "a3", "a4")}
    numbers = {patient: store.dossiers.find(1, patient) for patient in ("p1", "p2")}
    found = store.whereabouts.of([*names.values(), record_hash(KIND_INDEX["payer_return"], "a:r1")])
    assert {name: found.get(each) for name, each in names.items()} == {
        "a1": numbers["p2"],
        "a2": numbers["p1"],
        "a3": numbers["p2"],
        "a4": numbers["p1"],
    }
    assert found[record_hash(KIND_INDEX["payer_return"], "a:r1")] == 0


@pytest.mark.parametrize("few", [0, 2000])
def test_many_records_are_found_as_few_are(cabinet, few: int, monkeypatch) -> None:
    monkeypatch.setattr("connector_core.pipeline.moves._FEW", few)
    monkeypatch.setattr("connector_core.pipeline.moves._AT_ONCE", 3)
    acts = [act(f"a{n}", on=DAY + timedelta(days=n % 50)) for n in range(40)]
    cabinet.take(MK, ZOE, LUC, *acts)
    cabinet.take(*(each.model_copy(update={"patient_id": "p2"}) for each in acts[::2]))
    assert places(cabinet) == {f"a{n}": ["p1" if n % 2 else "p2"] for n in range(40)}
