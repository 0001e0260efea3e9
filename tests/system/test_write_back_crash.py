"""Every flag is there once: the real `connector write-back apply` is killed at known points and at random moments, run
again, and ends where one ends that was never killed; and so does `undo`.

`CONNECTOR_KILLS` is the number of kills, 50 when it is not set; `--log-cli-level=INFO` tells where they struck.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest
from tests.system.site_on_disk import Site, stages, waited_for

from connector_core.pipeline.given import Input
from connector_core.service.assembly import open_store, pipeline_of, plugin_host, rules_of
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile
from connector_core.testing.acme import ALERTS, IMPORT, NOTE, TABLES, by_code

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("CONNECTOR_KILLS", "50"))
SHARES = 2
IN_A_ROW = 3
DEADLINE = 60.0
KILLING = Path(__file__).parent / "killing"
STRUCK = ".struck"

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(120 + 12 * KILLS)]
if os.name != "posix":
    pytest.skip("SIGKILL is POSIX", allow_module_level=True)

PLACES = by_code(NOTE + ALERTS + IMPORT)


@dataclass
class Software:
    """A practice whose software has a database and an import folder, and picks up what lies there."""

    site: Site

    @classmethod
    def make(cls, folder: Path, *, automatic: bool = False) -> Software:
        site = Site.make(folder)
        (folder / "dialects").mkdir()
        shipped = files("connector_vega").joinpath("dialects", "texte-a.toml").read_text(encoding="utf-8")
        (folder / "dialects" / "vega.toml").write_text(shipped + PLACES, encoding="utf-8")
        (folder / "import").mkdir()
        configuration = folder / "connector.toml"
        configuration.write_text(
            configuration.read_text(encoding="utf-8")
            + 'dialect = "vega-texte-a"\n[source.write_back]\nplaces = ["note", "alertes", "import"]\n'
            + f"automatic = {str(automatic).lower()}\n"
            + 'severities = ["reject", "revenue", "info"]\n'
            + f"database = 'sqlite:///{folder / 'vega.db'}'\nfolder = '{folder / 'import'}'\n",
            encoding="utf-8",
        )
        first = stages()[0]
        site.export(first.records, first.on)
        settings = load(configuration, {})
        rules = rules_of(settings, plugin_host(settings, folder))
        store, _ = open_store(settings, create=True)
        with store:
            given = [Input("vega", LocalFile(path)) for path in sorted(site.exports.iterdir())]
            pipeline_of(settings, store, rules).attempt(given, first.on)
        with closing(sqlite3.connect(folder / "vega.db")) as database:
            database.executescript(by_code(TABLES))
            database.execute("INSERT INTO ACTES (MONTANT) VALUES (16.13), (22.1)")
            patients = sorted({each.id for each in first.records if each.record == "patient"})
            notes = [None, "", "Sonner deux fois.\n"]
            database.executemany(
                "INSERT INTO PATIENTS (ID, NOTE) VALUES (?, ?)",
                ((each, notes[number % 3]) for number, each in enumerate(patients)),
            )
            database.commit()
        return cls(Site(folder, settings))

    @property
    def folder(self) -> Path:
        return self.site.folder

    def keep(self) -> None:
        shutil.copytree(self.folder, self._kept)

    def begin_again(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder)

    @property
    def _kept(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-kept")

    def run(self, *words: str, within: float | None = None, **environment: str) -> bool:
        """The real program; False where it was killed. `within` kills it at that second."""
        paths = os.pathsep.join(filter(None, (str(KILLING), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [*self.site.command("write-back", *words), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, **environment},
        )
        try:
            _, said = process.communicate(timeout=DEADLINE if within is None else within)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
            assert within is not None, "the program does not end"
        assert process.returncode in (0, 1, -9), said.decode()
        return process.returncode != -9

    def pick_up(self) -> list[str]:
        """What the software does with the files in its import folder."""
        found = sorted(self.folder.joinpath("import").glob("connector_*.csv"))
        for path in found:
            path.unlink()
        return [path.name for path in found]

    def dump(self) -> list[str]:
        """Everything in the database; numbers that it gives by itself are left out."""
        with closing(sqlite3.connect(self.folder / "vega.db")) as database:
            return sorted(re.sub(r'^(INSERT INTO "ALERTES" VALUES\()\d+', r"\1", line) for line in database.iterdump())

    def marks(self) -> Counter[str]:
        return Counter(re.findall(r"\b[0-9a-f]{16}\b", "\n".join(self.dump())))


@dataclass
class Calm:
    """A run that was never killed: what it left, how often it passed each point, how long it took."""

    software: Software
    untouched: list[str]
    dump: list[str]
    files: list[str]
    points: dict[str, Counter[str]]
    seconds: dict[str, float]

    @cached_property
    def marks(self) -> Counter[str]:
        return Counter(re.findall(r"\b[0-9a-f]{16}\b", "\n".join(self.dump)))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm")
    software = Software.make(folder / "site")
    software.keep()
    untouched, points, seconds = software.dump(), {}, {}
    ends: list[tuple[list[str], list[str]]] = []
    for words in (("apply",), ("undo", "--all")):
        counts = folder / f"counts-{words[0]}"
        counts.mkdir()
        begun = time.monotonic()
        assert software.run(*words, KILL_COUNTS=str(counts))
        seconds[words[0]] = time.monotonic() - begun
        points[words[0]] = _counted(counts)
        ends.append((software.dump(), software.pick_up()))
    (dump, lying), (after, _) = ends
    assert after == untouched
    return Calm(software, untouched, dump, lying, points, seconds)


def _counted(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path in folder.iterdir():
        for line in path.read_text().splitlines():
            count, _, point = line.partition(" ")
            if point.startswith(("before", "after")):
                counts[point] += int(count)
    return counts


def struck(calm: Calm, words: tuple[str, ...], random: Random, plans: Path, where: Counter[str]) -> bool:
    """One run that is killed at a point, or at a random moment; whether it was."""
    if random.random() < 0.5:
        killed = not calm.software.run(*words, within=random.uniform(0.3, 1.0) * calm.seconds[words[0]])
        where["random"] += killed
        return killed
    points = calm.points[words[0]]
    of_writing = [each for each in points if "vendor's" in each or "rename" in each or "commit" in each]
    point = random.choice(sorted(of_writing if random.random() < 0.7 else points))
    plan = plans / f"{random.getrandbits(64):x}"
    plan.mkdir()
    (plan / f"1-daemon-{point}-{random.randint(1, points[point])}").touch()
    killed = not calm.software.run(*words, KILL_PLAN=str(plan))
    where[point] += killed
    return killed


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_any_moment_every_flag_is_there_once(calm: Calm, tmp_path: Path, share: int) -> None:
    software, random, kills, where = calm.software, Random(share), 0, Counter[str]()
    assert len(calm.marks) >= 20
    assert set(calm.marks.values()) == {1}
    while kills < KILLS // SHARES:
        software.begin_again()
        taken: list[str] = []
        for _ in range(IN_A_ROW):
            if not struck(calm, ("apply",), random, tmp_path, where):
                break
            kills += 1
            if random.random() < 0.5:
                taken += software.pick_up()
        assert software.run("apply")
        taken += software.pick_up()
        assert software.marks() == calm.marks
        assert software.dump() == calm.dump
        assert sorted(taken) == calm.files
        assert not list(software.folder.joinpath("import").iterdir())
    log.info("%d kills: %s", kills, dict(where))


def test_killed_as_it_undoes_it_restores_what_was_there(calm: Calm, tmp_path: Path) -> None:
    software, random, kills, where = calm.software, Random(7), 0, Counter[str]()
    while kills < max(KILLS // 10, 1):
        software.begin_again()
        assert software.run("apply")
        for _ in range(IN_A_ROW):
            if not struck(calm, ("undo", "--all"), random, tmp_path, where):
                break
            kills += 1
        assert software.run("undo", "--all")
        assert software.dump() == calm.untouched
        assert not list(software.folder.joinpath("import").iterdir())
        assert software.run("apply")
        assert software.dump() == calm.untouched, "what a person undid is written again"
    log.info("%d kills: %s", kills, dict(where))


def test_a_service_that_is_killed_as_it_writes_by_itself_writes_once(tmp_path: Path) -> None:
    software, second = Software.make(tmp_path / "site", automatic=True), stages()[1]
    site = software.site
    site.export(second.records, second.on)
    taken: list[str] = []

    def known() -> bool:
        with site.store() as store:
            return bool(store.ledger.flags("vega"))

    def queued() -> bool:
        with site.store() as store:
            return any(parcel.kind == "write_back" for parcel in store.outbox.parcels())

    for moment in (queued, known, lambda: bool(software.marks())):
        with site.running(second.on) as process:
            waited_for(moment, process)
        taken += software.pick_up()
    with site.running(second.on) as process:
        site.wait_for_rest(second.on, process)
    taken += software.pick_up()
    written = software.dump()
    assert len(software.marks()) > 10
    assert set(software.marks().values()) == {1}
    with site.store() as store:
        handed = {
            f"connector_{each.flag.mark}.csv": each.state
            for each in store.ledger.flags("vega")
            if each.place == "import"
        }
    # What was wanted before the new export was read, and picked up by then, can't be withdrawn: it is left.
    assert Counter(taken) == Counter(name for name, state in handed.items() if state in ("written", "left"))
    assert len(software.marks()) == 2 * sum(state == "written" for state in handed.values())
    assert software.run("apply")
    assert software.dump() == written
