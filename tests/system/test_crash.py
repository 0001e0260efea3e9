"""Read at least once, effect once: the real service is killed at random moments, started again, and ends where a
service that was never killed ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import psutil
import pytest

from connector_core.errors import ConnectorError
from connector_core.service.assembly import open_store
from connector_core.settings.load import load
from connector_core.settings.model import Settings
from connector_core.store.codec import KIND_NAMES
from connector_core.store.store import Store
from connector_core.testing.rehearsal import VENDORS, Rehearsal, rehearse

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(180)]
if os.name != "posix":
    pytest.skip("SIGKILL is POSIX", allow_module_level=True)

KILLS = 20
KILLS_BEFORE_READING_ON = 5
DEADLINE = 40.0
LOOK = 0.02

Ending = tuple[object, ...]


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """What a service has started and what that has started, if it still runs."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


@dataclass(frozen=True)
class Site:
    """One practice on disk: its exports, its configuration, its data."""

    folder: Path
    rehearsal: Rehearsal
    settings: Settings

    @classmethod
    def make(cls, folder: Path, rehearsal: Rehearsal) -> Site:
        folders = {vendor: folder / vendor for vendor in VENDORS}
        for each in folders.values():
            each.mkdir(parents=True)
        rehearsal.export(rehearsal.first, folders)
        sources = "".join(
            f'[[source]]\nid = "{vendor}"\nconnector = "{vendor}"\nfolder = \'{path}\'\nsettle = "0s"\n'
            for vendor, path in folders.items()
        )
        configuration = folder / "connector.toml"
        configuration.write_text(
            f'[data]\nfolder = \'{folder / "data"}\'\n[secrets]\nkeyring = "file"\n[daemon]\nrescan = "1s"\n{sources}',
            encoding="utf-8",
        )
        return cls(folder, rehearsal, load(configuration, {}))

    @property
    def store_file(self) -> Path:
        return self.folder / "data" / "connector.db"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The real service, killed at the end without a word."""
        on = self.rehearsal.first.today.isoformat()
        command = [sys.executable, "-m", "connector_core", "--config", str(self.folder / "connector.toml"), "run"]
        with (self.folder / "service.txt").open("ab") as output:
            process = subprocess.Popen(
                [*command, "--on", on], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                yield process
            finally:
                workers = workers_of(process)
                process.kill()
                for worker in workers:
                    with suppress(psutil.NoSuchProcess):
                        worker.kill()
                process.wait()
                psutil.wait_procs(workers)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store, _ = open_store(self.settings, create=False, read_only=True)
        with store:
            yield store

    def has_read_everything(self) -> bool:
        lying = {
            (vendor, hashlib.sha256(path.read_bytes()).hexdigest())
            for vendor in VENDORS
            for path in (self.folder / vendor).iterdir()
        }
        with suppress(ConnectorError), self.store() as store:
            return lying <= {(each.source, each.sha256) for each in store.files.list_files()}
        return False

    def has_begun(self) -> bool:
        return self.store_file.exists()

    def has_come_to_rest(self) -> bool:
        """Everything is read, and nothing is left of the copies that were read."""
        return self.has_read_everything() and not any((self.folder / "data" / "depot").iterdir())

    def ending(self) -> Ending:
        """Where a service ended: everything that a person could notice, with how many times it is there."""
        with self.store() as store:
            found = Counter(
                (kept.state, kept.finding.fingerprint, kept.finding.severity, kept.finding.amount, kept.owner)
                for kept in store.answers.findings()
            )
            gaps = Counter((gap.rule, gap.subject.id, gap.missing, gap.reason) for gap in store.answers.undetermined())
            files = {
                (file.source, file.name): (file.state, file.rows, file.new_rows, file.rejects)
                for file in store.files.list_files()
            }
            refused = Counter((each.place, each.reason) for each in store.files.rejects())
            records: Counter[tuple[str, str]] = Counter()
            for _, _, dossier in store.dossiers.iterate():
                for kind, stored in zip(KIND_NAMES, dossier, strict=True):
                    records.update((kind, each.id) for each in stored)
            shared = sorted((kind, each.id) for kind in ("practitioner", "lot") for each in store.dossiers.shared(kind))
            return found, gaps, files, refused, records, shared, store.dossiers.orphans()


def waited_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> float:
    """How long it took until a condition held."""
    begun = time.monotonic()
    while not condition():
        assert process.poll() is None, "the service ended by itself"
        assert time.monotonic() - begun < DEADLINE, "nothing happened in time"
        time.sleep(LOOK)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    return rehearse(seed=11, patients=40, today=date(2026, 10, 15))


def test_a_service_killed_twenty_times_ends_where_one_that_was_never_killed_ends(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    calm = Site.make(tmp_path / "calm", rehearsal)
    with calm.running() as process:
        waited_for(calm.has_begun, process)
        ingest = waited_for(calm.has_read_everything, process)
    expected = calm.ending()
    assert expected[0], "the practice has findings"

    random, kills, killed_while_reading, rounds = Random(20261015), 0, 0, 0
    while kills < KILLS:
        rounds += 1
        site = Site.make(tmp_path / f"round{rounds}", rehearsal)
        for _ in range(min(KILLS_BEFORE_READING_ON, KILLS - kills)):
            with site.running() as process:
                waited_for(site.has_begun, process)
                time.sleep(random.uniform(0, ingest))
            kills += 1
            if site.has_read_everything():
                break
            killed_while_reading += 1
        with site.running() as process:
            waited_for(site.has_come_to_rest, process)
        assert site.ending() == expected
    assert killed_while_reading >= KILLS // 4


def test_a_worker_killed_alone_is_started_again_by_its_service(rehearsal: Rehearsal, tmp_path: Path) -> None:
    calm = Site.make(tmp_path / "calm", rehearsal)
    with calm.running() as process:
        waited_for(calm.has_come_to_rest, process)
    site = Site.make(tmp_path / "site", rehearsal)
    with site.running() as process:
        waited_for(site.has_begun, process)
        for worker in workers_of(process):
            worker.kill()
        waited_for(site.has_come_to_rest, process)
    assert site.ending() == calm.ending()


def test_a_worker_whose_service_is_killed_ends_with_its_task(rehearsal: Rehearsal, tmp_path: Path) -> None:
    site = Site.make(tmp_path, rehearsal)
    with site.running() as process:
        waited_for(site.has_begun, process)
        workers = workers_of(process)
        assert workers
        process.kill()
        _, alive = psutil.wait_procs(workers, timeout=DEADLINE)
    assert alive == []
    with site.running() as process:
        waited_for(site.has_come_to_rest, process)
