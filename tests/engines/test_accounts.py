"""The SQL of the technician's pages: it makes an account that reads what the dialect needs, and writes nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.engines.bed import firebird, mariadb

from connector_core.sources.database.address import read_address
from connector_core.sources.database.engine import engine_of
from connector_core.sources.database.extracted import extracted

pytestmark = pytest.mark.engines
PAGES = Path(__file__).resolve().parents[2] / "docs" / "technician" / "databases"
PASSWORD = "a-changer"


def documented(page):
    """The first statements of a page."""
    (text, *_) = re.findall(r"```sql\n(.*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    assert PASSWORD in text
    return text


def on_firebird(server, script):
    place = f"127.0.0.1/{server.port}:{firebird.path(server, 'cabinet')}"
    account = ["-user", firebird.WRITER, "-password", firebird.WRITER_PASSWORD]
    return ["isql-fb", "-quiet", "-bail", *account, "-input", str(script), place]


def on_postgresql(server, script):
    place = f"host=127.0.0.1 port={server.port} dbname=cabinet user=postgres"
    return ["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", str(script), place]


def on_mariadb(server, script):
    account = [f"--user={mariadb.WRITER}", f"--password={mariadb.WRITER_PASSWORD}"]
    place = ["--no-defaults", "--host=127.0.0.1", f"--port={server.port}"]
    return ["mariadb", *place, *account, f"--execute=source {script}"]


@pytest.mark.parametrize(
    ("engine", "page", "run"),
    [
        ("firebird", "firebird", on_firebird),
        ("postgresql", "postgresql", on_postgresql),
        ("mariadb", "mysql", on_mariadb),
    ],
)
def test_the_account_of_the_page_reads_and_cannot_write(places, request, tmp_path, engine, page, run):
    place = places(engine)
    script = tmp_path / "account.sql"
    script.write_text(documented(page), encoding="utf-8")
    command = run(request.getfixturevalue(f"{engine}_server"), script)
    made = subprocess.run(command, capture_output=True, timeout=50, check=False)
    assert (made.returncode, made.stderr) == (0, b"")
    user = "CONNECTOR_LECTEUR" if engine == "firebird" else "connector_lecteur"
    address = re.sub(r"://[^@]+@", f"://{user}@", place.url)
    assert extracted(address, PASSWORD, [place.vendor.plan()]).content
    tables = [place.vendor.act[0], place.vendor.invoice[0], place.vendor.layout.TABLES[1].name]
    proof = engine_of(read_address(address)).try_to_write(read_address(address), PASSWORD, tables)
    assert (proof.allowed, proof.untried) == ((), None)
    assert proof.refused == 3 * len(tables)
