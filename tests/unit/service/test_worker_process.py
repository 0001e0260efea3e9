"""The worker in a process of its own: started, told, lost, started again, closed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest

from connector_core.errors import ConfigurationError, StoreError
from connector_core.service.daemon import WorkerEnded
from connector_core.service.messages import Task
from connector_core.service.worker_loop import _Workplace
from connector_core.service.worker_process import WorkerProcess
from connector_core.settings.load import load
from connector_core.sources.folder import Entry
from connector_core.sources.pace import FullSpeed, Gentle

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
    assert report.done == {"cabinet": (entry,)}
    assert [(file.name, file.rows) for work in report.works for file in work.files] == [("un.ndjson", 1)]
    assert worker.work(Task(DAY)).works == ()
    (child,) = children()
    assert child == prepared
    assert child.nice() > psutil.Process().nice() or sys.platform == "win32"
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
    place = _Workplace(load(configuration, {}), configuration.parent, no_plugins=True)
    with place._made(look_closely=False) as worker:
        assert type(worker.pace) is pace
        assert worker.spool._pace is worker.pace


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
