"""One practice on disk, its real service, and where that service ended: what the tests of endings are made of."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path

import msgspec
import psutil
from filelock import FileLock

from connector_core.errors import ConnectorError
from connector_core.model.records import Practitioner, Record
from connector_core.service.assembly import open_store
from connector_core.settings.load import load
from connector_core.settings.model import Settings
from connector_core.store.codec import KIND_NAMES
from connector_core.store.connection import translated
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.vega import write_vega
from connector_core.testing.next_day import next_day
from connector_core.testing.practice import make_practice

DEADLINE = 60.0
LOOK = 0.05
_NOT_COMPARED = ("made_at", "generated_at", "last_file_at", "at", "figures")

Ending = Mapping[str, object]


@dataclass(frozen=True)
class Site:
    """A practice that exports from Vega into one folder. `settings_more` are lines of its configuration."""

    folder: Path
    settings: Settings
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, *more: str, data: Path | None = None, rescan: str = "1s") -> Site:
        (folder / "vega").mkdir(parents=True)
        configuration = folder / "connector.toml"
        configuration.write_text(
            f"[data]\nfolder = '{data or folder / 'data'}'\n"
            + "".join(f"{line}\n" for line in more)
            + f"[report]\nfolder = '{folder / 'report'}'\n"
            f'[secrets]\nkeyring = "file"\nfolder = \'{folder / "secrets"}\'\n[daemon]\nrescan = "{rescan}"\n'
            f'[plugins]\nallow = ["vega"]\n'
            f'[[source]]\nid = "vega"\nconnector = "vega"\nfolder = \'{folder / "vega"}\'\nsettle = "0s"\n',
            encoding="utf-8",
        )
        return cls(folder, load(configuration, {}))

    @property
    def exports(self) -> Path:
        return self.folder / "vega"

    @property
    def data(self) -> Path:
        return self.settings.data_folder()

    def export(self, records: Sequence[Record], on: date) -> None:
        """What the practice software writes on a day."""
        write_vega(records, self.exports, on=on)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "connector_core", "--config", str(self.folder / "connector.toml"), *arguments]

    @contextmanager
    def running(self, on: date, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """The real service, killed at the end without a word."""
        with (self.folder / "service.txt").open("ab") as output:
            process = subprocess.Popen(
                self.command("run", "--on", on.isoformat()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment, **environment},
                start_new_session=True,
            )
            try:
                yield process
            finally:
                kill_all(process)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store, _ = open_store(self.settings, create=False, read_only=True)
        with store:
            yield store

    def log(self) -> list[dict[str, object]]:
        path = self.data / "connector.log"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def is_at_rest(self, on: date) -> bool:
        """Everything that lies in the folder is read, the report is of that state, and no copy is left."""
        spool = self.data / "depot"
        if not self.data.joinpath("connector.db").exists() or not spool.exists() or any(spool.iterdir()):
            return False
        lying = {_digest(path, path.stat().st_mtime_ns) for path in self.exports.iterdir()}
        with suppress(ConnectorError), self.store() as store, translated(store.path):
            known = {file.sha256 for file in store.files.list_files("vega")}
            delivered = not store.outbox.parcels("waiting", "trying")
            return store.fact("as_of") == on.isoformat() and lying <= known and delivered
        return False

    def wait_for_rest(self, on: date, process: subprocess.Popen[bytes]) -> float:
        return waited_for(lambda: self.is_at_rest(on), process)

    def ending(self) -> Ending:
        """Where a service ended: everything that a person could notice, with how many times it is there. A worker whose
        service is gone has ended by then."""
        with FileLock(self.data / "worker.lock", timeout=DEADLINE), self.store() as store:
            names = {file.number: file.name for file in store.files.list_files()}
            findings = Counter(
                (kept.state, kept.opened_on, kept.changed_on, kept.reason, kept.digest, kept.owner, repr(kept.finding))
                for kept in store.answers.findings()
            )
            records: Counter[tuple[str, ...]] = Counter()
            for _, _, dossier in store.dossiers.iterate():
                for kind, stored in zip(KIND_NAMES, dossier, strict=True):
                    for each in stored:
                        said = repr(msgspec.structs.replace(each, file_number=0))
                        records[kind, names[each.file_number], said] += 1
            shared = sorted(
                repr(msgspec.structs.replace(each, file_number=0))
                for kind in ("practitioner", "lot")
                for each in store.shared.of(kind)
            )
            return {
                "findings": findings,
                "undetermined": Counter(map(repr, store.answers.undetermined())),
                "doubts": Counter(store.answers.doubts()),
                "files": Counter(
                    (file.source, file.name, file.sha256, file.state, file.rows, file.new_rows, file.rejects)
                    for file in store.files.list_files()
                ),
                "rejects": Counter((names[each.file], each.place, each.reason) for each in store.files.rejects()),
                "records": records,
                "shared": shared,
                "orphans": store.waiting.count(),
                "as of": store.fact("as_of"),
                "outbox": Counter(store._connection.execute("SELECT slot, kind, body, state FROM outbox")),
                "report": _report(self.folder / "report"),
                "left": self.left_behind(),
            }

    def left_behind(self) -> list[str]:
        """Files that should have been removed by now."""
        found = [*self.data.rglob("*"), *(self.folder / "report").rglob("*")]
        return sorted(
            path.name
            for path in found
            if path.suffix in (".tmp", ".partiel", ".reprise") or ".copie" in path.name or ".endommage" in path.name
        )


@cache
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _report(folder: Path) -> object:
    """What the report says, without when it was made, and without the figures of twelve months: these are made with the
    first report of a day and stay until the next, so that they depend on what had been read by then."""
    return {
        "files": sorted(str(path.relative_to(folder)) for path in folder.rglob("*")),
        "content": _without_times(json.loads((folder / "rapport.json").read_text(encoding="utf-8"))),
    }


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_times(each) for name, each in value.items() if name not in _NOT_COMPARED}
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    return value


def differences(found: Ending, expected: Ending) -> dict[str, object]:
    """What is lost and what is there too often; nothing when two endings are the same."""
    told: dict[str, object] = {}
    for name in expected:
        one, other = found[name], expected[name]
        if one == other:
            continue
        if isinstance(one, Counter) and isinstance(other, Counter):
            told[name] = {"lost": list((other - one).items())[:5], "too much": list((one - other).items())[:5]}
        else:
            told[name] = dict(islice(_where_they_differ(one, other, ""), 5))
    return told


def _where_they_differ(one: object, other: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _where_they_differ(one.get(name), other.get(name), f"{place}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (each, its) in enumerate(zip(one, other, strict=True)):
            yield from _where_they_differ(each, its, f"{place}[{number}]")
    elif one != other:
        yield place, (one, other)


@dataclass(frozen=True)
class Stage:
    """A day of the practice: what its software exports then."""

    on: date
    records: Sequence[Record]


def stages() -> list[Stage]:
    """Two days of a small practice with faults, some of which the second day puts right."""
    first = plant(make_practice(11, 3, 1, 1, today=date(2026, 10, 15)), 11)
    second = next_day(first)
    ids = sorted(patient.id for patient in first.patients)
    put_right = {each.subject_id for each in first.planted} - {each.subject_id for each in second.planted}
    chosen = {*ids[::9], *(_patient(each) for each in first.records if each.id in put_right)}
    return [
        Stage(each.today, [record for record in each.records if _is_of(record, chosen)]) for each in (first, second)
    ]


def _patient(record: Record) -> str | None:
    return record.id if record.record == "patient" else getattr(record, "patient_id", None)


def _is_of(record: Record, patients: set[str | None]) -> bool:
    return isinstance(record, Practitioner) or _patient(record) in patients


def waited_for(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> float:
    """How long it took until a condition held."""
    begun = time.monotonic()
    while not condition():
        assert process is None or process.poll() is None, "the service ended by itself"
        assert time.monotonic() - begun < DEADLINE, "nothing happened in time"
        time.sleep(LOOK)
    return time.monotonic() - begun


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """What a service has started and what that has started, if it still runs."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """A service and its worker, at once."""
    workers = workers_of(process)
    process.kill()
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    process.wait()
    psutil.wait_procs(workers)
