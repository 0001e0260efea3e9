"""What an end in the middle leaves is taken up: copies without their originals, reports, exports told again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from connector_core.errors import StoreUnavailable
from connector_core.service.course import MAX_TRIES
from connector_core.service.daemon import WorkerEnded
from connector_core.service.messages import Report, Task
from connector_core.sources.pace import FullSpeed, Told
from connector_core.store.connection import open_database

DAY = date(2026, 3, 2)


def left(service, *records: object, name: str = "export.ndjson") -> Path:
    """A file of which only a copy is left, as after a kill between the copy and the commit."""
    path = service.drop(*records, name=name)
    service.spool.take("cabinet", path)
    path.unlink()
    return path


def test_a_copy_whose_original_is_gone_is_read_once(service, act) -> None:
    left(service, act(1))
    service.start()
    service.turn()
    assert service.open() == ["a1"]
    assert service.states() == {"export.ndjson": "committed"}
    assert service.copies() == []
    service.start()
    service.turn()
    assert service.store.files.reads() == 1


def test_copies_that_were_left_together_are_one_attempt(service, act) -> None:
    left(service, act(1), name="a.ndjson")
    left(service, act(2, performed_on="2026-03-01"), name="b.ndjson")
    service.start()
    service.turn()
    assert [len(work.files) for work in service.told] == [2]


def test_each_copy_that_was_left_is_a_sign_that_the_work_goes_on(service, act) -> None:
    signs: list[None] = []
    left(service, act(1), name="a.ndjson")
    left(service, act(2), name="b.ndjson")
    service.start()
    service.worker.files.pace = Told(FullSpeed(), lambda: signs.append(None))
    service.turn()
    assert len(signs) == 2, "finding out whether its original lies on a silent share may take long"


def test_a_copy_whose_original_still_lies_there_is_read_with_what_came_with_it(service, act) -> None:
    path = service.drop(act(1), name="a.ndjson")
    service.drop(act(2, performed_on="2026-03-01"), name="b.ndjson")
    service.spool.take("cabinet", path)
    service.start()
    assert not service.turn().works
    service.settle()
    assert [len(work.files) for work in service.told] == [2]
    assert service.copies() == []


def test_a_copy_whose_original_was_rewritten_is_read_before_what_is_there_now(service, act) -> None:
    left(service, act(1))
    service.drop(act(2, performed_on="2026-03-01"))
    service.start()
    service.turn()
    assert service.open() == ["a1"]
    service.settle()
    assert service.open() == ["a1", "a2"]


def test_a_copy_that_was_read_before_the_end_is_let_go(service, act) -> None:
    path = service.drop(act(1))
    service.settle()
    service.spool.take("cabinet", path)
    path.unlink()
    service.start()
    service.turn()
    assert service.copies() == []
    assert service.store.files.reads() == 1


def test_a_left_copy_that_fails_each_time_is_set_aside_and_holds_the_others_up_no_longer(
    service, act, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(service, "no json at all", name="bad.ndjson")
    left(service, act(1), name="good.ndjson")
    attempt = type(service.worker.files.pipeline).attempt

    def breaks(pipeline, inputs, as_of, **others):
        inputs = list(inputs)
        if any(each.file.name == "bad.ndjson" for each in inputs):
            raise ZeroDivisionError
        return attempt(pipeline, inputs, as_of, **others)

    monkeypatch.setattr(type(service.worker.files.pipeline), "attempt", breaks)
    for _ in range(MAX_TRIES + 1):
        service.start()
        service.turn()
    assert service.states() == {"bad.ndjson": "set_aside", "good.ndjson": "committed"}
    assert service.open() == ["a1"]
    assert service.copies() == []


class Ends:
    """A worker that ends over its first tasks with files, and counts the files that it was told of."""

    def __init__(self, works, ends: int) -> None:
        self.works, self.ends = works, ends
        self.told: list[list[str]] = []

    def interrupt(self) -> None: ...

    def prepare(self) -> None:
        self.works.prepare()

    def work(self, task: Task) -> Report:
        told = [entry.path.name for ready in task.ready.values() for entry in ready]
        if told:
            self.told.append(told)
            if len(self.told) <= self.ends:
                raise WorkerEnded
        return self.works.work(task)

    def close(self) -> None:
        self.works.close()


def test_an_export_is_told_again_as_a_whole_when_its_worker_was_killed(service, act) -> None:
    service.drop(act(1), name="a.ndjson")
    service.drop(act(2, performed_on="2026-03-01"), name="b.ndjson")
    service.daemon.worker = ends = Ends(service.daemon.worker, 1)
    service.settle()
    assert [sorted(told) for told in ends.told] == [["a.ndjson", "b.ndjson"]] * 2
    assert service.open() == ["a1", "a2"]


def test_a_daemon_forgets_what_was_taken_when_the_store_is_an_older_one(service, act) -> None:
    service.drop(act(1))
    service.settle()
    service.daemon._reads += 1
    service.drop(act(2, performed_on="2026-03-01"), name="b.ndjson")
    assert service.settle().settling
    told = Ends(service.daemon.worker, 0)
    service.daemon.worker = told
    service.settle()
    assert told.told == [["export.ndjson"]]


@contextmanager
def held(service, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another program writes to the store, for longer than anyone waits."""
    service.store._connection.execute("PRAGMA busy_timeout = 20")
    other = open_database(service.folder / "connector.db", bytes(32))
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def test_a_store_that_another_program_holds_is_tried_again_and_nothing_is_lost(
    service, act, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.drop(act(1))
    service.turn()
    with held(service, monkeypatch):
        for _ in range(MAX_TRIES + 1):
            with pytest.raises(StoreUnavailable, match="occupé"):
                service.turn(3)
        assert len(service.copies()) == 1
        assert service.store.files.reads() == 0
    service.turn(3)
    assert service.open() == ["a1"]
    assert service.states() == {"export.ndjson": "committed"}
    assert service.copies() == []


def test_a_disk_that_is_full_is_no_fault_of_the_files(
    new_service: Callable, act, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = new_service()
    service.turn()
    service.drop(act(1))

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    service.turn()
    with monkeypatch.context() as patched:
        patched.setattr("connector_core.sources.spool.os.fsync", full)
        for _ in range(MAX_TRIES + 1):
            with pytest.raises(StoreUnavailable, match="disque est plein"):
                service.turn(3)
    assert service.states() == {}
    assert service.copies() == []
    service.turn(3)
    assert service.states() == {"export.ndjson": "committed"}
