from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from lxml import etree

from connector_core.deliver.xlsx import render_xlsx

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def book(data):
    return zipfile.ZipFile(BytesIO(render_xlsx(data)))


def parts(book, name):
    return etree.fromstring(book.read(name))


def sheet(book, title):
    names = [each.get("name") for each in parts(book, "xl/workbook.xml").iter(f"{MAIN}sheet")]
    return parts(book, f"xl/worksheets/sheet{names.index(title) + 1}.xml")


def rows(book, title):
    texts = ["".join(each.itertext()) for each in parts(book, "xl/sharedStrings.xml").iter(f"{MAIN}si")]
    found = []
    for row in sheet(book, title).iter(f"{MAIN}row"):
        cells = []
        for cell in row.iter(f"{MAIN}c"):
            value = cell.findtext(f"{MAIN}v")
            if value is not None:
                value = texts[int(value)] if cell.get("t") == "s" else float(value)
            cells.append(value)
        found.append(cells)
    return found


def test_sheets_are_named_in_french(book):
    names = [each.get("name") for each in parts(book, "xl/workbook.xml").iter(f"{MAIN}sheet")]
    first = ["À faire", "Patients", "Impayés", "Rejets", "Motifs de rejet"]
    figures = ["Chiffres", "Activité", "Délais", "Taux de rejet", "En attente", "Rentrées (estimation)"]
    assert names == [*first, *figures, "Sources", "Indéterminé", "Refusé"]


def test_no_text_becomes_a_formula_or_a_link(sample, book):
    for name in book.namelist():
        if name.startswith("xl/worksheets/sheet"):
            tree = parts(book, name)
            assert not list(tree.iter(f"{MAIN}f"))
            assert not list(tree.iter(f"{MAIN}hyperlink"))
    patients = [row[0] for row in rows(book, "Patients")]
    assert any(name.startswith(sample.formula_name) for name in patients)


def test_amounts_are_numbers_and_dates_are_dates(book, data):
    heading, *lines = rows(book, "Impayés")
    assert heading[3:5] == ["Doit", "Depuis le"]
    assert [line[3] for line in lines] == [float(item.amount) for item in data.section("unpaid")]
    assert all(isinstance(line[4], float) for line in lines)
    formats = [each.get("formatCode") for each in parts(book, "xl/styles.xml").iter(f"{MAIN}numFmt")]
    assert '#,##0.00\\ "€"' in formats
    assert "dd/mm/yyyy" in formats


def test_every_finding_has_a_row(book, data):
    heading, *lines = rows(book, "À faire")
    assert len(lines) == len(data.items)
    assert [line[heading.index("Règle")] for line in lines] == [item.finding.rule for item in data.items]


def test_heads_are_frozen_and_filtered(book):
    for name in book.namelist():
        if name.startswith("xl/worksheets/sheet"):
            tree = parts(book, name)
            assert next(tree.iter(f"{MAIN}pane")).get("state") == "frozen"
            assert next(tree.iter(f"{MAIN}autoFilter")).get("ref").startswith("A1:")


def test_no_refused_content(sample, book):
    assert all(sample.secret.encode() not in book.read(name) for name in book.namelist())


def test_an_empty_report_is_a_workbook(empty):
    assert zipfile.ZipFile(BytesIO(render_xlsx(empty))).testzip() is None
