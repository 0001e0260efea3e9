"""The daemon, turn by turn: what it takes and when, what it does with what it can't read, and that it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from connector_core.errors import ConfigurationError, ConnectorError, SourceError, StoreError
from connector_core.plugins.connector import Claim, ConnectorInfo, Probe, Registered
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service.daemon import MAX_TRIES, WorkerEnded
from connector_core.sources.folder import Entry, LocalFileSystem
from connector_core.sources.originals import ShareSilent
from connector_core.sources.timely import PATIENCE

SETTLE = 3.0
LINGER = 10.0


class Fragile:
    """A connector of `*.bin` that fails as it reads."""

    info = ConnectorInfo(id="fragile", vendor="Éditeur", product="Logiciel", version="1")

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def identify(self, probe: Probe) -> Claim | None:
        return Claim("fragile", "d", 0.5, "son nom") if probe.name.endswith(".bin") else None

    def is_complete(self, probe: Probe) -> bool:
        return not probe.name.startswith("half")

    def read(self, file: object, claim: Claim) -> object:
        raise self.failure


@pytest.fixture
def fragile_host() -> Callable[[Exception], PluginHost]:
    """The core with a connector that fails in one way; it reads pivot files too."""

    def make(failure: Exception) -> PluginHost:
        host = load_plugins(no_plugins=True)
        pivot = host.connectors["pivot"].connector

        class Both(Fragile):
            def identify(self, probe: Probe) -> Claim | None:
                found = pivot.identify(probe)
                return super().identify(probe) if found is None else replace(found, connector="fragile")

            def read(self, file, claim):
                return super().read(file, claim) if claim.dialect == "d" else pivot.read(file, claim)

        host = host.with_connectors([Registered(Both(failure), "essai", "1")])
        host._owners = {**host._owners, ("connector", "fragile"): "essai"}
        return host

    return make


def test_a_file_is_taken_once_it_has_settled(service, act) -> None:
    service.drop(act(1))
    assert service.turn().settling == 1
    assert service.turn(2.9).works == []
    assert service.open() == []
    turn = service.turn(0.1)
    assert turn.works
    assert service.open() == ["a1"]
    assert service.turn(10).works == []


def test_a_file_whose_name_is_no_text_is_taken_like_any_other(service, act) -> None:
    service.drop(act(1), name="s\udce9ances.ndjson")
    service.drop_bytes("\udce9.bin")
    service.turn()
    turn = service.turn(SETTLE)
    assert sorted(file.name for work in turn.works for file in work.files) == ["séances.ndjson", "é.bin"]
    assert service.open() == ["a1"]


def test_the_original_is_left_and_no_copy_stays(service, act) -> None:
    path = service.drop(act(1))
    service.settle()
    assert path.exists()
    assert service.copies() == []


def test_the_report_is_written_only_when_something_happened(service, act) -> None:
    for _ in range(5):
        service.turn(1)
    assert (service.delivered, service.told) == (0, [])
    service.drop(act(1))
    service.settle()
    assert (service.delivered, len(service.told)) == (1, 1)
    for _ in range(5):
        service.turn(1)
    assert service.delivered == 1


def test_another_day_is_asked_about_once(service, act) -> None:
    service.drop(act(1))
    service.settle()
    service.day = date(2026, 3, 3)
    assert service.turn().works
    assert not service.turn().works
    assert service.store.fact("as_of") == "2026-03-03"


def test_the_same_content_under_another_name_is_not_read_again(service, act) -> None:
    service.drop(act(1))
    service.settle()
    service.drop(act(1), name="copy.ndjson")
    assert not service.settle().works
    assert service.states() == {"export.ndjson": "committed"}
    assert service.copies() == []


def test_a_file_read_by_an_earlier_run_is_not_read_again(service, act) -> None:
    service.drop(act(1))
    service.settle()
    service.start()
    assert not service.settle().works
    assert service.copies() == []


def test_a_changed_file_is_read_again(service, act) -> None:
    service.drop(act(1))
    service.settle()
    service.drop(act(1, amount="17.88"), act(2, performed_on="2026-02-27"))
    service.settle()
    assert service.open() == ["a2"]


def test_a_file_that_is_again_as_it_was_is_read_again(service, act) -> None:
    def drop(*, day: int, amount: str) -> None:
        written = datetime(2026, 3, day, 9, tzinfo=UTC)
        service.moment = written + timedelta(hours=1)
        os.utime(service.drop(act(1, amount=amount)), ns=(0, int(written.timestamp() * 1e9)))
        service.settle()

    drop(day=2, amount="16.00")
    assert service.open() == ["a1"]
    drop(day=3, amount="17.88")
    assert service.open() == []
    drop(day=4, amount="16.00")
    assert service.open() == ["a1"]
    service.start()
    assert not service.settle().works
    drop(day=2, amount="17.88")
    assert service.open() == ["a1"]
    assert service.copies() == []


def test_files_that_settle_together_are_one_attempt(service, act) -> None:
    service.drop(act(1))
    service.drop(act(2), name="second.ndjson")
    (work,) = service.settle().works
    assert len(work.files) == 2


def test_the_newest_file_has_the_last_word_whatever_its_name(service, act) -> None:
    older = service.drop(act(1), name="export-9.ndjson")
    newer = service.drop(act(1, amount="17.88"), name="export-10.ndjson")
    os.utime(older, ns=(10**18, 10**18))
    os.utime(newer, ns=(2 * 10**18, 2 * 10**18))
    service.settle()
    assert service.open() == []


def test_a_file_nobody_knows_is_told_once_a_run_and_tried_by_the_next(service) -> None:
    service.drop_bytes("holiday.jpg")
    service.settle()
    assert service.states() == {"holiday.jpg": "unknown"}
    attempts = "SELECT attempts FROM file"
    for _ in range(5):
        assert not service.turn(60).works
    assert service.store._connection.execute(attempts).fetchone() == (1,)
    service.start()
    service.settle()
    assert service.store._connection.execute(attempts).fetchone() == (2,)
    assert service.copies() == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [(KeyError("OZVRAY-SECRET"), "le connecteur a échoué (KeyError)"), (SourceError("copie endommagée"), "copie")],
)
def test_a_file_that_breaks_its_connector_is_set_aside_after_three_tries_and_the_others_are_read(
    new_service, fragile_host, act, failure: Exception, told: str
) -> None:
    service = new_service(host=fragile_host(failure), connector="fragile")
    service.drop(act(1))
    service.drop_bytes("broken.bin")
    turn = service.settle()
    if isinstance(failure, ConnectorError):  # it says so itself: there is nothing to try again
        assert service.states() == {"export.ndjson": "committed", "broken.bin": "incomplete"}
        return
    assert service.open() == ["a1"]
    assert turn.problems == {"cabinet": told}
    for _ in range(MAX_TRIES - 1):
        assert "broken.bin" not in service.states()
        service.turn(1)
    assert service.states()["broken.bin"] == "set_aside"
    (refused,) = service.store.files.rejects()
    assert "3 fois" in refused.reason
    assert "SECRET" not in refused.reason
    assert not service.turn(60).problems
    assert service.copies() == []


def test_a_file_that_ends_the_worker_is_set_aside_after_three_tries_and_the_others_are_read(service, act) -> None:
    service.daemon.worker.ends_over = frozenset({"deadly.ndjson"})
    service.drop(act(1))
    service.drop(act(2), name="deadly.ndjson")
    turn = service.settle()
    assert service.open() == ["a1"]
    assert list(turn.problems) == ["cabinet"]
    service.drop(act(3, performed_on="2026-02-27"), name="later.ndjson")
    service.turn(1)
    service.turn(3)
    assert service.open() == ["a1", "a3"]
    assert "deadly.ndjson" not in service.states()
    service.turn(1)
    assert service.states()["deadly.ndjson"] == "set_aside"
    (refused,) = service.store.files.rejects()
    assert "s'est arrêté, 3 fois" in refused.reason
    assert not service.turn(60).problems


@pytest.mark.parametrize("error", [StoreError("la clé n'ouvre pas le magasin"), ConfigurationError("règle inconnue")])
def test_what_is_wrong_from_the_beginning_ends_the_daemon(service, monkeypatch, error: ConnectorError) -> None:
    def wrong() -> None:
        raise error

    monkeypatch.setattr(type(service.daemon), "turn", lambda self, _sources: wrong())
    with pytest.raises(type(error)):
        service.daemon.run()


def test_a_worker_is_given_back_once_there_is_nothing_to_do(service, act) -> None:
    service.drop(act(1))
    worker = service.daemon.worker
    service.turn()
    assert worker.prepared == 1, "while the file settles, the worker gets ready"
    service.turn(SETTLE)
    assert service.open() == ["a1"]
    service.now += LINGER - 0.1
    service.daemon._let_worker_go()
    assert worker.closed == 0
    assert service.daemon._pause() <= 0.1
    service.now += 0.1
    for _ in range(2):
        service.daemon._let_worker_go()
    assert worker.closed == 1


def test_a_file_set_aside_is_tried_again_by_the_next_run(new_service, fragile_host, act) -> None:
    service = new_service(host=fragile_host(KeyError("x")), connector="fragile")
    path = service.drop_bytes("broken.bin")
    service.settle()
    for _ in range(MAX_TRIES):
        service.turn(1)
    assert service.states() == {"broken.bin": "set_aside"}
    service.start()
    assert service.settle().problems
    path.unlink()


def test_a_file_its_vendor_has_not_finished_is_waited_for(new_service, fragile_host) -> None:
    service = new_service(host=fragile_host(KeyError("x")), connector="fragile")
    service.drop_bytes("half.bin")
    assert service.settle().settling == 1
    assert service.turn(60).settling == 1
    assert service.states() == {}
    assert service.copies() == []


def test_a_file_that_can_not_be_copied_now_is_tried_again(service, act, monkeypatch: pytest.MonkeyPatch) -> None:
    service.drop(act(1))

    def refuse(_source: str, _path: Path, _patience: float | None) -> None:
        raise SourceError("le fichier a changé pendant la copie")

    with monkeypatch.context() as patched:
        patched.setattr(service.spool, "take", refuse)
        assert service.settle().problems == {"cabinet": "le fichier a changé pendant la copie"}
        assert service.states() == {}
    service.turn(1)
    assert service.states() == {"export.ndjson": "committed"}


def test_the_other_files_of_a_share_that_went_silent_wait_for_the_next_look(
    service, act, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.drop(act(1), name="a.ndjson")
    service.drop(act(2), name="b.ndjson")
    asked: list[float | None] = []

    def silent(_source: str, path: Path, patience: float | None) -> None:
        asked.append(patience)
        raise ShareSilent("le partage ne répond plus", where=str(path))

    service.worker.files.reach = lambda _folder: "network"
    with monkeypatch.context() as patched:
        patched.setattr(service.spool, "take", silent)
        assert service.settle().problems == {"cabinet": "le partage ne répond plus"}
    assert asked == [PATIENCE]
    service.turn(1)
    assert service.states() == {"a.ndjson": "committed", "b.ndjson": "committed"}


def test_a_source_that_can_not_be_seen_is_told_and_the_others_go_on(new_service, act) -> None:
    service = new_service(sources=("gone", "cabinet"))
    (service.folder / "gone").rmdir()
    service.drop(act(1))
    turn = service.settle()
    assert list(turn.problems) == ["gone"]
    assert service.open() == ["a1"]
    (service.folder / "gone").mkdir()
    assert not service.turn().problems


def test_an_interrupted_copy_is_swept_by_the_next_run(service) -> None:
    (service.folder / "depot" / "left.tmp").write_bytes(b"x")
    service.start()
    assert service.copies() == []


def test_a_store_that_fails_ends_the_turn_and_nothing_is_lost(service, act, monkeypatch: pytest.MonkeyPatch) -> None:
    service.drop(act(1))
    with monkeypatch.context() as patched:

        def fail(*_arguments: object, **_named: object) -> None:
            raise StoreError("le disque est plein")

        patched.setattr(service.worker.files.pipeline, "attempt", fail)
        service.turn()
        with pytest.raises(StoreError):
            service.turn(3)
    service.turn(1)
    assert service.open() == ["a1"]


def test_the_daemon_runs_until_it_is_interrupted(service) -> None:
    thread = service.run()
    service.daemon.interrupt()
    thread.join(10)
    assert not thread.is_alive()


def test_a_daemon_interrupted_before_it_runs_does_not_begin(service, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []
    monkeypatch.setattr(type(service.daemon), "turn", lambda self, _sources: turns.append(1))
    service.daemon.interrupt()
    service.daemon.run()
    assert turns == []


@pytest.mark.parametrize(
    ("number", "error"), [(2, StoreError("le magasin est occupé")), (1, WorkerEnded()), (2, WorkerEnded())]
)
def test_what_fails_later_leaves_the_daemon_running(
    service, monkeypatch: pytest.MonkeyPatch, number: int, error: ConnectorError
) -> None:
    done = Event()
    turns: list[int] = []
    real = type(service.daemon).turn

    def turn(self, sources):
        turns.append(1)
        if len(turns) == number:
            raise error
        if len(turns) == 3:
            done.set()
        return real(self, sources)

    monkeypatch.setattr(type(service.daemon), "turn", turn)
    thread = service.run()
    assert done.wait(10)
    service.daemon.interrupt()
    thread.join(10)
    assert not thread.is_alive()


def test_a_dropped_file_wakes_a_daemon_that_sleeps(service, act) -> None:
    service.daemon.settings = service.daemon.settings.model_copy(
        update={"daemon": service.daemon.settings.daemon.model_copy(update={"rescan": date.resolution})}
    )
    looks: list[int] = []
    looked = Event()

    class Seen(LocalFileSystem):
        def entries(self, folder: Path):
            looks.append(1)
            found: list[Entry] = list(super().entries(folder))
            if found:
                looked.set()
            return iter(found)

    for watched in service.daemon._watched.values():
        watched.file_system = Seen()
    thread = service.run()
    while not looks:
        looked.wait(0.01)
    service.drop(act(1))
    assert looked.wait(10), "only a hint can have woken it: it looks once a day"
    service.daemon.interrupt()
    thread.join(10)
    assert not thread.is_alive()


def test_a_delivery_that_is_due_wakes_the_worker_though_no_file_comes(service, act) -> None:
    service.due_in = 30.0
    service.drop(act(1))
    service.settle()
    sent = service.sent
    assert service.turn(29.9).works == []
    assert service.sent == sent
    service.due_in = None
    service.turn(0.1)
    assert service.sent == sent + 1
    service.turn(3600)
    assert service.sent == sent + 1


def test_the_daemon_waits_no_longer_than_until_something_is_due(new_service, act) -> None:
    service = new_service(due_in=0.5)
    service.turn()
    assert service.daemon._pause() == 0.5
    service.now += 0.4
    assert service.daemon._pause() == pytest.approx(0.1)
    service.due_in = 0.0
    service.turn(0.1)
    assert service.daemon._pause() == pytest.approx(0.2), "never a busy loop"
    service.due_in = 3600
    service.turn(0.2)
    assert service.daemon._pause() == 1.0, "a look every `rescan`"


def test_that_a_worker_has_answered_is_told_once_and_only_then(service, act) -> None:
    told: list[str] = []
    daemon = service.start()
    worker = daemon.worker

    class Closed:
        """A worker that can't open the store."""

        def work(self, task):
            raise StoreError("le magasin a été écrit par une version plus récente")

    daemon.answered = lambda: told.append("answered")
    daemon.worker = Closed()
    with pytest.raises(StoreError):
        service.turn()
    assert told == []
    daemon.worker = worker
    service.turn()
    service.drop(act(1))
    service.settle()
    assert told == ["answered"]


def test_what_a_command_queued_is_delivered_at_the_next_turn(service, act) -> None:
    service.drop(act(1))
    service.settle()
    delivered = service.sent
    marked = [True]
    service.daemon.queued = lambda: bool(marked and marked.pop())
    service.turn(1)
    assert service.sent == delivered + 1
    service.turn(1)
    assert service.sent == delivered + 1
