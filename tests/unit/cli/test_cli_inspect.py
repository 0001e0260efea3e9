"""`connector inspect`: what a file is, without what it says."""

from __future__ import annotations

import json
import os

import pytest

from connector_core.diagnose.inspect import inspect
from connector_core.formats.masking import masked
from connector_core.plugins.loader import load_plugins
from connector_core.sources.local import LocalFile


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("02/03/2026", "99/99/9999"),
        ("Zoé", "Aaa"),
        ("LEGRAND-SECRET", "AAAAAAA-AAAAAA"),
        ("1 850 199 €", "9 999 999 €"),
        ("x" * 40, "a" * 30 + "… (40 caractères)"),
        ("a\x07b", "a·a"),
    ],
)
def test_only_the_form_of_a_value_is_shown(value, form):
    assert masked(value) == form


def test_a_sound_file(practice):
    path = practice.export(practice.act(1), practice.act(2))
    file = practice.json("inspect", path)["file"]
    assert (file["status"], file["size"]) == ("known", path.stat().st_size)
    assert file["claims"][0]["connector"] == "pivot"
    assert file["contents"]["records"] == {"practitioner": 1, "patient": 1, "act": 2}
    assert file["contents"]["samples"]["patient.family_name"] == "AAAAAAA-AAAAAA"
    assert file["contents"]["samples"]["patient.birth_date"] == "9999-99-99"
    assert "SECRET" not in json.dumps(file)


def test_the_first_refusal_and_its_line(practice):
    path = practice.export(practice.act(1), practice.act(2, performed_on="2026-13-01"))
    text = practice.text("inspect", path, code=4)
    assert "ligne 5 : valeur illisible pour act.performed_on" in text
    assert "1 refusée" in text


def test_where_it_is_damaged(practice):
    path = practice.export(practice.act(1))
    path.write_bytes(path.read_bytes() + b"\0\0\n")
    damage = practice.json("inspect", path, code=4)["file"]["contents"]["damage"]
    assert "ligne 5" in damage["place"]
    assert "octets nuls" in damage["reason"]


def test_an_unknown_text_shows_its_columns(practice):
    path = practice.folder / "caisse.csv"
    path.write_bytes("Date;Nom;Reçu\r\n02/03/2026;LEGRAND Zoé;12,50\r\n03/03/2026;MARTIN;7,00\r\n".encode("cp1252"))
    file = practice.json("inspect", path, code=4)["file"]
    assert (file["status"], file["encoding"], file["text"]["separator"]) == ("unknown", "cp1252", ";")
    assert file["text"]["header"] == 1
    assert file["text"]["columns"] == [
        {"name": "Date", "sample": "99/99/9999"},
        {"name": "Nom", "sample": "AAAAAAA Aaa"},
        {"name": "Reçu", "sample": "99,99"},
    ]
    text = practice.text("inspect", path, code=4)
    assert "séparateur : point-virgule" in text
    assert "Aucun connecteur ne reconnaît ce fichier." in text
    assert "LEGRAND" not in text


@pytest.mark.parametrize(
    ("rows", "forms"),
    [
        ("02/03/2026;12,50\n03/03/2026;7,00\n", "\n  décimales : « , » ; dates : jj/mm/aaaa\n"),
        ("20260302;12\n20260303;7\n", "\n  dates : aaaammjj\n"),
        ("a;12,50\nb;7,00\n", "\n  décimales : « , »\n"),
    ],
)
def test_the_forms_of_dates_and_amounts_are_told_as_people_write_them(practice, rows, forms):
    path = practice.folder / "caisse.csv"
    path.write_text(f"Jour;Reçu\n{rows}", encoding="utf-8")
    assert forms in practice.text("inspect", path, code=4)


@pytest.mark.parametrize("content", [b"", b"\0\1\2\3" * 40, b"<a/>", b"\xff\xfeD\0a\0", b'"', b"\x03\x7e\x01\x01"])
def test_any_file_can_be_looked_at(practice, content):
    path = practice.folder / "x"
    path.write_bytes(content)
    practice.json("inspect", path, code=4)
    practice.text("inspect", path, code=4)


def test_values_are_revealed_on_a_terminal_only(practice):
    path = practice.export(practice.act(1))
    assert "que sur un terminal" in practice.refused("inspect", path, "--reveal")
    found = inspect(LocalFile(path), load_plugins(no_plugins=True), show=str)
    assert found.contents is not None
    assert found.contents.samples["patient.family_name"] == "LEGRAND-SECRET"


def test_a_path_that_is_no_file(practice):
    assert "c'est un dossier" in practice.refused("inspect", practice.folder)
    assert "n'existe pas" in practice.refused("inspect", practice.folder / "absent")
    assert "pas un fichier ordinaire" in practice.refused("inspect", os.devnull)


DIALECT = """
[dialect]
id = "recettes"
title = "Recettes"
version = "2"
[format]
kind = "delimited"
separator = ";"
encoding = "cp1252"
[[table]]
name = "recettes"
[[table.record]]
kind = "patient"
[table.record.fields]
id = "Patient"
family_name = "Patient"
[[table.record]]
kind = "bank_credit"
[table.record.fields]
id = { from = ["Date", "Patient"], as = "key" }
booked_on = { from = "Date", as = "date_fr" }
amount = { from = "Montant", as = "money_fr" }
label = { value = "caisse" }
"""


@pytest.fixture
def receipts(practice, site):
    """A practice with the connector of the receipts."""
    site(
        "recettes",
        f"""
        from connector_core.dialects.language import read_dialect
        from connector_core.plugins import hookimpl
        from connector_core.plugins.connector import ConnectorInfo
        from connector_core.plugins.dialect_connector import DialectConnector

        @hookimpl
        def connector_register_connectors(register):
            info = ConnectorInfo(id="recettes", vendor="Éditeur", product="Recettes", version="1")
            register(DialectConnector(info, [read_dialect({DIALECT!r}, "recettes.toml")]))
        """,
    )
    practice.no_plugins = False
    return practice


def test_the_map_of_the_fields(receipts):
    practice = receipts
    path = practice.folder / "r.csv"
    path.write_bytes("Date;Patient;Montant\n02/03/2026;LEGRAND Zoé;12,50\n".encode("cp1252"))
    file = practice.json("inspect", path, "--connector", "recettes")["file"]
    assert file["declared"] == "cp1252"
    assert (file["claims"][0]["dialect"], file["claims"][0]["variant"]) == ("recettes", "recettes")
    assert {"source": "Date", "target": "bank_credit.booked_on", "converter": "date_fr", "sample": "99/99/9999"} in [
        {key: each[key] for key in ("source", "target", "converter", "sample")} for each in file["fields"]
    ]
    text = practice.text("inspect", path, "--connector", "recettes")
    assert "Montant → bank_credit.amount (money_fr) : 99,99" in text
    assert "constante caisse → bank_credit.label" in text
    assert "non vérifié sur une installation" in text


RECEIPTS = "Date;Patient;Montant\n02/03/2026;LEGRAND Zoé;12,50\n"


@pytest.mark.parametrize(
    ("content", "differs"),
    [
        (
            RECEIPTS.replace("Montant", "Total").encode("cp850"),
            "colonnes qui manquent : « Montant »\n    encodage attendu : cp1252",
        ),
        (RECEIPTS.replace("Montant", "Total").encode(), "colonnes qui manquent : « Montant »"),
        (RECEIPTS.replace(";", "\t").encode("cp1252"), "séparateur attendu : point-virgule"),
        (RECEIPTS.replace("Montant", "Total").encode("cp1252"), "colonnes qui manquent : « Montant »"),
    ],
)
def test_an_unknown_text_is_told_what_it_is_nearest_to(receipts, content, differs):
    path = receipts.folder / "r.csv"
    path.write_bytes(content)
    text = receipts.text("inspect", path, "--connector", "recettes", code=4)
    assert f"Le plus proche : recettes, dialecte recettes, table recettes.\n    {differs}\n\n" in text
    assert "LEGRAND" not in text


@pytest.mark.parametrize("content", [b"Objet;Prix;Poids\nchaise;12;3\n", b"Date;Patient;Solde;Reste\n1;2;3;4\n"])
def test_what_differs_is_told_of_near_texts_only_and_in_ascii_no_encoding(receipts, content):
    path = receipts.folder / "r.csv"
    path.write_bytes(content)
    near = receipts.json("inspect", path, "--connector", "recettes", code=4)["file"]["near"]
    assert near is None or (near["missing"], near["encoding"], near["separator"]) == (["Montant"], None, None)
    assert (near is None) == content.startswith(b"Objet")


@pytest.mark.usefixtures("broken_connector")
def test_a_connector_that_fails_is_damage(practice):
    practice.no_plugins = False
    path = practice.folder / "x.bin"
    path.write_bytes(b"x")
    damage = practice.json("inspect", path, "--connector", "casse", code=4)["file"]["contents"]["damage"]
    assert damage["reason"] == "le connecteur « casse » : échec inattendu (KeyError)"


@pytest.fixture
def describing(practice, site):
    """A connector that tells everything of files of its own; what it tells is the body of a function."""

    def install(body):
        site(
            "decrit",
            f"""
            from connector_core.dialects.language import read_dialect
            from connector_core.plugins import hookimpl
            from connector_core.plugins.connector import ConnectorInfo
            from connector_core.plugins.dialect_connector import DialectConnector

            class Decrit(DialectConnector):
                def describe(self, file, claim):
                    {body}

            @hookimpl
            def connector_register_connectors(register):
                info = ConnectorInfo(id="decrit", vendor="Éditeur", product="Recettes", version="1")
                register(Decrit(info, [read_dialect({DIALECT!r}, "recettes.toml")]))
            """,
        )
        practice.no_plugins = False
        path = practice.folder / "r.csv"
        path.write_bytes("Date;Patient;Montant\n02/03/2026;LEGRAND Zoé;12,50\n".encode("cp1252"))
        return path

    return install


def test_a_connector_may_tell_everything_of_its_own_files(practice, describing):
    path = describing('return {"format": claim.dialect, "groups": [], "warnings": [file.name]}')
    told = practice.json("inspect", path, "--connector", "decrit")
    assert told == {"schema": 1, "format": "recettes", "groups": [], "warnings": ["r.csv"]}
    assert "Recettes" in practice.text("inspect", path, "--connector", "decrit")


@pytest.mark.parametrize("body", ["return None", "raise KeyError('x')", "return 5"])
def test_a_connector_with_nothing_to_tell_is_inspected_as_any_other(practice, describing, body):
    path = describing(body)
    assert practice.json("inspect", path, "--connector", "decrit")["file"]["status"] == "known"


def fixed_width(*rows: tuple[str, str, str]) -> str:
    return "".join(f"{number:06d}{name:<20}{day}{paid:>8}\r\n" for number, (name, day, paid) in enumerate(rows, 1))


def test_fixed_width_is_told_from_columns_apart_though_amounts_have_commas(practice):
    path = practice.folder / "seances.txt"
    rows = ("LEGRAND", "20260302", "17,90"), ("MARTIN", "20260303", "19,35"), ("FICTIF", "20260304", "8,50")
    path.write_bytes(fixed_width(*rows).encode("cp1252"))
    file = practice.json("inspect", path, code=4)["file"]
    assert (file["text"], file["line_lengths"]) == (None, [42])
    told = practice.text("inspect", path, code=4)
    assert "largeur fixe, semble-t-il : des lignes de 42 caractères" in told
    assert "séparateur" not in told
    assert "« connector calibrate » propose un dialecte" in told


def test_columns_apart_are_not_fixed_width_though_lines_are_as_long(practice):
    path = practice.folder / "seances.csv"
    path.write_bytes(b"0000001,20260302,1790\r\n0000002,20260303,1935\r\n0000003,20260304,0850\r\n")
    file = practice.json("inspect", path, code=4)["file"]
    assert (file["text"]["separator"], file["line_lengths"]) == (",", [])


def test_an_extension_that_could_not_be_asked_about_an_unknown_file_is_named(practice, site):
    path = practice.folder / "caisse.csv"
    path.write_bytes(b"Date;Nom\r\n02/03/2026;FICTIF\r\n03/03/2026;MARTIN\r\n")
    practice.configure()
    practice.no_plugins = False
    assert "Pas interrogé" not in practice.text("inspect", path, code=4)
    site("bad", "raise RuntimeError('LEGRAND-SECRET')")
    assert practice.json("inspect", path, code=4)["file"]["resting"] == ["bad"]
    told = practice.text("inspect", path, code=4)
    assert "Pas interrogé : bad. « connector plugins list » dit pourquoi." in told
    site("worse", "raise RuntimeError")
    assert "Pas interrogés : bad, worse." in practice.text("inspect", path, code=4)
    known = practice.export(practice.act(1))
    assert practice.json("inspect", known)["file"]["resting"] == []
