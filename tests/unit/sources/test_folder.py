"""When files of a watched folder are ready: they stand still, they open, those beside them do too."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from connector_core.sources.folder import PATIENCE, Entry, LocalFileSystem, Look, MayNotRead, WatchedFolder

FOLDER = Path("/exports")
SETTLE = 3.0


@dataclass
class Share:
    """A folder that a vendor writes to: sizes and times are what a test says they are."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)
    gone: OSError | None = None
    fails_after: int | None = None
    opened: int = 0

    def write(self, name: str, size: int = 10, mtime: int = 1) -> None:
        self.files[name] = (size, mtime)

    def entries(self, folder: Path) -> Iterable[Entry]:
        if self.gone is not None:
            raise self.gone
        for number, (name, state) in enumerate(self.files.items()):
            if number == self.fails_after:
                raise OSError(5, "Input/output error")
            yield Entry(folder / name, *state)

    def open(self, path: Path) -> BinaryIO:
        self.opened += 1
        if path.name in self.locked:
            raise PermissionError(13, "locked")
        if path.name in self.barred:
            raise MayNotRead(13, "barred")
        return io.BytesIO()


@pytest.fixture
def share() -> Share:
    return Share()


@pytest.fixture
def watched(share: Share) -> WatchedFolder:
    return WatchedFolder(FOLDER, SETTLE, share)


def names(look: Look) -> list[str]:
    return [entry.path.name for entry in look.ready]


def test_a_file_is_ready_once_it_has_stood_still(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    assert watched.look(100.0) == Look((), 1, again=SETTLE, changed=True)
    assert watched.look(100.0 + SETTLE - 1.0) == Look((), 1, again=1.0)
    assert names(watched.look(100.0 + SETTLE)) == ["a.csv"]


def test_one_look_is_never_enough(share: Share) -> None:
    share.write("a.csv")
    watched = WatchedFolder(FOLDER, 0.0, share)
    assert names(watched.look(100.0)) == []
    assert names(watched.look(100.0)) == ["a.csv"]


def test_a_growing_file_is_left_until_it_stops(share: Share, watched: WatchedFolder) -> None:
    for second in range(20):
        share.write("a.csv", size=second, mtime=second)
        assert names(watched.look(float(second))) == []
    assert names(watched.look(19.0 + SETTLE)) == ["a.csv"]


@pytest.mark.parametrize("state", [(10, 2), (11, 1)])
def test_a_change_of_size_or_of_time_begins_the_wait_anew(
    share: Share, watched: WatchedFolder, state: tuple[int, int]
) -> None:
    share.write("a.csv")
    watched.look(0.0)
    share.write("a.csv", *state)
    assert names(watched.look(SETTLE)) == []
    assert names(watched.look(2 * SETTLE)) == ["a.csv"]


def test_a_ready_file_is_given_until_it_is_taken_and_again_when_it_changes(
    share: Share, watched: WatchedFolder
) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    assert watched.look(SETTLE + 1).ready == (entry,)
    watched.done(entry)
    assert watched.look(SETTLE + 2) == Look()
    share.write("a.csv", size=20, mtime=2)
    assert watched.look(SETTLE + 3).settling == 1
    assert names(watched.look(2 * SETTLE + 3)) == ["a.csv"]


def test_a_file_that_changed_between_being_given_and_taken_is_given_again(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    share.write("a.csv", size=20, mtime=2)
    watched.done(entry)
    watched.look(SETTLE + 1)
    assert names(watched.look(2 * SETTLE + 1)) == ["a.csv"]


def test_files_are_given_together_once_all_are_ready(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    share.write("b.csv")
    assert watched.look(SETTLE) == Look((), 1, again=SETTLE, changed=True)
    assert names(watched.look(2 * SETTLE)) == ["a.csv", "b.csv"]


def test_one_that_never_settles_holds_the_others_up_for_so_long_and_no_longer(
    share: Share, watched: WatchedFolder
) -> None:
    share.write("a.csv")
    for second in range(int(PATIENCE)):
        share.write("growing.csv", size=second, mtime=second)
        assert names(watched.look(float(second))) == []
    share.write("growing.csv", size=9999, mtime=9999)
    look = watched.look(PATIENCE)
    assert (names(look), look.settling, look.held) == (["a.csv"], 1, 1)


def test_a_file_that_grows_again_later_has_the_whole_patience_again(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    watched.done(entry)
    later = 10 * PATIENCE
    share.write("a.csv", size=99, mtime=99)
    share.write("b.csv")
    watched.look(later)
    share.write("a.csv", size=100, mtime=100)
    assert names(watched.look(later + SETTLE)) == []


def test_a_locked_file_is_waited_for(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    share.write("b.csv")
    share.locked.add("b.csv")
    watched.look(0.0)
    assert watched.look(SETTLE) == Look((), 1, again=SETTLE / 2)
    share.locked.clear()
    assert names(watched.look(SETTLE + 1)) == ["a.csv", "b.csv"]


def test_a_file_that_may_not_be_read_holds_nobody_up_where_each_makes_sense_alone(
    share: Share, watched: WatchedFolder
) -> None:
    watched.together = False
    share.write("a.csv")
    share.write("b.csv")
    share.barred.add("b.csv")
    watched.look(0.0)
    look = watched.look(SETTLE)
    assert (names(look), look.settling, look.held, look.forbidden, look.again) == (["a.csv"], 1, 0, 1, None)
    watched.done(look.ready[0])
    assert watched.look(SETTLE + 1) == Look((), 1, forbidden=1)
    share.barred.clear()
    assert names(watched.look(SETTLE + 2)) == ["b.csv"]


def test_a_file_that_another_program_holds_is_waited_for_even_then(share: Share, watched: WatchedFolder) -> None:
    watched.together = False
    share.write("a.csv")
    share.write("b.csv")
    share.locked.add("b.csv")
    watched.look(0.0)
    assert watched.look(SETTLE) == Look((), 1, again=SETTLE / 2)


def test_a_file_that_may_not_be_read_holds_those_up_that_may_be_joined_with_it(
    share: Share, watched: WatchedFolder
) -> None:
    share.write("a.csv")
    share.write("b.csv")
    share.barred.add("b.csv")
    watched.look(0.0)
    assert watched.look(SETTLE) == Look((), 1, again=SETTLE / 2, forbidden=1)
    look = watched.look(PATIENCE)
    assert (names(look), look.held, look.forbidden) == (["a.csv"], 0, 1)


@pytest.mark.parametrize("rights", [True, False])
def test_that_rights_are_wanting_is_told_apart_from_a_program_that_keeps_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rights: bool
) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr("connector_core.sources.folder.forbidden", lambda _path: rights)
    with pytest.raises(PermissionError) as raised:
        LocalFileSystem().open(tmp_path / "a.csv")
    assert (type(raised.value) is MayNotRead) == rights


def test_the_oldest_comes_first_whatever_its_name(share: Share, watched: WatchedFolder) -> None:
    for name, mtime in (("export-10.csv", 30), ("export-9.csv", 20), ("agenda.ics", 20)):
        share.write(name, mtime=mtime)
    watched.look(0.0)
    assert names(watched.look(SETTLE)) == ["agenda.ics", "export-9.csv", "export-10.csv"]


def test_a_share_that_vanishes_is_told_and_taken_up_where_it_was(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    watched.done(entry)
    share.write("b.csv")
    watched.look(SETTLE + 1)
    share.gone = OSError(errno.EHOSTDOWN, "Host is down")
    assert watched.look(SETTLE + 2) == Look(problem="dossier inaccessible (l'autre ordinateur ne répond pas)")
    share.gone = OSError()
    assert watched.look(SETTLE + 3).problem == "dossier inaccessible (OSError)"
    share.gone = None
    assert names(watched.look(2 * SETTLE + 3)) == ["b.csv"]


def test_a_file_that_vanished_and_came_back_is_looked_at_anew(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    watched.done(watched.look(SETTLE).ready[0])
    share.files.clear()
    assert watched.look(SETTLE + 1) == Look()
    share.write("a.csv")
    assert watched.look(SETTLE + 2).settling == 1


def test_ten_thousand_files_are_looked_at_quickly(share: Share, watched: WatchedFolder) -> None:
    for number in range(10_000):
        share.write(f"{number:05d}.csv")
    begun = time.process_time()
    watched.look(0.0)
    ready = watched.look(SETTLE).ready
    for entry in ready:
        watched.done(entry)
    assert watched.look(SETTLE + 1) == Look()
    assert len(ready) == share.opened == 10_000, "each was opened once, when all had settled"
    assert time.process_time() - begun < 2.0


def test_of_a_real_folder_only_finished_files_are_seen(tmp_path: Path) -> None:
    for name in ("a.csv", "B.XML", ".hidden", "~$a.xlsx", "a.csv.tmp", "b.PART", "c.crdownload", "d.lock", "e.csv~"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "old.csv").write_bytes(b"x")
    seen = {entry.path.name: (entry.size, entry.mtime_ns) for entry in LocalFileSystem().entries(tmp_path)}
    assert sorted(seen) == ["B.XML", "a.csv"]
    assert seen["a.csv"] == (1, (tmp_path / "a.csv").stat().st_mtime_ns)


def test_a_file_that_vanishes_during_a_look_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Vanishing:
        name, path = "a.csv", str(tmp_path / "a.csv")

        def is_file(self) -> bool:
            return True

        def stat(self) -> os.stat_result:
            raise FileNotFoundError

    class Listing:
        def __enter__(self) -> list[Vanishing]:
            return [Vanishing()]

        def __exit__(self, *_error: object) -> None:
            return None

    scandir: Callable[[Path], Listing] = lambda _folder: Listing()  # noqa: E731
    monkeypatch.setattr("connector_core.sources.folder.os.scandir", scandir)
    assert list(LocalFileSystem().entries(tmp_path)) == []


def test_a_real_file_opens(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    with LocalFileSystem().open(tmp_path / "a.csv") as stream:
        assert stream.read() == b"x"


def test_a_file_held_for_ever_is_told_and_the_others_are_given(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    share.write("held.csv")
    share.locked.add("held.csv")
    watched.look(0.0)
    look = watched.look(PATIENCE - 0.1)
    assert (names(look), look.held, look.again) == ([], 0, SETTLE / 2)
    look = watched.look(PATIENCE)
    assert (names(look), look.settling, look.held, look.again) == (["a.csv"], 1, 1, None)
    share.locked.clear()
    assert names(watched.look(PATIENCE + 1)) == ["a.csv", "held.csv"]


def test_the_next_look_is_due_when_the_last_file_may_have_settled(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    assert watched.look(0.0).again == SETTLE
    share.write("b.csv")
    assert watched.look(1.0).again == SETTLE
    assert watched.look(2.0).again == 2.0
    for second in range(3, int(PATIENCE)):
        share.write("a.csv", size=second)
        watched.look(float(second))
    share.write("a.csv", size=0)
    assert watched.look(PATIENCE - 1).again == 1.0, "patience ends before it could settle"


def test_a_listing_that_fails_in_the_middle_forgets_nothing(share: Share, watched: WatchedFolder) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        share.write(name)
    watched.look(0.0)
    for entry in watched.look(SETTLE).ready[:2]:
        watched.done(entry)
    share.fails_after = 1
    assert watched.look(SETTLE + 1) == Look(problem="dossier inaccessible (le disque n'a pas pu lire ou écrire)")
    share.fails_after = None
    assert names(watched.look(SETTLE + 2)) == ["c.csv"]


def test_a_file_that_is_postponed_holds_nobody_up(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    watched.postpone(entry, 10.0)
    share.write("b.csv")
    watched.look(4.0)
    look = watched.look(4.0 + SETTLE)
    assert (names(look), look.settling, look.again) == (["b.csv"], 1, 3.0)
    assert names(watched.look(10.0)) == ["a.csv", "b.csv"]


def test_a_postponed_file_that_changes_is_a_new_one(share: Share, watched: WatchedFolder) -> None:
    share.write("a.csv")
    watched.look(0.0)
    (entry,) = watched.look(SETTLE).ready
    watched.postpone(entry, 1000.0)
    share.write("a.csv", size=20)
    watched.look(4.0)
    assert names(watched.look(4.0 + SETTLE)) == ["a.csv"]


def test_after_a_sleep_what_is_awaited_stands_still_anew(share: Share, watched: WatchedFolder) -> None:
    share.write("done.csv")
    watched.look(0.0)
    watched.done(watched.look(SETTLE).ready[0])
    share.write("half.csv")
    watched.look(4.0)
    watched.begin_anew()
    look = watched.look(9000.0)
    assert (names(look), look.settling, look.held, look.again) == ([], 1, 0, SETTLE)
    assert names(watched.look(9000.0 + SETTLE)) == ["half.csv"]


def test_a_link_to_itself_is_no_file_and_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert [entry.path.name for entry in LocalFileSystem().entries(tmp_path)] == ["a.csv"]
