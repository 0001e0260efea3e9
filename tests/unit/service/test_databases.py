"""Databases read by the daemon: what they say, what changes in them, what becomes of a reader that fails."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.unit.sources.database import modelled

from connector_core.findings.life import Changes
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Input, Pipeline, Rules
from connector_core.pipeline.silence import Listening
from connector_core.plugins.connector import Registered
from connector_core.plugins.loader import load_plugins
from connector_core.service.daemon import Daemon
from connector_core.service.databases import Databases
from connector_core.service.messages import Report, Task, Work, decode_answer, decode_task, encode
from connector_core.service.outbox import Sent
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.local import LocalFile
from connector_core.sources.spool import Spool
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import make_practice

TODAY = date(2026, 10, 15)
MOMENT = datetime(2026, 10, 15, 10, tzinfo=UTC)
PATIENCE = 30.0


@pytest.fixture(scope="module")
def practice():
    return plant(make_practice(9, 6, 1, 2, today=TODAY), 9)


@dataclass
class Service:
    """A daemon over databases, its worker in this process."""

    folder: Path
    urls: tuple[str, ...]
    options: dict[str, object] = field(default_factory=dict)
    now: float = 0.0
    moment: datetime = MOMENT
    told: list[Work] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        host = load_plugins(no_plugins=True)
        self.host = host.with_connectors([Registered(modelled.connector(**self.options), "essai", "1")])
        self.rules = Rules(self.host, load_parameters(), load_tariffs())
        self.store = Store(self.folder / "connector.db", bytes(32))
        self.spool = Spool(self.folder / "depot", bytes(32))
        self.start()

    def start(self) -> Daemon:
        settings = Settings.model_validate(
            {
                "source": [
                    {"id": f"base{n}", "connector": "modele", "database": url, "poll": "10m"}
                    for n, url in enumerate(self.urls)
                ]
            }
        )
        order = tuple(source.id for source in settings.sources)
        pipeline = Pipeline(self.store, self.rules, lambda: self.moment, order, committing=self.queue)
        listening = Listening(self.store, (), ZoneInfo("Europe/Paris"), lambda: self.moment, self.queue)
        self.databases = Databases(self.store, self.spool, self.host, lambda: self, lambda: self.moment)
        worker = Worker(settings, self.store, self.spool, pipeline, listening, self, databases=self.databases)
        self.daemon = Daemon(
            settings,
            _Here(worker),
            today=lambda: TODAY,
            told=self.told.append,
            clock=lambda: self.now,
            wall=lambda: self.now,
        )
        return self.daemon

    def poll(self) -> list[Work]:
        """Let the interval pass, and turn until the readings have ended; what was done of files."""
        self.now += 3600
        done = len(self.told)
        deadline = time.monotonic() + PATIENCE
        self.daemon.turn()
        while any(polled.reading for polled in self.daemon._polled.values()):
            assert time.monotonic() < deadline, "a reading never ended"
            for reading in [*self.databases._going_on.values()]:
                reading.thread.join(PATIENCE)
            self.now += 1
            self.daemon.turn(())
        return [work for work in self.told[done:] if work.files]

    @property
    def problem(self) -> str | None:
        return self.daemon._polled["base0"].problem

    def findings(self) -> dict[tuple[str, str], object]:
        return findings(self.store)

    def queue(self, day: date, changes: Changes) -> None: ...

    def send(self) -> Sent:
        return Sent()

    def get(self, name: str) -> str | None:
        return self.passwords.get(name)

    def set(self, name: str, value: str) -> None:
        self.passwords[name] = value

    def delete(self, name: str) -> None:
        del self.passwords[name]

    def names(self) -> tuple[str, ...]:
        return tuple(self.passwords)


@dataclass
class _Here:
    worker: Worker

    def prepare(self) -> None: ...

    def work(self, task: Task) -> Report:
        answer = decode_answer(encode(self.worker.work(decode_task(encode(task)))))
        assert isinstance(answer, Report)
        return answer

    def close(self) -> None: ...


def findings(store: Store) -> dict[tuple[str, str], object]:
    """What is found, whatever the source is called."""
    return {
        (kept.finding.rule, kept.finding.subject.id.removeprefix("base0:")): kept.finding.amount
        for kept in store.answers.findings("open")
    }


@pytest.fixture
def service(tmp_path, practice) -> Iterator[Service]:
    path = modelled.sqlite_practice(tmp_path / "base.db", practice.records)
    made = Service(tmp_path, (f"sqlite:///{path}",))
    yield made
    made.databases.close()
    made.store.close()


@pytest.fixture(scope="module")
def twin(practice, tmp_path_factory) -> dict[tuple[str, str], object]:
    """What the same practice says as a pivot file."""
    path = tmp_path_factory.mktemp("pivot") / "twin.ndjson"
    write_pivot(practice.records, path, exported_at=MOMENT)
    host = load_plugins(no_plugins=True)
    with Store.in_memory() as store:
        pipeline = Pipeline(store, Rules(host, load_parameters(), load_tariffs()), lambda: MOMENT)
        pipeline.attempt([Input("base0", LocalFile(path))], TODAY)
        return findings(store)


def change(tmp_path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(tmp_path / "base.db")) as base:
        for statement in statements:
            base.execute(statement)
        base.commit()


def test_the_practice_says_what_its_pivot_twin_says(service, twin):
    (work,) = service.poll()
    assert service.problem is None
    assert work.files[0].rejects == 0
    assert len(twin) > 10
    assert service.findings() == twin


def test_a_pass_on_an_unchanged_database_reads_nothing(service):
    service.poll()
    assert service.poll() == []
    assert service.store.files.list_files("base0")[0].state == "committed"
    assert list((service.folder / "depot").iterdir()) == []
