"""A share that does not answer: it counts as gone after a while, and is not asked again before it has answered."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import BinaryIO

import pytest

from connector_core.sources.folder import Entry, WatchedFolder
from connector_core.sources.timely import TimelyFileSystem

FOLDER = Path("/share")


class Hanging:
    """A share whose answers wait until it is let go."""

    def __init__(self) -> None:
        self.answers = Event()
        self.asked = 0
        self.gone = False

    def entries(self, folder: Path) -> Iterable[Entry]:
        self.asked += 1
        self.answers.wait(30)
        if self.gone:
            raise OSError(112, "Host is down")
        return [Entry(folder / "a.csv", 10, 1)]

    def open(self, path: Path) -> BinaryIO:
        if self.gone:
            raise PermissionError(13, "locked")
        return io.BytesIO(path.name.encode())


@pytest.fixture
def share() -> Iterator[Hanging]:
    share = Hanging()
    yield share
    share.answers.set()


def test_an_answer_in_time_is_given_as_it_is(share: Hanging) -> None:
    share.answers.set()
    timely = TimelyFileSystem(share)
    assert list(timely.entries(FOLDER)) == [Entry(FOLDER / "a.csv", 10, 1)]
    assert timely.open(FOLDER / "a.csv").read() == b"a.csv"
    share.gone = True
    with pytest.raises(OSError, match="Host is down"):
        timely.entries(FOLDER)
    with pytest.raises(PermissionError):
        timely.open(FOLDER / "a.csv")


def test_a_share_that_does_not_answer_counts_as_gone_and_is_not_asked_again(share: Hanging) -> None:
    timely = TimelyFileSystem(share, patience=0.05)
    watched = WatchedFolder(FOLDER, 3.0, timely)
    assert "inaccessible" in str(watched.look(0.0).problem)
    assert "inaccessible" in str(watched.look(1.0).problem)
    assert share.asked == 1
    share.answers.set()
    timely._asked[FOLDER].join(10)
    assert watched.look(2.0).settling == 1
    assert [entry.path.name for entry in watched.look(5.0).ready] == ["a.csv"]


def test_another_folder_is_asked_meanwhile(share: Hanging) -> None:
    timely = TimelyFileSystem(share, patience=0.05)
    with pytest.raises(TimeoutError):
        timely.entries(FOLDER)
    share.answers.set()
    assert list(timely.entries(Path("/other"))) == [Entry(Path("/other/a.csv"), 10, 1)]
