"""Hints: something that happens in a folder wakes, reading does not, and a folder may come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from watchdog.observers.api import EventEmitter

from connector_core.sources.watch import FolderHints

DEADLINE = 10.0


@pytest.fixture
def wake() -> Event:
    return Event()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "exports"
    path.mkdir()
    return path


@pytest.fixture
def hints(folder: Path, wake: Event) -> Iterator[FolderHints]:
    hints = FolderHints([folder], wake)
    yield hints
    hints.close()


def woken(wake: Event, act: Callable[[], object]) -> bool:
    """Whether something wakes before the deadline; done again and again, as watching may just be beginning."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        act()
        if wake.wait(0.1):
            return True
    return False


@pytest.mark.usefixtures("hints")
def test_a_dropped_file_wakes(folder: Path, wake: Event) -> None:
    assert woken(wake, lambda: (folder / "a.csv").write_bytes(b"x"))


@pytest.mark.usefixtures("hints")
def test_a_file_moved_in_wakes(folder: Path, wake: Event, tmp_path: Path) -> None:
    (folder / "first.csv").write_bytes(b"x")
    assert wake.wait(DEADLINE)
    (tmp_path / "aside.csv").write_bytes(b"x")
    wake.clear()
    (tmp_path / "aside.csv").rename(folder / "a.csv")
    assert wake.wait(DEADLINE)


@pytest.mark.usefixtures("hints")
def test_reading_does_not_wake(folder: Path, wake: Event) -> None:
    path = folder / "a.csv"
    assert woken(wake, lambda: path.write_bytes(b"x"))
    settle = time.monotonic() + 0.3
    while time.monotonic() < settle:  # what the writing above still causes
        wake.clear()
        wake.wait(0.05)
    wake.clear()
    for _ in range(20):
        path.read_bytes()
        list(folder.iterdir())
    assert not wake.wait(0.5)


def test_a_folder_that_is_removed_and_made_again_is_watched_again(
    folder: Path, wake: Event, hints: FolderHints
) -> None:
    folder.rmdir()
    hints.supervise()
    folder.mkdir()

    def drop() -> None:
        hints.supervise()
        (folder / "a.csv").write_bytes(str(time.monotonic()).encode())

    wake.clear()
    assert woken(wake, drop)


def test_a_folder_that_is_not_there_yet_is_watched_once_it_is(tmp_path: Path, wake: Event) -> None:
    late = tmp_path / "late"
    hints = FolderHints([late], wake)
    try:
        assert not wake.is_set()
        late.mkdir()

        def drop() -> None:
            hints.supervise()
            (late / "a.csv").write_bytes(str(time.monotonic()).encode())

        assert woken(wake, drop)
    finally:
        hints.close()


def test_a_folder_that_can_not_be_watched_is_no_error(
    folder: Path, wake: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.schedule", refuse)
    hints = FolderHints([folder], wake)
    hints.supervise()
    hints.close()


@pytest.fixture
def two(tmp_path: Path, wake: Event) -> Iterator[tuple[FolderHints, Path, Path]]:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    hints = FolderHints([one, other], wake)
    yield hints, one, other
    hints.close()


def dropped_in(folder: Path) -> None:
    (folder / "a.csv").write_bytes(str(time.monotonic()).encode())


def emitter_of(hints: FolderHints, folder: Path) -> EventEmitter:
    (emitter,) = hints._watches[folder].observer.emitters
    return emitter


def test_each_folder_is_told_of_by_itself(two: tuple[FolderHints, Path, Path], wake: Event) -> None:
    hints, one, other = two
    assert woken(wake, lambda: dropped_in(other))
    assert hints.heard() == {other}
    settled(wake, hints)
    assert woken(wake, lambda: dropped_in(one))
    assert hints.heard() == {one}
    settled(wake, hints)
    assert hints.heard() == set()


def settled(wake: Event, hints: FolderHints) -> None:
    """Let what the writing before still causes pass."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        wake.clear()
        if not wake.wait(0.2):
            break
    hints.heard()


def test_a_dead_emitter_is_started_again_and_the_others_are_left_alone(
    two: tuple[FolderHints, Path, Path], wake: Event
) -> None:
    hints, one, other = two
    emitter, untouched = emitter_of(hints, one), emitter_of(hints, other)
    emitter.stop()
    emitter.join(DEADLINE)
    assert hints._watches[one].observer.is_alive(), "it says that it is alive"
    assert hints.supervise() == {one}
    assert emitter_of(hints, one).is_alive()
    assert emitter_of(hints, other) is untouched
    assert hints.supervise() == set()
    assert woken(wake, lambda: dropped_in(one))
    assert one in hints.heard()


def test_a_dead_observer_is_started_again(two: tuple[FolderHints, Path, Path]) -> None:
    hints, one, _ = two
    observer = hints._watches[one].observer
    observer.stop()
    observer.join(DEADLINE)
    assert hints.supervise() == {one}
    assert hints._watches[one].observer.is_alive()


def test_a_folder_renamed_away_and_back_is_watched(two: tuple[FolderHints, Path, Path], wake: Event) -> None:
    hints, one, _ = two
    away = one.with_name("away")
    one.rename(away)
    assert hints.supervise() == set()
    away.rename(one)
    assert hints.supervise() == {one}
    assert woken(wake, lambda: dropped_in(one))


def test_another_folder_in_its_place_is_watched_instead(two: tuple[FolderHints, Path, Path], wake: Event) -> None:
    hints, one, _ = two
    one.rename(one.with_name("away"))
    one.mkdir()
    assert emitter_of(hints, one).is_alive(), "it goes on watching the folder that was renamed"
    assert hints.supervise() == {one}
    assert woken(wake, lambda: dropped_in(one))


def test_hints_that_missed_a_change_are_started_again(two: tuple[FolderHints, Path, Path], wake: Event) -> None:
    hints, one, other = two
    assert woken(wake, lambda: dropped_in(other))
    deaf, hears = emitter_of(hints, one), emitter_of(hints, other)
    assert hints.missed([one, other]) == {one}
    assert emitter_of(hints, one) is not deaf
    assert emitter_of(hints, other) is hears


def test_a_folder_that_is_not_to_be_watched_is_left_alone_until_it_is(tmp_path: Path, wake: Event) -> None:
    near = False
    hints = FolderHints([tmp_path], wake, lambda _folder: near)
    try:
        assert hints.supervise() == set()
        assert hints.missed([tmp_path]) == set()
        near = True
        assert hints.supervise() == {tmp_path}
        near = False
        assert hints.supervise() == set()
        assert hints._watches == {}
    finally:
        hints.close()


def test_a_linked_folder_is_watched(tmp_path: Path, folder: Path, wake: Event) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    hints = FolderHints([link], wake)
    try:
        assert woken(wake, lambda: dropped_in(folder))
        assert hints.heard() == {link}
    finally:
        hints.close()


def test_closing_leaves_no_thread(two: tuple[FolderHints, Path, Path]) -> None:
    hints, one, other = two
    threads: list[Thread] = [hints._watches[folder].observer for folder in (one, other)]
    threads += [emitter_of(hints, folder) for folder in (one, other)]
    hints.close()
    assert not any(thread.is_alive() for thread in threads)
