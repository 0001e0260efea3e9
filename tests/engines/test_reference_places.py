"""The places for flags that the reference dialects declare, in the databases of the fixtures.

A practice is read, its flags are shown, written and taken back, by the commands that a person uses.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date

import pytest
from click.testing import CliRunner
from tests.engines.bed import firebird, postgresql
from tests.engines.bed.writing import sql_of

from connector_core.cli.main import connector
from connector_core.pipeline.given import Input
from connector_core.service.assembly import open_store, pipeline_of, plugin_host, rules_of
from connector_core.settings.load import load
from connector_core.sources.database.extracted import extracted

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

TODAY = date(2026, 11, 20)
OWNERS = {
    "postgresql": (postgresql.WRITER, postgresql.WRITER_PASSWORD),
    "firebird": (firebird.WRITER, firebird.WRITER_PASSWORD),
}
PLACES = {"postgresql": ("patient", "alerte"), "firebird": ("PATIENTS", "ALERTES")}


class Site:
    """A practice whose database was read once, and that lets its flags be written into both places."""

    def __init__(self, place, engine, folder):
        self.place = place
        self.config = folder / "connector.toml"
        account, password = OWNERS[engine]
        vendor = place.vendor
        self.config.write_text(
            f"[data]\nfolder = '{folder / 'data'}'\n[secrets]\nkeyring = \"file\"\nfolder = '{folder / 'secrets'}'\n"
            f'[plugins]\nallow = ["{vendor.connector}"]\n[[source]]\nid = "base"\nconnector = "{vendor.connector}"\n'
            f'database = "{place.url}"\npassword = "secret:lecture"\n'
            f'[source.write_back]\nplaces = ["note", "alertes"]\naccount = "{account}"\npassword = "secret:ecriture"\n',
            encoding="utf-8",
        )
        self.run("secrets", "set", "lecture", input=place.password)
        self.run("secrets", "set", "ecriture", input=password)
        settings = load(self.config, {})
        rules = rules_of(settings, plugin_host(settings, folder))
        store, _ = open_store(settings, create=True)
        with store:
            extract = extracted(place.url, place.password, [vendor.plan()])
            pipeline_of(settings, store, rules).attempt([Input("base", extract)], TODAY)

    def run(self, *arguments, code=0, input=None):
        result = CliRunner().invoke(connector, ["--config", str(self.config), *arguments], input=input)
        assert result.exit_code == code, result.output
        return result.output

    def json(self, *arguments, code=0):
        (source,) = json.loads(self.run(*arguments, "--json", code=code))["sources"]
        return source

    def dump(self):
        """Every row of every table, by table."""
        found = {}
        with closing(self.place.connect()) as software:
            for table in self.place.vendor.layout.TABLES:
                cursor = software.cursor()
                cursor.execute(sql_of(self.place, f"SELECT * FROM <{table.name}>"))
                found[table.name] = sorted(repr(tuple(row)) for row in cursor.fetchall())
                cursor.close()
        return found


@pytest.mark.parametrize("engine", PLACES)
def test_flags_go_where_the_dialect_says_and_back(places, tmp_path, engine):
    site = Site(places.apart(f"places_{engine}")(engine), engine, tmp_path)
    before = site.dump()
    shown = site.json("write-back", "preview", code=1)["changes"]
    assert {change["place"] for change in shown} == {"note", "alertes"}
    assert site.dump() == before

    marks = {flag["mark"] for change in shown for flag in change["flags"]}
    done = site.json("write-back", "apply")["done"]
    assert {each["mark"] for each in done} == marks
    assert {each["state"] for each in done} == {"written"}
    after = site.dump()
    assert {table for table in before if before[table] != after[table]} == {*PLACES[engine]}
    note, alerts = PLACES[engine]
    assert len(after[note]) == len(before[note])
    assert {*before[alerts]} < {*after[alerts]}
    written = "\n".join([*after[note], *after[alerts]])
    assert all(written.count(mark) == 1 for mark in marks)
    assert site.json("write-back", "preview")["changes"] == []

    assert {each["state"] for each in site.json("write-back", "undo", "--all")["done"]} == {"undone"}
    assert site.dump() == before
