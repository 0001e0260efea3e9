"""The same practice through every engine: the records of its pivot twin, and the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.bed.answers import answers

from connector_core.sources.database.extracted import extracted
from connector_core.sources.local import LocalFile

pytestmark = pytest.mark.engines
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

ENGINES = (
    "firebird",
    "firebirdsql",
    "postgresql",
    "mariadb",
    "sql_server_emulator",
    "sqlite",
    "access",
    "odbc_postgresql",
    "odbc_sqlite",
    "odbc_mdbtools",
)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_answers_as_the_pivot_twin(places, engine):
    place = places(engine)
    extract = extracted(place.url, place.password, [place.vendor.plan()])
    found = answers(extract)
    twin = answers(LocalFile(FIXTURES / place.vendor.sample / "twin.ndjson"))
    assert found.rejects == []
    assert twin.rejects == []
    assert found.findings == twin.findings
    assert found.undetermined == twin.undetermined
    assert len(found.findings) >= 9
