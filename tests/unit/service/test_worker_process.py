"""The worker in a process of its own: started, told, lost, started again, closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event

import psutil
import pytest
from filelock import FileLock

from connector_core.errors import ConfigurationError, StoreError
from connector_core.service import worker_process
from connector_core.service.daemon import WorkerEnded
from connector_core.service.messages import Task
from connector_core.service.standstill import Standstill
from connector_core.service.worker_loop import _Workplace
from connector_core.service.worker_process import WorkerProcess
from connector_core.settings.load import load
from connector_core.sources.folder import Entry
from connector_core.sources.pace import FullSpeed, Gentle, Told

DAY = date(2026, 3, 2)
PIVOT = (
    '{"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"}\n'
    '{"record": "patient", "id": "p1", "family_name": "OZVRAY"}\n'
)


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
def start() -> Iterator[Callable[..., WorkerProcess]]:
    made: list[WorkerProcess] = []

    def make(*options: object) -> WorkerProcess:
        made.append(WorkerProcess([str(each) for each in options]))
        return made[-1]

    yield make
    for each in made:
        each.close()


def dropped(configuration: Path, name: str, text: str = PIVOT) -> Entry:
    path = configuration.parent / "exports" / name
    path.write_text(text, encoding="utf-8")
    status = path.stat()
    return Entry(path, status.st_size, status.st_mtime_ns)


def children() -> list[psutil.Process]:
    return psutil.Process(os.getpid()).children()


def test_a_worker_does_its_tasks_and_ends_when_closed(start, configuration: Path) -> None:
    worker = start("--config", configuration, "--no-plugins")
    worker.prepare()
    (prepared,) = children()
    worker.prepare()
    assert children() == [prepared]
    entry = dropped(configuration, "un.ndjson")
    report = worker.work(Task(DAY, {"cabinet": (entry,)}))
    assert (report.done, report.apart) == ({"cabinet": (entry,)}, ("cabinet",))
    assert [(file.name, file.rows) for work in report.works for file in work.files] == [("un.ndjson", 1)]
    assert worker.work(Task(DAY)).works == ()
    (child,) = children()
    assert child == prepared
    assert sys.platform == "win32" or child.nice() == max(psutil.Process().nice(), 10)
    worker.close()
    assert children() == []
    assert worker.work(Task(DAY)).works == ()


def test_a_worker_that_was_killed_is_missed_once_and_started_again(start, configuration: Path) -> None:
    worker = start("--config", configuration, "--no-plugins")
    worker.work(Task(DAY))
    (child,) = children()
    child.kill()
    child.wait()
    with pytest.raises(WorkerEnded):
        worker.work(Task(DAY))
    entry = dropped(configuration, "deux.ndjson")
    assert worker.work(Task(DAY, {"cabinet": (entry,)})).done == {"cabinet": (entry,)}


@pytest.mark.parametrize(("debugging", "seen"), [("", ""), ("0", ""), ("1", "OZVRAY-SECRET")])
def test_what_a_worker_prints_is_for_developers_alone(start, monkeypatch, capfd, debugging: str, seen: str) -> None:
    monkeypatch.setenv("CONNECTOR_DEBUG", debugging)
    worker = start()
    worker._command = [sys.executable, "-c", "import sys; sys.stderr.write('OZVRAY-SECRET')"]
    with pytest.raises(WorkerEnded):
        worker.work(Task(DAY))
    assert capfd.readouterr().err == seen


def test_what_is_wrong_from_the_beginning_is_told_as_it_is(start, configuration: Path) -> None:
    dialect = configuration.parent / "dialects" / "le-mien.toml"
    dialect.parent.mkdir()
    dialect.write_text("pas du TOML", encoding="utf-8")
    worker = start("--config", configuration, "--no-plugins")
    worker.prepare()
    with pytest.raises(ConfigurationError, match="le-mien"):
        worker.work(Task(DAY))
    dialect.unlink()
    assert worker.work(Task(DAY)).works
    worker.close()
    data = configuration.parent / "data"
    assert not (data / "sauvegardes").exists(), "nothing was read yet"
    (data / "connector.db.temoin").unlink()
    (data / "connector.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="Rien n'a été touché"):
        worker.work(Task(DAY))


@pytest.mark.parametrize(("gentle", "pace"), [("true", Gentle), ("false", FullSpeed)])
def test_a_worker_reads_at_the_pace_that_is_set(configuration: Path, gentle: str, pace: type) -> None:
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(f"{text}[daemon]\ngentle = {gentle}\n", encoding="utf-8")
    with (configuration.parent / "immobile.txt").open("w", encoding="utf-8") as file:
        place = _Workplace(load(configuration, {}), configuration.parent, True, Standstill(file, 60.0))
        with place._made(look_closely=False) as worker:
            assert isinstance(worker.files.pace, Told)
            assert type(worker.files.pace.pace) is pace
            assert worker.files.spool._pace is worker.files.pace


def test_a_worker_whose_task_stands_still_is_gone_and_the_next_one_says_where(start, configuration: Path) -> None:
    standing = start("--config", configuration, "--no-plugins")
    standing._command[1:3] = ["-c", STANDING_STILL]
    entry = dropped(configuration, "un.ndjson")
    data = configuration.parent / "data"
    data.mkdir()
    with pytest.raises(WorkerEnded):
        standing.work(Task(DAY, {"cabinet": (entry,)}))
    assert "OZVRAY" not in (data / "immobile.txt").read_text(encoding="utf-8")
    worker = start("--config", configuration, "--no-plugins")
    assert worker.work(Task(DAY, {"cabinet": (entry,)})).done == {"cabinet": (entry,)}
    worker.close()
    (line,) = [each for each in logged(data) if each["event"] == "standstill"]
    assert str(line["place"]).startswith("connector_core.pipeline.rows:")
    assert not (data / "immobile.txt").exists()


STANDING_STILL = """
import sys
from functools import partial
from connector_core.__main__ import main
from connector_core.model.records import Patient
from connector_core.pipeline import rows
from connector_core.service import worker_loop

def for_ever(kind, values):
    while True:
        pass

rows._validator = lambda kind: partial(for_ever, kind)
worker_loop.standstill = partial(worker_loop.standstill, longest=1.0)
main()
"""
"""The program, with a model whose validation never ends."""


def logged(data: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (data / "worker.log").read_text(encoding="utf-8").splitlines()]


def test_a_worker_waits_for_the_one_before_it(start, configuration: Path) -> None:
    lock = FileLock(configuration.parent / "data" / "worker.lock")
    (configuration.parent / "data").mkdir()
    entry = dropped(configuration, "un.ndjson")
    worker = start("--config", configuration, "--no-plugins")
    with ThreadPoolExecutor(1) as pool:
        with lock:
            report = pool.submit(worker.work, Task(DAY, {"cabinet": (entry,)}))
            with pytest.raises(TimeoutError):
                report.result(timeout=2)
        assert report.result(timeout=30).done == {"cabinet": (entry,)}


def test_while_a_task_is_waited_for_the_daemon_is_said_to_be_alive(monkeypatch) -> None:
    monkeypatch.setattr(worker_process, "_WORD_EVERY", 0.01)
    said = Event()
    worker = WorkerProcess([], said.set)
    worker._command = [sys.executable, "-c", "import sys; sys.stdin.readline(); sys.stdin.readline()"]
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(worker.work, Task(DAY))
        assert said.wait(30)
        assert worker._process is not None
        worker._process.kill()
        with pytest.raises(WorkerEnded):
            ended.result(timeout=30)


def test_what_a_process_of_the_worker_reads_and_prints_is_not_the_talk_with_the_daemon(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(
        "import subprocess, sys\n"
        "from connector_core.service.worker_loop import _pipes\n"
        "with _pipes() as (tasks, answers):\n"
        "    print('printed', flush=True)\n"
        "    code = 'import sys; print(len(sys.stdin.read()))'\n"
        "    subprocess.run([sys.executable, '-c', code], check=True)\n"
        "    answers.write(tasks.readline())\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], input=b"task\n", capture_output=True, check=True)
    assert done.stdout == b"task\n"
    assert done.stderr.split() == [b"printed", b"0"]
