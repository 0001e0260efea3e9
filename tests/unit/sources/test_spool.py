"""Copies in the spool: whole or not there, unreadable without the key, and what was tampered with is never read."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from io import SEEK_CUR, SEEK_END, SEEK_SET
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.errors import SourceError, StoreUnavailable
from connector_core.sources.local import LocalFile
from connector_core.sources.originals import Original, opened
from connector_core.sources.spool import Spool, SpooledCopy

KEY = bytes(range(32))
SIZES = (0, 1, 65535, 65536, 65537, 131072, 200_000)
SECRET = b"OZVRAY-SECRET;"
MOVES = st.lists(
    st.tuples(st.sampled_from([SEEK_SET, SEEK_CUR, SEEK_END]), st.integers(-70_000, 210_000), st.integers(-1, 140_000)),
    max_size=12,
)


def content_of(size: int) -> bytes:
    return Random(size).randbytes(size)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "depot", KEY)


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    return tmp_path / "depot"


def taken(spool: Spool, folder: Path, content: bytes) -> SpooledCopy:
    path = folder / "export.csv"
    path.write_bytes(content)
    return spool.take("vega", path)


def stored(depot: Path) -> Path:
    (path,) = depot.iterdir()
    return path


def read(copy: SpooledCopy) -> bytes:
    with copy.open() as stream:
        return stream.read()


@pytest.fixture(scope="module", params=SIZES)
def copied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, SpooledCopy]:
    folder, content = tmp_path_factory.mktemp("spool"), content_of(request.param)
    return content, taken(Spool(folder / "depot", KEY), folder, content)


def test_a_copy_is_what_was_copied(copied: tuple[bytes, SpooledCopy]) -> None:
    content, copy = copied
    assert (copy.name, copy.size, copy.sha256) == ("export.csv", len(content), hashlib.sha256(content).hexdigest())
    assert read(copy) == content
    with copy.as_path() as path:
        assert path.read_bytes() == content
        if os.name == "posix":
            assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


@settings(max_examples=60)
@given(moves=MOVES)
def test_a_copy_is_sought_and_read_like_the_plain_file(
    copied: tuple[bytes, SpooledCopy], moves: list[tuple[int, int, int]]
) -> None:
    content, copy = copied
    with copy.open() as stream:
        position = 0
        for whence, offset, count in moves:
            base = {SEEK_SET: 0, SEEK_CUR: position, SEEK_END: len(content)}[whence]
            position = max(0, base + offset)
            assert stream.seek(position) == position
            expected = content[position:] if count < 0 else content[position : position + count]
            assert stream.read(count) == expected
            position += len(expected)
            assert stream.tell() == position
    assert stream.closed


def test_seeking_counts_from_start_place_and_end(spool: Spool, tmp_path: Path) -> None:
    content = content_of(70_000)
    with taken(spool, tmp_path, content).open() as stream:
        raw = stream.raw  # type: ignore[attr-defined]
        assert (raw.readable(), raw.seekable()) == (True, True)
        assert raw.seek(-5, SEEK_END) == 69_995
        assert raw.seek(2, SEEK_CUR) == 69_997
        assert raw.read() == content[69_997:]
        assert raw.seek(-100_000, SEEK_CUR) == 0


def test_two_readers_of_one_copy_do_not_disturb_each_other(spool: Spool, tmp_path: Path) -> None:
    content = content_of(200_000)
    copy = taken(spool, tmp_path, content)
    with copy.open() as one, copy.open() as other:
        assert one.read(70_000) == content[:70_000]
        assert other.read(10) == content[:10]
        assert one.read(10) == content[70_000:70_010]


def test_the_cipher_comes_with_the_first_copy(tmp_path: Path) -> None:
    """It takes memory that a day without a file does without."""
    script = (
        "import sys; from pathlib import Path; from connector_core.sources.spool import Spool;"
        "spool = Spool(Path(sys.argv[1], 'depot'), bytes(32)); spool.sweep(); before = 'cryptography' in sys.modules;"
        "spool.take('vega', Path(sys.argv[2])); print(before, 'cryptography' in sys.modules)"
    )
    dropped = tmp_path / "a.txt"
    dropped.write_bytes(SECRET)
    command = [sys.executable, "-c", script, str(tmp_path), str(dropped)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert run.stdout.split() == ["False", "True"]


def test_nothing_is_written_in_clear(spool: Spool, tmp_path: Path, depot: Path) -> None:
    taken(spool, tmp_path, SECRET * 20_000)
    assert SECRET[:8] not in stored(depot).read_bytes()


def test_the_same_content_is_kept_once_under_any_name_and_never_looks_the_same(
    spool: Spool, tmp_path: Path, depot: Path
) -> None:
    taken(spool, tmp_path, SECRET)
    first = stored(depot).read_bytes()
    again = taken(spool, tmp_path, SECRET)
    assert stored(depot).read_bytes() != first
    assert read(again) == SECRET


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_the_folder_and_the_copies_are_for_this_account_alone(spool: Spool, tmp_path: Path, depot: Path) -> None:
    taken(spool, tmp_path, SECRET)
    assert depot.stat().st_mode & 0o077 == 0
    assert stored(depot).stat().st_mode & 0o077 == 0


CHUNK = 65536 + 16
HEAD = 8 + 2 + len("export.csv") + 16


def flipped(sealed: bytes) -> bytes:
    return sealed[:100] + bytes((sealed[100] ^ 1,)) + sealed[101:]


DAMAGES = {
    "a byte changed": flipped,
    "another salt": lambda sealed: bytes(8) + sealed[8:],
    "cut in the middle of a chunk": lambda sealed: sealed[:-7],
    "cut between two chunks": lambda sealed: sealed[: HEAD + CHUNK],
    "cut a few bytes into a chunk": lambda sealed: sealed[: HEAD + CHUNK + 9],
    "cut to a tag": lambda sealed: sealed[: HEAD + 16],
    "cut to its name": lambda sealed: sealed[:HEAD],
    "cut in its name": lambda sealed: sealed[: HEAD - 3],
    "cut to its salt": lambda sealed: sealed[:8],
    "cut to nothing": lambda sealed: b"",
    "the first two chunks swapped": lambda sealed: (
        sealed[:HEAD]
        + sealed[HEAD + CHUNK : HEAD + 2 * CHUNK]
        + sealed[HEAD : HEAD + CHUNK]
        + sealed[HEAD + 2 * CHUNK :]
    ),
    "a chunk twice": lambda sealed: sealed[: HEAD + CHUNK] + sealed[HEAD:],
    "something added": lambda sealed: sealed + bytes(100),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_told_and_not_read(spool: Spool, tmp_path: Path, depot: Path, damage: str) -> None:
    copy = taken(spool, tmp_path, SECRET * 14_000)
    path = stored(depot)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(SourceError, match="endommagée") as caught:
        read(copy)
    assert SECRET.decode() not in str(caught.value)


def test_a_chunk_of_another_copy_is_not_taken_for_ones_own(spool: Spool, tmp_path: Path, depot: Path) -> None:
    taken(spool, tmp_path, content_of(100))
    other = stored(depot).read_bytes()
    copy = taken(spool, tmp_path, SECRET)
    path = depot / f"{copy.sha256}.vega.copie"
    path.write_bytes(path.read_bytes()[:8] + other[8:])
    with pytest.raises(SourceError):
        read(copy)


def test_another_key_reads_nothing(spool: Spool, tmp_path: Path, depot: Path) -> None:
    copy = taken(spool, tmp_path, SECRET)
    stranger = Spool(depot, bytes(32))
    assert stranger.find("vega", copy.sha256) is None
    assert stranger.left() == []
    with pytest.raises(SourceError, match="la clé a changé"):
        read(SpooledCopy(copy.name, copy.sha256, copy.path, stranger._seal))


def test_a_copy_is_found_again_until_it_is_forgotten(spool: Spool, tmp_path: Path, depot: Path) -> None:
    copy = taken(spool, tmp_path, SECRET)
    found = Spool(depot, KEY).find("vega", copy.sha256)
    assert found is not None
    assert (found.name, read(found)) == ("export.csv", SECRET)
    spool.forget("vega", copy.sha256)
    spool.forget("vega", copy.sha256)
    assert spool.find("vega", copy.sha256) is None
    with pytest.raises(SourceError):
        read(copy)


def test_what_an_interrupted_copy_left_is_swept_and_whole_copies_stay(
    spool: Spool, tmp_path: Path, depot: Path
) -> None:
    copy = taken(spool, tmp_path, SECRET)
    (depot / "abc.tmp").write_bytes(SECRET)
    spool.sweep()
    assert read(copy) == SECRET
    assert stored(depot).name.endswith(".copie")


class Rewritten:
    """A file that its vendor writes to while it is copied."""

    def __init__(self, original: Original, path: Path) -> None:
        self._original, self._path, self._reads = original, path, 0
        self.state = original.state

    def read(self, count: int) -> bytes:
        self._reads += 1
        if self._reads == 2:
            with self._path.open("ab") as vendor:
                vendor.write(SECRET)
        return self._original.read(count)


def test_a_file_that_is_written_to_while_it_is_copied_is_refused_and_leaves_nothing(
    spool: Spool, tmp_path: Path, depot: Path
) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(SECRET * 10)
    with opened(path, None) as original, pytest.raises(SourceError, match="a changé pendant la copie"):
        spool._write("vega", path, Rewritten(original, path))
    assert list(depot.iterdir()) == []
    assert read(spool.take("vega", path)) == path.read_bytes()


def test_what_a_cut_change_of_the_key_left_goes_with_the_next(spool: Spool, tmp_path: Path, depot: Path) -> None:
    copy = taken(spool, tmp_path, SECRET)
    (depot / "tmpabc.tmp").write_bytes(SECRET)
    other = Spool(depot, KEY[::-1])
    assert other.encrypt_again(spool) == ()
    assert [path.name for path in depot.iterdir()] == [copy.path.name]


def test_a_disk_that_fails_during_the_copy_leaves_nothing(
    spool: Spool, tmp_path: Path, depot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("connector_core.sources.spool.os.fsync", full)
    with pytest.raises(StoreUnavailable, match="le disque est plein") as caught:
        taken(spool, tmp_path, SECRET)
    assert caught.value.where == str(depot), "it is no fault of the file's"
    assert list(depot.iterdir()) == []


def test_one_content_of_two_sources_is_two_copies(spool: Spool, tmp_path: Path) -> None:
    taken(spool, tmp_path, SECRET)
    copy = spool.take("kine4000", tmp_path / "export.csv")
    spool.forget("vega", copy.sha256)
    assert spool.find("vega", copy.sha256) is None
    assert read(copy) == SECRET


def test_a_copy_that_was_left_has_its_name_and_counts_how_often_it_was_tried(
    spool: Spool, tmp_path: Path, depot: Path
) -> None:
    path = tmp_path / "Séances de Zoé.csv"
    path.write_bytes(SECRET)
    spool.take("vega", path)
    path.unlink()
    (left,) = Spool(depot, KEY).left()
    for tries in range(1, 12):
        left = spool.tried(left)
        assert (left.source, left.tries, left.copy.name, read(left.copy)) == ("vega", tries, path.name, SECRET)
    assert Spool(depot, KEY).left()[0].tries == 11
    assert "Zo" not in stored(depot).name
    assert b"Zo" not in stored(depot).read_bytes()
    spool.forget("vega", left.copy.sha256)
    assert list(depot.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="names are no bytes there")
def test_a_copy_is_found_again_under_a_name_that_is_no_text(spool: Spool, tmp_path: Path, depot: Path) -> None:
    path = tmp_path / "s\udce9ances.csv"
    path.write_bytes(SECRET)
    copy = spool.take("vega", path)
    (left,) = Spool(depot, KEY).left()
    assert copy.name == left.copy.name == LocalFile(path).name == "séances.csv"
    assert tmp_path / copy.original == tmp_path / spool.tried(left).copy.original == path


def test_a_file_that_is_not_there_is_told(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="illisible") as caught:
        spool.take("vega", tmp_path / "absent.csv")
    assert caught.value.remedy == "Nouvel essai bientôt"


def test_a_plain_copy_is_removed_even_when_its_reader_fails(spool: Spool, tmp_path: Path, depot: Path) -> None:
    copy = taken(spool, tmp_path, SECRET)

    def read_badly() -> None:
        with copy.as_path() as path:
            assert path.exists()
            raise ValueError("reader")

    with pytest.raises(ValueError, match="reader"):
        read_badly()
    assert stored(depot).name == f"{copy.sha256}.vega.copie"


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(SECRET)
    file = LocalFile(path)
    assert (file.name, file.size, file.sha256) == ("export.csv", len(SECRET), hashlib.sha256(SECRET).hexdigest())
    with file.open() as stream, file.as_path() as same:
        assert stream.read() == SECRET
        assert same == path


def test_a_file_that_can_not_be_read_where_it_lies_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="illisible"):
        LocalFile(tmp_path / "absent.csv").open()
