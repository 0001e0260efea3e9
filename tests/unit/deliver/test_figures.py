"""The figures in the report: its section, its plots, its sheets, its JSON."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from connector_core.deliver.figures_json import figures_to_json
from connector_core.deliver.figures_view import bilans_said, figures_view, missed_said
from connector_core.deliver.figures_words import STEP_WORDS, months_of, percent, unsaid_words
from connector_core.deliver.html import render_html
from connector_core.deliver.json_report import Answered, render_json
from connector_core.deliver.plots import HEIGHT, WIDTH, Column, Plot, plot
from connector_core.deliver.report_model import ReportData
from connector_core.deliver.xlsx import render_xlsx, sheets
from connector_core.money.figures import (
    Bilans,
    CashIn,
    Delay,
    Figures,
    Missed,
    RejectedBy,
    RejectedFor,
    RejectRate,
    Undated,
    Unsaid,
    Waiting,
    Week,
)
from connector_core.money.tally import RESTS_ON
from connector_core.rules.french import euros as plain_euros

MONDAY = date(2026, 11, 16)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


@pytest.fixture(scope="module")
def figures(data: ReportData) -> Figures:
    assert data.figures is not None
    return data.figures


@pytest.fixture(scope="module")
def rich(figures: Figures) -> Figures:
    """The same figures with something of everything, and a motif that is an attack."""
    weeks = tuple(Week(MONDAY + timedelta(weeks=n), Decimal(900 - 60 * n), Decimal(70 * n)) for n in range(13))
    return replace(
        figures,
        delays=(Delay("act_to_invoice", 4, None, None, 7, 2), *figures.delays[1:]),
        rejects=(RejectRate("AMO", 200, 7), RejectRate("AMC", 0, 0)),
        organisations=(
            RejectedBy("AMO", "013510000", 50, 6),
            RejectedBy("AMO", "", 10, 1),
            RejectedBy("AMO", "012210000", 140, 0),
        ),
        motifs=(RejectedFor("AMO", None, "<script>alert(3)</script>", 7), RejectedFor("AMO", None, None, 1)),
        waiting=(
            Waiting("AMO", (Decimal("1200.00"), Decimal("300.00"), Decimal("0.00"), Decimal("45.10")), 31, 2),
            Waiting("PATIENT", (Decimal("80.00"), Decimal("0.00"), Decimal("0.00"), Decimal("960.40")), 22, 0),
        ),
        cash_in=CashIn(weeks, Decimal("50.00"), Decimal("700.00"), (Undated("older", Decimal("12.30"), 3),)),
        missed=Missed(95, 5, 3, 2, Decimal("89.40"), 1),
        bilans=Bilans(40, 1, 2, Decimal("23.65"), Decimal("47.30"), 0, 1),
        unsaid=(Unsaid("waiting_amc", ("invoice", "payer_return")),),
    )


@pytest.fixture(scope="module")
def page(data, rich):
    return section_of(replace(data, figures=rich))


def section_of(data):
    """The section of the figures in the page."""
    return in_document(lxml_html.document_fromstring(render_html(data)))


def in_document(document):
    (section,) = document.xpath("//section[@id='chiffres']")
    return section


def test_the_section_tells_the_period_and_its_sums(page, figures):
    said = plain(page.xpath("./p[@class='intro']")[0].text_content())
    assert "Du 1er décembre 2025 au 20 novembre 2026" in said
    assert f"{figures.acts:,}".replace(",", " ") + " actes" in said
    assert f"{plain_euros(figures.honoraires)} d'honoraires" in said


def test_every_plot_is_told_in_words_and_in_a_table(page):
    charts = page.xpath(".//figure")
    assert [each.xpath(".//h3")[0].text_content() for each in charts] == [
        "Honoraires par mois",
        "Honoraires par lettre-clé",
        "Argent en attente, par ancienneté",
        "Rentrées attendues, par semaine (estimation)",
    ]
    for chart in charts:
        (drawn,) = chart.xpath(".//svg[@role='img']")
        for how, tag in (("aria-labelledby", "title"), ("aria-describedby", "desc")):
            (told,) = drawn.xpath(f"./{tag}[@id='{drawn.get(how)}']")
            assert told.text_content().strip()
        assert all(bar.xpath("./title")[0].text_content() for bar in drawn.xpath("./rect"))
        (table,) = chart.xpath(".//details//table")
        assert table.xpath("./caption")[0].text_content()
    assert page.xpath("count(.//svg[not(@role='img') and not(@aria-hidden='true')])") == 0


def test_a_month_without_acts_is_shown_as_such(figures: Figures) -> None:
    quiet = replace(figures, activity=tuple(each for each in figures.activity if each.month.month != 8))
    months = figures_view(quiet).charts[0].table.rows
    assert len(months) == 12
    assert (plain(months[8][0]), plain(months[8][2])) == ("août 2026", "0,00 €")


def test_the_columns_say_what_the_table_says(page, rich):
    (chart,) = page.xpath(".//figure[@id='chiffres-mois']")
    told = [plain(each.text_content()) for each in chart.xpath(".//rect/title")]
    rows = [[plain(cell.text_content()) for cell in row.xpath("./th | ./td")] for row in chart.xpath(".//tbody/tr")]
    assert len(rows) == 12
    assert told == [f"{month} : {honoraires}" for month, _, honoraires in rows if honoraires != "0,00 €"]
    (ages,) = page.xpath(".//figure[@id='chiffres-attente']")
    assert len(ages.xpath(".//rect[contains(@class, 'bar') and ./title]")) == sum(
        amount > 0 for each in rich.waiting for amount in each.amounts
    )
    assert [plain(cell.text_content()) for cell in ages.xpath(".//tbody/tr[last()]/*")] == [
        "Total",
        "1 545,10 €",
        "1 040,40 €",
    ]
    assert "2 parts de facture sans montant ou sans réponse connue" in plain(ages.text_content())


def test_what_comes_in_is_called_an_estimate(page):
    (chart,) = page.xpath(".//figure[@id='chiffres-rentrees']")
    said = plain(chart.text_content())
    assert "(estimation)" in said
    assert "non une promesse" in said
    assert "Plus tard" in said
    assert "Sans date : plus vieux que les paiements observés" in said


def test_delays_rejects_and_the_rest_in_french(page):
    said = plain(page.text_content())
    assert plain(STEP_WORDS["act_to_invoice"]) in said
    assert "Un tiret : trop peu de cas pour le dire." in said
    assert "2 cas laissés de côté : les dates se contredisent." in said
    rates = page.xpath(".//table[caption='Taux de rejet']//tbody/tr")
    cells = [[plain(cell.text_content()) for cell in row] for row in rates]
    assert cells[0] == ["Caisses (AMO)", "3,5 %", "7", "200"]
    assert cells[1] == ["AMO : 013510000", "12,0 %", "6", "50"]
    assert cells[2] == ["AMO : organisme inconnu", "10,0 %", "1", "10"]
    assert cells[3][0] == "AMO : <script>alert(3)</script>"
    assert "Complémentaires (AMC)" not in [row[0] for row in cells], "none of their answers is known"
    assert not page.xpath(".//script")
    assert "Rendez-vous manqués : 5 sur 100 (5,0 %), soit 89,40 €" in said
    assert "sans 1 séance dont le prix n'est pas connu" in said
    assert "2 rendez-vous passés sans issue connue" in said
    assert "Bilans : 40 faits, 1 à facturer (23,65 €), 2 perdus (47,30 €)." in said
    assert "Ce que les complémentaires doivent : inconnu. Il faudrait une source qui donne les factures" in said


def test_a_report_without_figures_has_no_section(data: ReportData) -> None:
    without = replace(data, figures=None)
    assert 'id="chiffres"' not in render_html(without)
    assert [each.name for each in sheets(without)] == [
        each.name for each in sheets(data) if each.name not in {"Chiffres", *NEW_SHEETS}
    ]
    assert "figures" not in json.loads(render_json(data.answered))


NEW_SHEETS = ("Activité", "Délais", "Taux de rejet", "En attente", "Rentrées (estimation)")


def test_figures_that_are_not_known_are_not_shown_as_zero(data, figures):
    nothing = Figures(
        first=figures.first,
        last=figures.last,
        activity=(),
        delays=(),
        rejects=(),
        organisations=(),
        motifs=(),
        waiting=(),
        overpaid=(),
        cash_in=None,
        missed=None,
        bilans=None,
        unsaid=tuple(Unsaid(name, needed) for name, needed in RESTS_ON.items()),
    )
    unknown = replace(data, figures=nothing)
    section = section_of(unknown)
    assert not section.xpath(".//table | .//figure")
    assert len(section.xpath("./ul/li")) == len(RESTS_ON)
    assert "honoraires." not in plain(section.xpath("./p[@class='intro']")[0].text_content())
    by_name = {each.name: each.rows for each in sheets(unknown)}
    assert all(not by_name[name] for name in NEW_SHEETS)
    assert [row[1:3] for row in by_name["Chiffres"]] == [(None, None)] * (2 + len(RESTS_ON))


def test_the_workbook_has_every_month_and_letter(rich: Figures, data: ReportData) -> None:
    made = replace(data, figures=rich)
    by_name = {each.name: each for each in sheets(made)}
    assert [tuple(row) for row in by_name["Activité"].rows] == [
        (each.month, each.letter, each.acts, each.honoraires, each.unpriced) for each in rich.activity
    ]
    assert by_name["Délais"].rows[0][:3] == ("De l'acte à la facture", None, None)
    assert by_name["En attente"].rows[0][5] == Decimal("1545.10")
    rates = [(row[1], row[6]) for row in by_name["Taux de rejet"].rows]
    assert rates == [
        ("tous", Fraction(35, 1000)),
        ("013510000", Fraction(12, 100)),
        ("organisme inconnu", Fraction(10, 100)),
        ("012210000", Fraction(0)),
        ("tous", Fraction(35, 1000)),
        ("tous", Fraction(5, 1000)),
        ("tous", None),
    ]
    assert by_name["Rentrées (estimation)"].rows[-1][1:3] == (
        "sans date : plus vieux que les paiements observés",
        Decimal("12.30"),
    )
    for sheet in by_name.values():
        assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    book = zipfile.ZipFile(BytesIO(render_xlsx(made)))
    assert all(etree.fromstring(book.read(name)) is not None for name in book.namelist() if name.endswith(".xml"))


def test_the_file_for_programs_has_the_figures(data: ReportData, rich: Figures) -> None:
    written = json.loads(render_json(data.answered, rich))
    assert written["figures"] == json.loads(json.dumps(figures_to_json(rich)))
    assert {key: value for key, value in written.items() if key != "figures"} == data.answered.to_json()
    told = written["figures"]
    assert (told["from"], told["to"]) == ("2025-12-01", "2026-11-20")
    assert told["delays"][0] == {
        "step": "act_to_invoice",
        "cases": 4,
        "median": None,
        "ninth_decile": None,
        "waiting": 7,
        "contradictory": 2,
    }
    assert told["waiting"][0]["by_age"] == {
        "to_30": "1200.00",
        "to_60": "300.00",
        "to_90": "0.00",
        "over_90": "45.10",
    }
    assert told["cash_in"]["weeks"][0] == {"monday": "2026-11-16", "median": "900.00", "ninth_decile": "0.00"}
    assert told["unsaid"] == [{"figure": "waiting_amc", "missing": ["invoice", "payer_return"]}]
    assert isinstance(data.answered, Answered)


def test_every_unknown_figure_is_named_with_what_is_missing() -> None:
    for name, needed in RESTS_ON.items():
        said = unsaid_words(Unsaid(name, needed))
        assert " : inconnu. Il faudrait une source qui donne l" in said
        assert "_" not in said


def test_sentences_of_appointments_and_bilans() -> None:
    assert missed_said(None) == bilans_said(None) == ()
    none = Decimal(0)
    assert bilans_said(Bilans(0, 0, 0, none, none, 0, 0)) == ()
    assert len(bilans_said(Bilans(0, 0, 0, none, none, 0, 1))) == 2
    assert len(bilans_said(Bilans(1, 0, 0, none, none, 0, 0))) == 1
    assert missed_said(Missed(0, 0, 0, 0, Decimal(0), 0)) == (
        "Rendez-vous manqués : aucun rendez-vous de la période n'a d'issue connue.",
    )
    assert percent(1, 3) == "33,3\u202f%"


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), 1),
        (date(2025, 12, 31), date(2026, 1, 1), 2),
        (date(2025, 12, 1), date(2026, 11, 20), 12),
        (date(2016, 11, 20), date(2026, 11, 20), 121),
    ],
)
def test_the_months_of_a_period(figures: Figures, first: date, last: date, months: int) -> None:
    found = months_of(replace(figures, first=first, last=last))
    assert len(found) == months
    assert (found[0], found[-1]) == (first.replace(day=1), last.replace(day=1))


AMOUNTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=13), st.booleans(), st.booleans())
def test_columns_stand_inside_the_plot_and_tell_their_amounts(
    amounts: list[tuple[Decimal, Decimal]], stacked: bool, long_labels: bool
) -> None:
    columns = [Column(str(n), f"colonne {n}", each) for n, each in enumerate(amounts)]
    made = plot("p", "Titre", columns, ("un", "deux"), stacked=stacked, long_labels=long_labels)
    highest = max(sum(each) if stacked else max(each) for each in amounts)
    if highest == 0:
        assert made is None
        return
    assert made is not None
    assert len(made.bars) == sum(amount > 0 for each in amounts for amount in each)
    slack = Decimal("0.2")
    for bar in made.bars:
        assert made.left <= bar.x
        assert bar.x + bar.width <= made.right + slack
        assert bar.y >= 0
        assert bar.y + bar.height <= made.floor + slack
    assert 2 <= len(made.ticks) <= 7
    assert made.ticks[0].y == made.floor < HEIGHT
    assert made.ticks[-1].y >= 0
    assert made.right < WIDTH
    tallest = min(bar.y for bar in made.bars)
    if highest < 1:
        return  # the axis counts whole euros
    assert tallest <= made.floor - (made.floor - made.ticks[-1].y) / 2, "the tallest fills half of the room at least"


def drawn(*amounts: str, long_labels: bool = False) -> Plot:
    columns = [Column(f"{n}", f"colonne {n}", (Decimal(each),)) for n, each in enumerate(amounts)]
    made = plot("p", "Titre", columns, long_labels=long_labels)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        ("28367.38", ["0", "10 000", "20 000", "30 000"]),
        ("9837.75", ["0", "2 500", "5 000", "7 500", "10 000"]),
        ("100", ["0", "25", "50", "75", "100"]),
        ("0.50", ["0", "1"]),
    ],
)
def test_ticks_are_round_and_reach_the_highest_column(highest: str, ticks: list[str]) -> None:
    assert [plain(each.text).removesuffix(" €") for each in drawn(highest).ticks] == ticks


def test_heights_are_in_proportion() -> None:
    made = drawn("50", "100", "25")
    heights = [each.height for each in made.bars]
    assert heights[1] == made.floor - made.ticks[-1].y
    assert abs(heights[0] * 2 - heights[1]) <= Decimal("0.2")
    assert abs(heights[2] * 4 - heights[1]) <= Decimal("0.3")
    assert "La plus haute, colonne 1 : 100,00" in plain(made.told)
    assert plain(drawn("3").told) == "Une colonne, colonne 0 : 3,00 €."


def test_crowded_labels_make_room() -> None:
    every = [str(n) for n in range(1, 13)]
    assert [each.minor for each in drawn(*every).labels] == [n % 3 > 0 for n in range(12)]
    assert [each.text for each in drawn(*every, long_labels=True).labels] == [str(n) for n in range(0, 12, 2)]
    assert not any(each.minor for each in drawn(*every[:8], long_labels=True).labels)


NOTHING = Decimal("0.00")


def test_what_is_nothing_is_said_in_a_sentence_and_not_in_a_table_of_zeros(figures: Figures) -> None:
    weeks = tuple(Week(MONDAY + timedelta(weeks=n), NOTHING, NOTHING) for n in range(13))
    quiet = replace(
        figures,
        delays=tuple(Delay(each.step, 0, None, None, 0, 0) for each in figures.delays),
        rejects=(RejectRate("AMO", 0, 0), RejectRate("AMC", 0, 0)),
        organisations=(),
        motifs=(),
        cash_in=CashIn(weeks, NOTHING, NOTHING, ()),
        missed=None,
        bilans=None,
    )
    view = figures_view(quiet)
    assert view.tables == ()
    assert "rentrees" not in [chart.id for chart in view.charts]
    assert [plain(each) for each in view.said] == [
        "Aucune rentrée n'est attendue.",
        "Aucun délai de l'acte au paiement ne tombe dans la période.",
        "Taux de rejet : aucune facture de la période n'a reçu de réponse.",
    ]


def test_of_delays_and_payers_those_are_shown_that_have_any(figures: Figures) -> None:
    waiting = tuple(Delay(step, 0, None, None, int(step == "act_to_invoice"), 0) for step in STEP_WORDS)
    rates = RejectRate("AMO", 12, 1), RejectRate("AMC", 0, 0)
    delays, rejects = figures_view(replace(figures, delays=waiting, rejects=rates, motifs=(), organisations=())).tables
    assert [plain(row[0]) for row in delays.rows] == ["De l'acte à la facture"]
    assert [plain(row[0]) for row in rejects.rows] == ["Caisses (AMO)"]


def test_what_is_expected_without_a_day_needs_no_weeks_of_zeros(figures: Figures) -> None:
    weeks = tuple(Week(MONDAY + timedelta(weeks=n), NOTHING, NOTHING) for n in range(13))
    cash = CashIn(weeks, NOTHING, NOTHING, (Undated("older", Decimal("12.30"), 3),))
    (chart,) = (chart for chart in figures_view(replace(figures, cash_in=cash)).charts if chart.id == "rentrees")
    assert chart.plot is None
    assert [[plain(cell) for cell in row[1:]] for row in chart.table.rows] == [["12,30 €", "–"]]
