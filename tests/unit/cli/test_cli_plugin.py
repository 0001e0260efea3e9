"""`connector plugin new`: what it writes, and what it refuses."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.plugins.connector import ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.loader import load_plugins
from connector_core.testing.scaffold.render import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_writes_a_distribution(practice, tmp_path: Path, kind: str) -> None:
    told = practice.json("plugin", "new", "acme", "--kind", kind, "--folder", tmp_path)
    folder = tmp_path / "connector-acme"
    assert told["folder"] == str(folder)
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert written == told["files"]
    assert {"README.md", "LICENSE", ".github/workflows/conformance.yml", "tests/test_conformance.py"} <= set(written)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["connector.plugins.v1"] == {"acme": "connector_acme"}
    (dialect,) = (folder / "src/connector_acme/dialects").glob("*.toml")
    assert read_dialect(dialect.read_text(encoding="utf-8"), dialect.name).id == f"acme-{kind}"
    for path in written:
        assert b"${" not in (folder / path).read_bytes().replace(b"${{", b""), path


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_check_of_its_sample_finds_nothing(practice, tmp_path: Path, monkeypatch, kind: str) -> None:
    practice.json("plugin", "new", "acme", "--kind", kind, "--folder", tmp_path)
    folder = tmp_path / "connector-acme"
    (dialect,) = (folder / "src/connector_acme/dialects").glob("*.toml")
    read = read_dialect(dialect.read_text(encoding="utf-8"), dialect.name)
    connector = DialectConnector(ConnectorInfo("acme", "Acme", "Acme", "1"), [read])
    host = load_plugins(no_plugins=True).with_connectors([Registered(connector, "acme", "1")])
    monkeypatch.setattr("connector_core.service.assembly.load_plugins", lambda **_options: host)
    (export,) = (folder / "samples" / kind).rglob("*.sql" if kind == "database" else "export/*")
    if kind == "database":
        with closing(sqlite3.connect(tmp_path / "acme.db")) as database:
            database.executescript(export.read_text(encoding="utf-8"))
    given = f"sqlite:///{tmp_path / 'acme.db'}" if kind == "database" else export
    told = practice.text("check", given)
    assert "3 patients, 6 actes" in told
    assert "Aucun constat" in told


def test_a_vendors_export_is_the_sample(practice, tmp_path: Path) -> None:
    export = tmp_path / "séances.csv"
    export.write_bytes(b"\xe9;\r\n")
    text = practice.text("plugin", "new", "acme", "--kind", "csv", "--sample", export, "--folder", tmp_path)
    assert "python -m pytest" in text
    samples = tmp_path / "connector-acme/samples/csv"
    assert (samples / "export/séances.csv").read_bytes() == b"\xe9;\r\n"
    assert [path.name for path in (samples / "export").iterdir()] == ["séances.csv"]
    assert not (samples / "expected.ndjson").exists()
    assert tomllib.loads((samples / "scenario.toml").read_text(encoding="utf-8"))["expect"]["records"] == {}


@pytest.mark.parametrize("name", ["Acme", "acmé", "1acme", "a", "ac-me", "a" * 31, ""])
def test_a_name_that_is_no_modules_is_refused(practice, tmp_path: Path, name: str) -> None:
    assert "ne peut pas nommer une extension" in practice.refused(
        "plugin", "new", name, "--kind", "csv", "--folder", tmp_path
    )
    assert not list(tmp_path.glob("connector-*"))


def test_what_is_there_is_not_overwritten(practice, tmp_path: Path) -> None:
    (tmp_path / "connector-acme").mkdir()
    text = practice.refused("plugin", "new", "acme", "--kind", "xml", "--folder", tmp_path)
    assert "ce dossier existe déjà" in text
    assert not list((tmp_path / "connector-acme").iterdir())


def test_an_unknown_kind_is_told_with_those_there_are(practice, tmp_path: Path) -> None:
    text = practice.refused("plugin", "new", "acme", "--kind", "yaml", "--folder", tmp_path)
    assert "csv, xml, fixed, database" in text


def test_a_script_is_the_sample_of_a_database(practice, tmp_path: Path) -> None:
    script = tmp_path / "base.sql"
    script.write_bytes(b"CREATE TABLE T (ID INTEGER);\n")
    practice.text("plugin", "new", "acme", "--kind", "database", "--sample", script, "--folder", tmp_path)
    samples = tmp_path / "connector-acme/samples/database"
    assert (samples / "database.sql").read_bytes() == script.read_bytes()
    assert sorted(path.name for path in samples.iterdir()) == ["database.sql", "scenario.toml"]


@pytest.mark.parametrize("names", [["base.db"], ["base.sql", "autre.sql"]])
def test_what_is_not_one_script_is_no_sample_of_a_database(practice, tmp_path: Path, names: list[str]) -> None:
    given = [part for name in names for part in ("--sample", tmp_path / name)]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    text = practice.refused("plugin", "new", "acme", "--kind", "database", *given, "--folder", tmp_path)
    assert "un seul script SQL" in text
    assert not list(tmp_path.glob("connector-*"))
