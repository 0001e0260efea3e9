"""Tables that are read in part: whatever changes, what is known ends as if the database were read for the first
time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.service.marked_base import GROWING, VERSIONS, made

from connector_core.sources.database.parts import SETTLES
from connector_core.sources.database.passes import COMPARE_EVERY

FEW = (
    *(f"INSERT INTO SEANCES VALUES ({n}, 'P{n % 3}', '2026-09-{n:02}', {n})" for n in range(1, 9)),
    *(f"INSERT INTO LIGNES VALUES ({n}, 'A{n}', {n}, '1', '7.5', {n})" for n in range(1, 9)),
)


@pytest.fixture
def base(tmp_path):
    base = made(tmp_path / "base.db", VERSIONS, *FEW)
    base.settle()
    yield base
    base.store.close()


@pytest.fixture
def growing(tmp_path):
    base = made(tmp_path / "base.db", GROWING, *FEW)
    base.settle()
    yield base
    base.store.close()


def test_only_rows_that_are_new_or_have_changed_are_fetched(base):
    base.change(
        "INSERT INTO SEANCES VALUES (9, 'P1', '2026-09-09', 9)",
        "INSERT INTO LIGNES VALUES (9, 'A9', 9, '1', '7.5', 9)",
        "UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2",
    )
    passed = base.poll()
    assert base.fetched(passed) == {"SEANCES": (2, False), "LIGNES": (3, False)}, "and that which was the last before"
    assert [(each.table, each.of) for each in passed.known.fetched] == [("SEANCES", 9), ("LIGNES", 9)]
    assert base.content == base.anew
    assert base.poll().status == "unchanged"


def test_a_part_withdraws_nothing_that_it_lacks(base):
    before = base.acts
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2")
    base.poll()
    assert base.extracts[-1].tables[0].whole is False
    assert base.acts == before
    assert [outcome.gone_rows for outcome in base.outcomes] == [0, 1]


def test_a_row_that_says_another_id_takes_back_what_it_said(base):
    base.change("UPDATE LIGNES SET REF = 'autre', VU = 10 WHERE ID = 2")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    assert base.content == base.anew
    assert "base:A2" not in base.acts


def test_a_change_that_is_undone_is_seen(base):
    before = base.content
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2")
    base.poll()
    base.change("UPDATE LIGNES SET COEF = '7.5', VU = 11 WHERE ID = 2")
    base.poll()
    assert base.content == before == base.anew


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM LIGNES WHERE ID = 3",),
        ("DELETE FROM LIGNES WHERE ID = 3", "INSERT INTO LIGNES VALUES (9, 'A9', 8, '1', '7.5', 9)"),
        ("DELETE FROM LIGNES WHERE ID = 8",),
        ("DELETE FROM LIGNES",),
    ],
    ids=["an old one", "one for another", "the last", "all"],
)
def test_a_row_that_is_deleted_has_the_table_fetched_whole(base, statements):
    base.change(*statements)
    (fetched,) = base.poll().fetched
    assert (fetched.table, fetched.whole) == ("LIGNES", True)
    assert base.content == base.anew


def test_a_key_that_is_used_again_in_between_says_what_it_says_now(base):
    base.change("DELETE FROM LIGNES WHERE ID = 3", "INSERT INTO LIGNES VALUES (3, 'B3', 5, '2', '1', 9)")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    assert base.content == base.anew


def test_rows_without_a_version_are_always_looked_at(base):
    base.change("INSERT INTO LIGNES VALUES (9, 'A9', 8, '1', '7.5', NULL)")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    base.change("UPDATE LIGNES SET COEF = '1' WHERE ID = 9")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    assert base.content == base.anew


def test_a_table_without_any_version_is_fetched_whole(tmp_path):
    base = made(tmp_path / "base.db", VERSIONS, *FEW, "UPDATE LIGNES SET VU = NULL")
    for _ in range(3):
        base.poll()
    base.change("UPDATE LIGNES SET COEF = '1' WHERE ID = 2")
    assert base.fetched(base.poll())["LIGNES"] == (8, True)
    assert base.content == base.anew


def test_a_change_that_keeps_the_highest_version_is_seen(base):
    base.change("UPDATE LIGNES SET COEF = '1', VU = 8 WHERE ID = 2")
    base.poll()
    assert base.content == base.anew
    base.change("UPDATE LIGNES SET COEF = '2' WHERE ID = 2")
    base.poll()
    assert base.content == base.anew


def test_versions_that_have_gone_down_have_the_table_fetched_whole(base):
    base.change("UPDATE LIGNES SET COEF = '1', VU = VU - 4 WHERE ID > 2")
    assert base.fetched(base.poll())["LIGNES"] == (8, True)
    assert base.content == base.anew
    assert base.known.tables["LIGNES"].settled is None, "no mark of before means anything"
    base.change("UPDATE LIGNES SET COEF = '3', VU = 5 WHERE ID = 2")
    base.poll()
    assert base.content == base.anew


def test_the_newest_row_may_go_and_older_marks_hold(base):
    base.change("INSERT INTO LIGNES VALUES (9, 'A9', 8, '1', '7.5', 9)")
    base.poll()
    base.change("DELETE FROM LIGNES WHERE ID = 9")
    assert base.fetched(base.poll()) == {"LIGNES": (8, True)}
    base.change("UPDATE LIGNES SET COEF = '1', VU = 10 WHERE ID = 2")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    assert base.content == base.anew


def test_a_table_that_is_emptied_and_filled_with_as_many_rows_is_fetched_whole(base):
    rows = (f"INSERT INTO LIGNES VALUES ({n + 20}, 'C{n}', {n}, '1', '2', {n})" for n in range(1, 9))
    base.change("DELETE FROM LIGNES", *rows)
    assert base.fetched(base.poll())["LIGNES"] == (8, True)
    assert base.content == base.anew


def test_texts_are_compared_as_the_database_orders_them(tmp_path):
    words = ("abeille", "Bois", "cerf", "Daim", "ecu", "Four", "gare", "Houx")
    table = "CREATE TABLE LIGNES (ID INTEGER PRIMARY KEY, REF, SEANCE, CODE, COEF, VU TEXT COLLATE NOCASE)"
    rows = (f"INSERT INTO LIGNES VALUES ({n}, 'A{n}', {n}, '1', '7.5', '{word}')" for n, word in enumerate(words, 1))
    base = made(tmp_path / "base.db", VERSIONS, *FEW, "DROP TABLE LIGNES", table, *rows)
    base.settle()
    assert base.known.tables["LIGNES"].settled == "text Houx"
    base.change("UPDATE LIGNES SET COEF = '1', VU = 'iris' WHERE ID = 2")
    assert base.fetched(base.poll()) == {"LIGNES": (2, False)}
    base.change("UPDATE LIGNES SET COEF = '1', VU = 'Jonc' WHERE ID = 3")
    assert base.fetched(base.poll()) == {"LIGNES": (3, False)}, "Jonc is above iris, and below it byte by byte"
    assert base.content == base.anew


def test_a_transaction_that_ends_late_is_seen_as_long_as_its_stamp_is_not_older_than_marks_settle(base):
    base.change("UPDATE LIGNES SET COEF = '2', VU = 12 WHERE ID = 5")
    base.poll(SETTLES)
    base.change("UPDATE LIGNES SET COEF = '1', VU = 11 WHERE ID = 2")
    base.poll()
    assert base.content == base.anew
    for _ in range(3):
        base.poll()
    base.change("UPDATE LIGNES SET COEF = '4', VU = 9 WHERE ID = 3")
    assert base.poll().status == "unchanged"
    base.poll(COMPARE_EVERY)
    assert base.content == base.anew


def test_a_change_without_a_new_version_is_seen_within_a_day(base):
    base.change("UPDATE LIGNES SET COEF = '1' WHERE ID = 2")
    assert base.poll().status == "unchanged"
    base.poll(COMPARE_EVERY)
    assert base.content == base.anew


def test_a_change_of_an_old_row_of_a_growing_table_is_seen_when_it_is_compared(growing):
    growing.change("UPDATE LIGNES SET COEF = '1' WHERE ID = 2", "INSERT INTO LIGNES VALUES (9, 'A9', 8, '1', '7.5', 0)")
    assert growing.fetched(growing.poll()) == {"LIGNES": (2, False)}
    assert growing.content != growing.anew
    assert growing.poll().status == "unchanged"
    passed = growing.poll(timedelta(hours=1))
    assert passed.fetched[0].whole
    assert growing.content == growing.anew
    assert growing.poll(timedelta(hours=1)).status == "unchanged"


def test_a_growing_table_that_stands_still_is_not_compared(growing, monkeypatch):
    monkeypatch.setattr("connector_core.sources.database.sqlite._SqliteSession.lines", None)
    assert growing.poll(timedelta(hours=2)).status == "unchanged"


def test_new_sessions_bring_no_more_than_the_lines_that_name_them(growing):
    growing.change(
        "INSERT INTO SEANCES VALUES (9, 'P1', '2026-09-09', 9)", "INSERT INTO LIGNES VALUES (9, 'A9', 9, '1', '7.5', 9)"
    )
    assert growing.fetched(growing.poll()) == {"SEANCES": (2, False), "LIGNES": (2, False)}
    assert growing.content == growing.anew


def test_a_session_that_says_otherwise_brings_all_lines_along(base):
    base.change("UPDATE SEANCES SET PATIENT = 'P9', VU = 20 WHERE ID = 1")
    assert base.fetched(base.poll()) == {"CODES": (2, True), "SEANCES": (8, True), "LIGNES": (8, True)}
    assert base.content == base.anew


def test_a_line_that_came_before_its_session_is_read_with_it(base):
    base.change("INSERT INTO LIGNES VALUES (9, 'A9', 77, '1', '7.5', 9)")
    base.poll()
    assert base.outcomes[-1].rejects == 1
    for _ in range(4):
        base.poll()
    base.change("INSERT INTO SEANCES VALUES (77, 'P1', '2026-09-09', 90)")
    assert base.fetched(base.poll()) == {"SEANCES": (2, False), "LIGNES": (9, True)}
    assert base.content == base.anew
    base.change("INSERT INTO SEANCES VALUES (78, 'P1', '2026-09-09', 91)")
    assert base.fetched(base.poll()) == {"SEANCES": (3, False)}, "no line waits any more"


@pytest.mark.parametrize("again", ["P1", "P7"])
def test_the_lines_of_a_session_that_is_gone_say_nothing_until_it_is_back(base, again):
    base.change("DELETE FROM SEANCES WHERE ID = 4")
    base.poll()
    assert base.content == base.anew
    assert "base:A4" not in base.acts
    base.change(f"INSERT INTO SEANCES VALUES (4, '{again}', '2026-09-04', 20)")
    base.poll()
    assert base.content == base.anew
    assert "base:A4" in base.acts


def test_a_new_code_is_no_change_of_the_others(base):
    base.change("INSERT INTO CODES VALUES ('3', 'AMC')")
    assert base.fetched(base.poll()) == {"CODES": (3, True)}
    base.change("UPDATE CODES SET LETTRE = 'AMC' WHERE CODE = '1'")
    assert base.fetched(base.poll())["LIGNES"] == (8, True)
    assert base.content == base.anew


def test_a_pass_whose_end_was_not_noted_is_repeated_and_finds_nothing(base):
    before = base.known
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2", "DELETE FROM SEANCES WHERE ID = 4")
    base.poll()
    after = base.content
    base.known = before
    assert base.poll().status == "unchanged"
    assert base.content == after == base.anew


def test_an_extract_that_was_never_read_is_fetched_again(base):
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2")
    base.fetch()
    base.poll()
    assert base.content == base.anew


def test_what_is_known_of_a_pass_whose_extract_was_lost_hides_nothing(base):
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2")
    base.known = base.fetch()[0].known
    base.change("INSERT INTO LIGNES VALUES (9, 'A9', 8, '1', '7.5', 11)")
    base.poll()
    assert base.content == base.anew


def test_an_older_extract_that_is_read_late_is_put_right(base):
    base.change("UPDATE LIGNES SET COEF = '8.5', VU = 10 WHERE ID = 2")
    older = base.fetch()
    base.change("UPDATE LIGNES SET COEF = '9.5', VU = 11 WHERE ID = 2")
    base.poll()
    base.take(*older)
    base.change("UPDATE LIGNES SET COEF = '1', VU = 12 WHERE ID = 3")
    base.poll()
    assert base.content == base.anew


def test_a_store_that_does_not_know_which_rows_it_holds_has_everything_fetched(base):
    base.store.files.doubt(1)
    assert {whole for _, whole in base.fetched(base.poll()).values()} == {True}
    assert base.poll().status == "unchanged"


LINES, SESSIONS = st.integers(1, 6), st.integers(1, 4)
STEPS = st.one_of(
    st.tuples(st.just("poll"), st.sampled_from([5, 10, 40])),
    st.tuples(st.just("line"), LINES, SESSIONS, st.integers(1, 3), st.booleans()),
    st.tuples(st.just("session"), SESSIONS, st.integers(1, 3), st.booleans()),
    st.tuples(st.just("no line"), LINES),
    st.tuples(st.just("no session"), SESSIONS),
    st.tuples(st.just("code"), st.sampled_from(["AMK", "AMS"])),
    st.tuples(st.just("restore"), st.booleans()),
)


def _statements(step: tuple[object, ...], version: int | None) -> tuple[str, ...]:
    """What the software does in a step; `version` is what it stamps rows with."""
    stamp = "NULL" if version is None else version
    match step:
        case ("line", key, session, what, renamed):
            ref = f"R{what}-{key}" if renamed else f"A{key}"
            return (f"INSERT OR REPLACE INTO LIGNES VALUES ({key}, '{ref}', {session}, '1', '{what}.5', {stamp})",)
        case ("session", key, patient, _):
            return (f"INSERT OR REPLACE INTO SEANCES VALUES ({key}, 'P{patient}', '2026-09-01', {stamp})",)
        case ("no line", key):
            return (f"DELETE FROM LIGNES WHERE ID = {key}",)
        case ("no session", key):
            return (f"DELETE FROM SEANCES WHERE ID = {key}",)
        case ("code", letter):
            return (f"UPDATE CODES SET LETTRE = '{letter}' WHERE CODE = '1'",)
        case _:
            return ()


LATE = st.tuples(st.just("late"), st.sampled_from([7, 8]), st.integers(1, 3))
"""A line that is stamped now, by a transaction that ends after the next pass, if that is soon."""


@settings(max_examples=25)
@given(steps=st.lists(st.one_of(STEPS, LATE), max_size=14))
def test_with_honest_versions_every_pass_ends_where_a_first_reading_would(tmp_path_factory, steps):
    base = made(tmp_path_factory.getbasetemp() / "honest.db", VERSIONS, *FEW)
    base.settle()
    open_transactions: list[str] = []
    for number, step in enumerate([*steps, ("poll", 5), ("poll", 5)]):
        match step:
            case ("poll", minutes):
                after = timedelta(minutes=minutes)
                if after >= SETTLES:
                    base.change(*open_transactions)
                    open_transactions.clear()
                base.poll(after)
                assert base.content == base.anew
                base.change(*open_transactions)
                open_transactions.clear()
            case ("late", key, what):
                open_transactions.append(f"UPDATE LIGNES SET COEF = '{what}', VU = {100 + number} WHERE ID = {key}")
            case _:
                base.change(*_statements(step, 100 + number))
    base.store.close()


@settings(max_examples=25)
@given(
    growing=st.booleans(),
    steps=st.lists(st.tuples(STEPS, st.one_of(st.none(), st.integers(0, 20))), max_size=14),
)
def test_whatever_the_marks_say_a_comparison_ends_where_a_first_reading_would(tmp_path_factory, growing, steps):
    base = made(tmp_path_factory.getbasetemp() / "any.db", GROWING if growing else VERSIONS, *FEW)
    base.settle()
    kept = base.path.with_suffix(".kept")
    for step, version in steps:
        match step:
            case ("poll", minutes):
                base.poll(timedelta(minutes=minutes))
            case ("restore", True):
                kept.write_bytes(base.path.read_bytes())
            case ("restore", False):
                base.path.write_bytes(kept.read_bytes() if kept.exists() else base.path.read_bytes())
            case _:
                base.change(*_statements(step, version))
    base.poll(COMPARE_EVERY)
    assert base.content == base.anew
    kept.unlink(missing_ok=True)
    base.store.close()
