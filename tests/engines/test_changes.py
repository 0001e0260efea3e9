"""A database that changes, polled as the service polls it: what is known is what a first reading would give."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing

import pytest
from tests.engines.bed.answers import AS_OF, answers, answers_of, host, rules
from tests.engines.bed.writing import sql_of

from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input
from connector_core.service.databases import Databases
from connector_core.settings.model import Settings
from connector_core.sources.database.extracted import extracted
from connector_core.sources.database.parts import SETTLES
from connector_core.sources.spool import Spool
from connector_core.store.store import Store

pytestmark = pytest.mark.engines
NOW = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
PATIENCE = 50.0


class Kept:
    """The password of the source, and nothing else."""

    def __init__(self, password: str | None) -> None:
        self.password = password

    def get(self, name: str) -> str | None:
        assert name == "base"
        return self.password

    def names(self) -> tuple[str, ...]:
        return ("base",)

    def set(self, name: str, value: str) -> None:
        raise AssertionError(name)

    def delete(self, name: str) -> None:
        raise AssertionError(name)


class Polled:
    """A source and the store that its readings go to."""

    def __init__(self, place, folder):
        described = {
            "id": "base",
            "connector": place.vendor.connector,
            "database": place.url,
            **({} if place.password is None else {"password": "secret:base"}),
        }
        (self.source,) = Settings.model_validate({"source": [described]}).sources
        self.store = Store(folder / "connector.db", bytes(32))
        spool = Spool(folder / "depot", bytes(32))
        self.now = NOW
        self.databases = Databases(self.store, spool, host(), lambda: Kept(place.password), lambda: self.now)
        self.pipeline = Pipeline(self.store, rules(), lambda: self.now)

    def poll(self):
        """One reading to its end; what it came to."""
        self.databases.start(self.source)
        end = time.monotonic() + PATIENCE
        while not (ended := list(self.databases.ended())):
            assert time.monotonic() < end
            time.sleep(0.02)
        (one,) = ended
        assert one.error is None
        assert one.passed is not None
        if one.copy is not None:
            outcome = self.pipeline.attempt([Input(self.source.id, one.copy)], AS_OF)
            assert [file.state for file in outcome.files] == ["committed"]
        self.databases.note(self.source.id, one.passed.known)
        self.now += 2 * SETTLES
        return one.passed.status

    def last(self, table):
        """How many rows of a table the last pass that found something has fetched, and whether all."""
        for each in self.databases.known(self.source.id).fetched:
            if each.table == table:
                return each.rows, each.whole
        return None

    def close(self):
        self.databases.close()
        self.store.close()


@pytest.mark.parametrize("engine", ["firebird", "postgresql", "mariadb", "sql_server_emulator"])
def test_polls_end_where_a_first_reading_would(places, tmp_path, engine):
    place = places.apart(f"changes_{engine}")(engine)
    acts, amount, _ = place.vendor.act
    key = place.vendor.key_of(acts)
    statements = (
        f"DELETE FROM <{acts}> WHERE <{key}> BETWEEN 1 AND 59",
        f"UPDATE <{acts}> SET <{amount}> = 1 WHERE <{key}> = 60",
    )
    with closing(Polled(place, tmp_path)) as polled:
        assert polled.poll() == "taken"
        assert polled.poll() == "unchanged"
        before = answers_of(polled.store)
        with closing(place.connect()) as software:
            cursor = software.cursor()
            for statement in statements:
                cursor.execute(sql_of(place, statement))
            software.commit()
            cursor.close()
        assert polled.poll() == "taken"
        now = answers_of(polled.store)
        fresh = answers(extracted(place.url, place.password, [place.vendor.plan()]), polled.source.id)
        assert now.findings == fresh.findings != before.findings
        assert now.undetermined == fresh.undetermined
        assert polled.poll() == "unchanged"


ENGINES = ("firebird", "firebirdsql", "postgresql", "mariadb", "sql_server_emulator", "sqlite", "odbc_postgresql")


@pytest.mark.parametrize("engine", ENGINES)
def test_of_a_table_with_a_version_only_what_has_changed_is_fetched(places, tmp_path, engine):
    place = places.apart(f"parts_{engine}")(engine)
    acts, amount, _ = place.vendor.act
    key = place.vendor.key_of(acts)
    version = next(each.version for each in place.vendor.plan().tables if each.name == acts)
    with closing(Polled(place, tmp_path)) as polled:
        assert polled.poll() == "taken"
        assert polled.last(acts) == (306, True)
        assert polled.poll() == "unchanged"
        assert polled.poll() == "unchanged"
        before = answers_of(polled.store)
        changed = f"UPDATE <{acts}> SET <{amount}> = 1, <{version}> = '2030-01-01 10:00:00' WHERE <{key}> = 60"
        deleted = f"DELETE FROM <{acts}> WHERE <{key}> BETWEEN 61 AND 120"
        for statement, fetched in ((changed, (2, False)), (deleted, (246, True))):
            with closing(place.connect()) as software:
                cursor = software.cursor()
                cursor.execute(sql_of(place, statement))
                software.commit()
                cursor.close()
            assert polled.poll() == "taken"
            assert polled.last(acts) == fetched
            now = answers_of(polled.store)
            fresh = answers(extracted(place.url, place.password, [place.vendor.plan()]), polled.source.id)
            assert now == fresh
            assert polled.poll() == "unchanged"
        assert answers_of(polled.store).findings != before.findings
