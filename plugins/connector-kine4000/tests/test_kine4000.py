"""The dialects of Kiné+4000, on the samples of `fixtures/kine4000`."""

from __future__ import annotations

import re

import pytest

from connector_core.testing.exports import kine4000_database
from connector_kine4000 import INFO

SETS = ("kine4000/jeu-csv", "kine4000/jeu-tsv")
RECEIPTS, AGENDA = "kine4000/recettes", "kine4000/agenda"
SAMPLES = (*SETS, RECEIPTS, AGENDA)


def named(paths, name):
    return next(path for path in paths if path.stem.startswith(name))


def test_says_that_nobody_has_verified_it():
    assert INFO.verified is False


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_as_the_pivot_twin(bench, sample):
    checked = bench.assert_answers_as_twin(sample)
    assert len(checked.findings) >= {AGENDA: 0, RECEIPTS: 3}.get(sample, 9)


def test_another_calendar_is_known_by_its_name_only(bench, tmp_path):
    (path,) = bench.copy(AGENDA, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"//agenda fictif//", b"//un autre//"))
    assert bench.claim(path).score == pytest.approx(0.5)
    assert bench.claim(path.rename(tmp_path / "rdv.ics")) is None


@pytest.mark.parametrize("sample", SETS)
def test_acts_before_what_they_join_is_the_same(bench, sample):
    """The order of files never matters; acts alone wait for their tables and are read once these have come."""
    paths = bench.export(sample)
    whole = bench.practice().attempt(paths)
    backwards = bench.practice().attempt(sorted(paths, key=lambda path: path.stem != "actes"))
    assert backwards.is_whole
    assert backwards.findings == whole.findings

    practice = bench.practice()
    alone = practice.attempt([named(paths, "actes")])
    assert [file.state for file in alone.files] == ["waiting"]
    assert {reason for _, reason in alone.rejects} == {"attend la table « nomenclature », qui n'a pas encore été lue"}
    later = practice.attempt(paths)
    assert {file.state for file in later.files} == {"committed"}
    assert later.findings == whole.findings


@pytest.mark.parametrize("sample", SETS)
def test_an_act_of_an_unknown_treatment_waits(bench, edit, sample, tmp_path):
    paths = bench.copy(sample, tmp_path)
    path = named(paths, "actes")
    edit(path, "", b"P00001T001", b"INCONNUE", 3).apply()
    checked = bench.practice().attempt(paths)
    assert checked.rejects == [("line 3", "attend la table « prises_en_charge », qui n'a pas encore été lue")]


VALUES = ("P00001", "MK2", "14:30", "18.79", "ARL")
EDITS = {
    "a day in a set": (SETS[0], "actes", 3, b"2026-08-10", b"2026-02-31", "« date_acte »", VALUES),
    "a day in a tabulated set": (SETS[1], "actes", 3, b"2026-08-10", b"2026-02-31", "« date_acte »", VALUES),
    "a word in a set": (SETS[0], "actes", 3, b"cabinet", b"ailleurs", "« lieu »", VALUES),
    "a joined code": (SETS[1], "nomenclature", 2, b"\t", b"\t\t", "colonnes", ()),
    "a day in receipts": (RECEIPTS, "recettes", 5, b"/12/2025", b"/13/2025", "« Date »", ("TALROY", "Camille", "10,7")),
    "a word in receipts": (
        RECEIPTS,
        "recettes",
        5,
        b";CB",
        b";Troc",
        "« Mode »",
        ("TALROY", "Camille", "10,7", "Troc"),
    ),
    "a cotation": (RECEIPTS, "recettes", 5, b"AMK 10,7", b"AMK dix", "« Acte »", ("TALROY", "Camille", "dix")),
}


@pytest.mark.parametrize("case", [name for name in EDITS if name != "a joined code"])
def test_one_bad_row_is_refused_alone(bench, edit, case, tmp_path):
    sample, name, line, before, after, column, values = EDITS[case]
    paths = bench.copy(sample, tmp_path)
    bad = edit(named(paths, name), f"line {line}", before, after, line, values)
    bench.assert_one_reject(paths, bad, column=column)


def test_a_bad_row_of_a_joined_table_keeps_its_acts_waiting(bench, edit, tmp_path):
    sample, name, line, before, after, *_ = EDITS["a joined code"]
    paths = bench.copy(sample, tmp_path)
    edit(named(paths, name), "", before, after, line).apply()
    checked = bench.practice().attempt(paths)
    reasons = {reason for _, reason in checked.rejects}
    assert {
        "la ligne a 5 colonnes au lieu de 4",
        "attend la table « nomenclature », qui n'a pas encore été lue",
    } == reasons


@pytest.mark.parametrize(
    ("before", "after", "column"),
    [
        (b"CATEGORIES:VENU", b"CATEGORIES:PERDU", "« categories »"),
        (b"DTSTART;TZID=Europe/Paris:20260810T143000", b"DTSTART;TZID=Europe/Paris:20260231T143000", "illisible"),
        (b"DTSTART;TZID=Europe/Paris:20260810T143000", b"DTSTART;VALUE=DATE:20260810", "« dtstart »"),
    ],
)
def test_one_bad_event_is_refused_alone(bench, edit, before, after, column, tmp_path):
    (path,) = bench.copy(AGENDA, tmp_path)
    line = path.read_bytes().splitlines().index(before) + 1
    bad = edit(path, "VEVENT 1", before, after, line, ("P00001", "MK2", "PERDU", "VENU"))
    bench.assert_one_reject([path], bad, column=column)


def test_an_event_without_patient_is_an_appointment_of_nobody(bench, edit, tmp_path):
    (path,) = bench.copy(AGENDA, tmp_path)
    edit(path, "", b"MP P00001", b"?", 5).apply()
    read = bench.read([path])
    assert read.rejects == []
    assert sum('"patient_id"' not in line for line in read.lines) == 1


def test_cp1252_in_place_of_utf_8_is_refused_row_by_row(bench, tmp_path):
    paths = bench.copy(SETS[0], tmp_path)
    path = named(paths, "patients")
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="cp1252", newline="")
    rejects = [place for place, reason in bench.practice().attempt([path]).rejects if "illisibles en UTF-8" in reason]
    accents = [f"line {n}" for n, line in enumerate(text.splitlines(), 1) if not line.isascii()]
    assert rejects == accents
    assert accents


@pytest.mark.parametrize(
    ("sample", "name", "column"), [(SETS[0], "actes", b"date_acte"), (RECEIPTS, "recettes", b"Montant")]
)
def test_a_list_without_a_column_is_not_known(bench, sample, name, column, tmp_path):
    path = named(bench.copy(sample, tmp_path), name)
    path.write_bytes(path.read_bytes().replace(column, b"autre", 1))
    assert bench.claim(path) is None


def test_the_titles_of_the_receipts_are_found_where_they_are(bench, tmp_path):
    (path,) = bench.copy(RECEIPTS, tmp_path)
    before = bench.read([path])
    path.write_bytes(b"Cabinet;des Tilleuls\r\n" + path.read_bytes())
    assert bench.read([path]).lines == before.lines


def test_equal_lines_of_the_receipts_are_acts_of_their_own_and_stay_the_same(bench, tmp_path):
    path = tmp_path / "recettes_20260302.csv"
    row = "02/03/2026;DURAND Zoé;RAM 8,09;17,88;CB\r\n"
    path.write_text("Date;Patient;Acte;Montant;Mode\r\n" + 3 * row, encoding="cp1252", newline="")
    read = bench.read([path])
    acts = [line for line in read.lines if '"record": "act"' in line]
    assert len({re.search(r'"id": "(\w+)"', line)[1] for line in acts}) == 3
    path.write_text(
        "Date;Patient;Acte;Montant;Mode\r\n" + row.replace("02/", "01/") + 3 * row, encoding="cp1252", newline=""
    )
    assert set(acts) <= bench.read([path]).records


def test_third_party_lines_are_no_payment(bench):
    (path,) = bench.export(RECEIPTS)
    rows = path.read_text(encoding="cp1252").splitlines()[3:]
    read = bench.read([path])
    payments = sum('"record": "patient_payment"' in line for line in read.lines)
    assert payments == sum(not row.endswith("Tiers payant") for row in rows)
    assert 0 < payments < len(rows)


def test_reads_its_database_as_the_twin(bench, tmp_path):
    path = bench.extract("kine4000", "kine4000-firebird", kine4000_database.database(bench.records()), tmp_path)
    bench.assert_reads_twin("kine4000/firebird", [path])
    assert len(bench.assert_answers_as_twin("kine4000/firebird", [path]).findings) >= 9
