"""The dialects of Vega, on the samples of `fixtures/vega`."""

from __future__ import annotations

import re

import pytest

from connector_core.testing.exports import vega_database
from connector_vega import INFO

TEXTS = ("vega/texte-a", "vega/texte-b")
SAMPLES = (*TEXTS, "vega/xml")
DAY = "20261120"


def lists(paths, name):
    return next(path for path in paths if path.name == f"vega_{name}_{DAY}.txt")


def test_says_that_nobody_has_verified_it():
    assert INFO.verified is False


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_as_the_pivot_twin(bench, sample):
    assert len(bench.assert_answers_as_twin(sample).findings) >= 9


@pytest.mark.parametrize("sample", SAMPLES)
def test_order_of_files_does_not_matter(bench, sample):
    paths = bench.export(sample)
    assert bench.practice().attempt(paths[::-1]).findings == bench.practice().attempt(paths).findings


def test_what_stands_before_a_cut_is_read(bench, tmp_path):
    path = lists(bench.copy("vega/texte-a", tmp_path), "seances")
    whole = bench.read([path])
    path.write_bytes(path.read_bytes()[:-10])
    cut = bench.read([path])
    assert len(cut.lines) == len(whole.lines) - 1
    ((_, place, reason),) = cut.rejects
    assert place == f"ligne {len(whole.lines) + 1}"
    assert "coupé" in reason


DAYS = {
    "vega/texte-a": (b'"13/08/2026";"14h30"', b'"31/02/2026";"14h30"', "Date"),
    "vega/texte-b": (b"13/08/26;", b"31/02/26;", "Date acte"),
    "vega/xml": (b'date="2026-08-13"', b'date="2026-02-31"', "date"),
}
WORDS = {
    "vega/texte-a": (b'"Cabinet"', b'"Ailleurs"', "Lieu"),
    "vega/texte-b": (b";CAB;", b";Ailleurs;", "Lieu de soins"),
    "vega/xml": (b'lieu="Cabinet"', b'lieu="Ailleurs"', "lieu"),
}
ROW_VALUES = ("P00001", "MK2", "14h30", "14:30", "18,79", "ARL")


def third_act(paths, sample):
    path = paths[0] if sample == "vega/xml" else lists(paths, "seances")
    lines = path.read_bytes().splitlines()
    return path, next(n for n, line in enumerate(lines, 1) if re.search(rb'(?:"|;)P00001A003"?', line))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("fault", [DAYS, WORDS], ids=["a day that does not exist", "an unknown word"])
def test_one_bad_row_is_refused_alone(bench, edit, sample, fault, tmp_path):
    paths = bench.copy(sample, tmp_path)
    path, line = third_act(paths, sample)
    before, after, column = fault[sample]
    bad = edit(path, f"line {line}", before, after, line, ROW_VALUES)
    reason = bench.assert_one_reject(paths, bad, column=f"colonne « {column} »")
    assert "Ailleurs" not in reason


@pytest.mark.parametrize("sample", TEXTS)
def test_a_list_without_a_column_is_not_known(bench, sample, tmp_path):
    path = lists(bench.copy(sample, tmp_path), "seances")
    content = path.read_bytes()
    path.write_bytes(content.replace("Qualif".encode("cp1252"), b"Autre", 1))
    assert bench.claim(path) is None
    (file,) = bench.practice().attempt([path]).files
    assert file.state == "unknown"


def test_another_root_is_not_known(bench, tmp_path):
    (path,) = bench.copy("vega/xml", tmp_path)
    path.write_bytes(path.read_bytes().replace(b"vega_export", b"autre_export"))
    assert bench.claim(path) is None


def test_a_column_more_is_kept(bench, tmp_path):
    path = lists(bench.copy("vega/texte-b", tmp_path), "lots")
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\r\n".join([lines[0] + b";Note", *(line + b";vu" for line in lines[1:])]) + b"\r\n")
    assert bench.claim(path).score < 1.0
    read = bench.read([path])
    assert read.rejects == []
    assert all('"vendor": {"Note": "vu"}' in line for line in read.lines)


def test_an_ordonnance_without_treatment_and_the_reverse(bench, tmp_path):
    """Each row makes what its numbers say."""
    path = lists(bench.copy("vega/texte-a", tmp_path), "ordonnances")
    titles = path.read_bytes().splitlines()[0]
    cells = titles.count(b";") + 1
    alone = [b""] * cells
    alone[0], alone[1], alone[2] = b"O1", b"P1", b"02/03/2026"
    other = [b""] * cells
    other[1], other[11], other[13] = b"P1", b"T1", b"03/03/2026"
    both = [one or two for one, two in zip(alone, other, strict=True)]
    rows = [b";".join(b'"%b"' % cell for cell in row) for row in (alone, other, both)]
    path.write_bytes(b"\r\n".join([titles, *rows]) + b"\r\n")
    read = bench.read([path])
    assert read.rejects == []
    assert sorted(read.lines) == sorted(
        2
        * [
            '{"id": "O1", "issued_on": "2026-03-02", "patient_id": "P1", "record": "prescription"}',
            '{"id": "T1", "patient_id": "P1", "record": "treatment", "started_on": "2026-03-03"}',
        ]
    )


@pytest.mark.parametrize("inside", ["<ordonnance", "<seance", "<bilan", "<reglement"])
def test_nesting_at_every_depth_is_read(bench, inside):
    """The sample holds these elements at more than one depth, or the dialect names the depth all the same."""
    dialect = bench.host.connectors["vega"].connector.dialects["vega-xml"]
    table = dialect.table(inside[1:])
    assert len(table.elements) >= 2


def test_a_seance_belongs_to_what_is_around_it(bench, tmp_path):
    a, b, c, d = (
        f'<seance numero="{name}" praticien="K" date="2026-03-02" lettre="RAM" coefficient="8,09"/>' for name in "abcd"
    )
    ordonnance = '<ordonnance numero="{}" date="2026-01-01">{}</ordonnance>'
    path = tmp_path / "export.xml"
    path.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?><!-- <autre> --><vega_export><patient numero="P">'
        f'<prise_en_charge numero="T" debut="2026-01-01">{ordonnance.format("O", a)}{b}</prise_en_charge>'
        f"{ordonnance.format('O2', c)}{d}</patient></vega_export>",
        encoding="latin-1",
    )
    read = bench.read([path])
    assert read.rejects == []
    acts = {re.search(r'"id": "(\w+)"', line)[1]: line for line in read.lines if '"record": "act"' in line}
    found = {
        name: tuple(
            (re.search(rf'"{field}": "(\w+)"', line) or [None, None])[1]
            for field in ("patient_id", "treatment_id", "prescription_id")
        )
        for name, line in acts.items()
    }
    assert found == {"a": ("P", "T", "O"), "b": ("P", "T", None), "c": ("P", None, "O2"), "d": ("P", None, None)}


def test_reads_its_database_as_the_twin(bench, tmp_path):
    path = bench.extract("vega", "vega-postgresql", vega_database.database(bench.records()), tmp_path)
    bench.assert_reads_twin("vega/postgresql", [path])
    assert len(bench.assert_answers_as_twin("vega/postgresql", [path]).findings) >= 9
