"""The records of a dossier lie in the store in the order in which rules are asked about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_core.model.order import in_order
from connector_core.model.records import Act, PatientPayment, Record
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.codec import KIND_INDEX, Fragments, encode_record
from connector_core.store.schema import MIGRATIONS
from connector_core.store.store import UNORDERED, Store

DAY = date(2026, 3, 2)


def act(number: int, days: int, hour: int | None) -> Act:
    return Act(
        id=f"a{number}",
        patient_id="p1",
        practitioner_id="mk1",
        performed_on=DAY + timedelta(days=days),
        started_at=None if hour is None else time(hour),
        letter="RAM",
        coefficient=Decimal("8.09"),
    )


def payment(number: int, days: int) -> PatientPayment:
    return PatientPayment(
        id=f"r{number}",
        patient_id="p1",
        amount=Decimal("5.00"),
        means="CHEQUE",
        received_on=DAY + timedelta(days=days),
    )


ACTS = st.builds(act, st.integers(0, 12), st.integers(-2, 2), st.none() | st.sampled_from((8, 9, 14)))
PAYMENTS = st.builds(payment, st.integers(0, 12), st.integers(-2, 2))


def fragments(records: Sequence[Record], file: int = 1) -> Fragments:
    gained = Fragments()
    for place, record in enumerate(records):
        gained.add(KIND_INDEX[record.record], encode_record(record, "", file, place, bytes((file, place))))
    return gained


@given(st.lists(st.lists(ACTS | PAYMENTS, max_size=8), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_what_a_dossier_gains_is_put_in_its_place(store: Store, exports: list[list[Record]]) -> None:
    store.dossiers.delete(1)
    last: dict[str, Record] = {}
    for file, gained in enumerate(exports, 1):
        merged = store.dossiers.merge(1, fragments(gained, file))
        store.dossiers.save([(1, "p1", None, merged.blob)])
        last |= {each.id: each for each in gained}
    for kind in ("act", "patient_payment"):
        expected = in_order(kind, [each for each in last.values() if each.record == kind])
        assert [each.id for each in store.dossiers.of_kind(1, kind)] == [each.id for each in expected]


@pytest.mark.parametrize("hours", [(9, 8, 14), (None, None, None), (9, None, 8)])
def test_acts_are_in_order_of_day_and_time_known_or_not(hours: tuple[int | None, ...]) -> None:
    acts = [act(1, 1, hours[0]), act(2, 0, hours[1]), act(4, 0, hours[2]), act(3, 0, hours[2])]
    found = in_order("act", acts)
    key = [(each.performed_on, each.started_at or time.min, each.id) for each in found]
    assert key == sorted(key)
    assert in_order("act", found) is found


def test_a_kind_in_which_nothing_happens_on_a_day_stays_as_it_was_read() -> None:
    assert in_order("coverage", ["b", "a"]) == ["b", "a"]


def made_before(open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of the last version that kept records as they were read."""
    before = next(place for place, each in enumerate(MIGRATIONS) if f"'{UNORDERED}'" in each)
    with monkeypatch.context() as patched:
        patched.setattr("connector_core.store.connection.MIGRATIONS", MIGRATIONS[:before])
        return open_store()


def test_dossiers_of_an_earlier_version_are_put_in_order_when_they_are_read(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made_before(open_store, monkeypatch)
    monkeypatch.setattr("connector_core.store.dossiers.in_order", lambda _kind, records: records)
    blob = store.dossiers.merge(1, fragments([act(2, 0, None), act(1, 0, None), act(3, -1, None)])).blob
    store.dossiers.save([(1, "p1", None, blob)])
    store.close()

    store = open_store()
    ((_, _, _, records),) = store.dossiers.some([1])
    by_kind, _ = PracticeView.of(store, (), {}).by_kind(records)
    assert [each.id for each in by_kind["act"]] == ["a3", "a1", "a2"]


def test_an_empty_store_of_an_earlier_version_has_nothing_to_put_in_order(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_before(open_store, monkeypatch).close()
    assert open_store().fact(UNORDERED) is None
