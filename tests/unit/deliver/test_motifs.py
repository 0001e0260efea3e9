"""Rejects counted by motif and payer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from lxml import html as lxml_html

from connector_core.deliver.html import render_html
from connector_core.deliver.json_report import Answered
from connector_core.deliver.motifs import MotifCount, count_motifs, counted_since, rejects_by_motif
from connector_core.deliver.report_data import report_data
from connector_core.deliver.xlsx import render_xlsx, sheets
from connector_core.model.records import Invoice, Lot, Patient, PayerReturn, Practitioner, Record
from connector_core.model.vocabulary import Payer
from connector_core.parameters.motifs import OwnMotif, load_motifs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.exports.pivot import write_pivot

DAY = date(2026, 3, 10)
Told = Mapping[str, object]
"""What a return says beside the invoice, the payer and the motif."""
NOTHING: Told = {}


def reject(
    number: int,
    label: str | None,
    payer: Payer = "AMO",
    on: date = DAY,
    claimed: str | None = "10.00",
    name: str = "",
    told: Told = NOTHING,
) -> PayerReturn:
    return PayerReturn(
        id=name or f"n{number}",
        invoice_number=f"F{number}",
        payer=payer,
        state="rejected",
        returned_on=on,
        reject_label=label,
        claimed=None if claimed is None else Decimal(claimed),
    ).model_copy(update=told)


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


COLLEAGUES: tuple[Told, Told] = ({"payee_number": "751234565"}, {"payee_number": "751234573"})
YEARS: tuple[Told, Told] = ({"lot_on": date(2025, 12, 29)}, {"lot_on": date(2026, 2, 2)})
LOTS: tuple[Told, Told] = ({"lot_number": "012"}, {"lot_number": "013"})
ONE_LOT: tuple[Told, Told] = (
    {"lot_number": "012", "payee_number": "75123456"},
    {"lot_number": "12", "payee_number": "751234565"},
)
ONE_TELLS_MORE: tuple[Told, Told] = (
    NOTHING,
    {"lot_number": "012", "lot_on": date(2026, 2, 2), "payee_number": "751234565"},
)
ONE_ADDS_ZEROS: tuple[Told, Told] = (NOTHING, {"invoice_number": "00F1"})


@pytest.mark.parametrize(
    ("told", "count"),
    [(COLLEAGUES, 2), (YEARS, 2), (LOTS, 2), (ONE_LOT, 1), (ONE_TELLS_MORE, 1), (ONE_ADDS_ZEROS, 1)],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_invoices_of_one_number_are_told_apart_by_lot_and_payee(
    told: tuple[Told, Told], count: int, backwards: bool
) -> None:
    rejects = [reject(1, "Inconnu", name=f"{place}", told=each) for place, each in enumerate(told)]
    assert counted(*(reversed(rejects) if backwards else rejects)) == [
        ("AMO", "Inconnu", False, count, Decimal("10.00") * count, 0)
    ]


def test_a_line_that_tells_little_is_of_one_of_the_invoices_of_its_number():
    apart = [reject(1, "Inconnu", name=f"b{place}", told=each) for place, each in enumerate(COLLEAGUES)]
    assert counted(reject(1, "Inconnu", name="a"), *apart) == [("AMO", "Inconnu", False, 2, Decimal("20.00"), 0)]


def by_motif(records: Sequence[Record], rules: Rules, tmp_path: Path) -> tuple[MotifCount, ...]:
    path = tmp_path / "export.ndjson"
    write_pivot(records, path, exported_at=datetime(2026, 3, 11, 7, tzinfo=UTC))
    with Store.in_memory() as store:
        Pipeline(store, rules, lambda: datetime(2026, 3, 11, 8, tzinfo=UTC)).attempt(
            [Input("vega", LocalFile(path))], date(2026, 3, 11)
        )
        return rejects_by_motif(store, load_motifs(), date(2026, 3, 11))


def test_patients_whose_invoices_have_one_number_are_told_apart(rules: Rules, tmp_path: Path) -> None:
    """What the returns leave open, their dossiers tell."""
    records: list[Record] = [
        Practitioner(id="mk1", profession="MK", am_number="751234565"),
        Practitioner(id="mk2", profession="MK", am_number="751234573"),
    ]
    for place, lot in enumerate(("12", "13"), 1):
        records += [
            Lot(id=f"l{place}", number=lot, created_on=DAY),
            Patient(id=f"p{place}"),
            Invoice(
                id=f"f{place}",
                patient_id=f"p{place}",
                practitioner_id=f"mk{place}",
                number="F1",
                closed_on=DAY,
                lot_id=f"l{place}",
                total=Decimal("10.00"),
            ),
        ]
    records += [
        reject(1, "Inconnu", name="n1", told={"lot_number": "12"}),
        reject(1, "Inconnu", name="n2", told={"lot_number": "12"}),
        reject(1, "Inconnu", name="n3", told={"payee_number": "751234573"}),
    ]
    found = by_motif(records, rules, tmp_path)
    assert [(each.count, each.amount) for each in found] == [(2, Decimal("20.00"))]


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ((), 1),
        ((Practitioner(id="mk2", profession="MK"),), 2),
        ((Lot(id="l2", number="2", practitioner_id="998888880"),), 2),
        ((Practitioner(id="mk2", profession="MK", am_number="998888880"),), 2),
    ],
)
def test_rejects_of_another_practice_are_left_out(
    others: tuple[Record, ...], count: int, rules: Rules, tmp_path: Path
) -> None:
    """Where somebody's number is not known, nobody is certainly of another practice."""
    records: list[Record] = [
        Practitioner(id="mk1", profession="MK", am_number="751234565"),
        Patient(id="p1"),
        reject(1, "Inconnu", told={"payee_number": "75123456"}),
        reject(2, "Inconnu", told={"payee_number": "998888880"}),
        *others,
    ]
    found = by_motif(records, rules, tmp_path)
    assert [each.count for each in found] == [count]


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
