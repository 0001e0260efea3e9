"""Levels and exemptions: what a sample lacks holds a level back, and an exemption is for what it is needed for."""

from __future__ import annotations

import shutil

import pytest

from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.testing.conformance.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.kit

EXEMPT = '\n[[exempt]]\ncheck = "{}"\nreason = "the format has neither a total nor an end"\n'

COVERS_MORE = """
from connector_core.dialects.reading import DialectReading
from connector_core.model.coverage import Covers


class _More(DialectReading):
    @property
    def covers(self):
        return super().covers | Covers.of(["act.amont"])


def _read(self, file, claim):
    return _More(self.dialects[claim.dialect], claim.variant, file, self.info.version)


class DialectConnector(DialectConnector):
    read = _read
"""


def without_total() -> Mutant:
    return next(mutant for mutant in MUTANTS if mutant.check == "C4-CUT")


def outcome(examination, code: str) -> str:
    return examination.verdict(code, "csv").outcome


def test_without_expected_records_it_is_silver(installed) -> None:
    installed.put()
    (installed.folder / "samples/csv/expected.ndjson").unlink()
    examination = installed.examination()
    assert examination.level() == "silver"
    assert [each.code for each in examination.held_back("gold")] == ["C4-GOLDEN"]
    assert examination.report().checks["C4-GOLDEN"] == "open"


@pytest.mark.parametrize(
    ("right", "wrong", "check", "said"),
    [
        ('"Montant"', '"Montants"', "C4-CLAIM", "has no column « Montants » (mutant-csv.toml, line "),
        ('"Montant"', '"Montants"', "C4-CLAIM", "), but « Montant »"),
        ('separator = ";"', 'separator = ","', "C4-CLAIM", "is separated by « ; », with these titles in line 1: N"),
        ('separator = ";"', 'separator = ","', "C4-CLAIM", "mutant-csv.toml says separator « , »"),
        ('separator = ";"', 'separator = ","', "C4-CLAIM", "« connector calibrate FOLDER »"),
        ('"date_fr"', '"date_iso"', "C4-READS", "the first: colonne « "),
        (
            '"date_fr"',
            '"date_fra"',
            "C2-REGISTERS",
            "inconnu « date_fra ». Vouliez-vous dire « date_fr » ?",
        ),
        ('kind = "act"', 'knd = "act"', "C2-REGISTERS", "mutant-csv.toml, ligne "),
    ],
)
def test_a_fault_in_a_dialect_is_told_where_it_shows(installed, right: str, wrong: str, check: str, said: str) -> None:
    installed.put()
    installed.edit("src/**/dialects/*.toml", lambda text: text.replace(right, wrong))
    assert said in installed.examination().verdict(check, "csv" if check.startswith("C4") else "").said


def test_a_dialect_that_names_no_separator_is_told_of_another_one(installed) -> None:
    installed.put()
    installed.edit("src/**/dialects/*.toml", lambda text: text.replace('separator = ";"\n', ""))
    for path in (installed.folder / "samples/csv/export").iterdir():
        path.write_bytes(path.read_bytes().replace(b";", b"\t"))
    said = installed.examination().verdict("C4-CLAIM", "csv").said
    assert "is separated by « \\t »" in said
    assert "mutant-csv.toml names none, which means separator « ; »" in said


def test_a_name_that_the_model_has_not_is_not_covered(installed) -> None:
    installed.put()
    installed.edit("src/*/__init__.py", lambda text: text + COVERS_MORE)
    assert "covers what the model has not: act.amont" in installed.examination().verdict("C5-COVERS", "csv").said


def test_what_differs_under_one_id_is_named(installed) -> None:
    installed.put()
    installed.edit("src/**/dialects/*.toml", lambda text: text.replace('"Prénom"', '"N° séance"'))
    said = installed.examination().verdict("C4-READS", "csv").said
    assert "some share an id and differ: 3 of patient, in patient.given_name" in said


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        ("raise ValueError('needs no « act.labl »')", "C1-IMPORTS", "ended in ValueError: needs no « act.labl »"),
        ("DialectConnector.identify = lambda self, probe: 1 / 0", "C4-CLAIM", "identify ended in ZeroDivisionError"),
    ],
)
def test_what_the_module_raises_is_told(installed, monkeypatch, wrong: str, check: str, said: str) -> None:
    monkeypatch.setattr(DialectConnector, "identify", DialectConnector.identify)  # undone afterwards
    installed.put()
    installed.edit("src/*/__init__.py", lambda text: f"{text}\n{wrong}\n")
    assert said in installed.examination().verdict(check, "csv" if check == "C4-CLAIM" else "").said


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"given_name"', '"sex": "F", "given_name"', "they differ in patient.sex (3 times)"),
        ('"coefficient"', '"coeficient"', "file; line 3: clé inconnue pour act, proche de « coefficient »"),
    ],
)
def test_what_differs_from_the_expected_records_is_named(installed, right: str, wrong: str, said: str) -> None:
    installed.put()
    installed.edit("samples/csv/expected.ndjson", lambda text: text.replace(right, wrong))
    assert said in installed.examination().verdict("C4-GOLDEN", "csv").said


def test_without_an_unknown_word_it_is_bronze(installed) -> None:
    installed.put()
    installed.edit("samples/csv/scenario.toml", lambda text: text.partition("\n[[unknown]]")[0])
    assert installed.examination().level() == "bronze"


def test_what_one_sample_shows_another_need_not(installed) -> None:
    installed.put()
    shutil.copytree(installed.folder / "samples/csv", installed.folder / "samples/again")
    installed.edit("samples/again/scenario.toml", lambda text: text.partition("\n[[unknown]]")[0])
    examination = installed.examination()
    assert examination.verdict("C5-UNKNOWN", "again").outcome == "open"
    assert examination.level() == "gold"
    (installed.folder / "samples/again/expected.ndjson").unlink()
    assert installed.examination().level() == "silver"


def test_without_a_sample_there_is_no_level(installed) -> None:
    installed.put()
    shutil.rmtree(installed.folder / "samples/csv")
    assert installed.examination().level() is None


def test_a_needed_exemption_is_in_the_report(installed) -> None:
    installed.put(without_total())
    installed.edit("samples/csv/scenario.toml", lambda text: text + EXEMPT.format("C4-CUT"))
    examination = installed.examination()
    assert outcome(examination, "C4-CUT") == "exempt"
    assert examination.level() == "gold"
    (exemption,) = examination.report().exemptions
    assert (exemption.check, exemption.sample) == ("C4-CUT", "csv")
    assert "neither a total" in exemption.reason


@pytest.mark.parametrize(
    ("check", "said"), [("C4-CUT", "take the exemption out"), ("C6-MESSAGE", "does not allow"), ("C9-X", "is no check")]
)
def test_an_exemption_that_is_not_needed_or_not_allowed_fails(installed, check: str, said: str) -> None:
    installed.put()
    installed.edit("samples/csv/scenario.toml", lambda text: text + EXEMPT.format(check))
    examination = installed.examination()
    failed = [each for each in examination.verdicts() if each.outcome == "failed"]
    assert len(failed) == 1
    assert said in failed[0].said


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("[expect]", "[expected]"),
        lambda text: text + '\n[[exempt]]\ncheck = "C4-CUT"\n',
        lambda text: text + '\n[[exempt]]\ncheck = "C4-CUT"\nreason = "no"\n',
        lambda text: text + "\n[",
    ],
)
def test_a_wrong_scenario_is_told_with_its_place(installed, edit) -> None:
    installed.put()
    installed.edit("samples/csv/scenario.toml", edit)
    examination = installed.examination()
    (failed,) = [each for each in examination.verdicts() if each.outcome == "failed"]
    assert failed.code == "C4-CLAIM"
    assert "scenario.toml" in failed.said
    assert examination.report().level is None


def test_a_sample_without_files_is_told(installed) -> None:
    installed.put()
    shutil.rmtree(installed.folder / "samples/csv/export")
    (failed,) = [each for each in installed.examination().verdicts() if each.outcome == "failed"]
    assert failed.said == "the sample has no files in export/, and no database.sql"


PLACE = """
[[write_back]]
id = "alertes"
kind = "alert"
title = "Alertes du dossier"
table = "ALERTES"
mark = "REFERENCE"
[write_back.columns]
TEXTE = { flag = "text", length = 120 }
REFERENCE = { flag = "mark" }
"""


def test_a_place_for_flags_is_declared_by_having_one(installed) -> None:
    installed.put()
    installed.edit("src/*/dialects/*.toml", lambda text: text + PLACE)
    assert installed.examination().verdict("C8-DECLARED").outcome == "passed"
