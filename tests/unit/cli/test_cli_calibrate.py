"""`connector calibrate`: proposes, asks, writes, tries; shows no value."""

from __future__ import annotations

import json
import tomllib
from datetime import date

import pytest

from connector_core.cli.main import connector
from connector_core.dialects.language import read_dialect
from connector_core.testing.exports.invented import soleil
from connector_core.testing.practice import make_practice

RECORDS = make_practice(5, 4, 0.6, 2, today=date(2026, 2, 27)).records
SOLEIL = soleil.EXPORT
FAMILIES = sorted({name for each in RECORDS if (name := getattr(each, "family_name", None))})
NIRS = sorted({nir for each in RECORDS if (nir := getattr(each, "nir", None))})


@pytest.fixture
def export(practice):
    """An export nobody has seen, small."""
    folder = practice.folder / "exports"
    folder.mkdir()
    SOLEIL.write(RECORDS, folder)
    return folder


def test_the_dialect_is_written_tried_and_read_again(practice, export):
    practice.configure()
    result = practice.run("calibrate", export, "--yes")
    assert result.exit_code in (0, 1), "4 would be rows that are refused"
    said = result.output
    path = practice.folder / "dialects" / "site-exports.toml"
    dialect = read_dialect(path.read_text(encoding="utf-8"), path.name)
    assert dialect.id == "site-exports"
    assert {record.kind for table in dialect.tables for record in table.records} >= {"act", "patient", "invoice"}
    assert "Dialecte écrit" in said
    assert "act, " in said
    assert practice.json("inspect", export / "actes.csv")["file"]["claims"][0]["connector"] == "site"


def test_no_value_is_shown_or_written(practice, export):
    target = practice.folder / "proposed.toml"
    result = practice.run("calibrate", export, "--yes", "--output", target)
    shown = result.output + target.read_text(encoding="utf-8")
    assert "ex. Aaaa" in shown
    assert [value for value in (*FAMILIES, *NIRS) if value in shown] == []


def test_an_export_whose_name_is_no_text_gets_a_dialect(practice, export):
    target = practice.folder / "proposed.toml"
    path = (export / "actes.csv").rename(export / "s\udce9ances.csv")
    assert practice.run("calibrate", path, "--yes", "--output", target).exit_code in (0, 1)
    assert "Export « séances.csv »" in target.read_text(encoding="utf-8")


def test_json_holds_the_mappings_and_writes_nothing(practice, export):
    practice.configure()
    result = practice.run("calibrate", export, "--json")
    mappings = json.loads(result.stdout)["mappings"]
    assert {tuple(sorted(each)) for each in mappings} == {("confidence", "evidence", "source", "target")}
    found = {(each["source"], each["target"]): each for each in mappings}
    performed = found["actes.dt_acte", "act.performed_on"]
    assert 0.8 < performed["confidence"] <= 1
    assert "cotations" in performed["evidence"]
    assert not (practice.folder / "dialects").exists()


def test_every_line_of_the_dialect_bears_its_evidence(practice, export):
    target = practice.folder / "proposed.toml"
    practice.run("calibrate", export, "--yes", "--output", target)
    lines = target.read_text(encoding="utf-8").splitlines()
    fields = [n for n, line in enumerate(lines) if line.startswith(("birth_date", "nir_key", "amount", "performed_on"))]
    assert len(fields) >= 4
    assert all(lines[n - 1].startswith("# ") for n in fields)
    tomllib.loads(target.read_text(encoding="utf-8"))


UNSURE = "numero;jour;lettre;coef;prix;patient;zz\r\n" + "".join(
    f"{n};{2 + n % 20:02d}/02/2026;RAM;8,09;17,88;P{n % 5:03d};{'K7' if n % 3 else 'M2'}\r\n" for n in range(1, 41)
)


@pytest.fixture
def unsure(practice):
    """A list of acts one column of which could be several things, or none."""
    path = practice.folder / "liste.csv"
    path.write_text(UNSURE, encoding="utf-8", newline="")
    return path


def test_only_what_is_not_settled_is_asked(practice, unsure):
    target = practice.folder / "asked.toml"
    result = practice.run("calibrate", unsure, "--output", target, input="1\n")
    assert result.exit_code in (0, 1)
    assert result.output.count("Que contient la colonne") == 1
    assert "« liste.zz »" in result.output
    assert '"zz"' in target.read_text(encoding="utf-8")


def test_a_column_can_be_left_out(practice, unsure):
    target = practice.folder / "asked.toml"
    practice.run("calibrate", unsure, "--output", target, input="0\n")
    text = target.read_text(encoding="utf-8")
    assert '"zz"' not in text
    assert "Colonnes que rien ne lit : zz." in text


def test_another_field_can_be_chosen(practice, unsure):
    target = practice.folder / "asked.toml"
    result = practice.run("calibrate", unsure, "--output", target, input="2\n")
    chosen = next(line for line in result.output.splitlines() if line.startswith("  2. ")).removeprefix("  2. act.")
    assert f'{chosen} = "zz"' in target.read_text(encoding="utf-8")


def test_nothing_is_asked_with_yes(practice, unsure):
    result = practice.run("calibrate", unsure, "--yes", "--output", practice.folder / "yes.toml")
    assert "Que contient" not in result.output


def test_a_configuration_that_is_not_there_is_said_before_anything_is_written(practice, export):
    absent = practice.folder / "ailleurs" / "connector.toml"
    result = practice.runner.invoke(connector, ["--config", str(absent), "calibrate", str(export), "--yes"])
    assert result.exit_code == 2
    assert "n'existe pas" in result.stderr
    assert not absent.parent.exists()


def test_a_dialect_is_not_replaced_unasked(practice, export):
    target = practice.folder / "mine.toml"
    target.write_text("# à moi\n", encoding="utf-8")
    assert "existe déjà" in practice.refused("calibrate", export, "--yes", "--output", target)
    assert target.read_text(encoding="utf-8") == "# à moi\n"


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (b"\x00\x01\x02\x03" * 100, "ni du texte délimité", 4),
        (b"", "ni du texte délimité", 4),
        (b"<a>", "coupé ou mal formé", 4),
        (b"<!DOCTYPE a><a/>", "type de document", 4),
        (b"couleur;taille\r\nbleu;grand\r\nvert;petit\r\n", "Rien n'a été reconnu", 2),
    ],
)
def test_what_can_not_be_calibrated_is_said(practice, content, said, code):
    path = practice.folder / "inconnu.dat"
    path.write_bytes(content)
    assert said in practice.refused("calibrate", path, "--yes", code=code)


def test_a_path_that_is_not_there(practice):
    assert "n'existe pas" in practice.refused("calibrate", practice.folder / "rien", "--yes")


def test_a_folder_without_files(practice):
    folder = practice.folder / "vide"
    folder.mkdir()
    assert "aucun fichier" in practice.refused("calibrate", folder, "--yes")


def test_an_export_that_a_connector_reads_already_is_said_to_be(practice, export):
    practice.configure()
    first = practice.run("calibrate", export, "--yes")
    assert "lit déjà cet export" not in first.stderr
    again = practice.run("calibrate", export, "--yes", "--output", practice.folder / "again.toml")
    assert "lit déjà cet export : un dialecte de plus ne sert que s'il le lit mal" in again.stderr
    assert (practice.folder / "again.toml").exists()


def test_a_file_that_a_connector_reads_needs_no_dialect(practice):
    practice.configure()
    folder = practice.folder / "exports"
    folder.mkdir()
    practice.export(practice.act(1)).rename(folder / "export.ndjson")
    said = practice.refused("calibrate", folder, "--yes", code=4)
    assert "export.ndjson : le connecteur « pivot » lit déjà ce fichier : aucun dialecte n'est à écrire" in said
    (folder / "inconnu.dat").write_bytes(b"\x00\x01\x02\x03" * 100)
    assert "lit déjà" not in practice.refused("calibrate", folder, "--yes", code=4)
