"""A database that changes, polled as the service polls it: what is known is what a first reading would give."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import closing

import pytest
from tests.engines.bed.answers import AS_OF, answers, answers_of, host, rules
from tests.engines.bed.writing import sql_of

from connector_core.pipeline.attempt import Input, Pipeline
from connector_core.service.databases import Databases
from connector_core.settings.model import Settings
from connector_core.sources.database.extracted import extracted
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
            "password": "secret:base",
        }
        (self.source,) = Settings.model_validate({"source": [described]}).sources
        self.store = Store(folder / "connector.db", bytes(32))
        spool = Spool(folder / "depot", bytes(32))
        self.databases = Databases(self.store, spool, host(), lambda: Kept(place.password), lambda: NOW)
        self.pipeline = Pipeline(self.store, rules(), lambda: NOW)

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
        return one.passed.status

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
