"""Rejects counted by motif and payer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from lxml import html as lxml_html

from connector_core.deliver.html import render_html
from connector_core.deliver.json_report import Answered
from connector_core.deliver.motifs import count_motifs, counted_since, rejects_by_motif
from connector_core.deliver.report_data import report_data
from connector_core.deliver.xlsx import render_xlsx, sheets
from connector_core.model.records import PayerReturn
from connector_core.model.vocabulary import Payer
from connector_core.parameters.motifs import OwnMotif, load_motifs

DAY = date(2026, 3, 10)


def reject(
    number: int, label: str | None, payer: Payer = "AMO", on: date = DAY, claimed: str | None = "10.00", name: str = ""
) -> PayerReturn:
    return PayerReturn(
        id=name or f"n{number}",
        invoice_number=f"F{number}",
        payer=payer,
        state="rejected",
        returned_on=on,
        reject_label=label,
        claimed=None if claimed is None else Decimal(claimed),
    )


def counted(*rejects: PayerReturn, own: OwnMotif | None = None):
    motifs = load_motifs() if own is None else load_motifs().with_own(own)
    found = count_motifs(rejects, motifs)
    return [(each.payer, each.name, each.motif is not None, each.count, each.amount, each.unpriced) for each in found]


def test_by_payer_and_motif_the_most_frequent_first():
    assert counted(
        reject(1, "Prestation non couverte", "AMC"),
        reject(2, "Inconnu"),
        reject(3, "INCONNU."),
        reject(4, "Bénéficiaire inconnu en BDO"),
        reject(5, "L'assuré est absent de notre référentiel"),
        reject(6, "BENEFICIAIRE INCONNU EN BDO", claimed="5.50"),
        reject(7, "Inconnu", "AMC", claimed="1.00"),
    ) == [
        ("AMO", "Bénéficiaire inconnu en BDO", True, 3, Decimal("25.50"), 0),
        ("AMO", "INCONNU.", False, 2, Decimal("20.00"), 0),
        ("AMC", "Prestation non couverte", True, 1, Decimal("10.00"), 0),
        ("AMC", "Inconnu", False, 1, Decimal("1.00"), 0),
    ]


def test_what_has_no_motif_is_counted_apart():
    assert counted(reject(1, None), reject(2, " "), reject(3, "Inconnu")) == [
        ("AMO", None, False, 2, Decimal("20.00"), 0),
        ("AMO", "Inconnu", False, 1, Decimal("10.00"), 0),
    ]


def test_a_part_that_comes_back_in_several_lines_counts_once_and_again_when_it_is_rejected_again():
    lines = (reject(1, "Inconnu", name="a"), reject(1, "Inconnu", name="b", claimed=None), reject(1, "Autre", name="c"))
    again = reject(1, "Inconnu", on=date(2026, 4, 1), name="d")
    assert counted(*lines, again) == [
        ("AMO", "Inconnu", False, 2, Decimal("20.00"), 0),
        ("AMO", "Autre", False, 1, Decimal("10.00"), 0),
    ]


def test_an_amount_that_is_not_known_is_told():
    assert counted(reject(1, "Inconnu", claimed=None), reject(2, "Inconnu")) == [
        ("AMO", "Inconnu", False, 2, Decimal("10.00"), 1)
    ]


def test_the_practice_s_own_are_known():
    own = OwnMotif("AMO", None, "Inconnu", None, "c", "A.")
    assert counted(reject(1, "INCONNU"), own=own) == [("AMO", "Inconnu", True, 1, Decimal("10.00"), 0)]


def document(data):
    return lxml_html.document_fromstring(render_html(data))


@pytest.fixture(scope="module")
def expected(data):
    """What the synthetic practice's payers rejected: one code, that no list knows."""
    counts = data.motifs
    assert {each.received for each in counts} == {"2D01 DROITS NON OUVERTS"}
    return counts


def test_the_store_gives_the_twelve_months_alone(store, sample, expected):
    assert Answered.of(store, sample.today).motifs == expected
    first = counted_since(sample.today)
    assert rejects_by_motif(store, load_motifs(), date(2020, 1, 1)) == ()
    assert (sample.today - first).days == 365
    early = rejects_by_motif(store, load_motifs(), sample.today.replace(month=1))
    assert sum(each.count for each in early) < sum(each.count for each in expected)


def test_the_page_counts_them_and_says_what_is_unknown(data, expected):
    page = document(data)
    rows = page.xpath("//section[@id='motifs']//tbody/tr")
    assert len(rows) == len(expected)
    for row, each in zip(rows, expected, strict=True):
        text = row.text_content()
        assert "2D01 DROITS NON OUVERTS" in text
        assert f"{each.payer}, motif inconnu de connector, tel que reçu" in text
        assert row.xpath("./td")[1].text_content() == str(each.count)


def test_the_page_says_what_to_do_about_what_is_known(store, sample):
    own = OwnMotif("AMO", "2D01", None, None, "<b>droits</b>", "Appelez la caisse.")
    made = report_data(store, "C", sample.today, sample.made_at, motifs=load_motifs().with_own(own))
    page = document(made)
    (row,) = [row for row in page.xpath("//section[@id='motifs']//tbody/tr") if "Appelez" in row.text_content()]
    assert "Cause habituelle\u00a0: <b>droits</b>." in row.text_content()
    assert "inconnu" not in row.text_content()


def test_a_practice_without_rejects_has_no_such_section(empty):
    assert empty.motifs == ()
    assert 'id="motifs"' not in render_html(empty)


def test_the_workbook_has_a_sheet_of_them(data, expected):
    sheet = next(each for each in sheets(data) if each.name == "Motifs de rejet")
    assert [column.heading for column in sheet.columns][:5] == ["Payeur", "Motif", "Connu", "Nombre", "Montant"]
    assert [tuple(row)[:5] for row in sheet.rows] == [
        (each.payer, each.received, "non", each.count, each.amount) for each in expected
    ]
    assert ZipFile(BytesIO(render_xlsx(data))).testzip() is None


def test_the_json_has_them(data, expected):
    written = data.answered.to_json()["reject_motifs"]
    assert written == [
        {
            "payer": each.payer,
            "received": "2D01 DROITS NON OUVERTS",
            "motif": None,
            "count": each.count,
            "amount": f"{each.amount:.2f}",
            "unpriced": 0,
        }
        for each in expected
    ]
