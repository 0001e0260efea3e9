"""Databases from the command line: checked, inspected, examined; one that has changed is paused and told everywhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from tests.unit.sources.database import modelled

from connector_core.dialects.language import read_dialect
from connector_core.dialects.plan import plan_of
from connector_core.model.records import KINDS
from connector_core.plugins.connector import ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store
from connector_core.service.databases import keep_known, known_of
from connector_core.settings.load import load
from connector_core.sources.database.address import read_address
from connector_core.sources.database.passes import Fetched, Known, run_pass
from connector_core.sources.database.sqlite import ENGINE
from connector_core.testing.anomalies import plant
from connector_core.testing.practice import make_practice

TODAY = date(2026, 10, 15)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    records = plant(make_practice(9, 1, 1, 2, today=TODAY), 9).records
    return modelled.sqlite_practice(tmp_path_factory.mktemp("base") / "base.db", records, journal="delete")


@pytest.fixture
def base(practice, made, monkeypatch) -> Path:
    """A practice one of whose sources is a database."""
    host = load_plugins(no_plugins=True).with_connectors([Registered(modelled.connector(), "essai", "1")])
    monkeypatch.setattr("connector_core.service.assembly.load_plugins", lambda **_options: host)
    path = practice.folder / "base.db"
    path.write_bytes(made.read_bytes())
    practice.configure(f'[[source]]\nid = "base"\nconnector = "modele"\ndatabase = "sqlite:///{path}"\n', sources=())
    return path


def address(base: Path) -> str:
    return f"sqlite:///{base}"


def change(base: Path, *statements: str) -> None:
    with closing(sqlite3.connect(base)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def know(practice, base: Path, paused: str | None = None) -> None:
    """Have the store know the database as a pass leaves it."""
    with ENGINE.open(read_address(address(base)), None) as session:
        passed = run_pass(session, [plan_of(modelled.dialect())], Known(), 1, datetime.now(UTC), lambda _content: None)
    store, _ = open_store(load(practice.config, {}), create=True)
    with store:
        keep_known(store, "base", msgspec.structs.replace(passed.known, paused=paused))


def test_a_database_is_checked_like_a_file(practice, base):
    found = practice.json("check", address(base), "--as-of", TODAY.isoformat(), code=1)
    assert len(found["findings"]) > 50
    assert found["rejects"] == []
    assert not practice.data.exists() or not (practice.data / "connector.db").exists()


def test_what_is_wrong_with_an_address_is_told_of_the_source_or_of_what_was_typed(practice):
    practice.configure("[[source]]\nid = 'b'\nconnector = 'pivot'\ndatabase = 'postgres://x/y'\n", sources=())
    checks = practice.json("doctor", code=1)["checks"]
    (told,) = [each for each in checks if each["id"] == "source-b"]
    assert told["found"] == "moteur de base inconnu"
    said = practice.refused("inspect", "postgres://x/y")
    assert said == "Moteur de base inconnu. Vouliez-vous dire « postgresql » ?\n"
    assert practice.refused("inspect", "odbc:///").startswith("odbc:/// : ")


def test_a_database_that_no_dialect_reads_is_not_checked(practice, base, tmp_path):
    change(base, "DROP TABLE act")
    told = practice.refused("check", address(base), code=3)
    assert "n'a pas les tables ou les colonnes attendues (act)" in told
    assert "connector inspect" in told


def test_an_inspection_shows_tables_columns_and_forms_without_a_value(practice, base):
    found = practice.json("inspect", address(base))["database"]
    tables = {table["name"]: table for table in found["tables"]}
    assert set(tables) == set(KINDS)
    columns = {column["name"]: column for column in tables["patient"]["columns"]}
    assert columns["nir"]["meaning"] == "un NIR"
    assert columns["birth_date"]["meaning"] == "un jour"
    assert columns["birth_date"]["sample"] == "9999-99-99"
    letters = {column["name"]: column["meaning"] for column in tables["act"]["columns"]}
    assert letters["letter"] == "une lettre-clé"
    assert letters["amount"] == "un montant"
    with closing(sqlite3.connect(base)) as connection:
        names = {name for (name,) in connection.execute("SELECT family_name FROM patient WHERE family_name <> ''")}
        (rows,) = connection.execute("SELECT count(*) FROM patient").fetchone()
    shown = practice.text("inspect", address(base))
    assert tables["patient"]["rows"] == rows
    assert names
    assert not [name for name in names if name in shown]
    assert "dialecte modele-base (Base d'essai) : lit cette base" in shown


def test_a_database_nobody_described_is_shown(practice, base, tmp_path):
    with closing(sqlite3.connect(tmp_path / "autre.db")) as connection:
        connection.execute("CREATE TABLE fiche (numero INTEGER PRIMARY KEY, né_le TEXT)")
        connection.execute("INSERT INTO fiche VALUES (1, '1980-01-31')")
        connection.commit()
    shown = practice.text("inspect", f"sqlite:///{tmp_path / 'autre.db'}", code=4)
    assert "fiche  1 ligne, clé numero" in shown
    assert "né_le (TEXT, un jour) : 9999-99-99" in shown


OTHERS = """
[dialect]
id = "{id}"
title = "Autre"
version = "1"
[format]
kind = "database"
[[table]]
name = "patient"
key = ["id"]
[[table.record]]
kind = "patient"
[table.record.fields]
id = "id"
{fields}
"""


@pytest.fixture
def others(base, monkeypatch) -> None:
    """Two connectors more: one that would find half of what it names, one less."""
    connectors = [modelled.connector()]
    for name, fields in (("moitie", 'nir = "numero"'), ("loin", 'nir = "numero"\nfamily_name = "nom"')):
        text = OTHERS.format(id=name, fields=fields)
        connectors.append(DialectConnector(ConnectorInfo(name, "", "", "1"), [read_dialect(text, name)]))
    host = load_plugins(no_plugins=True).with_connectors([Registered(each, "essai", "1") for each in connectors])
    monkeypatch.setattr("connector_core.service.assembly.load_plugins", lambda **_options: host)


def fits(practice, path, code=4) -> list[str]:
    shown = practice.text("inspect", f"sqlite:///{path}", code=code)
    return [line for line in shown.splitlines() if line.startswith("  dialecte ")]


def test_only_the_nearest_dialect_says_what_it_misses(practice, base, others, tmp_path):
    with closing(sqlite3.connect(tmp_path / "autre.db")) as connection:
        connection.execute("CREATE TABLE patient (id INTEGER PRIMARY KEY, né_le TEXT)")
        connection.commit()
    modele, *rest = fits(practice, tmp_path / "autre.db")
    assert modele.startswith("  dialecte modele-base (Base d'essai) : ne convient pas (1 sur ")
    assert rest == [
        "  dialecte moitie (Autre) : il manque patient.numero",
        "  dialecte loin (Autre) : ne convient pas (1 sur 3 colonnes)",
    ]
    (_, moitie, loin) = practice.json("inspect", f"sqlite:///{tmp_path / 'autre.db'}", code=4)["database"]["fits"]
    assert (moitie["missing"], moitie["there"], moitie["wanted"]) == (["patient.numero"], 1, 2)
    assert loin["missing"] == ["patient.numero", "patient.nom"]


def test_where_one_reads_it_or_none_comes_near_nobody_says_what_it_misses(practice, base, others, tmp_path):
    copy = tmp_path / "copie.db"
    copy.write_bytes(base.read_bytes())
    assert [line.partition(" : ")[2][:16] for line in fits(practice, copy, code=0)] == [
        "lit cette base",
        "ne convient pas ",
        "ne convient pas ",
    ]
    with closing(sqlite3.connect(tmp_path / "autre.db")) as connection:
        connection.execute("CREATE TABLE fiche (numero INTEGER PRIMARY KEY)")
        connection.commit()
    assert all("ne convient pas (0 sur " in line for line in fits(practice, tmp_path / "autre.db"))


def test_what_has_changed_is_shown_with_what_may_have_moved_and_accepted(practice, base):
    know(practice, base, paused="la structure de la base a changé")
    change(base, "ALTER TABLE patient RENAME COLUMN family_name TO nom_family", "ALTER TABLE act RENAME TO acte")
    shown = practice.text("inspect", address(base), code=4)
    assert "patient.family_name () : disparue ; ce pourrait être nom_family" in shown
    assert "table act : disparue ; ce pourrait être acte" in shown
    assert "lecture suspendue : la structure de la base a changé" in shown
    assert "C'est noté" in practice.text("inspect", address(base), "--accept")
    store, _ = open_store(load(practice.config, {}), create=False)
    with store:
        known = known_of(store, "base")
    assert (known.schema, known.paused, known.accepted) == (None, None, True)


def test_accepting_takes_a_configured_database(practice, base, tmp_path):
    assert "aucune source n'a cette base" in practice.refused("inspect", "sqlite:////autre.db", "--accept")
    assert "--accept ne vaut que pour une base" in practice.refused("inspect", practice.export(), "--accept")


def test_an_examination_tells_that_the_account_may_write(practice, base):
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert checks["source-base"]["status"] == "ok", checks
    assert checks["writes-base"]["status"] == "failed"
    assert checks["writes-base"]["found"] == "ce compte peut écrire dans le fichier"
    assert "Retirez au compte du service" in checks["writes-base"]["remedy"]


def test_a_file_into_which_flags_are_written_may_be_written_to(practice, base):
    with practice.config.open("a", encoding="utf-8") as file:
        file.write('\n[source.write_back]\nplaces = ["note"]\n')
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert checks["writes-base"]["status"] == "ok"
    assert "comme [source.write_back] le demande" in checks["writes-base"]["found"]


def test_an_examination_tells_what_has_changed(practice, base):
    know(practice, base)
    change(base, "ALTER TABLE act ADD COLUMN autre TEXT")
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert checks["source-base"]["status"] == "failed"
    assert checks["source-base"]["found"] == "la structure de la base a changé (act)"
    change(base, "ALTER TABLE act DROP COLUMN label")
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert checks["source-base"]["found"] == "il manque : act.label"


def test_what_the_last_reading_has_fetched_is_told(practice, base):
    know(practice, base)
    fetched = (Fetched("act", 3, 500, whole=False), Fetched("patient", 9, 9, whole=True))
    store, _ = open_store(load(practice.config, {}), create=True)
    with store:
        keep_known(store, "base", msgspec.structs.replace(known_of(store, "base"), fetched=fetched))
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert "tables lues la dernière fois : 2, dont 1 en partie (12 lignes sur 509)" in checks["source-base"]["found"]
    shown = " ".join(practice.text("inspect", address(base)).split())
    assert "act : 3 lignes sur 500, en partie" in shown
    assert "patient : 9 lignes, toute la table" in shown
    assert "lue en entier quand elle a pu changer" in shown
    found = practice.json("inspect", address(base))["database"]
    assert found["last"][0] == {"table": "act", "rows": 3, "of": 500, "whole": False}


def test_an_examination_tells_that_a_database_is_not_there(practice, base):
    base.unlink()
    checks = {each["id"]: each for each in practice.json("doctor", code=1)["checks"]}
    assert checks["source-base"]["status"] == "failed"
    assert "ce fichier n'existe pas" in checks["source-base"]["found"]


def test_the_status_names_the_base(practice, base):
    know(practice, base)
    (source,) = practice.json("status", code=3)["sources"]
    assert (source["database"], source["folder"]) == (address(base), None)
    assert f"base : {address(base)}" in practice.text("status", code=3)


@pytest.mark.parametrize(
    "wrong", ["oracle://base", "postgresql://m:mdp@localhost/base", "mysql://localhost", "mysql://m@h/b?pwd=mdp"]
)
def test_an_address_that_is_none_is_refused_without_being_repeated(practice, base, wrong):
    told = practice.refused("inspect", wrong).lower()
    assert "adresse" in told or "moteur" in told
    assert "mdp" not in told
