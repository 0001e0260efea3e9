"""The database of a sample: read as the core reads one, its rows moved without breaking the extract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.pivot import PivotConnector
from connector_core.testing.conformance.check import Broken
from connector_core.testing.conformance.databases import extract_of, plans_of
from connector_core.testing.conformance.movable import rows_in
from connector_core.testing.conformance.told import MemoryFile, read
from connector_core.testing.scaffold.render import render

MADE = render("acme", "database")
DIALECT = MADE["src/connector_acme/dialects/acme-database.toml"].decode()
SCRIPT = MADE["samples/database/database.sql"].decode()


@pytest.fixture
def connector() -> DialectConnector:
    info = ConnectorInfo(id="acme", vendor="Acme", product="Acme", version="1.0")
    return DialectConnector(info, [read_dialect(DIALECT, "acme.toml")])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "database.sql"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_a_damaged_extract_raises_nothing_but_our_errors(connector, script):
    """Every byte of it is damaged once; no damage hides more than the row that it is in."""
    file = extract_of(script, plans_of(connector))
    whole = read(connector, [file])
    assert (whole.is_silent, whole.size) == (True, 9)
    for at, byte in enumerate(file.content):
        damaged = file.content[:at] + bytes([byte ^ 0x80]) + file.content[at + 1 :]
        told = read(connector, [MemoryFile(file.name, damaged)], keep=False)
        assert told.crashes == []
        assert not told.is_silent or told.size == whole.size


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("CREATE TABLE SEANCES", "CREATE SEANCES", "does not run in SQLite"),
        ("LIEU VARCHAR", "ENDROIT VARCHAR", "is not read"),
    ],
)
def test_a_script_that_makes_no_such_database_is_said(connector, script, before, after, said):
    script.write_text(SCRIPT.replace(before, after), encoding="utf-8")
    with pytest.raises(Broken, match=said):
        extract_of(script, plans_of(connector))


def test_a_script_of_a_connector_without_databases_is_said(script):
    with pytest.raises(Broken, match="no dialect for a database"):
        extract_of(script, plans_of(PivotConnector()))


def test_rows_are_reversed_and_left_out_within_their_table(connector, script):
    file = extract_of(script, plans_of(connector))
    whole = read(connector, [file])
    rows = rows_in(file, [row for _, row in whole.rows])
    assert len(rows.places) == 9
    other = read(connector, [MemoryFile(file.name, rows.reversed())])
    assert other.is_silent
    assert sorted(other.lines) == sorted(whole.lines)
    assert other.lines != whole.lines
    for place in rows.places:
        fewer = read(connector, [MemoryFile(file.name, rows.without(place))])
        assert fewer.is_silent
        assert fewer.size == 8
        assert {json.loads(line)["id"] for line in fewer.lines} <= {json.loads(line)["id"] for line in whole.lines}
