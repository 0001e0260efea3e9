"""A daemon on real folders, with a clock and a day of the test's own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from connector_core.findings.life import Changes
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Rules
from connector_core.pipeline.silence import Listening
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import expected_sources
from connector_core.service.daemon import Daemon, Turn, WorkerEnded
from connector_core.service.messages import Report, Task, Work, decode_answer, decode_task, encode
from connector_core.service.outbox import Sent
from connector_core.service.source_files import SourceFiles
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.reach import Reach
from connector_core.sources.spool import Spool
from connector_core.store.store import Store

HEADER = {"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"}
PEOPLE = (
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "OZVRAY-SECRET", "given_name": "Zoé", "birth_date": "1980-01-01"},
)
SETTLE = 3.0
ZONE = ZoneInfo("Europe/Paris")


def act(number: int, **values: object) -> dict[str, object]:
    """An act billed below its price."""
    return {
        "record": "act",
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": "2026-03-02",
        "letter": "RAM",
        "coefficient": "8.09",
        "amount": "16.00",
        **values,
    }


@dataclass
class InThisProcess:
    """A worker that is told and answers as over a pipe. `ends_over` names the files that end it."""

    worker: Worker
    ends_over: frozenset[str] = frozenset()
    closed: int = 0
    prepared: int = 0

    def interrupt(self) -> None: ...

    def prepare(self) -> None:
        self.prepared += 1

    def work(self, task: Task) -> Report:
        if self.ends_over & {entry.path.name for ready in task.ready.values() for entry in ready}:
            raise WorkerEnded
        answer = decode_answer(encode(self.worker.work(decode_task(encode(task)))))
        assert isinstance(answer, Report)
        return answer

    def close(self) -> None:
        self.closed += 1


@dataclass
class Service:
    """A practice under watch. `now` is the daemon's clock, `day` its day."""

    folder: Path
    host: PluginHost
    sources: tuple[str, ...] = ("cabinet",)
    connector: str = "pivot"
    day: date = date(2026, 3, 2)
    now: float = 0.0
    moment: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    expected_every: str | None = None
    lies: Reach = "local"
    standing: list[Mapping[str, str]] = field(default_factory=list)
    delivered: int = 0
    due_in: float | None = None
    sent: int = 0
    told: list[Work] = field(default_factory=list)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "connector.db", bytes(32))
        for source in self.sources:
            (self.folder / source).mkdir(exist_ok=True)
        self.spool = Spool(self.folder / "depot", bytes(32))
        self.daemon = self.start()

    def start(self) -> Daemon:
        """Another run of the daemon on the same store."""
        settings = Settings.model_validate(
            {
                "daemon": {"rescan": "1s"},
                "source": [
                    {
                        "id": source,
                        "connector": self.connector,
                        "folder": str(self.folder / source),
                        "settle": "3s",
                        "expected_every": self.expected_every,
                    }
                    for source in self.sources
                ],
            }
        )
        rules = Rules(self.host, load_parameters(), load_tariffs())
        pipeline = Pipeline(self.store, rules, lambda: self.moment, self.sources, committing=self.queue)
        expected = expected_sources(settings, self.host)
        listening = Listening(self.store, expected, ZONE, lambda: self.moment, self.queue)
        self.worker = Worker(settings, SourceFiles(self.store, self.spool, pipeline), listening, self)
        self.daemon = Daemon(
            settings,
            InThisProcess(self.worker),
            today=lambda: self.day,
            told=self.told.append,
            clock=lambda: self.now,
            wall=lambda: self.now,
            reach=lambda _folder: self.lies,
            standing=self.standing.append,
        )
        return self.daemon

    def queue(self, day: date, changes: Changes) -> None:
        self.delivered += 1

    def send(self) -> Sent:
        self.sent += 1
        return Sent(due_in=self.due_in)

    def drop(self, *records: object, name: str = "export.ndjson", source: str = "cabinet") -> Path:
        path = self.folder / source / name
        lines = [each if isinstance(each, str) else json.dumps(each) for each in (HEADER, *PEOPLE, *records)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def drop_bytes(self, name: str, content: bytes = b"?", source: str = "cabinet") -> Path:
        path = self.folder / source / name
        path.write_bytes(content)
        return path

    def run(self) -> Thread:
        """Let the daemon run by real clocks in a thread of its own."""
        self.daemon.clock, self.daemon.wall = time.monotonic, time.time
        thread = Thread(target=self.daemon.run, daemon=True)
        thread.start()
        return thread

    def turn(self, seconds: float = 0.0) -> Turn:
        """One turn, so many seconds later."""
        self.now += seconds
        return self.daemon.turn()

    def settle(self) -> Turn:
        """A look at what is there, and the turn at which it has settled."""
        self.turn()
        return self.turn(SETTLE)

    def open(self) -> list[str]:
        """The acts with an open finding, by the vendor's ids."""
        return sorted(kept.finding.subject.id.rpartition(":")[2] for kept in self.store.answers.findings("open"))

    def states(self) -> dict[str, str]:
        return {file.name: file.state for file in self.store.files.list_files()}

    def copies(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "depot").iterdir())


@pytest.fixture(scope="session")
def core_host() -> PluginHost:
    return load_plugins(no_plugins=True)


@pytest.fixture
def new_service(tmp_path: Path, core_host: PluginHost) -> Iterator[Callable[..., Service]]:
    made: list[Service] = []

    def make(**options) -> Service:
        made.append(Service(tmp_path, **{"host": core_host, **options}))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.fixture
def service(new_service: Callable[..., Service]) -> Service:
    """A practice whose first, empty day is behind it."""
    service = new_service()
    service.turn()
    service.delivered = 0
    service.told.clear()
    return service


@pytest.fixture(name="act")
def act_fixture() -> Callable[..., dict[str, object]]:
    return act
