"""Three days of a practice in minutes: a hundred thousand files dropped, rewritten, renamed and removed under the real
daemon and its worker, and what that leaves of its memory, its descriptors, its threads, and of the data.

Every act is in one file's content from its first writing on, so that what must be in the store is known: the acts of
every content that lay still when the service rested, each once, and none that was never written.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.runs import ROOT, ContenderFailed
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store
from connector_core.settings.load import load
from connector_core.store.codec import KIND_NAMES
from connector_core.store.store import Store

NAME = "soak"
EVENTS, FEW_EVENTS = 100_000, 2_000
_DAYS = 3
_BURST = 1000
_FILES = 1000
"""Files that lie in the folder, about."""
_PATIENTS = 400
_RULE = "KINE-NOM-MONTANT"
_FAULTY = 250
"""One act in so many is billed below its price."""
_WARM = 0.1
"""The part of the events after which memory is expected to stay."""
_PATIENCE = 180.0
_FIRST_DAY = date(2026, 10, 15)
_HEADER = {"record": "pivot", "model_version": 1, "practice": "Endurance", "exported_at": "2026-10-15T10:00:00+02:00"}


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon holds at one moment."""

    rss: int
    descriptors: int
    threads: int


@dataclass(slots=True)
class Soaked:
    """What a soak found."""

    events: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)
    worker: list[Held] = field(default_factory=list)
    seconds: float = 0.0
    acts: int = 0
    lost: int = 0
    unknown: int = 0
    twice: int = 0
    files_twice: int = 0
    findings: int = 0
    findings_expected: int = 0
    left: int = 0
    days: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Of the daemon's memory, from the end of the warm-up to the end: medians of a few moments."""
        few = max(1, len(self.held) // 10)
        begin, end = self.held[:few], self.held[-few:]
        return _middle([each.rss for each in end]) / _middle([each.rss for each in begin]) - 1


def measure(bench: Bench) -> Iterator[Figure]:
    """The soak; of few events when the run is a quick one."""
    soaked = soak(bench.folder("soak"), FEW_EVENTS if bench.repeats == 1 else EVENTS)
    first, last = soaked.held[0], soaked.held[-1]
    told = f"{sum(soaked.events.values())} events in {soaked.seconds:.0f} s, {soaked.days} days"
    memory = f"{first.rss / 1024**2:.1f} to {last.rss / 1024**2:.1f} MB"
    yield Figure(NAME, "growth of the daemon's memory", soaked.growth * 100, "%", at_most=5, ours=memory, note=told)
    yield Figure(NAME, "descriptors more than after the warm-up", last.descriptors - first.descriptors, at_most=0)
    yield Figure(NAME, "threads more than after the warm-up", last.threads - first.threads, at_most=0)
    yield Figure(NAME, "acts lost", soaked.lost + soaked.unknown, at_most=0, ours=f"{soaked.acts} acts")
    twice = soaked.twice + soaked.files_twice + abs(soaked.findings - soaked.findings_expected)
    yield Figure(NAME, "acts, files or findings twice", twice, at_most=0, ours=f"{soaked.findings} findings")
    yield Figure(NAME, "copies and temporary files left", soaked.left, at_most=0)


class _Folder:
    """The watched folder, with what was written into it."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._folder = folder
        self._random = random
        self._lying: dict[str, list[int]] = {}
        self._acts = 0
        self._names = 0
        self.written: set[int] = set()
        self.at_rest: set[int] = set()

    def change(self) -> str:
        """One event: its name."""
        kinds = ["drop"] * 5 + ["rewrite"] * 3 + ["rename"] + ["remove"] * (1 if len(self._lying) < _FILES else 8)
        kind = self._random.choice(kinds) if self._lying else "drop"
        if kind == "drop":
            self._names += 1
            self._write(f"export-{self._names:06d}.ndjson", [])
        else:
            name = self._random.choice(list(self._lying))
            if kind == "rewrite":
                self._write(name, self._lying[name])
            elif kind == "rename":
                self._names += 1
                new = f"export-{self._names:06d}.ndjson"
                (self._folder / name).rename(self._folder / new)
                self._lying[new] = self._lying.pop(name)
            else:
                (self._folder / name).unlink()
                del self._lying[name]
        return kind

    def rested(self) -> None:
        """What lies here was read."""
        for acts in self._lying.values():
            self.at_rest.update(acts)

    def digests(self) -> set[str]:
        return {hashlib.sha256((self._folder / name).read_bytes()).hexdigest() for name in self._lying}

    def _write(self, name: str, acts: list[int]) -> None:
        self._acts += 1
        acts = [*acts[-4:], self._acts]
        self._lying[name] = acts
        self.written.add(self._acts)
        people = sorted({act % _PATIENTS for act in acts})
        lines = [
            _HEADER,
            {"record": "practitioner", "id": "mk1", "profession": "MK"},
            *({"record": "patient", "id": f"p{n}", "family_name": f"N{n}", "given_name": "X"} for n in people),
            *map(_act, acts),
        ]
        (self._folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _act(number: int) -> dict[str, object]:
    return {
        "record": "act",
        "id": f"a{number}",
        "patient_id": f"p{number % _PATIENTS}",
        "practitioner_id": "mk1",
        "performed_on": (date(2026, 1, 1) + timedelta(days=number // _PATIENTS)).isoformat(),
        "letter": "RAM",
        "coefficient": "8.09",
        "amount": "16.00" if number % _FAULTY == 0 else "17.88",
    }


def soak(folder: Path, events: int) -> Soaked:
    """Have so many events happen under a service of its own."""
    exports, soaked = folder / "exports", Soaked()
    exports.mkdir()
    configuration, day = folder / "connector.toml", folder / "day"
    configuration.write_text(
        f"[data]\nfolder = '{folder / 'data'}'\nbackup_every = \"2m\"\n[rules]\noff = {json.dumps(_off())}\n"
        f'[secrets]\nkeyring = "file"\n[daemon]\nrescan = "2s"\n'
        f'[[source]]\nid = "cabinet"\nconnector = "pivot"\nfolder = \'{exports}\'\nsettle = "0s"\n',
        encoding="utf-8",
    )
    day.write_text(_FIRST_DAY.isoformat())
    made = _Folder(exports, Random(20260302))
    begun = time.monotonic()
    with _daemon(configuration, day, folder / "daemon.log") as daemon:
        store: Store | None = None
        done = 0
        while done < events:
            burst = min(_BURST, max(1, events // 10), events - done)
            for _ in range(burst):
                soaked.events[made.change()] += 1
            done += burst
            if soaked.days < _DAYS * done // events:
                soaked.days += 1
                day.write_text((_FIRST_DAY + timedelta(days=soaked.days)).isoformat())
            if store is None:
                store = _opened(configuration, daemon)
            opened = store
            _wait(lambda: made.digests() <= opened.files.taken("cabinet"), daemon)  # noqa: B023  # called here alone
            made.rested()
            if done >= events * _WARM:
                soaked.held.append(_held(daemon))
                soaked.worker += [_held(child) for child in daemon.children() if child.is_running()]
        as_of = (_FIRST_DAY + timedelta(days=soaked.days)).isoformat()
        _wait(lambda: store is not None and store.fact("as_of") == as_of and not daemon.children(), daemon)
        soaked.held.append(_held(daemon))
        soaked.seconds = time.monotonic() - begun
        if store is not None:
            _compare(store, made, soaked)
            store.close()
    data = folder / "data"
    soaked.left = sum(1 for path in data.rglob("*") if path.suffix in (".tmp", ".partiel") or ".copie" in path.name)
    log = [json.loads(line) for line in (data / "connector.log").read_text(encoding="utf-8").splitlines()]
    soaked.errors = [str(line) for line in log if line["level"] not in ("info",)]
    return soaked


def _off() -> list[str]:
    """Every rule but the one that is counted: what is soaked is the service."""
    return sorted(rule.code for rule in load_plugins(no_plugins=True).rules if rule.code != _RULE)


def _compare(store: Store, made: _Folder, soaked: Soaked) -> None:
    acts: Counter[str] = Counter()
    at = KIND_NAMES.index("act")
    for _, _, records in store.dossiers.iterate():
        acts.update(each.id.rpartition(":")[2] for each in records[at])
    soaked.acts = len(acts)
    soaked.lost = len({f"a{number}" for number in made.at_rest} - acts.keys())
    soaked.unknown = len(acts.keys() - {f"a{number}" for number in made.written})
    soaked.twice = sum(count - 1 for count in acts.values())
    files = Counter(file.sha256 for file in store.files.list_files())
    soaked.files_twice = sum(count - 1 for count in files.values())
    found = [kept.finding for kept in store.answers.findings("open") if kept.finding.rule == _RULE]
    soaked.findings = len(found)
    soaked.findings_expected = sum(1 for act in acts if int(act[1:]) % _FAULTY == 0)


def _opened(configuration: Path, daemon: psutil.Process) -> Store:
    settings = load(configuration, {})
    _wait((settings.data_folder() / "report" / "rapport.json").exists, daemon)
    return open_store(settings, create=False, read_only=True)[0]


@contextmanager
def _daemon(configuration: Path, day: Path, log: Path) -> Iterator[psutil.Process]:
    paths = os.pathsep.join(filter(None, (str(ROOT / "benchmarks" / "soaking"), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "connector_core", "--no-plugins", "--config", str(configuration), "run"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": paths, "SOAK_DAY": str(day)},
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(condition: Callable[[], bool], daemon: psutil.Process) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE:
            raise ContenderFailed("the daemon ended; see daemon.log")
        if time.monotonic() > end:
            raise ContenderFailed(f"nothing happened in {_PATIENCE:.0f} s")
        time.sleep(0.2)


def _held(process: psutil.Process) -> Held:
    with process.oneshot():
        return Held(process.memory_info().rss, process.num_fds(), process.num_threads())


def _middle(values: list[int]) -> float:
    return float(sorted(values)[len(values) // 2])
