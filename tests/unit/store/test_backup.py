"""Backups: whole, encrypted, bounded, in their own order; and the decisions that only people can make again."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlcipher3

from connector_core.errors import StoreDamaged, StoreError
from connector_core.store.backup import Backups, is_whole
from connector_core.store.decisions import Decision, Decisions
from connector_core.store.schema import MIGRATIONS
from connector_core.store.store import Store

SECRET = "OZVRAY-SECRET"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backups(tmp_path: Path, key: bytes, clock: Clock) -> Backups:
    return Backups(tmp_path / "sauvegardes", key, 3, clock)


def filled(store: Store, text: str = SECRET) -> Store:
    with store.transaction():
        for number in range(300):
            store.set_fact(f"{SECRET}{number}", text * 20)
    return store


def names(backups: Backups) -> list[str]:
    return sorted(path.name for path in backups.folder.iterdir())


def test_a_backup_is_one_encrypted_file_that_holds_what_was_committed(
    store: Store, backups: Backups, key: bytes
) -> None:
    filled(store)
    backup = store.back_up(backups)
    assert names(backups) == ["magasin-000001-20260302T120000Z.db"]
    content = backup.path.read_bytes()
    assert SECRET.encode() not in content
    assert b"SQLite format" not in content
    if os.name == "posix":
        assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(backups.folder.stat().st_mode) == 0o700
    with Store(backup.path, key, read_only=True) as copy:
        assert copy.fact(f"{SECRET}299") == SECRET * 20
    assert not is_whole(backup.path, bytes(32))


def test_a_backup_holds_one_moment_though_another_program_writes(
    store: Store, backups: Backups, open_store: Callable[..., Store], key: bytes
) -> None:
    filled(store)
    other = open_store()
    with other.transaction():
        other.set_fact("later", "1")
        backup = store.back_up(backups)
    with Store(backup.path, key, read_only=True) as copy:
        assert copy.fact("later") is None


def test_the_oldest_are_let_go_by_their_rank_whatever_the_clock_says(
    store: Store, backups: Backups, clock: Clock
) -> None:
    for hours in (0, 5, -48, -48, 700):
        clock.now = NOON + timedelta(hours=hours)
        store.back_up(backups)
    assert [backup.number for backup in backups.every()] == [5, 4, 3]
    assert backups.every()[2].made_at == NOON - timedelta(hours=48)


@pytest.mark.parametrize(
    ("passed", "due"),
    [
        (timedelta(0), False),
        (timedelta(hours=6) - timedelta(seconds=1), False),
        (timedelta(hours=6), True),
        (timedelta(seconds=-1), True),
        (timedelta(days=-30), True),
    ],
)
def test_a_backup_is_due_when_the_last_is_old_or_of_a_time_to_come(
    store: Store, backups: Backups, clock: Clock, passed: timedelta, due: bool
) -> None:
    assert backups.due(timedelta(hours=6))
    store.back_up(backups)
    clock.now = NOON + passed
    assert backups.due(timedelta(hours=6)) is due


def test_a_damaged_store_is_told_and_pushes_no_good_backup_out(
    store: Store, backups: Backups, open_store: Callable[..., Store], place: Path
) -> None:
    filled(store).back_up(backups)
    store.close()
    content = bytearray(place.read_bytes())
    for at in range(len(content) // 8192 * 4096 + 100, len(content), 4096):
        content[at] ^= 1
    place.write_bytes(content)
    damaged = open_store()
    for _ in range(5):
        with pytest.raises(StoreDamaged):
            damaged.back_up(backups)
    assert names(backups) == ["magasin-000001-20260302T120000Z.db"]


def test_a_backup_that_can_not_be_read_back_is_not_kept(
    store: Store, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store).back_up(backups)
    monkeypatch.setattr("connector_core.store.backup.is_whole", lambda _path, _key: False)
    with pytest.raises(StoreError, match="n'a pas pu être relue"):
        store.back_up(backups)
    assert names(backups) == ["magasin-000001-20260302T120000Z.db"]


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace", "os.open"])
def test_a_disk_that_fails_leaves_the_others_and_nothing_besides(
    store: Store, backups: Backups, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    filled(store).back_up(backups)

    def fails(*_given, **_named) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(broken, fails)
        with pytest.raises(StoreError, match="n'a pas pu être faite"):
            store.back_up(backups)
    assert names(backups) == ["magasin-000001-20260302T120000Z.db"]


def test_a_disk_without_room_is_told_before_it_is_full(
    store: Store, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector_core.store.backup._SPARE", 1 << 60)
    with pytest.raises(StoreError, match="la place manque"):
        store.back_up(backups)
    assert names(backups) == []


def test_what_a_killed_backup_left_is_replaced(store: Store, backups: Backups) -> None:
    backups.folder.mkdir()
    (backups.folder / "magasin.partiel").write_bytes(b"half")
    store.back_up(backups)
    assert names(backups) == ["magasin-000001-20260302T120000Z.db"]


def test_other_files_in_the_folder_are_no_backups(store: Store, backups: Backups) -> None:
    backups.folder.mkdir()
    for name in ("magasin-1.db", "magasin-000009-20260302T120000Z.db.gz", "notes.txt"):
        (backups.folder / name).touch()
    assert store.back_up(backups).number == 1


def test_the_newest_whole_backup_is_the_one_that_is_given(store: Store, backups: Backups) -> None:
    made = [filled(store, str(number)).back_up(backups) for number in range(3)]
    made[2].path.write_bytes(made[2].path.read_bytes()[:-4096])
    assert backups.newest_whole() == made[1]
    assert Backups(backups.folder, bytes(32), 3, backups.clock).newest_whole() is None
    assert backups.any_opens()
    assert not Backups(backups.folder, bytes(32), 3, backups.clock).any_opens()


def test_tables_that_hold_something_are_copied_before_they_are_migrated(
    open_store: Callable[..., Store], backups: Backups, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(open_store(backups=backups)).close()
    assert not backups.folder.exists(), "there was nothing to copy"
    added = (*MIGRATIONS, "CREATE TABLE added (x TEXT) STRICT")
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", added)
    for _ in range(2):
        open_store(backups=backups).close()
    (backup,) = backups.every()
    with sqlcipher3.connect(backup.path) as copy:
        copy.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        assert copy.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_without_that_copy_nothing_is_migrated(
    open_store: Callable[..., Store], backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(open_store()).close()
    backups.folder.touch()
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", (*MIGRATIONS, "CREATE TABLE added (x TEXT)"))
    with pytest.raises(StoreError, match="n'a pas pu être faite"):
        open_store(backups=backups)
    monkeypatch.undo()
    assert open_store().fact(f"{SECRET}1") is not None


def decision(fingerprint: str = "f1", reason: str | None = None) -> Decision:
    return Decision(fingerprint, "digest", "dismissed", "2026-03-02", reason)


@pytest.fixture
def decisions(tmp_path: Path, key: bytes) -> Decisions:
    return Decisions(tmp_path / "decisions", key)


def test_the_last_decision_about_a_finding_is_the_one_that_counts(decisions: Decisions) -> None:
    first, other, last = (decisions.keep(decision(name, SECRET)) for name in ("f1", "f2", "f1"))
    assert [identifier for identifier, _ in decisions.newest()] == [other, last]
    decisions.forget(last)
    assert [identifier for identifier, _ in decisions.newest()] == [first, other]


def test_a_decision_is_written_for_this_key_alone(decisions: Decisions, tmp_path: Path) -> None:
    identifier = decisions.keep(decision(reason=SECRET))
    (path,) = (tmp_path / "decisions").iterdir()
    assert SECRET.encode() not in path.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Decisions(tmp_path / "decisions", bytes(32)).newest() == []
    path.write_bytes(path.read_bytes()[:-1])
    assert decisions.newest() == []
    decisions.let_go({identifier})
    assert list((tmp_path / "decisions").iterdir()) == []


def test_a_decision_that_can_not_be_kept_is_refused(decisions: Decisions, tmp_path: Path) -> None:
    (tmp_path / "decisions").touch()
    with pytest.raises(StoreError, match="n'a pas pu être gardée"):
        decisions.keep(decision())


def test_a_decision_that_the_store_refuses_is_taken_back(
    store: Store, decisions: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_given) -> None:
        raise sqlcipher3.OperationalError("database or disk is full")

    monkeypatch.setattr(store.answers, "set_state", refuses)
    with pytest.raises(StoreError, match="disque est plein"):
        store.decide(decisions, decision())
    assert decisions.newest() == []
    assert store.decided() == set()
