"""The dialects of Kinémax, on the samples of `fixtures/kinemax`."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from connector_core.testing.exports import kinemax_database
from connector_kinemax import INFO

FIXED, SINGLE = "kinemax/largeur-fixe", "kinemax/largeur-fixe-unique"
TABLES = ("kinemax/dbase", "kinemax/dbase850")
SAMPLES = (FIXED, SINGLE, *TABLES)


def named(paths, name):
    return next(path for path in paths if path.stem == name)


def test_says_that_nobody_has_verified_it():
    assert INFO.verified is False


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_as_the_pivot_twin(bench, sample):
    assert len(bench.assert_answers_as_twin(sample).findings) >= 9


@pytest.mark.parametrize("sample", [FIXED, TABLES[0]])
def test_order_of_files_does_not_matter(bench, sample):
    paths = bench.export(sample)
    assert bench.practice().attempt(paths[::-1]).findings == bench.practice().attempt(paths).findings


def test_a_wrong_name_does_not_hide_what_is_inside(bench, tmp_path):
    """DROITS and REGLEM have lines of one length."""
    path = named(bench.copy(FIXED, tmp_path), "REGLEM")
    assert bench.claim(path).variant == "REGLEM"
    assert bench.claim(path.rename(tmp_path / "DROITS.TXT")).variant == "REGLEM"


def test_an_empty_table_is_known_by_its_name(bench, tmp_path):
    path = tmp_path / "RELANCES.TXT"
    path.write_bytes(b"")
    assert bench.claim(path).variant == "RELANCES"
    assert bench.read([path]).rejects == []
    assert bench.claim(path.rename(tmp_path / "x.txt")) is None


VALUES = ("P00001", "MK2", "1430", "1879", "18.79", "ARL")
ACT = b"P00001A003  P00001    MK2       "


def act(sample, paths):
    """The file of the acts, the line of the third, and its place."""
    path = named(paths, "KINEMAX" if sample == SINGLE else "SEANCES")
    if sample in TABLES:
        return path, 0, "enregistrement 3"
    line = next(n for n, each in enumerate(path.read_bytes().splitlines(), 1) if ACT in each[:40])
    return path, line, f"line {line}"


@pytest.mark.parametrize("sample", [FIXED, SINGLE])
def test_a_day_that_does_not_exist_is_refused_alone(bench, edit, sample, tmp_path):
    paths = bench.copy(sample, tmp_path)
    path, line, place = act(sample, paths)
    bad = edit(path, place, ACT + b"20260813", ACT + b"20260231", line, VALUES)
    assert "cette date n'existe pas" in bench.assert_one_reject(paths, bad, column="« DATEACTE »")


@pytest.mark.parametrize("sample", TABLES)
def test_a_day_that_does_not_exist_in_a_table_is_refused_alone(bench, edit, sample, tmp_path):
    paths = bench.copy(sample, tmp_path)
    path, line, place = act(sample, paths)
    bad = edit(path, place, ACT + b"20260813", ACT + b"20260231", line, VALUES)
    bench.assert_one_reject(paths, bad, column="une date est impossible")


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_unknown_word_is_refused_alone(bench, edit, sample, tmp_path):
    paths = bench.copy(sample, tmp_path)
    path, line, place = act(sample, paths)
    before = b"P00001T001  P00001S002  C"
    if not line:
        content = path.read_bytes()
        start = content.index(ACT)
        before = content[start : content.index(before, start) + len(before)]
    bad = edit(path, place, before, before[:-1] + b"Z", line, VALUES)
    bench.assert_one_reject(paths, bad, column="« LIEU »")


def test_a_line_of_an_unknown_type_is_refused_alone(bench, edit, tmp_path):
    paths = bench.copy(SINGLE, tmp_path)
    path, line, place = act(SINGLE, paths)
    bench.assert_one_reject(paths, edit(path, place, b"SE" + ACT, b"ZZ" + ACT, line, VALUES))


@pytest.mark.parametrize("name", ["PATIENTS", "ORDONN"])
def test_a_table_in_utf_8_is_read_as_such(bench, name, tmp_path):
    path = named(bench.copy(FIXED, tmp_path), name)
    before = bench.read([path])
    path.write_bytes(path.read_bytes().decode("cp850").encode("utf-8"))
    after = bench.read([path])
    assert (after.lines, after.rejects) == (before.lines, [])


def test_a_table_of_another_code_page_is_refused_by_its_name(bench, tmp_path):
    path = named(bench.copy(FIXED, tmp_path), "PATIENTS")
    path.write_bytes(path.read_bytes().decode("cp850").encode("cp1252"))
    checked = bench.practice().attempt([path])
    ((place, reason),) = checked.rejects
    assert place == "fichier"
    assert "semble écrit en cp1252, alors que « Kinémax, une table à largeur fixe par fichier » attend cp850" in reason
    assert "indiquer dans le dialecte" in checked.files[0].reason


def test_a_line_in_utf_8_says_so(bench, tmp_path):
    path = named(bench.copy(FIXED, tmp_path), "PATIENTS")
    lines = path.read_bytes().decode("cp850").splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if not line.isascii())
    path.write_bytes(b"".join(line.encode("utf-8" if n == number else "cp850") for n, line in enumerate(lines)))
    ((place, reason),) = bench.practice().attempt([path]).rejects
    assert place == f"line {number + 1}"
    assert "au lieu de" in reason
    assert "semble écrit en UTF-8, et non en cp850" in reason


def test_a_table_without_code_page_is_not_guessed(bench, tmp_path):
    path = named(bench.copy(TABLES[0], tmp_path), "PATIENTS")
    content = bytearray(path.read_bytes())
    content[29] = 0
    path.write_bytes(content)
    reasons = {reason for _, reason in bench.practice().attempt([path]).rejects}
    assert reasons == {"un texte est illisible dans l'encodage de la table"}


@pytest.mark.parametrize(("sample", "page", "said"), [(TABLES[0], 2, "cp1252"), (TABLES[1], 3, "cp850")])
def test_a_table_that_says_another_code_page_is_refused_by_name(bench, tmp_path, sample, page, said):
    path = named(bench.copy(sample, tmp_path), "PATIENTS")
    content = bytearray(path.read_bytes())
    content[29] = page
    path.write_bytes(content)
    ((_, reason),) = bench.practice().attempt([path]).rejects
    other = {2: "cp850", 3: "cp1252"}[page]
    assert reason == f"le fichier semble écrit en {said}, alors que la table annonce {other}"


@pytest.mark.parametrize("sample", TABLES)
def test_accents_come_through_either_code_page(bench, sample):
    lines = bench.read([named(bench.export(sample), "PATIENTS")]).lines
    assert any(not line.isascii() for line in lines)


def test_a_table_without_a_field_is_not_known(bench, tmp_path):
    path = named(bench.copy(TABLES[0], tmp_path), "SEANCES")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"DATEACTE\0", b"AUTRE\0\0\0\0", 1))
    assert bench.claim(path) is None


def test_deleted_records_are_left_out(bench, tmp_path):
    path = named(bench.copy(TABLES[0], tmp_path), "LOTS")
    before = bench.read([path])
    content = bytearray(path.read_bytes())
    content[int.from_bytes(content[8:10], "little")] = ord("*")
    path.write_bytes(content)
    assert len(bench.read([path]).lines) == len(before.lines) - 1


def as_access_keeps(value):
    """Days as moments, hours as moments of its first day, amounts with four decimals."""
    match value:
        case Decimal():
            return f"{value:.4f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return f"{value:%Y-%m-%d} 00:00:00"
        case time():
            return f"1899-12-30 {value:%H:%M:%S}"
        case _:
            return value


def test_reads_its_database_as_the_twin(bench, tmp_path):
    tables = kinemax_database.database(bench.records())
    path = bench.extract("kinemax", "kinemax-access", tables, tmp_path, as_access_keeps)
    bench.assert_reads_twin("kinemax/access", [path])
    assert len(bench.assert_answers_as_twin("kinemax/access", [path]).findings) >= 9
