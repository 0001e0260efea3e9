"""A plugin in a process of its own whose dialect is for a database: the core fetches, the plugin understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.formats.document import probe_of
from connector_core.plugins.connector import OfDatabase
from connector_core.service.assembly import with_site_dialects
from connector_core.service.databases import plans_among, plans_of
from connector_core.testing.conformance.databases import extract_of
from connector_core.testing.scaffold.render import render

pytestmark = pytest.mark.isolation

MADE = render("hostile", "database")
DIALECT = MADE["src/connector_hostile/dialects/hostile-database.toml"].decode()
PLUGIN = MADE["src/connector_hostile/__init__.py"]
SCRIPT = MADE["samples/database/database.sql"]


@pytest.fixture
def enabled(installation):
    installation.module.write_bytes(PLUGIN)
    dialects = installation.module.parent / "dialects"
    dialects.mkdir()
    (dialects / "base.toml").write_text(DIALECT, encoding="utf-8")
    installation.enable()
    return installation


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "database.sql"
    path.write_bytes(SCRIPT)
    return path


def test_the_core_knows_what_it_reads_and_asks_it_what_that_means(enabled, script):
    host = enabled.host()
    assert host.reports[-1].isolated
    plans = plans_of(host, "hostile", "hostile-database")
    assert [(table.name, table.version) for table in plans[0].tables] == [("PATIENTS", None), ("SEANCES", "MODIFIE_LE")]
    file = extract_of(script, plans)
    identified = host.identify(probe_of(file)).claim
    assert identified is not None
    reading = host.connectors["hostile"].connector.read(file, identified)
    assert len(list(reading.rows())) == 9
    assert isinstance(reading, OfDatabase)
    assert reading.extract is not None
    assert [(table.name, table.whole) for table in reading.extract.tables] == [("PATIENTS", True), ("SEANCES", True)]


def test_a_dialect_of_the_site_says_what_is_read_instead(enabled, tmp_path):
    dialects = tmp_path / "dialects"
    dialects.mkdir()
    (dialects / "base.toml").write_text(DIALECT.replace('"SEANCES"', '"ACTES"'), encoding="utf-8")
    host = with_site_dialects(enabled.host(), dialects)
    (plan,) = plans_among(host)
    assert [table.name for table in plan.tables] == ["PATIENTS", "ACTES"]


def test_one_without_is_said_to_read_no_database(installation):
    installation.enable()
    assert plans_among(installation.host()) == ()
    with pytest.raises(ConfigurationError, match="ne sait pas lire une base"):
        plans_of(installation.host(), "hostile", None)
