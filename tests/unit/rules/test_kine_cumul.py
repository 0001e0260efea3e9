"""KINE-CUMUL: what can't be said case by case."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.model.coverage import Covers
from connector_core.model.finding import Finding
from connector_core.model.records import Act, Patient, Practitioner, Prescription, Record, Treatment
from connector_core.parameters.tariffs import load_tariffs
from connector_core.testing.cases import answers

FAMILIES = ("KINE-NOM-", "KINE-CUMUL-")
AS_OF = date(2026, 11, 22)


def _found(records: list[Record]) -> list[Finding]:
    given = [Practitioner(id="mk1", profession="MK"), *records]
    return [each for each in answers(given, AS_OF, Covers.all()).findings if each.rule.startswith(FAMILIES)]


def _act(name: str, letter: str, coefficient: str, day: date, at: time, **fields: str | int | Decimal | None) -> Act:
    price = load_tariffs().price(letter, Decimal(coefficient), day, "METRO")
    assert price is not None
    values: dict[str, object] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": day,
        "started_at": at,
        "duration_min": 30,
        "letter": letter,
        "coefficient": Decimal(coefficient),
        "amount": price[0],
        **fields,
    }
    return Act.model_validate(values)


def _practice() -> list[Record]:
    """Two years of a patient with everything in order: two treatments, bilans, balneotherapy, two sessions a day."""
    records: list[Record] = [
        Patient(id="p1", birth_date=date(1960, 1, 1)),
        Prescription(id="o1", patient_id="p1", issued_on=date(2024, 3, 1)),
        Prescription(id="o2", patient_id="p1", issued_on=date(2024, 3, 1)),
        Treatment(id="t1", patient_id="p1", started_on=date(2024, 3, 4), region="genou", side="L", operated=False),
        Treatment(id="t2", patient_id="p1", started_on=date(2024, 3, 4), region="thorax"),
    ]
    day, number = date(2024, 3, 4), 0
    while day < AS_OF:
        number += 1
        raised = day >= date(2026, 1, 1)
        knee = {"treatment_id": "t1", "prescription_id": "o1", "session_id": f"s{number}"}
        records.append(_act(f"v{number}", "VIM", "8.11" if raised else "7.51", day, time(9), **knee))
        if number % 20 == 1:
            records.append(_act(f"b{number}", "AMK", "10.7", day, time(9), **knee))
        if number % 3 == 0:
            records.append(_act(f"p{number}", "AMK", "3.5" if raised else "2.2", day, time(9), **knee))
        if number % 4 == 0:
            lungs = {"treatment_id": "t2", "prescription_id": "o2", "session_id": f"r{number}"}
            records.append(_act(f"r{number}", "ARL", "8.5", day, time(16), **lungs))
        day += timedelta(days=3)
    return records


def test_a_practice_where_everything_is_right_gives_no_finding() -> None:
    assert _found(_practice()) == []


def test_the_order_of_the_records_does_not_matter() -> None:
    day = date(2026, 3, 2)
    acts = [
        _act("a", "RAM", "8.09", day, time(9)),
        _act("b", "VIM", "8.11", day, time(9)),
        _act("c", "RIM", "8.10", day, time(16)),
        _act("d", "RIM", "8.10", day, time(16)),
    ]
    found = {tuple(sorted(each.fingerprint for each in _found(list(order)))) for order in permutations(acts)}
    assert len(found) == 1


@settings(max_examples=100)
@given(
    sessions=st.lists(
        st.tuples(
            st.sampled_from(
                (("RAM", "8.09"), ("VIM", "8.11"), ("ARL", "8.49"), ("ARL", "10"), ("RPB", "8"), ("PLL", "12"))
            ),
            st.sampled_from((time(8), time(9), time(17))),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_an_act_too_many_is_one_finding(
    sessions: list[tuple[tuple[str, str], time]],
) -> None:
    """Two sessions of one day break one rule of repetition at most, per act."""
    day = date(2026, 3, 2)
    acts = [_act(f"a{number}", *pair, day, at) for number, (pair, at) in enumerate(sessions)]
    counting = ("KINE-CUMUL-SEANCE", "KINE-CUMUL-2JOUR", "KINE-CUMUL-EXC", "KINE-CUMUL-DOUBLON", "KINE-NOM-PLL")
    blamed = [each.subject.id for each in _found(list(acts)) if each.rule in counting]
    assert len(blamed) == len(set(blamed))
    assert len(blamed) < max(len(acts), 2)
