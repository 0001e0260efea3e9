"""Databases read by the daemon: what they say, what changes in them, what becomes of a reader that fails."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, RawIOBase
from pathlib import Path
from threading import Event as ThreadEvent
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.unit.sources.database import modelled

from connector_core.errors import ConfigurationError, SourceError
from connector_core.findings.life import Changes
from connector_core.model.records import KINDS, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.silence import Listening
from connector_core.plugins.connector import Registered
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import paused_sources
from connector_core.service.daemon import Daemon
from connector_core.service.databases import Databases
from connector_core.service.messages import Report, Task, Work, decode_answer, decode_task, encode
from connector_core.service.outbox import Sent
from connector_core.service.source_files import SourceFiles
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.database.child import answer
from connector_core.sources.database.exchange import Request, receive
from connector_core.sources.database.fetch import A, Reads, error_of, fetching
from connector_core.sources.database.parts import SETTLES
from connector_core.sources.database.passes import accepted
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
    in_a_child: bool = False

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
        listening = Listening(
            self.store,
            (),
            ZoneInfo("Europe/Paris"),
            lambda: self.moment,
            self.queue,
            lambda: paused_sources(settings, self.store, self.host),
        )
        fetch = fetching if self.in_a_child else in_this_process
        self.databases = Databases(self.store, self.spool, self.host, lambda: self, lambda: self.moment, fetch)
        worker = Worker(
            settings,
            SourceFiles(self.store, self.spool, pipeline),
            listening,
            self,
            databases=self.databases,
        )
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

    def settle(self) -> None:
        """Have the marks of the tables settle."""
        for _ in range(2):
            self.poll()
            self.moment += 2 * SETTLES

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


class InThisProcess:
    """A reading by the code that a child process runs, without one."""

    def __init__(self, request: Request) -> None:
        said = BytesIO()
        answer(request, said)
        said.seek(0)
        frames: list[tuple[bytes, bytes]] = []
        while (frame := receive(said)) is not None:
            frames.append(frame)
        self.stream = _Raw(b"".join(content for letter, content in frames if letter == b"D"))
        self._letter, self._last = frames[-1]

    def answer(self, kind: type[A]) -> A:
        if self._letter == b"E":
            raise error_of(self._last)
        return msgspec.json.decode(self._last, type=kind)

    def end(self) -> None: ...


class _Raw(RawIOBase):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._content.readinto(buffer)


@contextmanager
def in_this_process(request: Request) -> Iterator[Reads]:
    yield InThisProcess(request)


@dataclass
class _Here:
    worker: Worker

    def interrupt(self) -> None: ...

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
    path = modelled.sqlite_practice(tmp_path / "base.db", records)
    service = Service(tmp_path, (f"sqlite:///{path}",), in_a_child=True)
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
        found.update({(name, each.id): content(each) for each in store.shared.of(name)})
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
            for kind in KINDS
            if "patient_id" in modelled.columns_of(kind)
        ),
        "DELETE FROM patient WHERE id IN (SELECT id FROM p)",
    ),
    "a lot and a credit go": (
        "DELETE FROM lot WHERE id = (SELECT min(id) FROM lot)",
        "DELETE FROM bank_credit WHERE id = (SELECT min(id) FROM bank_credit)",
    ),
    "a returned invoice goes": ("DELETE FROM invoice WHERE number = (SELECT min(invoice_number) FROM payer_return)",),
    "the number of a returned invoice loses its zeros": (
        "UPDATE invoice SET number = ltrim(number, '0') WHERE number = (SELECT min(invoice_number) FROM payer_return)",
    ),
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
    assert work.files[0].gone_rows > 0


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


DRIFTS = {
    "a column is added": ("ALTER TABLE act ADD COLUMN autre TEXT",),
    "a column is renamed": ("ALTER TABLE act RENAME COLUMN amount TO montant",),
    "a column is dropped": ("ALTER TABLE act DROP COLUMN label",),
    "a type changes": (
        "CREATE TABLE new AS SELECT * FROM quote",
        "DROP TABLE quote",
        "CREATE TABLE quote (id TEXT PRIMARY KEY, patient_id, issued_on, signed_on, amount, excess, for_date)",
        "INSERT INTO quote SELECT id, patient_id, issued_on, signed_on, amount, excess, for_date FROM new",
    ),
    "a table is renamed": ("ALTER TABLE act RENAME TO actes",),
}


@pytest.mark.parametrize("statements", DRIFTS.values(), ids=DRIFTS)
def test_a_schema_that_has_changed_is_not_read_until_a_person_says_so(service, tmp_path, statements):
    service.poll()
    before = in_store(service.store)
    change(tmp_path, *statements, "DELETE FROM invoice")
    assert service.poll() == []
    assert service.problem == "lecture suspendue : la structure de la base a changé"
    assert ("SOURCE-PAUSE", "base0") in service.findings()
    assert service.poll() == []
    assert in_store(service.store) == before


def test_a_schema_that_is_put_back_is_read_again(service, tmp_path):
    service.poll()
    change(tmp_path, "ALTER TABLE act RENAME COLUMN amount TO montant")
    service.poll()
    assert service.problem is not None
    change(tmp_path, "ALTER TABLE act RENAME COLUMN montant TO amount", "DELETE FROM act WHERE rowid = 1")
    assert len(service.poll()) == 1
    assert service.problem is None
    assert ("SOURCE-PAUSE", "base0") not in service.findings()


def test_a_table_that_nothing_reads_may_change(service, tmp_path):
    service.poll()
    change(tmp_path, "CREATE TABLE journal (ligne TEXT)")
    assert service.poll() == []
    assert service.problem is None


def test_a_database_that_was_emptied_withdraws_nothing_until_a_person_says_so(service, tmp_path, monkeypatch):
    monkeypatch.setattr("connector_core.sources.database.passes._FEW", 10)
    service.poll()
    before = in_store(service.store)
    change(tmp_path, "DELETE FROM act WHERE rowid % 4 > 0")
    assert service.poll() == []
    assert service.problem == "lecture suspendue : plus de la moitié des lignes ont disparu (act)"
    assert in_store(service.store) == before
    known = service.databases.known("base0")
    service.databases.note("base0", accepted(known))
    (work,) = service.poll()
    assert work.files[0].rejects == 0
    assert service.problem is None
    assert in_store(service.store) == read_anew(service, tmp_path)[0]


def test_a_database_that_is_not_there_is_told_and_tried_again(service, tmp_path):
    (tmp_path / "base.db").rename(tmp_path / "ailleurs.db")
    assert service.poll() == []
    assert service.problem == "ce fichier n'existe pas"
    (tmp_path / "ailleurs.db").rename(tmp_path / "base.db")
    assert len(service.poll()) == 1
    assert service.problem is None


def test_a_database_that_no_dialect_reads_is_told(tmp_path):
    with closing(sqlite3.connect(tmp_path / "base.db")) as base:
        base.execute("CREATE TABLE autre (id)")
    service = Service(tmp_path, (f"sqlite:///{tmp_path / 'base.db'}",))
    assert service.poll() == []
    assert service.problem is not None
    assert service.problem.startswith(
        "lecture suspendue : la base n'a pas les tables ou les colonnes attendues (practitioner, patient"
    )
    service.store.close()


def test_only_tables_that_may_have_changed_are_read_again(tmp_path, practice):
    path = modelled.sqlite_practice(tmp_path / "base.db", practice.records, more=("modifie",))
    change(tmp_path, *(f"UPDATE {kind} SET modifie = (id = (SELECT min(id) FROM {kind}))" for kind in KINDS))
    service = Service(tmp_path, (f"sqlite:///{path}",), {"version": "modifie"})
    service.settle()
    change(tmp_path, "UPDATE invoice SET total = '1.00', modifie = 2 WHERE rowid = 3")
    change(tmp_path, "UPDATE lot SET total = '1.00' WHERE modifie = 0")
    (work,) = service.poll()
    assert work.files[0].rows == 2, "the invoice that has changed, and the one that was the last to have"
    with closing(sqlite3.connect(path)) as base:
        (invoices,) = base.execute("SELECT count(*) FROM invoice").fetchone()
    service.moment += timedelta(days=1)
    (work,) = service.poll()
    assert work.files[0].rows > 2 * invoices, "every table is compared once a day, whatever the signs say"
    assert in_store(service.store) == read_anew_with(service, tmp_path)
    service.store.close()


def read_anew_with(service: Service, tmp_path: Path) -> dict[tuple[str, str], object]:
    folder = tmp_path / "anew"
    folder.mkdir()
    fresh = Service(folder, service.urls, service.options)
    fresh.poll()
    with fresh.store as store:
        return in_store(store)


def test_a_value_that_breaks_the_connector_is_set_aside_and_the_database_read_again_when_it_changes(
    service, tmp_path, monkeypatch
):
    def breaks(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("connector_core.dialects.reading.DialectReading.records", breaks)
        for _ in range(3):
            assert service.poll() == []
            assert service.problem == "le connecteur a échoué (RuntimeError)"
        assert service.poll() == []
        assert service.problem is None
    (aside,) = service.store.files.list_files("base0")
    assert aside.state == "set_aside"
    change(tmp_path, "DELETE FROM act WHERE rowid = 1")
    assert len(service.poll()) == 1
    assert service.problem is None
    assert list((tmp_path / "depot").iterdir()) == []


def test_a_password_is_told_to_the_reader_alone(service):
    asked: list[Request] = []

    def refusing(request: Request) -> AbstractContextManager[Reads]:
        asked.append(request)
        raise SourceError("la base refuse le compte")

    service.databases.fetch = refusing
    source = service.daemon.settings.sources[0].model_copy(update={"password": "secret:base-modele"})
    with pytest.raises(ConfigurationError, match="introuvable"):
        service.databases.start(source)
    service.passwords["base-modele"] = "tres-secret"
    service.databases.start(source)
    (reading,) = service.databases._going_on.values()
    reading.thread.join(PATIENCE)
    assert [request.password for request in asked] == ["tres-secret"]


def test_a_reader_that_hangs_keeps_no_other_source_waiting(tmp_path, practice):
    path = modelled.sqlite_practice(tmp_path / "base.db", practice.records)
    service = Service(tmp_path, (f"sqlite:///{tmp_path / 'autre.db'}", f"sqlite:///{path}"))
    ended = ThreadEvent()

    @contextmanager
    def hanging(request: Request) -> Iterator[Reads]:
        if "autre" in request.address:
            assert ended.wait(PATIENCE)
        yield InThisProcess(request)

    service.databases.fetch = hanging
    service.daemon.turn()
    reading = service.databases._going_on
    reading["base1"].thread.join(PATIENCE)
    service.now += 1
    service.daemon.turn(())
    assert [work.files[0].source for work in service.told if work.files] == ["base1"]
    assert tuple(reading) == ("base0",)
    ended.set()
    reading["base0"].thread.join(PATIENCE)
    service.now += 1
    service.daemon.turn(())
    assert service.problem == "ce fichier n'existe pas"
    service.store.close()


def test_a_worker_that_ends_while_it_reads_is_asked_again_at_the_next_interval(service):
    service.daemon.turn()
    assert service.daemon._polled["base0"].reading
    service.databases.close()
    service.now += 1
    service.daemon.turn(())
    assert service.problem == "le programme qui lit les fichiers s'est arrêté"
    assert len(service.poll()) == 1
    assert service.problem is None


def test_an_extract_that_a_killed_worker_left_is_read_once(service, tmp_path):
    service.poll()
    before, found = in_store(service.store), service.findings()
    change(tmp_path, "DELETE FROM act WHERE rowid = 1")
    service.now += 3600
    service.daemon.turn()
    reading = service.databases._going_on["base0"]
    reading.thread.join(PATIENCE)
    assert [left.source for left in service.spool.left()] == ["base0"]
    service.databases._going_on.clear()
    service.start()
    service.poll()
    assert in_store(service.store) == read_anew(service, tmp_path)[0] != before
    change(tmp_path, "DELETE FROM quote")
    service.poll()
    assert list((tmp_path / "depot").iterdir()) == []
    assert len(found) >= len(service.findings()) - 1


def test_another_version_of_the_connector_has_everything_read_by_it(service, tmp_path):
    service.poll()
    assert service.poll() == []
    other = Registered(modelled.connector(**service.options), "essai", "2")
    service.databases.host = service.host.with_connectors([other])
    change(tmp_path, "ALTER TABLE act ADD COLUMN autre TEXT")
    assert service.poll() == []
    change(tmp_path, "ALTER TABLE act DROP COLUMN autre")
    (work,) = service.poll()
    assert work.files[0].tables == len(KINDS)
    assert work.files[0].parts == 0
    assert service.poll() == []


def test_a_part_that_a_killed_worker_left_is_read_once(tmp_path, practice):
    path = modelled.sqlite_practice(tmp_path / "base.db", practice.records, more=("modifie",))
    change(tmp_path, *(f"UPDATE {kind} SET modifie = rowid" for kind in KINDS))
    service = Service(tmp_path, (f"sqlite:///{path}",), {"version": "modifie"})
    service.settle()
    before = in_store(service.store)
    change(tmp_path, "UPDATE act SET amount = '1.00', modifie = 100000 WHERE rowid = 1")
    service.now += 3600
    service.daemon.turn()
    service.databases._going_on["base0"].thread.join(PATIENCE)
    assert [left.source for left in service.spool.left()] == ["base0"]
    service.databases._going_on.clear()
    service.start()
    (work,) = service.poll()
    assert (work.files[0].tables, work.files[0].parts, work.files[0].rows) == (1, 1, 2)
    assert in_store(service.store) == read_anew_with(service, tmp_path) != before
    assert service.poll() == []
    service.databases.close()
    service.store.close()
