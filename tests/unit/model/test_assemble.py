"""A dossier as of a day: what happens later is not known yet, and says when it will be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from connector_core.model.assemble import HAPPENED_ON, assemble_dossier, practitioner_days, sent_lots
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import (
    KINDS,
    Act,
    Appointment,
    Assessment,
    Coverage,
    Invoice,
    Lot,
    Patient,
    Record,
    Treatment,
)

DAY = date(2026, 3, 2)
CABINET = Cabinet(Covers.all())


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def act(id_: str, days: int = 0, **values: object) -> Act:
    given = {"patient_id": "p1", "practitioner_id": "mk1", "letter": "RAM", "coefficient": Decimal("8.09")}
    return Act.model_validate({"id": id_, "performed_on": after(days), **given, **values})


def assembled(*records: Record):
    kinds: dict[str, list[Record]] = {}
    for record in records:
        kinds.setdefault(record.record, []).append(record)
    return assemble_dossier("p1", kinds, CABINET, DAY)


def test_the_days_on_which_records_begin_exist() -> None:
    for kind, field in HAPPENED_ON.items():
        assert KINDS[kind].model_fields[field].is_required()


def test_an_empty_dossier_is_about_somebody_and_sleeps() -> None:
    found = assembled()
    assert (found.dossier.patient_id, found.dossier.patient, found.dossier.acts) == ("p1", None, ())
    assert found.dossier.cabinet is CABINET
    assert found.wake_on is None


def test_everything_is_sorted() -> None:
    found = assembled(
        act("a4", -1, started_at=time(9)),
        act("a2", -1),
        act("a3", -1, started_at=time(8)),
        act("a1", -1),
        act("a0", -9),
        Treatment(id="t2", patient_id="p1", started_on=after(-1)),
        Treatment(id="t1", patient_id="p1", started_on=after(-2)),
    ).dossier
    assert [each.id for each in found.acts] == ["a0", "a1", "a2", "a3", "a4"]
    assert [each.id for each in found.treatments] == ["t1", "t2"]


def test_records_of_later_days_are_left_out_until_the_first_of_them() -> None:
    found = assembled(act("a1"), act("a2", 5), act("a3", 3))
    assert [each.id for each in found.dossier.acts] == ["a1"]
    assert found.wake_on == after(3)


def test_events_of_later_days_have_not_happened_yet() -> None:
    treatment = Treatment(id="t1", patient_id="p1", started_on=after(-9), ended_on=after(2))
    bilan = Assessment(
        id="b1", patient_id="p1", kind="final", performed_on=after(-1), act_id="a1", summary_sent_on=after(1)
    )
    found = assembled(treatment, bilan)
    assert found.dossier.treatments[0].ended_on is None
    assert found.dossier.assessments[0].summary_sent_on is None
    assert found.dossier.assessments[0].act_id == "a1"
    assert found.wake_on == after(1)


def test_what_happens_today_has_happened() -> None:
    treatment = Treatment(id="t1", patient_id="p1", started_on=DAY, ended_on=DAY)
    found = assembled(treatment)
    assert found.dossier.treatments == (treatment,)
    assert found.dossier.treatments[0] is treatment
    assert found.wake_on is None


def test_later_dates_that_are_no_events_are_kept() -> None:
    right = Coverage(id="c1", patient_id="p1", payer="AMO", valid_to=after(300))
    visit = Appointment(
        id="v1", patient_id="p1", practitioner_id="mk1", starts_at=datetime(2026, 4, 2, 9, tzinfo=UTC), status="booked"
    )
    found = assembled(right, visit)
    assert (found.dossier.coverages, found.dossier.appointments) == ((right,), (visit,))
    assert found.wake_on is None


def test_of_a_patient_that_dies_later_nothing_is_known_today() -> None:
    found = assembled(Patient(id="p1", deceased_on=after(4)))
    assert found.dossier.patient == Patient(id="p1")
    assert found.wake_on == after(4)


def test_an_invoice_cancelled_later_stands_today() -> None:
    given = {"patient_id": "p1", "practitioner_id": "mk1", "number": "7", "closed_on": DAY, "total": Decimal(1)}
    found = assembled(Invoice.model_validate({"id": "f1", **given, "cancelled_on": after(1), "dre_sent_on": after(-1)}))
    assert found.dossier.invoices[0].cancelled_on is None
    assert found.dossier.invoices[0].dre_sent_on == after(-1)


def test_acts_are_grouped_by_professional_and_day_in_order() -> None:
    days = practitioner_days(
        [
            act("a3", 1),
            act("a2", practitioner_id="mk2"),
            act("a1", patient_id="p2", started_at=time(9)),
            act("a0", started_at=time(9)),
            act("a9"),
        ],
        CABINET,
    )
    assert [(each.day, each.practitioner_id, [act.id for act in each.acts]) for each in days] == [
        (DAY, "mk1", ["a9", "a0", "a1"]),
        (DAY, "mk2", ["a2"]),
        (after(1), "mk1", ["a3"]),
    ]


def test_a_lot_that_two_sources_tell_of_holds_each_invoice_once() -> None:
    lot = Lot(id="vega:l1", number="012", sent_on=DAY)
    cabinet = Cabinet(Covers.all(), lots={"vega:l1": lot, "copie:l1": lot})
    invoices = [
        Invoice(
            id=f"{source}:f{number}",
            patient_id=f"{source}:p1",
            practitioner_id="mk1",
            number=number,
            closed_on=DAY,
            lot_id=f"{source}:l1",
            total=Decimal("17.93"),
        )
        for source, number in (("vega", "1"), ("copie", "0001"), ("copie", "2"))
    ]
    (sent,) = sent_lots(cabinet, invoices, (), DAY)
    assert [each.id for each in sent.invoices] == ["vega:f1", "copie:f2"]


def test_lots_are_told_in_the_order_in_which_they_left_or_were_acknowledged() -> None:
    lots = [
        Lot(id="l1", number="1", arl="positive", arl_on=after(3)),
        Lot(id="l2", number="2", sent_on=after(2), arl="positive", arl_on=after(9)),
        Lot(id="l3", number="3", created_on=DAY),
        Lot(id="l4", number="4", arl="negative", arl_on=after(-9)),
    ]
    cabinet = Cabinet(Covers.all(), lots={lot.id: lot for lot in lots})
    assert [each.lot.id for each in sent_lots(cabinet, (), (), after(9))] == ["l4", "l2", "l1"]
    assert [each.lot.id for each in sent_lots(cabinet, (), (), after(2))] == ["l4", "l2"]
    assert [each.lot.id for each in sent_lots(cabinet, (), (), after(9), DAY)] == ["l2", "l1"]
