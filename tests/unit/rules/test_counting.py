"""Sessions counted by treatment, and the rank of each bilan."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Act, Appointment, Invoice, Record, Treatment
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.counting import Counting, Series, coming_days, cotation, count, counted
from connector_core.rules.kernel import Check

START = date(2026, 1, 5)
AS_OF = date(2026, 12, 31)


def checked(records: Sequence[Record], as_of: date = AS_OF) -> Check:
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.record, []).append(record)
    dossier = assemble_dossier("p1", by_kind, Cabinet(Covers.all()), as_of).dossier
    return Check(dossier, as_of, load_parameters(), load_tariffs())


def counting(*records: Record) -> Counting:
    return checked(records).derive(count)


def act(number: int | str, day: int = 0, letter: str = "RAM", coefficient: str = "8.09", **fields: object) -> Act:
    return Act.model_validate(
        {
            "id": f"a{number}",
            "patient_id": "p1",
            "practitioner_id": "mk1",
            "performed_on": START + timedelta(days=day),
            "letter": letter,
            "coefficient": Decimal(coefficient),
            "treatment_id": "t1",
            **fields,
        }
    )


def bdk(number: int | str, day: int, **fields: object) -> Act:
    return act(number, day, "AMK", "10.7", **fields)


def invoice(number: str, **fields: object) -> Invoice:
    given_fields = {"id": number, "patient_id": "p1", "practitioner_id": "mk1", "number": number, "closed_on": START}
    return Invoice.model_validate({**given_fields, "total": Decimal("10.00"), **fields})


def ids(series: Series) -> list[str]:
    return [session.id for session in series.sessions]


def ranks(found: Counting) -> dict[str, int]:
    return {each.act.id: each.rank for series in found.series for each in series.bdks}


def only(found: Counting) -> Series:
    (series,) = found.series
    return series


def test_sessions_have_ranks_in_order_of_date() -> None:
    series = only(counting(act(3, 4), act(1, 0), act(2, 2)))
    assert ids(series) == ["a1", "a2", "a3"]
    assert [series.rank_on(START + timedelta(days=day)) for day in (-1, 0, 1, 2, 3, 4, 9)] == [0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("letter", "coefficient", "fields"),
    [
        ("AMK", "10.7", {}),
        ("AMK", "5.35", {}),
        ("AMK", "10", {}),
        ("AMK", "3.5", {}),
        ("RAV", "1", {}),
        ("IFS", "1", {}),
        ("MD", "1", {}),
        ("AMI", "4", {}),
        ("RAM", "8.09", {"kind": "other"}),
        ("RAM", "8.09", {"amount": Decimal("-17.88")}),
        ("RAM", "8.09", {"quantity": 0}),
        ("RAM", "8.09", {"quantity": -1}),
    ],
)
def test_what_is_no_session_is_not_counted(letter: str, coefficient: str, fields: dict[str, Any]) -> None:
    assert ids(only(counting(act(1), act(2, 3, letter, coefficient, **fields)))) == ["a1"]


@pytest.mark.parametrize(
    ("letter", "coefficient", "fields"),
    [
        ("RAV", "8", {}),
        ("AMK", "8", {}),
        ("AMS", "7.5", {}),
        ("TMK", "8", {}),
        ("XYZ", "1", {"kind": "session"}),
        ("RAM", "8.09", {"rate": "0.5"}),
        ("RAM", "8.09", {"amount": Decimal("0.00")}),
        ("RAM", "8.09", {"practitioner_id": "substitute"}),
    ],
)
def test_what_is_a_session_is_counted(letter: str, coefficient: str, fields: dict[str, Any]) -> None:
    assert ids(only(counting(act(1), act(2, 3, letter, coefficient, **fields)))) == ["a1", "a2"]


def test_an_amk_10_was_a_session_until_amk_was_left_to_the_bilans() -> None:
    days = (date(2024, 5, 31) - START).days
    found = counting(act(1, days, "AMK", "10"), act(2, days + 1, "AMK", "10"))
    assert ids(only(found)) == ["a1"]
    assert [each.id for each in found.isolated] == ["a2"]


def test_acts_of_one_passage_are_one_session() -> None:
    assert len(only(counting(act(1, session_id="s"), act(2, letter="RSM", session_id="s"))).sessions) == 1
    assert len(only(counting(act(1), act(2, coefficient="8.07"))).sessions) == 1


@pytest.mark.parametrize(
    "fields",
    [{"letter": "RSM"}, {"practitioner_id": "mk2"}, {"started_at": time(18)}, {"session_id": "s"}],
)
def test_acts_of_two_passages_on_one_day_are_two_sessions(fields: dict[str, Any]) -> None:
    assert len(only(counting(act(1), act(2, **fields))).sessions) == 2


def test_the_rank_of_a_bilan_is_the_number_of_sessions_up_to_its_day() -> None:
    sessions = [act(f"s{day}", day) for day in (2, 4, 6)]
    bilans = [bdk(f"b{day}", day) for day in (0, 2, 3, 6, 9)]
    assert ranks(counting(*sessions, *bilans)) == {"ab0": 0, "ab2": 1, "ab3": 1, "ab6": 3, "ab9": 3}


def test_a_bilan_of_a_passage_has_the_rank_of_that_passage() -> None:
    morning = act(1, 0, started_at=time(9), session_id="morning")
    evening = act(2, 0, started_at=time(18), session_id="evening")
    assert ranks(counting(morning, evening, bdk("b", 0, session_id="morning"))) == {"ab": 1}
    assert ranks(counting(morning, evening, bdk("b", 0))) == {"ab": 2}


def test_one_bilan_in_two_invoices_is_one_bilan() -> None:
    first, again = bdk("b", 0, invoice_id="f1"), bdk("c", 0, invoice_id="f2")
    assert ranks(counting(act(1), first, again)) == {"ab": 1}
    assert ranks(counting(act(1), bdk("b", 0), bdk("c", 0))) == {"ab": 1, "ac": 1}


def test_a_cancelled_invoice_takes_its_acts_away() -> None:
    acts = [act(1), act(2, 1, invoice_id="f1"), bdk("b", 1, invoice_id="f1")]
    assert ids(only(counting(*acts, invoice("f1")))) == ["a1", "a2"]
    gone = counting(*acts, invoice("f1", cancelled_on=START + timedelta(days=3)))
    assert (ids(only(gone)), ranks(gone)) == (["a1"], {})


def test_a_cancellation_still_to_come_takes_nothing_away() -> None:
    cancelled = invoice("f1", cancelled_on=AS_OF + timedelta(days=1))
    assert len(only(counting(act(1, invoice_id="f1"), cancelled)).sessions) == 1


def test_a_replaced_invoice_counts_only_while_its_acts_are_not_billed_again() -> None:
    replaced, replacing = invoice("f1"), invoice("f2", replaces="f1")
    assert ranks(counting(act(1), bdk("b", 0, invoice_id="f1"), replaced, replacing)) == {"ab": 1}
    again = act("c", 0, "AMK", "10.8", invoice_id="f2")
    assert ranks(counting(act(1), bdk("b", 0, invoice_id="f1"), again, replaced, replacing)) == {"ac": 1}


def test_a_credited_line_takes_one_equal_act_away() -> None:
    credit = act("c", 1, amount=Decimal("-17.88"))
    assert ids(only(counting(act(1), act(2, 1), act(3, 2), credit))) == ["a1", "a3"]
    assert ids(only(counting(act(1), act(2, 1, coefficient="8.07"), credit))) == ["a1", "a2"]


def test_acts_without_treatment_are_kept_aside() -> None:
    treatment = Treatment(id="t1", patient_id="p1", started_on=START, ended_on=START + timedelta(days=9))
    before, inside = act(2, -3, treatment_id=None), act(3, 3, treatment_id=None)
    found = counting(treatment, act(1), before, inside, bdk("b", 4, treatment_id=None))
    series = only(found)
    assert ids(series) == ["a1"]
    assert [each.id for each in series.loose_sessions] == ["a3"]
    assert [each.id for each in series.loose_bdks] == ["ab"]
    assert series.doubtful
    assert ids(series.with_loose()) == ["a1", "a3"]
    assert ids(found.loose) == ["a2", "a3"]


def test_a_treatment_that_no_source_describes_is_counted_all_the_same() -> None:
    series = only(counting(act(1)))
    assert series.treatment is None
    assert series.ended_on is None
    assert (series.subject.id, series.doubtful) == ("t1", False)


def test_the_reasoning_lists_ranks_days_and_cotations() -> None:
    series = only(counting(act(1), act(2, 2, coefficient="8.10")))
    lines = counted(series, 1, 2)
    assert [(line.rank, line.on, line.text, line.evidence.id) for line in lines] == [
        (1, START, "RAM 8,09", "a1"),
        (2, START + timedelta(days=2), "RAM 8,10", "a2"),
    ]
    long = only(counting(*(act(number, number) for number in range(200))))
    assert [line.rank for line in counted(long, 1, 200)] == list(range(81, 201))
    assert cotation(act(1, coefficient="9")) == "RAM 9"


def test_coming_days_are_those_of_booked_appointments() -> None:
    def appointment(number: int, day: int, status: str) -> Appointment:
        starts_at = datetime.combine(START + timedelta(days=day), time(10), timezone(timedelta(hours=1)))
        return Appointment.model_validate(
            {"id": f"r{number}", "patient_id": "p1", "practitioner_id": "mk1", "starts_at": starts_at, "status": status}
        )

    booked = [appointment(1, 3, "booked"), appointment(2, 0, "confirmed"), appointment(3, -1, "booked")]
    other = [appointment(4, 4, "cancelled"), appointment(5, 5, "honoured"), appointment(6, 6, "missed")]
    assert checked([*booked, *other], START).derive(coming_days) == [START, START + timedelta(days=3)]
    assert checked([act(1), *booked], START).derive(coming_days) == [START + timedelta(days=3)]


ACTS = st.lists(
    st.builds(
        lambda day, pair, treatment, session, hour, invoiced: (day, pair, treatment, session, hour, invoiced),
        st.integers(0, 40),
        st.sampled_from([("RAM", "8.09"), ("RSM", "8.09"), ("AMK", "10.7"), ("AMK", "3.5"), ("IFS", "1")]),
        st.sampled_from(["t1", "t2", None]),
        st.sampled_from([None, None, "s1", "s2"]),
        st.sampled_from([None, time(9), time(18)]),
        st.sampled_from([None, "f1", "f2"]),
    ),
    max_size=25,
)


def built(drawn: Sequence[tuple]) -> list[Act]:
    return [
        act(
            f"{number:02}",
            day,
            letter,
            coefficient,
            treatment_id=treatment,
            session_id=None if session is None else f"{session}-{treatment}-{day}",
            started_at=hour,
            invoice_id=invoiced,
        )
        for number, (day, (letter, coefficient), treatment, session, hour, invoiced) in enumerate(drawn)
    ]


def facts(found: Counting, treatment_id: str) -> tuple[list[str], list[tuple[str, int]]]:
    series = found.of(treatment_id)
    return ([], []) if series is None else (ids(series), [(each.act.id, each.rank) for each in series.bdks])


@given(ACTS, st.randoms())
def test_the_order_of_the_input_changes_nothing(drawn: Sequence[tuple], random: Random) -> None:
    acts = built(drawn)
    shuffled = list(acts)
    random.shuffle(shuffled)
    one, other = counting(*acts), counting(*shuffled)
    assert facts(one, "t1") == facts(other, "t1")
    assert ids(one.loose) == ids(other.loose)


@given(ACTS)
def test_acts_of_another_treatment_change_nothing(drawn: Sequence[tuple]) -> None:
    acts = built(drawn)
    alone = [each for each in acts if each.treatment_id != "t2"]
    assert facts(counting(*acts), "t1") == facts(counting(*alone), "t1")


@given(ACTS)
def test_cancelling_an_invoice_equals_never_having_had_its_acts(drawn: Sequence[tuple]) -> None:
    acts = built(drawn)
    cancelled = invoice("f1", cancelled_on=START)
    without = [each for each in acts if each.invoice_id != "f1"]
    for treatment in ("t1", "t2"):
        assert facts(counting(*acts, cancelled), treatment) == facts(counting(*without), treatment)


@given(ACTS)
def test_ranks_follow_the_days(drawn: Sequence[tuple]) -> None:
    for series in counting(*built(drawn)).series:
        days = [session.performed_on for session in series.sessions]
        assert days == sorted(days)
        assert all(0 <= each.rank <= len(days) for each in series.bdks)
