"""Databases read by the daemon: what they say, what changes in them, what becomes of a reader that fails."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.unit.sources.database import modelled

from connector_core.findings.life import Changes
from connector_core.model.records import Record
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
from connector_core.store.codec import KIND_NAMES, content
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import make_practice

TODAY = date(2026, 10, 15)
MOMENT = datetime(2026, 10, 15, 10, tzinfo=UTC)
PATIENCE = 30.0


@pytest.fixture(scope="module")
def practice():
    return make_practice(9, 3, 1, 2, today=TODAY)


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


def findings_of_twin(records: Iterable[Record], folder: Path) -> dict[tuple[str, str], object]:
    """What the same practice says as a pivot file."""
    path = folder / "twin.ndjson"
    write_pivot(records, path, exported_at=MOMENT)
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


def test_the_practice_says_what_its_pivot_twin_says(tmp_path):
    records = plant(make_practice(9, 6, 1, 2, today=TODAY), 9).records
    service = Service(tmp_path, (f"sqlite:///{modelled.sqlite_practice(tmp_path / 'base.db', records)}",))
    (work,) = service.poll()
    assert service.problem is None
    assert work.files[0].rejects == 0
    found = service.findings()
    assert len(found) > 50
    assert found == findings_of_twin(records, tmp_path)
    service.store.close()


def test_a_pass_on_an_unchanged_database_reads_nothing(service):
    service.poll()
    assert service.poll() == []
    assert service.store.files.list_files("base0")[0].state == "committed"
    assert list((service.folder / "depot").iterdir()) == []


def some_act(service: Service, tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "base.db")) as base:
        (identifier,) = base.execute("SELECT id FROM act WHERE invoice_id IS NOT NULL LIMIT 1").fetchone()
    return str(identifier)


def in_store(store: Store) -> dict[tuple[str, str], object]:
    """Everything that is known, by kind and id."""
    found: dict[tuple[str, str], object] = {}
    for _, _, records in store.dossiers.iterate():
        for name, stored in zip(KIND_NAMES, records, strict=True):
            found.update({(name, each.id): content(each) for each in stored})
    for name in ("practitioner", "lot", "bank_credit"):
        found.update({(name, each.id): content(each) for each in store.dossiers.shared(name)})
    return found


def read_anew(service: Service, tmp_path: Path) -> tuple[dict[tuple[str, str], object], dict[tuple[str, str], object]]:
    """What a store says that reads the database as it is now for the first time."""
    folder = tmp_path / f"anew-{time.monotonic_ns()}"
    folder.mkdir()
    fresh = Service(folder, service.urls)
    fresh.poll()
    try:
        return in_store(fresh.store), fresh.findings()
    finally:
        fresh.store.close()


CHANGES = {
    "a row is deleted": ("DELETE FROM act WHERE id = '{act}'",),
    "a row says something else": ("UPDATE act SET amount = '1.00' WHERE id = '{act}'",),
    "a row changes its key": ("UPDATE act SET id = 'autre' WHERE id = '{act}'",),
    "a row becomes another patient's": (
        "UPDATE act SET patient_id = (SELECT id FROM patient WHERE id <> act.patient_id LIMIT 1) WHERE id = '{act}'",
    ),
    "an invoice goes with its acts": (
        "DELETE FROM invoice WHERE id = (SELECT invoice_id FROM act WHERE id = '{act}')",
        "DELETE FROM act WHERE invoice_id = (SELECT invoice_id FROM act WHERE id = '{act}')",
    ),
    "a whole patient goes": (
        "CREATE TEMP TABLE p AS SELECT patient_id AS id FROM act WHERE id = '{act}'",
        *(
            f"DELETE FROM {kind} WHERE patient_id IN (SELECT id FROM p)"
            for kind in modelled.KINDS
            if "patient_id" in modelled.columns_of(kind)
        ),
        "DELETE FROM patient WHERE id IN (SELECT id FROM p)",
    ),
    "a lot and a credit go": (
        "DELETE FROM lot WHERE id = (SELECT min(id) FROM lot)",
        "DELETE FROM bank_credit WHERE id = (SELECT min(id) FROM bank_credit)",
    ),
    "a returned invoice goes": ("DELETE FROM invoice WHERE number = (SELECT min(invoice_number) FROM payer_return)",),
    "an answer of a payer goes": ("DELETE FROM payer_return WHERE id = (SELECT max(id) FROM payer_return)",),
}


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_what_changes_in_the_database_is_as_if_it_had_been_so_from_the_beginning(service, tmp_path, statements):
    service.poll()
    before = in_store(service.store)
    act = some_act(service, tmp_path)
    change(tmp_path, *(each.format(act=act) for each in statements))
    (work,) = service.poll()
    assert work.files[0].rejects == 0
    after, found = read_anew(service, tmp_path)
    assert in_store(service.store) == after != before
    assert service.findings() == found


def test_what_was_deleted_and_comes_back_as_it_was_is_read_again(service, tmp_path):
    service.poll()
    before, found = in_store(service.store), service.findings()
    act = some_act(service, tmp_path)
    change(
        tmp_path, f"CREATE TABLE kept AS SELECT * FROM act WHERE id = '{act}'", f"DELETE FROM act WHERE id = '{act}'"
    )
    service.poll()
    assert ("act", f"base0:{act}") not in in_store(service.store)
    change(tmp_path, "INSERT INTO act SELECT * FROM kept")
    service.poll()
    assert in_store(service.store) == before
    assert service.findings() == found


def test_a_value_that_is_put_back_is_what_it_was(service, tmp_path):
    service.poll()
    before = in_store(service.store)
    act = some_act(service, tmp_path)
    with closing(sqlite3.connect(tmp_path / "base.db")) as base:
        (amount,) = base.execute("SELECT amount FROM act WHERE id = ?", (act,)).fetchone()
    change(tmp_path, f"UPDATE act SET amount = '1.00' WHERE id = '{act}'")
    service.poll()
    assert in_store(service.store) != before
    change(tmp_path, f"UPDATE act SET amount = '{amount}' WHERE id = '{act}'")
    service.poll()
    assert in_store(service.store) == before


def test_a_file_that_lacks_rows_withdraws_nothing(tmp_path, practice):
    host = load_plugins(no_plugins=True)
    records = [each for each in practice.records if each.record != "act"]
    with Store.in_memory() as store:
        pipeline = Pipeline(store, Rules(host, load_parameters(), load_tariffs()), lambda: MOMENT)
        for name, some in (("tout", practice.records), ("moins", records)):
            write_pivot(some, tmp_path / name, exported_at=MOMENT)
            pipeline.attempt([Input("base0", LocalFile(tmp_path / name))], TODAY)
        assert any(kind == "act" for kind, _ in in_store(store))
