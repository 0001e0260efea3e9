"""What waits, what takes whose place, and what is committed with what."""

from __future__ import annotations

import pytest

from connector_core.findings.life import Changes, advance
from connector_core.model.finding import Finding, SubjectRef
from connector_core.store.store import Store

AT = "2026-03-02T10:00:00.000+00:00"
LATER = "2026-03-02T10:05:00.000+00:00"
FOUND = Finding("R", "info", SubjectRef("act", "a1"), "p1", "m", "a", None, None, None, (), (), "f1aaaa")


def put(store: Store, slot: str = "file:report", key: str = "k1", body: bytes = b"1", due_at: str = AT) -> bool:
    with store.transaction():
        return store.outbox.put(slot, key, "file", body, AT, due_at)


def only(store: Store):
    (parcel,) = store.outbox.parcels()
    return parcel


def test_the_same_key_changes_nothing_even_once_it_was_delivered(store: Store) -> None:
    assert put(store)
    with store.transaction():
        store.outbox.trying(only(store), LATER)
        store.outbox.done(only(store), LATER)
    assert not put(store, body=b"2")
    parcel = only(store)
    assert (parcel.state, parcel.body, parcel.attempts, parcel.done_at) == ("done", b"1", 1, LATER)


def test_something_newer_takes_the_slot_and_begins_anew(store: Store) -> None:
    put(store)
    with store.transaction():
        store.outbox.given_up(only(store), "problème")
    assert put(store, key="k2", body=b"2")
    parcel = only(store)
    assert (parcel.key, parcel.state, parcel.body, parcel.attempts, parcel.problem) == ("k2", "waiting", b"2", 0, None)


def test_what_became_of_the_older_one_does_not_touch_the_newer(store: Store) -> None:
    put(store)
    older = only(store)
    put(store, key="k2")
    with store.transaction():
        store.outbox.done(older, LATER)
        store.outbox.trying(older, LATER)
        store.outbox.failed(older, "problème")
        store.outbox.forget(older)
    parcel = only(store)
    assert (parcel.key, parcel.state, parcel.attempts, parcel.problem) == ("k2", "waiting", 0, None)


def test_parcels_come_in_the_order_in_which_they_are_due(store: Store) -> None:
    put(store, slot="b", due_at=LATER)
    put(store, slot="c")
    put(store, slot="a", due_at=LATER)
    assert [each.slot for each in store.outbox.parcels("waiting")] == ["c", "a", "b"]
    assert store.outbox.parcels("done", "given_up") == []


def test_what_is_rolled_back_is_not_to_be_delivered(store: Store) -> None:
    def killed() -> None:
        with store.transaction():
            store.outbox.put("file:report", "k1", "file", b"1", AT, AT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        killed()
    assert store.outbox.parcels() == []


def test_only_old_notices_that_wait_no_more_are_forgotten(store: Store) -> None:
    with store.transaction():
        for slot in ("n1", "n2", "n3"):
            store.outbox.put(slot, "k", "notice", b"1", AT, AT)
        store.outbox.put("f1", "k", "file", b"1", AT, AT)
        for parcel in store.outbox.parcels():
            if parcel.slot != "n1":
                store.outbox.done(parcel, AT)
        store.outbox.put("n3", "k2", "notice", b"1", LATER, LATER)
        store.outbox.given_up(next(each for each in store.outbox.parcels() if each.slot == "n3"), "problème")
        store.outbox.forget_notices(before=LATER)
    assert sorted(each.slot for each in store.outbox.parcels()) == ["f1", "n1", "n3"]


def test_the_stamp_changes_with_what_people_are_told_and_with_nothing_else(store: Store) -> None:
    def found(amount: str | None, day: str = "2026-03-02") -> str:
        from dataclasses import replace
        from datetime import date
        from decimal import Decimal

        finding = replace(FOUND, amount=None if amount is None else Decimal(amount))
        with store.transaction():
            known = store.answers.lives(["d1"]).get("d1", {})
            rows = advance("d1", known, [finding], {}, date.fromisoformat(day), Changes()).rows
            store.answers.write(rows)
        return store.outbox.stamp()

    stamps = [store.outbox.stamp(), found(None), found("1.00")]
    with store.transaction():
        store.answers.set_state("f1aaaa", "dismissed", "2026-03-02", "motif")
    stamps.append(store.outbox.stamp())
    with store.transaction():
        store.set_fact("as_of", "2026-03-03")
    stamps.append(store.outbox.stamp())
    with store.transaction():
        store.files.start(store.files.source_number("a"), "0" * 64, "one.csv", 10, AT)
    stamps.append(store.outbox.stamp())
    assert len(set(stamps)) == len(stamps)
    put(store)
    with store.transaction():
        store.set_fact("figures", "autre")
    assert store.outbox.stamp() == stamps[-1]
