"""Read at least once, effect once: the real service is killed at known points and at random moments, started again, and
ends where a service that was never killed ends.

`CONNECTOR_KILLS` is the number of kills, 50 when it is not set; the nightly form has 500, and tells what it did with
`--log-cli-level=INFO`.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import psutil
import pytest
from tests.system.site_on_disk import (
    DEADLINE,
    Ending,
    Site,
    Stage,
    differences,
    kill_all,
    stages,
    waited_for,
    workers_of,
)

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("CONNECTOR_KILLS", "50"))
SHARES = 4
"""Parts of the kills that can be tried side by side."""
KILLS_A_STAGE = 5
KILLING = Path(__file__).parent / "killing"
STRUCK = ".struck"

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(120 + 12 * KILLS)]
if os.name != "posix":
    pytest.skip("SIGKILL is POSIX", allow_module_level=True)


@dataclass(frozen=True)
class Calm:
    """A run that was never killed: where it ended, how often it passed each point, how long it took."""

    stages: list[Stage]
    ending: Ending
    points: list[dict[str, Counter[str]]]
    seconds: list[float]


def instrumented(site: Site, **more: str) -> Site:
    paths = os.pathsep.join(filter(None, (str(KILLING), os.environ.get("PYTHONPATH"))))
    return replace(site, environment={"PYTHONPATH": paths, **more})


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm")
    site = Site.make(folder / "site")
    days, points, seconds = stages(), [], []
    for number, stage in enumerate(days):
        counts = folder / f"counts{number}"
        counts.mkdir()
        site.export(stage.records, stage.on)
        with instrumented(site, KILL_COUNTS=str(counts)).running(stage.on) as process:
            seconds.append(site.wait_for_rest(stage.on, process))
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
        points.append({role: _counted(counts, role) for role in ("daemon", "worker")})
    return Calm(days, site.ending(), points, seconds)


def _counted(folder: Path, role: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path in folder.glob(f"{role}-*"):
        for line in path.read_text().splitlines():
            count, _, point = line.partition(" ")
            counts[point] += int(count)
    return counts


@dataclass
class Kills:
    """The kills of one share: where they struck."""

    random: Random
    points: Counter[str]

    def of_a_life(self, folder: Path, points: dict[str, Counter[str]], at_random: bool) -> Path:
        """A plan for one life of the service: none where it is killed at random, else a point of the worker's, a point
        of the daemon's, or one of each."""
        folder.mkdir()
        if not at_random:
            roles = self.random.choice([["worker"], ["worker"], ["daemon"], ["worker", "daemon"]])
            for role in roles:
                point = self.random.choice(sorted(points[role]))
                count = self.random.randint(1, points[role][point])
                (folder / f"1-{role}-{point}-{count}").touch()
        return folder

    def struck(self, plan: Path) -> int:
        found = [path.name.removesuffix(STRUCK) for path in plan.iterdir() if path.name.endswith(STRUCK)]
        self.points.update(" ".join(name.split("-")[1:-1]) for name in found)
        return len(found)


def live(site: Site, stage: Stage, plan: Path, kills: Kills, within: float | None) -> tuple[int, bool]:
    """One life of the service; how many kills there were, and whether it came to rest. With `within`, it is killed at a
    random moment in so many seconds: the daemon alone, its worker alone, or both."""
    with instrumented(site, KILL_PLAN=str(plan)).running(stage.on) as process:
        if within is not None:
            time.sleep(kills.random.uniform(0, within))
            whom = kills.random.choice(["daemon", "worker", "both"])
            struck = _strike(process, whom)
            if whom != "worker" or not struck:
                kills.points["random both" if whom == "both" else f"random {whom}"] += struck
                return struck, False
            kills.points["random worker"] += struck
        else:
            struck = 0
        waited_for(lambda: process.poll() is not None or site.is_at_rest(stage.on))
        at_rest = process.poll() is None
        if at_rest:
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
        return struck + kills.struck(plan), at_rest


def _strike(process: subprocess.Popen[bytes], whom: str) -> int:
    """Kill; how many kills that was."""
    workers = workers_of(process)
    if whom == "both":
        kill_all(process)
        return 1
    if whom == "daemon":
        process.kill()
        process.wait()
        return 1
    for worker in workers[:1]:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
            return 1
    return 0


@pytest.mark.parametrize("share", range(SHARES))
def test_a_service_that_is_killed_ends_where_one_that_was_never_killed_ends(
    calm: Calm, tmp_path: Path, share: int
) -> None:
    random = Random(20261015 + share)
    kills, done, site_number, lives = Kills(random, Counter()), 0, 0, 0
    wanted = KILLS // SHARES + (share < KILLS % SHARES)
    while done < wanted:
        site_number += 1
        site = Site.make(tmp_path / f"site{site_number}")
        for number, stage in enumerate(calm.stages):
            site.export(stage.records, stage.on)
            in_stage, at_rest = 0, False
            while not at_rest:
                lives += 1
                killing = in_stage < KILLS_A_STAGE and done < wanted
                at_random = killing and random.random() < 0.4
                plan = tmp_path / f"plan{lives}"
                if killing:
                    kills.of_a_life(plan, calm.points[number], at_random)
                else:
                    plan.mkdir()
                struck, at_rest = live(site, stage, plan, kills, calm.seconds[number] if at_random else None)
                in_stage, done = in_stage + struck, done + struck
        assert differences(site.ending(), calm.ending) == {}
        log.info("share %d: %d of %d kills so far, nothing lost, nothing twice", share, done, wanted)
    told = ", ".join(f"{count} {point}" for point, count in sorted(kills.points.items()))
    log.info("%d kills in %d lives of %d practices: %s", done, lives, site_number, told)
    assert done >= wanted
    assert len(kills.points) > min(wanted // 4, 20), "the kills struck at many points"


def test_a_pipeline_that_commits_records_before_findings_would_be_noticed(calm: Calm, tmp_path: Path) -> None:
    site, plan, stage = Site.make(tmp_path / "site"), tmp_path / "plan", calm.stages[0]
    site.export(stage.records, stage.on)
    plan.mkdir()
    (plan / "1-worker-between records and findings-2").touch()  # the first is of the day, before any file
    with instrumented(site, KILL_PLAN=str(plan), KILL_SPOILT="1").running(stage.on) as process:
        site.wait_for_rest(stage.on, process)
    assert [path.name.endswith(STRUCK) for path in plan.iterdir()] == [True]
    with site.running(calm.stages[1].on) as process:
        site.export(calm.stages[1].records, calm.stages[1].on)
        site.wait_for_rest(calm.stages[1].on, process)
    assert "findings" in differences(site.ending(), calm.ending)


def test_the_calm_run_has_everything_that_a_kill_could_spoil(calm: Calm) -> None:
    states = {state for state, *_ in calm.ending["findings"]}  # type: ignore[attr-defined]
    assert states == {"open", "resolved"}
    assert calm.ending["records"]
    assert calm.ending["undetermined"]
    assert calm.ending["left"] == []
    for points in calm.points:
        assert {
            "before commit",
            "after commit",
            "before rename",
            "after rename",
            "before flush",
            "before answer",
        } <= set(points["worker"])
        assert {"before telling", "after being answered", "before noting a file"} <= set(points["daemon"])


def test_a_worker_whose_service_is_killed_ends_with_its_task(calm: Calm, tmp_path: Path) -> None:
    site = Site.make(tmp_path / "site")
    stage = calm.stages[0]
    site.export(stage.records, stage.on)
    with site.running(stage.on) as process:
        waited_for(lambda: bool(workers_of(process)), process)
        workers = workers_of(process)
        process.kill()
        _, alive = psutil.wait_procs(workers, timeout=DEADLINE)
    assert alive == []
    with site.running(stage.on) as process:
        site.wait_for_rest(stage.on, process)
