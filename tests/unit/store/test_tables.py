"""What the tables of the store keep, and what they forget."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connector_core.findings.life import Changes, advance
from connector_core.model.coverage import Covers
from connector_core.model.finding import Finding, SubjectRef, Undetermined
from connector_core.model.records import Patient
from connector_core.store.claims import Claim
from connector_core.store.codec import KIND_INDEX, Fragments, encode_record
from connector_core.store.dossiers import natural_keys
from connector_core.store.files import FileState
from connector_core.store.held import HASH_BYTES
from connector_core.store.store import Store
from connector_core.store.whereabouts import record_hash

AT = "2026-03-02T10:00:00+00:00"
FOUND = Finding("R", "info", SubjectRef("act", "a1"), "p1", "m", "a", None, None, None, (), (), "f1aaaa")


def file(store: Store, source: str = "a", sha256: str = "0" * 64, name: str = "one.csv") -> int:
    return store.files.start(store.files.source_number(source), sha256, name, 10, AT)


def hashed(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(HASH_BYTES, "big") for number in numbers)


def seen(store: Store, source: int = 1, signature: str = "s") -> list[int]:
    rows = store.files.seen(source, signature)
    return [number for number in range(100) if hashed(number) in rows]


def test_a_file_is_known_by_source_and_content_and_bears_its_last_name(store: Store) -> None:
    assert file(store) == file(store, name="two.csv")
    assert file(store, source="b") != file(store)
    assert [(each.source, each.name) for each in store.files.list_files()] == [("a", "one.csv"), ("b", "one.csv")]
    assert [each.source for each in store.files.list_files("b")] == ["b"]
    assert store.files.source_of_files() == {1: "a", 2: "b"}
    assert store.files.digests() == {1: "0" * 64, 2: "0" * 64}


@pytest.mark.parametrize(
    ("state", "rows", "again"),
    [
        ("committed", 0, False),
        ("waiting", 1, False),
        ("incomplete", 1, False),
        ("incomplete", 0, True),
        ("unknown", 0, True),
        ("ambiguous", 0, True),
        ("set_aside", 0, True),
    ],
)
def test_files_of_which_no_row_could_be_read_may_be_tried_again(
    store: Store, state: FileState, rows: int, again: bool
) -> None:
    store.files.finish(file(store), state=state, at=AT, rows=rows)
    assert (store.files.taken("a") == set()) is again
    assert (store.files.heard() == {}) is again
    assert store.files.taken("b") == set()
    assert store.files.waiting("a") == (["0" * 64] if state == "waiting" else [])


def test_a_new_try_at_a_file_forgets_what_the_last_refused(store: Store) -> None:
    number = file(store)
    store.files.refuse(number, [("line 2", "illisible", b"x")])
    assert [each.place for each in store.files.rejects(number)] == ["line 2"]
    file(store)
    assert store.files.rejects() == []


def test_rows_are_seen_under_the_layout_they_were_understood_in(store: Store) -> None:
    store.files.add_seen(1, "s", file(store), hashed(1, 2))
    store.files.add_seen(1, "t", file(store), hashed(3))
    store.files.add_seen(1, "t", file(store), b"")
    assert (seen(store), seen(store, 1, "t"), seen(store, 2)) == ([1, 2], [3], [])


def test_a_row_that_was_overruled_is_not_seen_until_it_is_understood_again(store: Store) -> None:
    one, two = file(store), file(store, sha256="1" * 64)
    store.files.add_seen(1, "s", one, hashed(1, 2, 3))
    store.files.add_seen(1, "s", two, hashed(4))
    store.files.overrule([(one, hashed(1)), (one, hashed(3)), (77, hashed(2))])
    assert seen(store) == [2, 4]
    store.files.add_seen(1, "s", two, hashed(1))
    assert seen(store) == [1, 2, 4]
    store.files.overrule([(two, hashed(1))])
    assert seen(store) == [2, 4]
    store.files.forget_seen(1)
    assert seen(store) == []
    store.files.add_seen(1, "s", two, hashed(1))
    assert seen(store) == [1]


def test_a_source_covers_what_any_of_its_files_showed(store: Store) -> None:
    number = store.files.source_number("a")
    assert store.files.covers() == Covers()
    store.files.widen(number, Covers.of(["act"]))
    store.files.widen(number, Covers.of(["lot.arl"]))
    assert store.files.covers() == Covers.of(["act", "lot.arl"])
    store.files.widen(store.files.source_number("b"), Covers.all())
    assert store.files.covers().everything


def test_what_tables_said_is_remembered_by_source(store: Store) -> None:
    store.files.remember(1, [("codes", "A", {"letter": "AMK"}), ("codes", "B", {})])
    store.files.remember(1, [("codes", "A", {"letter": "RAM"})])
    assert store.files.remembered(1) == {("codes", "A"): {"letter": "RAM"}, ("codes", "B"): {}}
    assert store.files.remembered(2) == {}


def keep(store: Store, *found: Finding, owner: str = "d1") -> None:
    ahead = advance(owner, store.answers.lives([owner]).get(owner, {}), found, {}, date(2026, 3, 2), Changes())
    store.answers.write(ahead.rows)


def test_findings_are_kept_by_owner_and_found_by_the_beginning_of_their_fingerprint(store: Store) -> None:
    other = replace(FOUND, fingerprint="f2bbbb")
    keep(store, FOUND)
    keep(store, other, owner="d2")
    assert [kept.finding for kept in store.answers.findings()] == [FOUND, other]
    assert [kept.owner for kept in store.answers.find("f2")] == ["d2"]
    assert len(store.answers.find("f")) == 2
    assert store.answers.find("x") == []
    lives = store.answers.lives(["d1", "d2", "d3"])
    assert {owner: list(found) for owner, found in lives.items()} == {"d1": ["f1aaaa"], "d2": ["f2bbbb"]}


def test_owners_of_one_kind_are_those_that_have_answers(store: Store) -> None:
    keep(store, FOUND, owner="d1")
    keep(store, replace(FOUND, fingerprint="f2bbbb"), owner="jmk1/2026-03-02")
    gap = Undetermined("R", SubjectRef("patient", "p1"), ("act.letter",), "absent")
    store.answers.replace_undetermined([("jmk1/2026-03-02", [gap]), ("jmk1/2026-03-03", [gap]), ("p", [gap])])
    assert store.answers.owners("j") == ["jmk1/2026-03-02", "jmk1/2026-03-03"]


def test_findings_are_listed_by_state(store: Store) -> None:
    keep(store, FOUND, replace(FOUND, fingerprint="f2bbbb"))
    store.answers.set_state("f1aaaa", "dismissed", "2026-03-03", "vu")
    assert [kept.finding.fingerprint for kept in store.answers.findings("open")] == ["f2bbbb"]
    (kept,) = store.answers.findings("dismissed", "resolved")
    assert (kept.reason, kept.changed_on, kept.opened_on) == ("vu", "2026-03-03", "2026-03-02")


def test_what_could_not_be_answered_is_replaced_by_owner(store: Store) -> None:
    one, two = (Undetermined("R", SubjectRef("patient", each), ("act.letter",), "absent") for each in ("p1", "p2"))
    store.answers.replace_undetermined([("d1", [one, one]), ("j1", [one])])
    store.answers.replace_undetermined([("d2", [two]), ("d1", [one]), ("j1", [])])
    assert [gap.subject.id for gap in store.answers.undetermined()] == ["p1", "p2"]
    keep(store, FOUND)
    store.answers.forget("d1")
    assert store.answers.findings() == []
    assert [gap.subject.id for gap in store.answers.undetermined()] == ["p2"]


def dossier(store: Store, number: int, *patients: Patient, wake_on: str | None = None) -> None:
    gained = Fragments()
    for patient in patients:
        gained.add(KIND_INDEX["patient"], encode_record(patient, "", 1, 1, b"1"))
    merged = store.dossiers.merge(number, gained)
    store.dossiers.save([(number, "p", wake_on, merged.blob)])


def test_a_dossier_gains_what_is_new_and_tells_what_is_no_longer_true(store: Store) -> None:
    dossier(store, 1, Patient(id="p1", family_name="A"), Patient(id="p2"))
    gained = Fragments()
    gained.add(KIND_INDEX["patient"], encode_record(Patient(id="p1", family_name="B"), "", 2, 7, b"2"))
    merged = store.dossiers.merge(1, gained)
    patients = KIND_INDEX["patient"]
    assert [(each.id, each.family_name) for each in merged.records[patients]] == [("p1", "B"), ("p2", None)]  # type: ignore[attr-defined]
    assert [each.family_name for each in merged.superseded[patients]] == ["A"]  # type: ignore[attr-defined]
    assert store.dossiers.load(2) is None


def test_dossiers_are_woken_on_their_day(store: Store) -> None:
    dossier(store, 1, Patient(id="p1"), wake_on="2026-03-02")
    dossier(store, 2, Patient(id="p2"))
    dossier(store, 3, Patient(id="p3"), wake_on="2026-03-05")
    assert store.dossiers.awake(date(2026, 3, 1)) == []
    assert store.dossiers.awake(date(2026, 3, 5)) == [1, 3]
    store.dossiers.wake(1, None)
    assert store.dossiers.awake(date(2026, 3, 5)) == [3]


def test_dossiers_that_are_joined_leave_nothing_under_the_old_number(store: Store) -> None:
    dossiers = store.dossiers
    one, two = dossiers.owner(1, "p1"), dossiers.owner(2, "z9")
    dossier(store, one, Patient(id="p1"))
    dossier(store, two, Patient(id="z9"))
    assert (dossiers.numbers(), dossiers.count()) == ([one, two], 2)
    store.claims.add([("7", Claim(one)), ("7", Claim(two)), ("8", Claim(two)), ("7", Claim(two, "mk1", "l1"))])
    assert store.claims.dossiers("7") == [one, two]
    dossiers.join(two, one)
    store.claims.join(two, one)
    dossiers.delete(two)
    assert (dossiers.numbers(), dossiers.count()) == ([one], 1)
    assert store.claims.dossiers("7") == store.claims.dossiers("8") == [one]
    assert dossiers.owner(2, "z9") == one


def test_an_invoice_that_is_told_again_is_one_claim_for_each_lot(store: Store) -> None:
    claims = store.claims
    first, again = Claim(1, "mk1", "l1"), Claim(1, "mk1", "l2")
    claims.add([("007", first), ("7", again)])
    claims.add([("7", first._replace(apart=True)), ("7", again)])
    claims.add([("7", first)])
    assert claims.of("7") == [first._replace(apart=True), again]


def test_records_that_wait_for_an_invoice_are_adopted_once(store: Store) -> None:
    kind, reminder = KIND_INDEX["payer_return"], KIND_INDEX["reminder"]
    store.waiting.add([("7", kind, b"x"), ("8", kind, b"y"), ("07", kind, b"z"), ("7", reminder, b"r")])
    first, second = store.waiting.for_invoice("7")
    assert first == (first.place, "7", kind, b"x")
    store.waiting.adopt(first.place)
    assert store.waiting.for_invoice("7") == [second]
    assert [each.record for each in store.waiting.reminders()] == [b"r"]
    assert store.waiting.count() == 3


def test_where_records_are_is_kept_whatever_their_hashes(store: Store) -> None:
    least, most = -(1 << 63), (1 << 63) - 1
    places = {least: 3, least + 1: 1, -1: 2, 0: 5, 1: 0, most: 4}
    assert not store.whereabouts.kept
    store.whereabouts.keep(reversed(places.items()))
    assert store.whereabouts.of([*places, 77]) == places
    store.whereabouts.put([(most, 9)])
    assert store.whereabouts.of([most, 77]) == {most: 9}


def test_every_record_of_a_dossier_has_a_hash_of_its_own() -> None:
    hashes = {record_hash(kind, f"a:{n}") for kind in range(20) for n in range(2000)}
    assert len(hashes) == 40_000
    assert all(-(1 << 63) <= each < 1 << 63 for each in hashes)
    assert record_hash(1, "a:é") == record_hash(1, "a:é") != record_hash(2, "a:é")


def test_a_person_is_known_by_nir_then_by_name_and_by_neither_without_a_birth_date() -> None:
    born = date(1980, 1, 1)
    zoe = Patient(
        id="p", family_name="Le  Gr\u00e2nd-D'Or", given_name="Zo\u00e9", birth_date=born, nir="2800175123456"
    )
    assert list(natural_keys(zoe)) == ["nir|2800175123456|1980-01-01|1", "name|le grand d or|zoe|1980-01-01"]
    assert list(natural_keys(zoe.model_copy(update={"birth_rank": 2, "given_name": None}))) == [
        "nir|2800175123456|1980-01-01|2"
    ]
    assert list(natural_keys(zoe.model_copy(update={"birth_date": None}))) == []
