"""`connector calibrate ADDRESS`: a database is sampled, described and read by the dialect that was proposed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.testing.exports import vega_database
from connector_core.testing.exports.sql import SQLITE, deploy
from connector_core.testing.practice import make_practice

RECORDS = make_practice(5, 4, 0.6, 2, today=date(2026, 2, 27)).records
FAMILIES = sorted({name for each in RECORDS if (name := getattr(each, "family_name", None))})
NIRS = sorted({nir for each in RECORDS if (nir := getattr(each, "nir", None))})


def kept(value):
    return value if isinstance(value, int | str | None) else str(value)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("base") / "cabinet.db"
    with closing(sqlite3.connect(path)) as file:
        deploy(
            vega_database.database(RECORDS),
            SQLITE,
            lambda statement, rows: file.executemany(statement, [[kept(value) for value in row] for row in rows]),
            file.commit,
        )
    return path.read_bytes()


@pytest.fixture
def base(practice, filled) -> Path:
    """A database nobody has seen, whose closed lists are numbers."""
    path = practice.folder / "cabinet.db"
    path.write_bytes(filled)
    return path


def test_the_dialect_is_written_and_reads_the_database(practice, base):
    practice.configure()
    before = base.read_bytes()
    result = practice.run("calibrate", f"sqlite:///{base}", "--yes")
    assert result.exit_code in (0, 1), result.output
    assert "base.extrait : " in result.output
    assert "ligne refusée" not in result.output
    assert "relance : sans ligne, laissée de côté" in result.output
    assert base.read_bytes() == before
    path = practice.folder / "dialects" / "site-cabinet.toml"
    text = path.read_text(encoding="utf-8")
    dialect = read_dialect(text, path.name)
    assert dialect.format.kind == "database"
    assert {table.name: table.key for table in dialect.tables}["acte"] == ("id",)
    assert "Base « cabinet.db »" in text
    assert [value for value in (*FAMILIES, *NIRS) if value in result.output + text] == []
    checked = practice.json("inspect", f"sqlite:///{base}", "--connector", "site")["database"]
    assert [fit["missing"] for fit in checked["fits"]] == [[]]


COUNTED = """
CREATE TABLE seance (id INTEGER PRIMARY KEY, patient_id INTEGER, praticien_id INTEGER, date_acte DATE,
    lettre VARCHAR(5), coefficient NUMERIC(6, 2), montant NUMERIC(8, 2));
INSERT INTO seance (patient_id, praticien_id, date_acte, lettre, coefficient, montant)
    SELECT patient_id, praticien_id, date_acte, lettre, coefficient, montant FROM acte ORDER BY date_acte;
DROP TABLE acte;
"""


def test_a_key_that_grows_with_time_is_proposed_and_left_to_the_reader(practice, base):
    with closing(sqlite3.connect(base)) as connection:
        connection.executescript(COUNTED)
    target = practice.folder / "proposed.toml"
    practice.run("calibrate", f"sqlite:///{base}", "--output", target, "--yes")
    text = target.read_text(encoding="utf-8")
    assert "# À vérifier : « id » croît comme « date_acte »" in text
    proposed = '\n# growing_column = "id"\n'
    assert text.count(proposed) == 1
    columns = [
        {table.name: table.growing_column for table in read_dialect(each, target.name).tables}["seance"]
        for each in (text, text.replace(proposed, proposed.replace("# ", "")))
    ]
    assert columns == [None, "id"]


def test_the_meaning_of_codes_is_asked_and_makes_the_records(practice, base):
    target = practice.folder / "proposed.toml"
    result = practice.run("calibrate", f"sqlite:///{base}", "--output", target, input="1\n" * 200)
    assert "Que veulent dire les codes de la colonne « bilan.type_bilan » (assessment.kind) ?" in result.output
    dialect = read_dialect(target.read_text(encoding="utf-8"), target.name)
    assert "assessment" in {record.kind for table in dialect.tables for record in table.records}


def test_a_database_without_rows_is_refused(practice, base):
    with closing(sqlite3.connect(practice.folder / "vide.db")) as connection:
        connection.execute("CREATE TABLE fiche (numero INTEGER PRIMARY KEY)")
        connection.commit()
    told = practice.refused("calibrate", f"sqlite:///{practice.folder / 'vide.db'}", "--yes", code=3)
    assert "aucune table que ce compte puisse lire" in told


def test_a_password_that_no_keyring_has_is_not_repeated(practice, base):
    told = practice.refused("calibrate", f"sqlite:///{base}", "--yes", "--password", "mdp-en-clair")
    assert "trousseau" in told
    assert "mdp-en-clair" not in told
