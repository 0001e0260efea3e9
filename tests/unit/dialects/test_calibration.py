"""Calibration, part by part, and that no text makes it fail."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.dialects.calibration.enumerations import listed, told_kinds, words_unseen
from connector_core.dialects.calibration.files import read_sample
from connector_core.dialects.calibration.knowledge import kinds
from connector_core.dialects.calibration.matching import best_matching
from connector_core.dialects.calibration.naming import pattern_of, table_names
from connector_core.dialects.calibration.pieces import cut
from connector_core.dialects.calibration.proposing import propose
from connector_core.dialects.calibration.sample import Column
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import apart, likeness, phrase
from connector_core.dialects.drafts import NoLookup
from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import When
from connector_core.dialects.reading import DialectReading, recognise
from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.formats.document import Probe
from connector_core.model.records import KINDS, field_names


class File:
    def __init__(self, content, name="export.csv"):
        self.content, self.name = content, name
        self.sha256, self.size = hashlib.sha256(content).hexdigest(), len(content)

    def open(self):
        return BytesIO(self.content)

    @contextmanager
    def as_path(self):
        yield None


class Prices:
    """A nomenclature of two acts."""

    def exists(self, letter: str, coefficient: Decimal, day: date) -> bool:
        return (letter, coefficient) in {("RAM", Decimal("8.09")), ("AMK", Decimal("10.7"))}

    def price(self, letter: str, coefficient: Decimal, day: date) -> Decimal | None:
        return {"RAM": Decimal("17.88"), "AMK": Decimal("23.65")}.get(letter)


def shape(*cells, title="x"):
    return Shape(Column(title, title, cells))


def mapped(*files):
    sample, _ = read_sample(files)
    return {(each.source, each.target) for each in propose(sample, Prices()).mappings}


def test_every_field_it_knows_is_one_of_the_model():
    for name, kind in kinds().items():
        assert set(kind.fields) <= set(field_names(KINDS[name]))
        assert all(field.titles for field in kind.fields.values())


@pytest.mark.parametrize(
    ("title", "kind", "field"),
    [
        ("N° Sécurité Sociale", "patient", "nir"),
        ("NUM_SECU", "patient", "nir"),
        ("DATENAISS", "patient", "birth_date"),
        ("Né(e) le", "patient", "birth_date"),
        ("DtNaissance", "patient", "birth_date"),
        ("mt_hono", "act", "amount"),
        ("NBSEANCES", "prescription", "sessions"),
        ("Lettre-clé", "act", "letter"),
        ("num_prat", "act", "practitioner_id"),
        ("first_name", "patient", "given_name"),
        ("LastName", "practitioner", "family_name"),
        ("birth_date", "patient", "birth_date"),
        ("visit_time", "act", "started_at"),
    ],
)
def test_titles_are_understood_however_they_are_written(title, kind, field):
    known = kinds()[kind]
    scores = {name: likeness(phrase(title), each.titles, known.names) for name, each in known.fields.items()}
    assert max(scores, key=lambda name: scores[name]) == field


def test_words_written_together_are_cut_where_both_are_known():
    assert apart(phrase("NUMFACT")) == ("numero", "facture")
    assert apart(phrase("xyzzy")) == ("xyzzy",)


@pytest.mark.parametrize(
    ("cells", "converter"),
    [
        (("02/03/2026", "17/11/2025"), "date_fr"),
        (("02-03-2026", "17-11-2025"), "date_fr"),
        (("2026-03-02", "2025-11-17"), "date_iso"),
        (("20260302", "20251117"), "date_compact"),
        (("02/03/26", "17/11/25"), "date_fr_short"),
        (("20261340", "20269999"), ""),
        (("RAM", "AMK"), ""),
    ],
)
def test_dates_in_all_their_forms(cells, converter):
    assert shape(*cells).day == converter


@pytest.mark.parametrize(
    ("cells", "converters"),
    [
        (("17,88", "1 234,50"), ("money_fr",)),
        (("17,88 €", "3,00 €"), ("money_fr",)),
        (("17.88", "3.00"), ("money_point",)),
        (("00001788", "00000300"), ("money_cents", "money_fr")),
        (("RAM", "AMK"), ()),
    ],
)
def test_money_in_all_its_forms(cells, converters):
    assert tuple(shape(*cells).money) == converters


def test_identifiers_are_known_by_their_keys():
    assert shape("10999000010", "10999000028").rpps == 1
    assert shape("10999000011", "10999000029").rpps == 0
    assert shape("2 59 06 99 999 951 80").nir == 1
    assert shape("2 59 06 99 999 951 81").nir == 0


@pytest.mark.parametrize(
    ("field", "texts", "meanings"),
    [
        (("act", "place"), ("CAB", "DOM"), {"CAB": "CABINET", "DOM": "DOMICILE"}),
        (("act", "place"), ("C", "D"), {"C": "CABINET", "D": "DOMICILE"}),
        (("patient_payment", "means"), ("C", "CH"), {"C": "CB", "CH": "CHEQUE"}),
        (("treatment", "side"), ("G", "D", "G+D"), {"G": "L", "D": "R", "G+D": "B"}),
        (("act", "rate"), ("100 %", "50 %"), {"100 %": "1", "50 %": "0.5"}),
    ],
)
def test_lists_are_read_as_a_whole(field, texts, meanings):
    found = listed(shape(*texts), kinds()[field[0]].fields[field[1]])
    assert found is not None
    assert found.meanings == meanings


@pytest.mark.parametrize(
    ("texts", "kinds_told"),
    [
        (("Chèque", "Espèces", "Carte", "Tiers payant"), {"patient_payment"}),
        (("Chèque", "Espèces", "Bons", "Divers"), set()),
        (("Chèque", "Espèces", "Carte", "Rouge", "Vert", "Bleu"), set()),
        (("C", "E", "V"), set()),
    ],
)
def test_three_words_of_a_list_say_what_record_there_is(texts, kinds_told):
    assert told_kinds(shape(*texts)) == kinds_told


JOURNAL = """29/12/2025;MARTIN Zoé;RAM 8,09;17,88;{0}
30/12/2025;DURAND Éva;AMK 10,7;23,65;{1}
02/01/2026;MARTIN Zoé;RAM 8,09;17,88;{2}
03/01/2026;PETIT Léo;RAM 8,09;17,88;{3}
04/01/2026;DURAND Éva;AMK 10,7;23,65;{3}
05/01/2026;PETIT Léo;AMK 10,7;23,65;{3}
"""


def test_a_payment_beside_an_act_is_known_by_the_words_for_its_means():
    paid = mapped(File(JOURNAL.format("Chèque", "Espèces", "Carte", "Tiers payant").encode(), "journal.csv"))
    assert {target for _, target in paid} >= {"act.amount", "patient_payment.amount", "patient_payment.means"}
    other = mapped(File(JOURNAL.format("Lundi", "Mardi", "Jeudi", "Samedi").encode(), "journal.csv"))
    assert not any(target.startswith("patient_payment.") for _, target in other)


def test_a_list_of_words_is_ready_for_those_that_come_later():
    field = kinds()["lot"].fields["arl"]
    assert words_unseen(field, {"Positif": "positive"}) == {"negatif": "negative"}
    assert words_unseen(field, {"P": "positive"}) == {}


def test_the_matching_is_the_best_one_and_not_greedy():
    weights = {("a", 1): 0.9, ("a", 2): 0.8, ("b", 1): 0.8, ("b", 2): 0.1}
    assert set(best_matching(weights)) == {("a", 2), ("b", 1)}


def test_names_of_files_lose_what_changes():
    assert pattern_of("vega_seances_20261120.txt") == "vega_seances_*.txt"
    names = table_names(["vega_seances_20261120.txt", "vega_lots_20261120.txt"])
    assert list(names.values()) == ["seances", "lots"]
    assert list(table_names(["actes.csv"]).values()) == ["actes"]


FIXED = [
    "P001 20260302RAM  0080900001788",
    "P002 20260303AMK  0107000002365",
    "P001 20260304RAM  0080900001788",
    "P003 20260305AMK  0107000002365",
]


def test_columns_of_a_fixed_width_are_found():
    pieces = [tuple(line[a:b].strip() for a, b in cut(FIXED)) for line in FIXED[:1]]
    assert pieces == [("P001", "20260302", "RAM", "00809", "00001788")]


ACTS = "numero;patient;soignant;jour;lettre;coef;montant\r\n" + "".join(
    f"{n};P{n % 4:03d};MK{n % 2};{1 + n:02d}/02/2026;" + ("RAM;8,09;17,88\r\n" if n % 3 else "AMK;10,7;23,65\r\n")
    for n in range(1, 25)
)


def test_a_price_is_known_by_the_cotation_beside_it():
    headless = ACTS.partition("\n")[2].encode("cp1252")
    found = mapped(File(headless, "actes.csv"))
    assert {("actes.c4", "act.performed_on"), ("actes.c5", "act.letter"), ("actes.c7", "act.amount")} <= found


SESSIONS = "N° séance;Date;Dossier;Patient;Né(e) le;Kiné;Cotation;Honoraires\r\n" + "".join(
    f"{n + 1001};{n % 28 + 1:02d}/{n // 28 + 3:02d}/2026;D{n % 5};"
    f"{('EXEMPLE Anne', 'FICTIF Léo', 'INVENTÉ Zoé', 'FACTICE Paul', 'IMAGINAIRE Luc')[n % 5]};"
    f"{n % 5 + 1:02d}/04/5{n % 5};MK1;RAM 8,09;17,88\r\n"
    for n in range(40)
)


def test_what_alone_tells_rows_apart_is_their_identifier_whatever_its_title():
    found = mapped(File(SESSIONS.encode("cp1252"), "seances.csv"))
    assert ("seances.N° séance", "act.id") in found
    assert "act.session_id" not in {target for _, target in found}


def test_who_is_named_in_no_other_table_is_a_patient_of_this_one():
    found = mapped(File(SESSIONS.encode("cp1252"), "seances.csv"))
    assert {("seances.Dossier", "patient.id"), ("seances.Patient", "patient.family_name")} < found
    assert "patient.birth_date" not in {target for _, target in found}, "two digits do not tell the century of a birth"


STATES = ("Réglée", "Annulée", "En attente", "ANNULEE", "Réglée", "Rejetée")
INVOICES = "N° facture;Date facture;N° patient;Praticien;Montant total;Part AMO;Part patient;État\r\n" + "".join(
    f"F{n:05d};{n:02d}/03/2026;{100 + n % 4};MK{n % 2};17,88;10,73;7,15;{STATES[n % len(STATES)]}\r\n"
    for n in range(1, 25)
)


def test_a_word_says_that_an_invoice_was_cancelled():
    sample, _ = read_sample([File(INVOICES.encode("cp1252"), "factures.csv")])
    dialect = propose(sample, Prices()).dialect("site-factures", "Factures", "factures.toml")
    (invoice,) = dialect.table("factures").records
    (cancelled,) = [each for each in invoice.fields if each.target == "cancelled_on"]
    assert cancelled.when == When("État", frozenset({"Annulée", "ANNULEE"}), True)
    assert (cancelled.columns, cancelled.converter) == (("Date facture",), "date_fr")


@pytest.mark.parametrize(
    "content",
    [
        INVOICES.replace("Annulée", "Annulée pour Mme X").replace("ANNULEE", "Annulé : doublon"),
        INVOICES.replace("Part patient", "Annulée le").replace("7,15", "").replace("Annulée;", "05/03/2026;"),
        INVOICES.replace("Annulée", "Soldée").replace("ANNULEE", "Soldée"),
    ],
    ids=["a note", "a day", "no such word"],
)
def test_only_a_word_of_its_own_says_that_an_invoice_was_cancelled(content):
    sample, _ = read_sample([File(content.encode("cp1252"), "factures.csv")])
    text = propose(sample, Prices()).text("site-factures", "Factures")
    assert ("when" in text, "Mme" in text) == (False, False)


def test_a_file_without_titles_is_read_by_its_dialect():
    content = ACTS.partition("\n")[2].encode("cp1252")
    sample, _ = read_sample([File(content, "actes.csv")])
    dialect = propose(sample, Prices()).dialect("site-actes", "Actes", "actes.toml")
    claim = recognise(dialect, Probe("autre.csv", len(content), content))
    assert claim is not None, "known by what is inside, whatever its name"
    reading = DialectReading(dialect, claim.variant, File(content), "1")
    records = [reading.records(row, NoLookup()) for row in reading.rows()]
    assert len(records) == 24


def test_a_file_of_another_width_is_not_that_table():
    content = ACTS.partition("\n")[2].encode("cp1252")
    sample, _ = read_sample([File(content, "actes.csv")])
    dialect = propose(sample, Prices()).dialect("site-actes", "Actes", "actes.toml")
    other = b"a;b;c\r\n1;2;3\r\n"
    assert recognise(dialect, Probe("actes.csv", len(other), other)) is None


def test_columns_and_a_line_of_titles_exclude_each_other():
    text = (
        '[dialect]\nid = "d"\ntitle = "D"\nversion = "1"\n[format]\nkind = "delimited"\nheader = 1\n'
        '[[table]]\nname = "lots"\ncolumns = ["a", "b"]\n[[table.record]]\nkind = "lot"\n'
        '[table.record.fields]\nid = "a"\nnumber = "b"\n'
    )
    with pytest.raises(ConfigurationError, match="sans titres"):
        read_dialect(text, "d.toml")


def test_a_row_of_data_does_not_pass_for_titles():
    """Titles are shown to people."""
    people = "Pelrive;Margaux\r\nTalroy;Camille\r\nMalselin;Pascal\r\nDorroy;Mathieu\r\n"
    sample, _ = read_sample([File(people.encode())])
    assert [column.title for table in sample.tables for column in table.columns] == ["", ""]


XML = (
    """<?xml version="1.0" encoding="UTF-8"?>
<sauvegarde>
"""
    + "".join(
        f'<client code="C{n}"><identite><nom>NOM</nom><prenom>Léa</prenom></identite>'
        f'<soin ref="S{n}1"><date>2026-02-0{n}</date><lettre>RAM</lettre><coef>8.09</coef>'
        f"<prix>17.88</prix></soin>"
        f'<soin ref="S{n}2"><date>2026-03-0{n}</date><lettre>AMK</lettre><coef>10.7</coef>'
        f"<prix>23.65</prix></soin></client>"
        for n in range(1, 6)
    )
    + "</sauvegarde>"
)


def test_nested_xml_gives_rows_the_keys_around_them():
    found = mapped(File(XML.encode(), "sauvegarde.xml"))
    assert ("soin.client/@code", "act.patient_id") in found
    assert ("soin.lettre", "act.letter") in found
    assert ("client.identite/nom", "patient.family_name") in found


@settings(max_examples=40)
@given(st.binary(max_size=400) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_it_fail(content):
    _never_fails(content)


CELLS = st.sampled_from(
    [
        "",
        "1",
        "01/02/2026",
        "RAM",
        "8,09",
        "17,88",
        "P001",
        "Oui",
        "2590699999951",
        "10999000010",
        '"',
        "é",
        "09h30",
        "0",
    ]
) | st.text(max_size=6)


@settings(max_examples=40)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=8), st.sampled_from(";,\t|"))
def test_no_delimited_text_makes_it_fail(rows, separator):
    _never_fails("".join(separator.join(row) + "\n" for row in rows).encode())


def _never_fails(content):
    """Either a dialect that can be read, or an error in the house's words."""
    with suppress(ConnectorError):
        sample, _ = read_sample([File(content)])
        propose(sample, Prices()).dialect("site-essai", "Essai", "essai.toml")
