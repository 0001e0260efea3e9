"""Calibration of the reference databases as real engines give them: types, keys and writings of their own."""

from __future__ import annotations

import pytest
from benchmarks.mappings import DATABASES, Shipped, database_dialect, truth_of

from connector_core.diagnose.database_sample import SAMPLED, sample_of
from connector_core.dialects.calibration.proposing import propose
from connector_core.dialects.plan import plan_of
from connector_core.parameters.tariffs import load_tariffs
from connector_core.sources.database.exchange import Examine, Examined, Request
from connector_core.sources.database.extracted import extracted
from connector_core.sources.database.fetch import asked

pytestmark = pytest.mark.engines

ENGINES = ("firebird", "postgresql", "mariadb", "sql_server_emulator", "access", "odbc_mdbtools")
AT_LEAST = 0.97


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reference_database_is_understood_and_read(places, engine):
    place = places(engine)
    name = next(each for each in DATABASES if each.startswith(place.vendor.connector))
    sample = sample_of(asked(Request(place.url, place.password, Examine(SAMPLED)), Examined))
    proposal = propose(sample, Shipped(load_tariffs()))
    truth = truth_of(database_dialect(name))
    found = {(*each.source.partition(".")[::2], each.target) for each in proposal.mappings}
    score = 2 * len(found & truth) / (len(found) + len(truth))
    assert score >= AT_LEAST, (sorted(truth - found), sorted(found - truth))
    dialect = proposal.dialect("site-base", "Base", "site-base.toml")
    assert extracted(place.url, place.password, [plan_of(dialect)]).size > 0
