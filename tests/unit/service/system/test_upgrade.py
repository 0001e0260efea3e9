"""A newer program that takes the service over, before a service manager that only remembers and a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from connector_core.service.places import Places
from connector_core.service.running import Program, Running, read_running, this_program
from connector_core.service.system.base import ServiceError, State
from connector_core.service.system.upgrade import COPY_SUFFIX, PATIENCE, Clock, upgrade
from connector_core.store.backup import Backups, backups_in
from connector_core.store.store import Store

KEY = b"k" * 32
FORMER, NEWER = Program("1.0", "/opt/former"), Program("2.0", "/opt/newer")


@dataclass
class Manager:
    """A service manager; `begin` is what the newer program does when it is started."""

    begin: Callable[[], None]
    record: bytes = b"former"
    running: bool = True
    did: list[str] = field(default_factory=list)
    stubborn: bool = False

    def install(self, job) -> tuple[str, ...]:
        raise AssertionError("the account and the rights of the service stay")

    def uninstall(self) -> None:
        raise AssertionError("the service stays")

    def registration(self) -> bytes:
        return self.record

    def take_over(self, job) -> None:
        assert not self.running
        self.record = b"newer"

    def put_back(self, registration: bytes) -> None:
        assert not self.running
        self.record = registration

    def start(self) -> None:
        self.did.append(f"start {self.record.decode()}")
        self.running = True
        if self.record == b"newer":
            self.begin()

    def stop(self) -> None:
        self.did.append(f"stop {self.record.decode()}")
        if self.stubborn and self.record == b"newer":
            raise ServiceError("le service ne s'arrête pas")
        self.running = False

    def state(self) -> State:
        return State(installed=True, running=self.running, enabled=True, account="connector", detail="")


@dataclass
class Waiting:
    """Time that passes only when someone waits for it."""

    at: float = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.at, self._wait)

    def _wait(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """The data of a practice: a store with a fact, and a backup of it."""
    made = Places(tmp_path / "data")
    made.data.mkdir()
    with Store(made.store, KEY) as store:
        with store.transaction():
            store.set_fact("as_of", "2026-03-02")
        store.back_up(backups(made))
    return made


def backups(places: Places) -> Backups:
    return Backups(places.backups, KEY, 6, lambda: datetime(2026, 3, 2, tzinfo=UTC))


def changed(places: Places) -> None:
    """What a newer program does to a store before it fails, a backup included."""
    with Store(places.store, KEY) as store:
        with store.transaction():
            store.set_fact("as_of", "2027-01-01")
        store.back_up(backups(places))


def fact(places: Places) -> str | None:
    with Store(places.store, KEY) as store:
        return store.fact("as_of")


def told(places: Places, program: Program) -> None:
    places.running.write_bytes(msgspec.json.encode(program))


def test_a_newer_program_that_opens_the_store_stays(places, make_job):
    told(places, FORMER)

    def begin() -> None:
        assert read_running(places.running) is None
        changed(places)
        told(places, NEWER)

    manager = Manager(begin)
    upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert (manager.record, manager.running) == (b"newer", True)
    assert manager.did == ["stop former", "start newer"]
    assert fact(places) == "2027-01-01"
    assert not list(places.data.glob(f"*{COPY_SUFFIX}*"))


def test_one_that_ends_gives_way_to_the_former_with_the_store_of_before(places, make_job):
    def begin() -> None:
        changed(places)
        manager.running = False

    manager = Manager(begin)
    known = backups_in(places.backups)
    with pytest.raises(ServiceError, match="précédente tourne de nouveau") as error:
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert "s'est arrêté" in error.value.what
    assert (manager.record, manager.running) == (b"former", True)
    assert manager.did[-1] == "start former"
    assert fact(places) == "2026-03-02"
    assert backups_in(places.backups) == known
    assert not list(places.data.glob(f"*{COPY_SUFFIX}*"))


def test_one_that_says_nothing_has_so_long(places, make_job):
    waiting = Waiting()
    with pytest.raises(ServiceError, match="à temps"):
        upgrade(Manager(lambda: None), make_job(data=places.data), NEWER, waiting.clock())
    assert PATIENCE <= waiting.at < PATIENCE + 1


def test_one_that_is_interrupted_gives_way_to_the_former(places, make_job):
    def begin() -> None:
        changed(places)
        raise KeyboardInterrupt

    manager = Manager(begin)
    with pytest.raises(KeyboardInterrupt):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert (manager.record, manager.running) == (b"former", True)
    assert fact(places) == "2026-03-02"


def test_the_word_of_another_program_is_not_believed(places, make_job):
    manager = Manager(lambda: told(places, FORMER))
    with pytest.raises(ServiceError, match="à temps"):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert manager.record == b"former"


def test_a_journal_of_the_newer_program_is_not_replayed(places, make_job):
    journal = places.store.with_name("connector.db-wal")

    def begin() -> None:
        with Store(places.store, KEY) as store:
            with store.transaction():
                store.set_fact("as_of", "2027-01-01")
            left = journal.read_bytes()
        journal.write_bytes(left)  # as a killed process leaves it
        manager.running = False

    manager = Manager(begin)
    with pytest.raises(ServiceError):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert not journal.exists()
    assert fact(places) == "2026-03-02"


def test_a_journal_that_the_former_program_left_is_kept_with_its_store(places, make_job):
    journal = places.store.with_name("connector.db-wal")
    with Store(places.store, KEY) as store:
        with store.transaction():
            store.set_fact("as_of", "2026-03-09")
        left = (places.store.read_bytes(), journal.read_bytes())
    places.store.write_bytes(left[0])
    journal.write_bytes(left[1])

    def begin() -> None:
        changed(places)
        manager.running = False

    manager = Manager(begin)
    with pytest.raises(ServiceError):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert fact(places) == "2026-03-09"


def test_without_a_store_the_former_finds_none(tmp_path, make_job):
    places = Places(tmp_path / "data")
    places.data.mkdir()

    def begin() -> None:
        Store(places.store, KEY).close()
        manager.running = False

    manager = Manager(begin)
    with pytest.raises(ServiceError, match="tourne de nouveau"):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert not places.store.exists()


def test_a_store_that_can_not_be_copied_leaves_all_as_it_was(places, make_job, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    manager = Manager(lambda: None)
    with pytest.raises(ServiceError, match="rien n'a changé"):
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    assert manager.did == ["stop former", "start former"]
    assert manager.running


def test_where_going_back_fails_too_the_copy_stays_and_is_told(places, make_job):
    manager = Manager(lambda: changed(places), stubborn=True)
    with pytest.raises(ServiceError, match="et le retour à la version précédente aussi") as error:
        upgrade(manager, make_job(data=places.data), NEWER, Waiting().clock())
    copy = places.store.with_name(places.store.name + COPY_SUFFIX)
    assert str(copy) in str(error.value.remedy)
    with Store(copy, KEY, read_only=True) as store:
        assert store.fact("as_of") == "2026-03-02"


def test_what_a_former_daemon_said_is_gone_when_another_starts(tmp_path):
    path = tmp_path / "running.json"
    Running(path).tell()
    assert read_running(path) == this_program()
    Running(path)
    assert read_running(path) is None


def test_a_file_that_says_nothing_is_no_program(tmp_path):
    path = tmp_path / "running.json"
    path.write_bytes(b"{")
    assert read_running(path) is None
