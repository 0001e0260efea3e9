from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from lxml import etree

from connector_core.deliver.html import render_html
from connector_core.deliver.report_model import Person
from connector_core.deliver.wording import NOTHING_READ, headline, lead
from connector_core.deliver.xlsx import render_xlsx, sheets
from connector_core.money.figures import RejectRate

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
    first = ["Résumé", "À faire", "Patients", "Impayés", "Rejets", "Motifs de rejet"]
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


def test_the_summary_says_what_the_page_says_first(book, data):
    lines = {line[0]: line[1:] for line in rows(book, "Résumé") if line[0] is not None}
    assert lines["Cabinet"][-1] == data.practice
    assert lines["Rapport du"][-1] == float((data.as_of - date(1899, 12, 30)).days)
    assert [line[-1] for line in rows(book, "Résumé")[4:6]] == [headline(data), lead(data)]
    told = {line.name: line for line in data.money.by_section}
    coding = told["coding"]
    assert lines["Cotations à corriger"][:4] == [
        coding.count,
        float(coding.reject),
        float(coding.revenue),
        float(coding.info),
    ]
    assert lines["Bilans perdus"][-1] == "hors de la somme en jeu"
    assert lines["En jeu"][-1] == float(data.money.at_stake)


def test_what_is_at_stake_adds_up_to_the_sum_of_the_report(book, data):
    heading, *lines = rows(book, "À faire")
    stakes = [line[heading.index("En jeu")] for line in lines]
    assert round(sum(each for each in stakes if each is not None), 2) == float(data.money.at_stake)
    assert sum(each is None for each in stakes) > 0


def test_a_cotation_has_the_day_of_its_act_as_on_the_page(book, data):
    heading, *lines = rows(book, "À faire")
    found = [
        (line[heading.index("Règle")], line[heading.index("Date")])
        for line in lines
        if line[heading.index("Partie")] == "Cotations à corriger"
    ]
    (section,) = [each for each in etree.HTML(render_html(data)).iter("section") if each.get("id") == "coding"]
    shown = [cells[1] for line in section.iter("tr") if (cells := line.findall("td"))]
    days = [re.sub(r"(\d+)/(\d+)/(\d+)", r"\3-\2-\1", "".join(map(str, each.itertext())).strip()) for each in shown]
    told = [None if day == "–" else float((date.fromisoformat(day) - date(1899, 12, 30)).days) for day in days]
    assert any(told)
    assert [day for _, day in found] == told


def test_the_summary_says_that_nothing_was_read(empty):
    lines = rows(zipfile.ZipFile(BytesIO(render_xlsx(empty))), "Résumé")
    assert NOTHING_READ in [line[-1] for line in lines]
    assert "En jeu" not in [line[0] for line in lines]


def test_there_are_no_figures_of_nothing(data, empty):
    names = [each.name for each in sheets(replace(empty, figures=data.figures))]
    assert "Chiffres" not in names


def test_rates_are_numbers_shown_in_percent(data):
    figures = replace(data.figures, rejects=(RejectRate("AMO", 40, 4), RejectRate("AMC", 0, 0)), organisations=())
    made = zipfile.ZipFile(BytesIO(render_xlsx(replace(data, figures=replace(figures, motifs=())))))
    assert [line[-1] for line in rows(made, "Taux de rejet")[1:]] == [0.1, None]
    formats = [each.get("formatCode") for each in parts(made, "xl/styles.xml").iter(f"{MAIN}numFmt")]
    assert "0.0\\ %" in formats


def test_every_page_on_paper_says_whose_it_is_and_of_which_day(data):
    made = zipfile.ZipFile(BytesIO(render_xlsx(replace(data, practice="Ânes & Cie"))))
    footer = parts(made, "xl/worksheets/sheet1.xml").findtext(f"{MAIN}headerFooter/{MAIN}oddFooter")
    assert footer == f"&LÂnes && Cie – rapport du {data.as_of:%d/%m/%Y}&R&P / &N"


def test_a_day_that_spreadsheets_do_not_count_is_written_as_text(data):
    person = Person("p0", "VIEUX Jean", date(1899, 12, 30))
    part = replace(data.patients[0], person=person)
    made = zipfile.ZipFile(BytesIO(render_xlsx(replace(data, patients=(part,)))))
    assert rows(made, "Patients")[1][:2] == ["VIEUX Jean", "30/12/1899"]


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
