"""A practice of ten years under the real daemon: its folder, its store, and what the daemon writes down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

from benchmarks.bench import Bench
from benchmarks.contenders.connector import SOURCE, TODAY
from benchmarks.runs import ROOT, ContenderFailed
from connector_core.service.assembly import open_store
from connector_core.settings.load import load
from connector_core.store.store import Store

SETTLE = 3.0
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A practice whose whole export has been read by the daemon, which is over."""

    work: Path

    @property
    def exports(self) -> Path:
        return self.work / "exports"

    @property
    def configuration(self) -> Path:
        return self.work / "connector.toml"

    @property
    def log(self) -> Path:
        return self.work / "data" / "connector.log"

    @contextmanager
    def daemon(self, on: date = TODAY) -> Iterator[psutil.Process]:
        """The daemon on a day, ended with the block."""
        command = [sys.executable, "-m", "connector_core", "--config", self.configuration, "run", "--on", str(on)]
        with (self.work / "daemon.log").open("wb") as out:
            process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()

    def store(self) -> Store:
        """The store, to look at while the daemon writes to it."""
        return open_store(load(self.configuration, os.environ), create=False, read_only=True)[0]

    def events(self, name: str) -> int:
        """How often the daemon has written an event down."""
        if not self.log.exists():
            return 0
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return sum(json.loads(line)["event"] == name for line in lines)

    def wait_until_ready(self, daemon: psutil.Process, before: int) -> None:
        """Until the first turn is done, of which the log has so many from before."""
        self._wait(daemon, lambda: self.events("ready") > before)

    def wait_until_idle(self, daemon: psutil.Process, works: int) -> None:
        """Until so many pieces of work were done and the worker has ended."""
        self._wait(daemon, lambda: self.events("work") >= works and not daemon.children())

    def _wait(self, daemon: psutil.Process, done: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not done():
            if not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE:
                raise ContenderFailed("the daemon ended; see daemon.log")
            if time.monotonic() > end:
                raise ContenderFailed(f"the daemon was not done in {_PATIENCE:.0f} s")
            time.sleep(0.01)


def watched(bench: Bench) -> Watched:
    """The practice, made once for all benchmarks of a run."""
    made = Watched(bench.work / "watched")
    if made.work.exists():
        return made
    made.work.mkdir()
    shutil.copytree(bench.export(), made.exports)
    made.configuration.write_text(
        f"[practice]\nname = \"Banc d'essai\"\n\n[data]\nfolder = '{made.work / 'data'}'\n\n"
        f'[secrets]\nkeyring = "file"\n\n[[source]]\nid = "{SOURCE}"\nconnector = "vega"\n'
        f"folder = '{made.exports}'\nsettle = \"{SETTLE:.0f}s\"\n",
        encoding="utf-8",
    )
    with made.daemon() as daemon:
        made.wait_until_idle(daemon, 2)  # a first, empty day, then the export
    return made
