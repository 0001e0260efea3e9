"""What the daemon makes of folders that misbehave: shares that drop, files that never settle, bursts, sleeps.

A file system of the test's own says what a folder shows; where the real one can be made to misbehave, it is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import psutil
import pytest

from connector_core.service import daemon as daemon_module
from connector_core.service.daemon import Daemon
from connector_core.service.messages import Report, Task
from connector_core.service.standing import Standing, read_standing
from connector_core.settings.model import Settings
from connector_core.sources.folder import PATIENCE, Entry, LocalFileSystem, MayNotRead
from connector_core.sources.reach import Reach

SETTLE = 3.0
DEADLINE = 20.0


@dataclass
class Taker:
    """A worker that takes everything it is given, and remembers. `apart` are sources whose files make sense alone."""

    apart: tuple[str, ...] = ()
    tasks: list[Task] = field(default_factory=list)

    def interrupt(self) -> None: ...

    def prepare(self) -> None:
        return None

    def work(self, task: Task) -> Report:
        self.tasks.append(task)
        return Report(done=task.ready, apart=self.apart)

    def close(self) -> None:
        return None

    @property
    def taken(self) -> list[str]:
        return [entry.path.name for task in self.tasks for entries in task.ready.values() for entry in entries]


@dataclass
class Faulty(LocalFileSystem):
    """The real file system, with what a test makes wrong in it."""

    gone: set[Path] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)

    def entries(self, folder: Path) -> Iterator[Entry]:
        if folder in self.gone:
            raise OSError(112, "Host is down")
        yield from super().entries(folder)

    def open(self, path: Path) -> BinaryIO:
        if path.name in self.held:
            raise PermissionError(13, "held")
        if path.name in self.barred:
            raise MayNotRead(13, "barred")
        return super().open(path)


@dataclass
class Watch:
    """A daemon on two real folders, `one` and `other`, by clocks of the test's own."""

    folder: Path
    taker: Taker = field(default_factory=Taker)
    faulty: Faulty = field(default_factory=Faulty)
    now: float = 1000.0
    wall: float = 1_700_000_000.0
    lies: dict[str, Reach] = field(default_factory=dict)
    forced: str = "auto"
    told: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("one", "other"):
            (self.folder / name).mkdir()
        sources = [
            {"id": name, "connector": "pivot", "folder": str(self.folder / name), "watch": self.forced}
            for name in ("one", "other")
        ]
        settings = Settings.model_validate(
            {"daemon": {"rescan": "60s", "rescan_shares": "20s", "settle": "3s"}, "source": sources}
        )
        self.daemon = Daemon(
            settings,
            self.taker,
            today=lambda: date(2026, 3, 2),
            standing=lambda problems: self.told.append(dict(problems)),
            clock=lambda: self.now,
            wall=lambda: self.wall,
            file_system=self.faulty,
            reach=lambda folder: self.lies.get(folder.name, "local"),
        )

    def drop(self, name: str, text: str = "x", source: str = "one") -> Path:
        path = self.folder / source / name
        path.write_text(text, encoding="utf-8")
        return path

    def turn(self, seconds: float = 0.0) -> dict[str, str]:
        """One turn, so many seconds later; what is wrong then."""
        self.now += seconds
        self.wall += seconds
        return self.daemon.turn().problems

    def settle(self) -> dict[str, str]:
        self.turn()
        return self.turn(SETTLE)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_old_files_are_taken_at_the_start(watch: Watch) -> None:
    for number in range(3):
        os.utime(watch.drop(f"{number}.csv"), (number, number))
    watch.settle()
    assert watch.taker.taken == ["0.csv", "1.csv", "2.csv"]
    watch.settle()
    assert len(watch.taker.taken) == 3


def test_ten_thousand_files_at_once_are_taken_once_each_in_batches(watch: Watch) -> None:
    inbox = str(watch.folder / "one")
    for number in range(10_000):
        os.close(os.open(f"{inbox}/{number:05d}.csv", os.O_CREAT | os.O_WRONLY))
    watch.drop("beside.csv", source="other")
    before, begun = psutil.Process().memory_info().rss, time.process_time()
    watch.settle()
    watch.turn(1)
    seconds = time.process_time() - begun
    grown = psutil.Process().memory_info().rss - before
    sizes = [sum(map(len, task.ready.values())) for task in watch.taker.tasks if task.ready]
    assert max(sizes) == daemon_module.BATCH
    assert sum(sizes) == 10_001
    assert len(set(watch.taker.taken)) == 10_001
    assert grown < 60e6
    assert seconds < 5


def test_a_burst_can_be_stopped_between_two_batches(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_module, "BATCH", 2)
    for number in range(6):
        watch.drop(f"{number}.csv")
    watch.turn()
    work = watch.taker.work

    def stopping(task: Task) -> Report:
        watch.daemon.interrupt()
        return work(task)

    monkeypatch.setattr(watch.taker, "work", stopping)
    watch.turn(SETTLE)
    assert watch.taker.taken == ["0.csv", "1.csv"]


def test_a_burst_read_by_the_real_worker_is_read_once(service, act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_module, "BATCH", 20)
    for number in range(50):
        service.drop(
            act(number, amount="17.88", performed_on=f"2026-01-{number % 28 + 1:02d}"), name=f"{number}.ndjson"
        )
    turn = service.settle()
    assert sorted(len(work.files) for work in turn.works) == [10, 20, 20]
    assert list(service.states().values()) == ["committed"] * 50
    assert not service.turn(60).works
    assert service.copies() == []


def test_a_file_that_never_settles_is_told_until_it_does_and_the_others_go_on(watch: Watch) -> None:
    watch.drop("a.csv")
    watch.drop("c.csv", source="other")
    problems: dict[str, str] = {}
    for second in range(int(PATIENCE) + 1):
        watch.drop("growing.csv", "x" * (second + 1))
        problems = watch.turn(1 if second else 0)
    assert sorted(watch.taker.taken) == ["a.csv", "c.csv"]
    assert list(problems) == ["one"]
    assert "1 fichier n'est toujours pas prêt après 5 minutes" in problems["one"]
    assert watch.told == [problems], "told once"
    assert watch.settle() == {}
    assert watch.told[-1] == {}
    assert "growing.csv" in watch.taker.taken


def test_several_files_that_are_held_are_told_in_the_plural(watch: Watch) -> None:
    for name in ("held.csv", "kept.csv"):
        watch.faulty.held.add(name)
        watch.drop(name)
    watch.settle()
    told = watch.turn(PATIENCE)["one"]
    assert told.startswith("2 fichiers ne sont toujours pas prêts après 5 minutes : ils changent")


def test_a_file_held_exclusively_is_told_and_taken_once_it_is_let_go(watch: Watch) -> None:
    watch.faulty.held.add("held.csv")
    watch.drop("held.csv")
    watch.drop("beside.csv")
    watch.settle()
    assert watch.taker.taken == []
    assert "n'est toujours pas prêt" in watch.turn(PATIENCE)["one"]
    assert watch.taker.taken == ["beside.csv"]
    watch.faulty.held.clear()
    assert watch.turn(1) == {}
    assert watch.taker.taken == ["beside.csv", "held.csv"]


def test_a_file_that_may_not_be_read_is_told_at_once_and_the_others_are_taken(watch: Watch) -> None:
    watch.taker.apart = ("one",)
    watch.faulty.barred.add("barred.csv")
    watch.drop("barred.csv")
    watch.drop("beside.csv")
    told = watch.settle()
    assert watch.taker.taken == ["beside.csv"]
    assert told == {"one": "le service n'a pas le droit de lire 1 fichier de ce dossier ; les autres sont lus"}
    assert watch.turn(PATIENCE) == told
    watch.faulty.barred.clear()
    assert watch.turn(1) == {}
    assert watch.taker.taken == ["beside.csv", "barred.csv"]


def test_files_that_may_be_joined_with_one_that_may_not_be_read_wait_for_it(watch: Watch) -> None:
    watch.faulty.barred |= {"barred.csv", "kept.csv"}
    for name in ("barred.csv", "kept.csv", "beside.csv"):
        watch.drop(name)
    told = watch.settle()
    assert watch.taker.taken == []
    assert told["one"].startswith(
        "le service n'a pas le droit de lire 2 fichiers de ce dossier ; les autres attendent 5"
    )
    watch.turn(PATIENCE)
    assert watch.taker.taken == ["beside.csv"]


def test_a_share_that_is_gone_for_an_hour_is_told_and_taken_up_where_it_was(watch: Watch) -> None:
    share = watch.folder / "one"
    watch.lies["one"] = "network"
    watch.drop("before.csv")
    watch.settle()
    watch.drop("waiting.csv")
    watch.turn(1)
    watch.faulty.gone.add(share)
    for _ in range(180):
        assert watch.turn(20) == {"one": "dossier inaccessible (l'autre ordinateur ne répond pas)"}
    watch.drop("meanwhile.csv")
    watch.drop("beside.csv", source="other")
    watch.settle()
    assert watch.taker.taken == ["before.csv", "beside.csv"]
    watch.faulty.gone.clear()
    assert watch.settle() == {}
    assert watch.settle() == {}
    assert sorted(watch.taker.taken) == ["before.csv", "beside.csv", "meanwhile.csv", "waiting.csv"]
    assert watch.told == [{"one": "dossier inaccessible (l'autre ordinateur ne répond pas)"}, {}]


def test_an_empty_place_where_a_share_was_mounted_is_not_an_empty_share(watch: Watch) -> None:
    watch.lies["one"] = "network"
    path = watch.drop("a.csv")
    watch.settle()
    watch.lies["one"] = "local"
    path.unlink()
    assert "ne l'est plus" in watch.turn(20)["one"]
    assert watch.daemon._watched["one"].next_look - watch.now == 20.0, "it is sought as often as it was looked at"
    watch.lies["one"] = "network"
    watch.drop("a.csv")
    os.utime(path, ns=(0, 0))
    assert watch.settle() == {}


def test_a_folder_of_which_nothing_could_be_told_for_a_while_is_not_a_share_that_is_gone(watch: Watch) -> None:
    watch.lies["one"] = "unknown"
    watch.drop("a.csv")
    watch.settle()
    watch.lies["one"] = "local"
    assert watch.settle() == {}
    watch.lies["one"] = "unknown"
    assert watch.settle() == {}
    assert watch.taker.taken == ["a.csv"]


def test_a_folder_renamed_away_and_back_is_taken_up_where_it_was(watch: Watch) -> None:
    folder = watch.folder / "one"
    watch.drop("a.csv")
    watch.settle()
    folder.rename(watch.folder / "away")
    assert "inaccessible" in watch.turn(60)["one"]
    (watch.folder / "away").rename(folder)
    assert watch.settle() == {}
    assert watch.taker.taken == ["a.csv"]


def test_another_folder_in_its_place_is_read(watch: Watch) -> None:
    watch.drop("a.csv")
    watch.settle()
    (watch.folder / "one").rename(watch.folder / "away")
    (watch.folder / "one").mkdir()
    watch.drop("b.csv")
    assert watch.settle() == {}
    assert watch.taker.taken == ["a.csv", "b.csv"]


def test_steps_of_the_wall_clock_do_not_matter_for_settling(watch: Watch) -> None:
    watch.drop("a.csv")
    watch.turn()
    for step in (86400.0, -40 * 86400.0):
        watch.wall += step
        watch.turn(1)
        assert watch.taker.taken == []
    watch.turn(1)
    assert watch.taker.taken == ["a.csv"]


def test_how_soon_a_folder_is_looked_at_again(watch: Watch) -> None:
    watch.lies["other"] = "network"
    watch.turn()
    due = {name: watched.next_look - watch.now for name, watched in watch.daemon._watched.items()}
    assert due == {"one": 60.0, "other": 20.0}
    watch.daemon._kept_until = None
    assert watch.daemon._pause() == 20.0
    watch.drop("a.csv")
    watch.turn()
    assert watch.daemon._watched["one"].next_look - watch.now == SETTLE


def test_a_source_that_is_only_to_be_rescanned_gives_no_hints(tmp_path: Path) -> None:
    watch = Watch(tmp_path, forced="rescan")
    watch.turn()
    assert {watched.next_look - watch.now for watched in watch.daemon._watched.values()} == {20.0}
    assert not any(watched.watchable() for watched in watch.daemon._watched.values())


@pytest.mark.parametrize(
    ("lies", "watchable"), [("local", True), ("network", False), ("removable", False), ("unknown", False)]
)
def test_only_disks_of_this_pc_give_hints(watch: Watch, lies: Reach, watchable: bool) -> None:
    watch.lies["one"] = lies
    assert watch.daemon._watched["one"].watchable() is watchable


def test_hints_do_not_make_looks_run_one_after_the_other(watch: Watch) -> None:
    watch.turn()
    watched = watch.daemon._watched["one"]
    watched.hinted(watch.now)
    assert watched.next_look - watch.now == pytest.approx(0.2)
    watch.now += 5
    watched.hinted(watch.now)
    assert watched.next_look <= watch.now


def test_a_file_that_can_not_be_taken_is_left_alone_longer_and_longer(watch: Watch) -> None:
    class Refuses(Taker):
        def work(self, task: Task) -> Report:
            self.tasks.append(task)
            return Report(settling=1)

    watch.daemon.worker = refuses = Refuses()
    watch.drop("a.csv")
    watch.turn()
    asked: list[float] = []
    for _ in range(400):
        watch.turn(1)
        if len(refuses.taken) > len(asked):
            asked.append(watch.now - 1000)
    pauses = [later - sooner for sooner, later in pairwise(asked)]
    assert pauses[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert set(pauses[7:]) == {60.0}
    assert "n'est toujours pas prêt" in watch.daemon._problems["one"]


def test_after_a_sleep_everything_is_looked_at_anew(watch: Watch) -> None:
    watch.drop("half.csv")
    watch.turn()
    restarted: list[Path] = []

    class Hints:
        def restart(self, folder: Path) -> None:
            restarted.append(folder)

    watch.now += 9000
    watch.daemon._slept(Hints())  # type: ignore[arg-type]  # all that is asked of hints here
    assert restarted == [watch.folder / "one", watch.folder / "other"]
    assert watch.daemon._pause() <= 0.0
    tasks = len(watch.taker.tasks)
    watch.turn()
    assert watch.taker.taken == [], "it may have been half written before the sleep"
    assert len(watch.taker.tasks) == tasks + 1, "another day may have come"
    watch.turn(SETTLE)
    assert watch.taker.taken == ["half.csv"]


def wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def test_the_hints_of_a_folder_that_comes_back_come_back(service, act) -> None:
    """The real loop on the real file system: the folder renamed away and back, and a file dropped into it then."""
    settings = service.daemon.settings
    daemon = settings.daemon.model_copy(update={"rescan": date.resolution / 86400})  # a second
    source = settings.sources[0].model_copy(update={"settle": date.resolution * 0})
    service.daemon.settings = settings.model_copy(update={"daemon": daemon, "sources": (source,)})
    service.daemon._watched.clear()
    service.daemon.__post_init__()
    thread = service.run()
    folder = service.folder / "cabinet"
    try:
        service.drop(act(1, amount="17.88"))
        wait_for(lambda: len(service.told) == 1)
        folder.rename(service.folder / "away")
        wait_for(lambda: "cabinet" in (service.standing or [{}])[-1])
        (service.folder / "away").rename(folder)
        wait_for(lambda: service.standing[-1] == {})
        service.drop(act(2, amount="17.88"), name="next.ndjson")
        wait_for(lambda: len(service.told) == 2)
    finally:
        service.daemon.interrupt()
        thread.join(DEADLINE)
    assert not thread.is_alive()
    assert [work.files[0].name for work in service.told] == ["export.ndjson", "next.ndjson"]


def test_two_sources_may_share_a_folder(watch: Watch) -> None:
    watch.daemon.clock, watch.daemon.wall = time.monotonic, time.time
    shared = [
        source.model_copy(update={"folder": watch.folder / "one", "settle": date.resolution * 0})
        for source in watch.daemon.settings.sources
    ]
    watch.daemon.settings = watch.daemon.settings.model_copy(update={"sources": tuple(shared)})
    watch.daemon._watched.clear()
    watch.daemon.__post_init__()
    thread = Thread(target=watch.daemon.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: len(watch.taker.tasks) == 1)
        watch.drop("a.csv")
        wait_for(lambda: watch.taker.taken == ["a.csv", "a.csv"])
    finally:
        watch.daemon.interrupt()
        thread.join(DEADLINE)
    assert not thread.is_alive()


def test_a_sleep_is_noticed_by_the_loop_and_followed_by_a_look_and_a_question(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    ahead = [0.0]
    watch.daemon.clock = time.monotonic
    watch.daemon.wall = lambda: time.time() + ahead[0]
    watch.daemon.settings = watch.daemon.settings.model_copy(
        update={"daemon": watch.daemon.settings.daemon.model_copy(update={"rescan": date.resolution / 86400 / 4})}
    )
    watch.daemon._watched.clear()
    watch.daemon.__post_init__()
    caplog.set_level("INFO", "connector_core")
    thread = Thread(target=watch.daemon.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: len(watch.taker.tasks) == 1)
        ahead[0] = 3600.0
        wait_for(lambda: len(watch.taker.tasks) == 2)
    finally:
        watch.daemon.interrupt()
        thread.join(DEADLINE)
    assert not thread.is_alive()
    assert [record.msg for record in caplog.records if record.msg in ("ready", "resume")] == ["ready", "resume"]


def test_a_file_rewritten_while_it_is_read_is_read_again_whole(service, act, monkeypatch: pytest.MonkeyPatch) -> None:
    path = service.drop(act(1, amount="17.88"))
    service.turn()
    seal = service.spool._seal.close
    rewritten: list[int] = []

    class Cipher:
        """Half way through the copy, the vendor writes the file again."""

        def close(self, nonce: bytes, block: bytes, what: bytes) -> bytes:
            if not rewritten:
                rewritten.append(1)
                service.drop(act(2), act(3, performed_on="2026-02-27"))
            return seal(nonce, block, what)

    with monkeypatch.context() as patched:
        patched.setattr(service.spool, "_seal", Cipher())
        assert service.turn(SETTLE).problems == {"cabinet": "le fichier a changé pendant la copie"}
    assert service.states() == {}
    assert service.copies() == []
    service.turn(1)
    assert not service.turn(SETTLE).problems
    assert service.open() == ["a2", "a3"]
    assert path.exists()


def test_what_is_wrong_is_kept_for_those_who_ask(tmp_path: Path) -> None:
    path = tmp_path / "problems.json"
    standing = Standing(path)
    assert read_standing(path) == {}
    standing.tell({"vega": "dossier inaccessible (x)"})
    since = read_standing(path)["vega"].since
    standing.tell({"vega": "dossier inaccessible (x)", "noemie": "autre chose"})
    found = read_standing(path)
    assert found["vega"].since == since
    assert found["noemie"].what == "autre chose"
    standing.tell({})
    assert read_standing(path) == {}
    assert json.loads(path.read_bytes()) == {}
    Standing(tmp_path / "none" / "problems.json").tell({"vega": "x"})
    assert read_standing(tmp_path / "none" / "problems.json") == {}
