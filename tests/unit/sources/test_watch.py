"""Hints: something that happens in a folder wakes, reading does not, and a folder may come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

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
