"""Files of a share while they are copied: read as they are, or given up when the share no longer answers."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from connector_core.errors import SourceError
from connector_core.sources.originals import ShareSilent, opened, sha256_of
from connector_core.sources.spool import Spool

PATIENCE = 30.0
SHORT = 0.05


class Share:
    """A file whose reading stops after its beginning, until it is let go on: a pipe that nobody fills."""

    def __init__(self, path: Path, beginning: bytes) -> None:
        os.mkfifo(path)
        self.path = path
        self._beginning = beginning
        self._goes_on = Event()
        self._writer = Thread(target=self._write)
        self._writer.start()

    def _write(self) -> None:
        with self.path.open("wb") as stream:
            stream.write(self._beginning)
            stream.flush()
            self._goes_on.wait(30)

    def answer(self) -> None:
        self._goes_on.set()
        self._writer.join(30)
        assert not self._writer.is_alive()


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    if sys.platform == "win32":
        pytest.skip("named pipes of POSIX")
    made = Share(tmp_path / "export.csv", b"Nom;Date" * 20_000)
    yield made
    made.answer()


@pytest.mark.parametrize("patience", [None, PATIENCE])
def test_a_file_is_read_to_its_end(tmp_path, patience):
    path = tmp_path / "export.csv"
    path.write_bytes(content := os.urandom(200_000))
    with opened(path, patience) as original:
        before = original.state()
        assert b"".join(iter(lambda: original.read(70_000), b"")) == content
        assert original.state() == before
    assert sha256_of(path, patience) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("patience", [None, PATIENCE])
def test_a_file_that_is_not_there_is_no_silence(tmp_path, patience):
    with pytest.raises(FileNotFoundError), opened(tmp_path / "none.csv", patience):
        pass


def test_what_is_written_meanwhile_shows(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(b"a")
    with opened(path, PATIENCE) as original:
        before = original.state()
        with path.open("ab") as stream:
            stream.write(b"b")
        assert original.state() != before


def test_a_share_that_stops_in_the_middle_of_a_file_is_given_up_and_leaves_nothing(share, tmp_path):
    depot = tmp_path / "depot"
    spool = Spool(depot, bytes(32))
    with pytest.raises(ShareSilent, match="ne répond plus") as error:
        spool.take("vega", share.path, SHORT)
    assert isinstance(error.value, SourceError)
    assert list(depot.iterdir()) == []
