"""Copies of files in use: taken when the file has rested, given up when it never does, never left behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import pytest

from connector_core.sources.database.file_in_use import NeverStill, copied


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.mdb"
    path.write_bytes(b"whole")
    return path


def between(monkeypatch, act):
    """Act instead of waiting between the copy and the second reading."""
    monkeypatch.setattr(time, "sleep", lambda seconds: act())


def test_a_file_at_rest_is_copied_and_the_copy_goes_away(base, temporary):
    with copied(base, still=0) as (copy, _):
        assert copy.read_bytes() == b"whole"
        assert copy.suffix == ".mdb"
        assert copy.is_relative_to(temporary)
    assert list(temporary.iterdir()) == []
    assert base.read_bytes() == b"whole"


def test_the_digest_follows_the_content(base):
    with copied(base, still=0) as (_, first):
        pass
    with copied(base, still=0) as (_, same):
        pass
    base.write_bytes(b"other")
    with copied(base, still=0) as (_, other):
        pass
    assert first == same != other


def test_a_file_that_is_written_to_meanwhile_is_copied_again(base, monkeypatch):
    contents = iter([b"half", b"done"])
    between(monkeypatch, lambda: base.write_bytes(next(contents, b"done")))
    with copied(base) as (copy, _):
        assert copy.read_bytes() == b"done"


def test_a_file_that_never_rests_is_given_up(base, monkeypatch, temporary):
    numbers = count()
    between(monkeypatch, lambda: base.write_bytes(str(next(numbers)).encode()))
    with pytest.raises(NeverStill), copied(base, patience=0):
        pass
    assert list(temporary.iterdir()) == []


def test_a_file_that_is_not_there_is_told_and_leaves_nothing(tmp_path, temporary):
    with pytest.raises(FileNotFoundError), copied(tmp_path / "absent.mdb"):
        pass
    assert list(temporary.iterdir()) == []


def test_the_copy_of_a_process_that_was_killed_is_removed_by_the_next_one(base, temporary):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = temporary / f"connector-base-{ended.pid}-x"
    left.mkdir()
    (left / "base.mdb").write_bytes(b"left behind")
    with copied(base, still=0) as (copy, _):
        assert [each.name for each in temporary.iterdir()] == [copy.parent.name]
        with copied(base, still=0):
            assert copy.exists()  # of a process that runs


def test_nobody_else_may_enter_where_the_copy_lies(base):
    with copied(base, still=0) as (copy, _):
        assert Path(copy.parent).stat().st_mode & 0o077 == 0
