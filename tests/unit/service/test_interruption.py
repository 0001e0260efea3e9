"""Leaving a task that is being done: nothing of it is kept, and all of it is done with the next start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest

from connector_core.service.daemon import WorkerEnded
from connector_core.service.interruption import Interrupted, Interruption
from connector_core.service.messages import Task
from connector_core.service.worker_process import WorkerProcess
from connector_core.sources.folder import Entry

DAY = date(2026, 3, 2)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_tasks_are_given_in_order_and_work_goes_on_meanwhile(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    signs: list[int] = []
    interruption = Interruption(reading, lambda: signs.append(1))
    tasks = interruption.tasks()
    os.write(writing, b"un\nde")
    assert next(tasks) == b"un"
    with interruption.interruptible():
        interruption.goes_on()
    os.write(writing, b"ux\n")
    assert next(tasks) == b"deux"
    assert signs == [1]
    os.close(writing)
    assert list(tasks) == []
    interruption.goes_on()
    assert signs == [1, 1], "what is no task is done to its end"


def test_a_task_is_left_once_no_more_tasks_come(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    interruption = Interruption(reading, lambda: None)
    os.write(writing, b"un\n")
    assert next(interruption.tasks()) == b"un"
    os.close(writing)
    assert interruption._ended.wait(60)
    with pytest.raises(Interrupted), interruption.interruptible():
        interruption.goes_on()
    assert not issubclass(Interrupted, Exception), "nothing that counts failures catches it"


def _export(configuration: Path, patients: int) -> Entry:
    path = configuration.parent / "exports" / "un.ndjson"
    head = (
        '{"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"}\n'
    )
    path.write_text(head + "".join(f'{{"record": "patient", "id": "p{n}"}}\n' for n in range(patients)))
    status = path.stat()
    return Entry(path, status.st_size, status.st_mtime_ns)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    path = tmp_path / "connector.toml"
    path.write_text(
        f"[data]\nfolder = '{tmp_path / 'data'}'\n[secrets]\nkeyring = \"file\"\n"
        f'[[source]]\nid = "cabinet"\nconnector = "pivot"\nfolder = \'{tmp_path / "exports"}\'\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def start(configuration: Path) -> Iterator[Callable[[], WorkerProcess]]:
    made: list[WorkerProcess] = []

    def make() -> WorkerProcess:
        made.append(WorkerProcess(["--config", str(configuration), "--no-plugins"]))
        return made[-1]

    yield make
    for each in made:
        each.close()


# The worker says that it has settled what it read, and then that it goes on, for ever.
STANDS_AFTER_READING = """
import sys, time
from pathlib import Path
from connector_core.pipeline.attempt import Pipeline

ask = Pipeline._ask
def asking(self, ingest, as_of, outcome, tell, *, everything):
    if outcome.files:
        Path(sys.argv[2]).with_name("lu").touch()
        while True:
            tell("règles", 0)
    return ask(self, ingest, as_of, outcome, tell, everything=everything)
Pipeline._ask = asking
from connector_core.__main__ import main
main()
"""


def test_what_was_read_of_a_task_that_is_left_is_read_again(start, configuration: Path) -> None:
    entry = _export(configuration, 3000)
    task = Task(DAY, {"cabinet": (entry,)})
    endless = start()
    endless._command[1:3] = ["-c", STANDS_AFTER_READING]
    ended = Event()

    def have_done() -> None:
        with pytest.raises(WorkerEnded):
            endless.work(task)
        ended.set()

    Thread(target=have_done, daemon=True).start()
    read = configuration.with_name("lu")
    for _ in range(6000):
        if read.exists() or ended.wait(0.01):
            break
    assert read.exists()
    endless.interrupt()
    assert ended.wait(60)
    report = start().work(task)
    assert report.done == {"cabinet": (entry,)}
    assert [(file.rows, file.new_rows) for work in report.works for file in work.files] == [(3000, 3000)]


def test_an_interrupted_worker_begins_nothing(start, configuration: Path) -> None:
    worker = start()
    worker.interrupt()
    with pytest.raises(WorkerEnded):
        worker.work(Task(DAY, {"cabinet": (_export(configuration, 1),)}))
    assert not (configuration.parent / "data" / "connector.db").exists()
