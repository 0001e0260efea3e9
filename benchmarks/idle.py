"""The real daemon with nothing to do: three folders of a thousand small files each, all of them already taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.runs import ROOT, ContenderFailed

NAME = "idle"
_FOLDERS, _FILES = 3, 1000
_PATIENCE = 240.0
_HEADER = (
    '"N° patient";"Nom";"Prénom";"Né(e) le";"Sexe";"N° sécurité sociale";"Rang";"Foyer";"Décédé(e) le";"Archivé"\r\n'
)


def measure(bench: Bench) -> Iterator[Figure]:
    """Memory and processor of the daemon over a minute, left alone and while another process reads all the files."""
    work = bench.folder("idle")
    folders = [_filled(work / f"export-{n}", n) for n in range(_FOLDERS)]
    configuration = _configuration(work, folders)
    note = f"{bench.idle_seconds:.0f} s"
    with _child("connector_core", "--config", configuration, "run", log=work / "daemon.log") as daemon:
        _settled(daemon, work / "data" / "connector.log")
        share, rss = _watched(daemon, bench.idle_seconds)
        yield Figure(NAME, "memory", rss, "MB", at_most=60, ours=f"{_FOLDERS} folders of {_FILES} files")
        yield Figure(NAME, "processor", share * 100, "%", at_most=0.1, note=note)
        with _child("benchmarks.contenders.reader", *folders) as reader:
            share, _ = _watched(daemon, bench.idle_seconds)
            busy = f"the reader took {sum(reader.cpu_times()[:2]) / bench.idle_seconds:.0%} of a processor"
        yield Figure(NAME, "processor, while every file is read", share * 100, "%", at_most=0.1, note=note, peer=busy)


def _filled(folder: Path, number: int) -> Path:
    folder.mkdir()
    for n in range(_FILES):
        patient = f"P{number}{n:05d}"
        row = f'"{patient}";"EXEMPLE";"N{n}";"01/02/1960";"F";"";"1";"F{n}";"";"Non"\r\n'
        (folder / f"vega_patients_{n:08d}.txt").write_bytes((_HEADER + row).encode("cp1252"))
    return folder


def _configuration(work: Path, folders: list[Path]) -> Path:
    blocks = [
        '[practice]\nname = "Banc d\'essai"',
        f"[data]\nfolder = '{work / 'data'}'",
        '[secrets]\nkeyring = "file"',
        *(f'[[source]]\nid = "export{n}"\nconnector = "vega"\nfolder = \'{each}\'' for n, each in enumerate(folders)),
    ]
    path = work / "connector.toml"
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


@contextmanager
def _child(module: str, *arguments: object, log: Path | None = None) -> Iterator[psutil.Process]:
    """A Python module in a process of its own, ended with the block."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with (log or Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _settled(daemon: psutil.Process, log: Path) -> None:
    """Wait until every file is taken, the worker is gone, and the daemon has been quiet for three seconds."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE:
            raise ContenderFailed("the daemon ended; see daemon.log")
        before = _processor(daemon)
        time.sleep(3)
        if _taken(log) >= _FOLDERS * _FILES and not daemon.children() and _processor(daemon) - before < 0.03:
            return
    raise ContenderFailed(f"the daemon took {_taken(log)} files in {_PATIENCE:.0f} s")


def _taken(log: Path) -> int:
    if not log.exists():
        return 0
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return sum(line.get("files", 0) for line in lines if line["event"] == "work")


def _watched(daemon: psutil.Process, seconds: float) -> tuple[float, float]:
    """The share of one processor that the daemon took, with what it started, and the memory that all of it holds, in
    megabytes."""
    before, begin = _processor(daemon), time.perf_counter()
    time.sleep(seconds)
    share = (_processor(daemon) - before) / (time.perf_counter() - begin)
    return share, sum(each.memory_info().rss for each in (daemon, *daemon.children(recursive=True))) / 1024**2


def _processor(daemon: psutil.Process) -> float:
    """The seconds of processor that the daemon and those whom it has waited for have taken."""
    times = daemon.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
