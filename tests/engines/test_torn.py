"""A writer runs while a database is read: what was read is of one moment, an invoice and its acts always agree."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle

import pytest
from tests.engines.bed.writing import own_invoices, rewriting, torn, writing

from connector_core.errors import SourceError
from connector_core.sources.database.address import read_address
from connector_core.sources.database.engine import engine_of
from connector_core.sources.database.extracted import extracted
from connector_core.sources.database.passes import Known, run_pass
from connector_core.testing.exports import kinemax_database

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

ENGINES = (
    "firebirdsql",
    "firebird",
    "postgresql",
    "mariadb",
    "sql_server_emulator",
    "sqlite",
    "odbc_postgresql",
    "odbc_sqlite",
)
PASSES = 8
PATIENCE = 40.0


def read(place):
    """A pass in this process: a moment less between two of them."""
    address = read_address(place.url)
    parts: list[bytes] = []
    with engine_of(address).open(address, place.password) as session:
        passed = run_pass(session, [place.vendor.plan()], Known(), 1, datetime.now(UTC), parts.append)
    assert passed.status == "taken"
    return b"".join(parts)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_snapshot_holds_no_half_of_a_transaction(places, engine):
    place = places.apart("written")(engine)
    seen: set[frozenset[str]] = set()
    end = time.monotonic() + PATIENCE
    with writing(place) as writer:
        passes = 0
        while (passes < PASSES or len(seen) < PASSES // 2) and time.monotonic() < end:
            assert not writer.stopped.is_set()
            before = writer.transactions
            extract = read(place)
            assert torn(extract, place.vendor) == {}
            seen.add(frozenset(own_invoices(extract, place.vendor)))
            passes += writer.transactions > before
    assert passes >= PASSES, "the writer did not write while it was read"
    assert len(seen) >= PASSES // 2


def test_without_a_snapshot_this_writer_is_caught_in_the_middle(places):
    """Else the test above would show nothing."""
    place = places("sqlite")
    end = time.monotonic() + PATIENCE
    caught = False
    with writing(place), closing(place.connect()) as connection:
        while not caught and time.monotonic() < end:
            invoices = dict(connection.execute("SELECT id, total FROM facture WHERE id > 900000").fetchall())
            sums = dict(
                connection.execute(
                    "SELECT facture_id, sum(montant) FROM acte WHERE facture_id > 900000 GROUP BY facture_id"
                ).fetchall()
            )
            caught = invoices != sums
    assert caught


@pytest.mark.parametrize("engine", ["access", "odbc_mdbtools"])
def test_a_file_that_is_written_page_by_page_is_read_whole_or_not_at_all(places, practice, engine):
    place = places(engine)
    tables = kinemax_database.database(practice)
    seen: set[frozenset[str]] = set()
    end = time.monotonic() + PATIENCE
    with rewriting(place.connect(), tables) as writer:
        for begins in cycle((writer.busy, writer.resting)):
            if len(seen) == 2 or time.monotonic() > end:
                break
            assert begins.wait(PATIENCE)
            try:
                content = extracted(place.url, place.password, [place.vendor.plan()]).content
            except SourceError:
                continue
            assert torn(content, place.vendor) == {}
            seen.add(frozenset(own_invoices(content, place.vendor)))
    assert len(seen) == 2


def test_what_disagrees_is_found(places):
    place = places("sqlite")
    with closing(sqlite3.connect(place.url.removeprefix("sqlite:///"))) as file:
        file.execute("INSERT INTO facture (id, total) VALUES (900001, 30), (900002, 12)")
        file.execute("INSERT INTO acte (id, facture_id, montant) VALUES (900001, 900001, 10), (900002, 900001, 20)")
        file.execute("INSERT INTO acte (id, facture_id, montant) VALUES (900003, 900002, 11), (900004, 900003, 5)")
        file.commit()
    assert torn(read(place), place.vendor) == {
        "900002": (Decimal(11), Decimal(12)),
        "900003": (Decimal(5), None),
    }
