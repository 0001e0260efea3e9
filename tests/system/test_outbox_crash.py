"""Delivered at least once, with the effect of once: the real service is killed while it delivers, and started again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from icalendar import Calendar

from connector_core.deliver.mailbox import Mailbox
from connector_core.errors import ConnectorError
from connector_core.service.assembly import open_store
from connector_core.service.places import utc_now
from connector_core.settings.load import load

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(180)]
if os.name != "posix":
    pytest.skip("SIGKILL is POSIX", allow_module_level=True)

DEADLINE = 60.0
LOOK = 0.02
RECORDS = (
    {"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"},
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "OZVRAY-SECRET", "given_name": "Zoé", "birth_date": "1980-01-01"},
    {"record": "act", "id": "a1", "patient_id": "p1", "practitioner_id": "mk1", "performed_on": "2026-02-27",
     "letter": "RAM", "coefficient": "8.09", "amount": "16.00"},
)  # fmt: skip


class Site:
    """One practice on disk, with a person who is told at any hour."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "exports").mkdir()
        lines = [json.dumps(each) for each in RECORDS]
        (folder / "exports" / "export.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        days = '"lun", "mar", "mer", "jeu", "ven", "sam", "dim"'
        notify = f'[[notify]]\nperson = "camille"\nstart = "00:00"\nuntil = "00:00"\ndays = [{days}]\n'
        self.configuration = folder / "connector.toml"
        self.configuration.write_text(
            f"[data]\nfolder = '{folder / 'data'}'\n[secrets]\nkeyring = \"file\"\n{notify}"
            f'{notify}send = "immediate"\n[[source]]\nid = "cabinet"\nconnector = "pivot"\n'
            f"folder = '{folder / 'exports'}'\nsettle = \"0s\"\n",
            encoding="utf-8",
        )

    @property
    def report(self) -> Path:
        return self.folder / "data" / "report"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The real service, killed at the end without a word."""
        command = [sys.executable, "-m", "connector_core", "--config", str(self.configuration), "--no-plugins", "run"]
        with (self.folder / "service.txt").open("ab") as output:
            process = subprocess.Popen(
                [*command, "--on", "2026-03-02"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                yield process
            finally:
                with suppress(psutil.NoSuchProcess):
                    workers = psutil.Process(process.pid).children(recursive=True)
                    process.kill()
                    for worker in workers:
                        with suppress(psutil.NoSuchProcess):
                            worker.kill()
                    process.wait()
                    psutil.wait_procs(workers)

    def states(self) -> dict[str, str]:
        with suppress(ConnectorError):
            store, _ = open_store(load(self.configuration, {}), create=False, read_only=True)
            with store:
                return {each.slot.partition(":")[2]: each.state for each in store.outbox.parcels()}
        return {}

    def is_delivered(self) -> bool:
        states = self.states()
        return any(slot.startswith("camille:desktop:immediate") for slot in states) and set(states.values()) == {"done"}


def waited_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while not condition():
        assert process.poll() is None, "the service ended by itself"
        assert time.monotonic() - begun < DEADLINE, "nothing happened in time"
        time.sleep(LOOK)


def test_a_service_killed_as_it_delivers_leaves_nothing_undelivered_and_nothing_twice(tmp_path: Path) -> None:
    site = Site(tmp_path)
    moments: list[Callable[[], bool]] = [
        lambda: (site.report / "rapport.html").exists(),
        lambda: (site.report / "echeances.ics").exists() and "done" in site.states().values(),
    ]
    for moment in moments:
        with site.running() as process:
            waited_for(moment, process)
    with site.running() as process:
        waited_for(site.is_delivered, process)

    names = {path.name for path in site.report.iterdir()}
    assert names == {"echeances.ics", "rapport.html", "rapport.json", "rapport.xlsx", "regles"}
    answer = json.loads((site.report / "rapport.json").read_text(encoding="utf-8"))
    assert [each["subject"]["id"] for each in answer["findings"]] == ["cabinet:a1"]
    Calendar.from_ical((site.report / "echeances.ics").read_bytes())
    mailbox = Mailbox(tmp_path / "data-avis" / "camille")
    letters = mailbox.waiting(utc_now())
    assert sorted(each.send for each in letters) == ["digest", "immediate"]
    assert {each.text.replace("\u202f", " ").replace("\u00a0", " ") for each in letters} == {
        "1 cotation à corriger, 1,88 € en attente"
    }
    mailbox.shown(letters, utc_now())
    assert mailbox.waiting(utc_now()) == []
