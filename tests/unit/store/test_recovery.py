"""A damaged store is kept aside and replaced by its last backup; a wrong key moves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector_core.errors import StoreDamaged, StoreError
from connector_core.store.backup import Backups
from connector_core.store.recovery import check_pages, noted, recover, told
from connector_core.store.store import Store
from connector_core.store.witness import is_witnessed, keep_witness, witness_path

PAGE = 4096
OTHER = bytes(reversed(range(32)))


@pytest.fixture
def backups(tmp_path: Path, key: bytes) -> Backups:
    return Backups(tmp_path / "sauvegardes", key, 3, lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def sound(place: Path, key: bytes) -> bytes:
    """The content of a store of some dozens of pages, closed."""
    with Store(place, key) as store, store.transaction():
        for number in range(600):
            store.set_fact(f"n{number:03d}", "x" * 200)
    return place.read_bytes()


def changed(content: bytes, at: int, by: bytes) -> bytes:
    return content[:at] + by + content[at + len(by) :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "the salt": lambda content: changed(content, 0, bytes(16)),
    "the first page": lambda content: changed(content, 100, b"\0"),
    "a byte in the middle": lambda content: changed(
        content, len(content) // 2, bytes((content[len(content) // 2] ^ 1,))
    ),
    "a byte of the last page": lambda content: changed(content, len(content) - 100, b"\0\0"),
    "a page of zeros": lambda content: changed(content, PAGE * 5, bytes(PAGE)),
    "two pages swapped": lambda content: changed(
        changed(content, PAGE * 5, content[PAGE * 6 : PAGE * 7]), PAGE * 6, content[PAGE * 5 : PAGE * 6]
    ),
    "cut between two pages": lambda content: content[: PAGE * 9],
    "cut in a page": lambda content: content[: PAGE * 9 + 77],
    "cut to nothing": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "another file": lambda content: b"Nom;Prenom\n" * 2000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_wrong_bytes_anywhere_are_found_and_the_last_backup_takes_the_place(
    sound: bytes, place: Path, key: bytes, backups: Backups, damage: str
) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
    bad = DAMAGES[damage](sound)
    assert bad != sound
    place.write_bytes(bad)
    with pytest.raises(StoreDamaged):
        check_pages(place, key)
    recovery = recover(place, backups)
    assert recovery.aside == "connector.db.endommage-20260302T120000Z"
    assert place.with_name(recovery.aside).read_bytes() == bad
    check_pages(place, key)
    with Store(place, key) as store:
        assert store.fact("n599") == "x" * 200
        assert noted(store) == recovery
        place.with_name(recovery.aside).unlink()
        assert noted(store) is None, "who removes the damaged file has read of it"
    assert sorted(path.name for path in place.parent.iterdir()) == ["connector.db", "sauvegardes"]


def test_a_sound_store_is_not_taken_for_a_damaged_one(sound: bytes, place: Path, key: bytes, tmp_path: Path) -> None:
    check_pages(place, key)
    assert place.read_bytes() == sound
    killed = tmp_path / "killed"
    killed.mkdir()
    with Store(place, key) as store:
        with store.transaction():
            store.set_fact("late", "1")
        for name in ("connector.db", "connector.db-wal"):
            shutil.copy(tmp_path / name, killed)
    check_pages(killed / "connector.db", key)
    with Store(killed / "connector.db", key) as store:
        assert store.fact("late") == "1", "what a killed process left in the journal is kept"


def test_garbage_in_the_journal_takes_nothing_of_the_file_with_it(sound: bytes, place: Path, key: bytes) -> None:
    place.with_name("connector.db-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(range(256)) * 100)
    check_pages(place, key)
    with Store(place, key) as store:
        assert store.fact("n599") == "x" * 200


def test_a_wrong_key_moves_nothing(sound: bytes, place: Path, key: bytes, backups: Backups) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
    keep_witness(place, key)
    before = {path: path.read_bytes() for path in place.parent.rglob("*") if path.is_file()}
    stranger = Backups(backups.folder, OTHER, 3, backups.clock)
    with pytest.raises(StoreDamaged):
        check_pages(place, OTHER)
    with pytest.raises(StoreDamaged, match="Rien n'a été touché"):
        recover(place, stranger)
    assert {path: path.read_bytes() for path in place.parent.rglob("*") if path.is_file()} == before


def test_a_key_that_nothing_speaks_for_moves_nothing(sound: bytes, place: Path, backups: Backups) -> None:
    place.write_bytes(bytes(len(sound)))
    with pytest.raises(StoreDamaged, match="Rien n'a été touché"):
        recover(place, backups)
    assert place.read_bytes() == bytes(len(sound))


def test_the_witness_alone_proves_the_key_and_the_practice_starts_anew(
    sound: bytes, place: Path, key: bytes, backups: Backups
) -> None:
    keep_witness(place, key)
    place.write_bytes(bytes(len(sound)))
    recovery = recover(place, backups)
    assert recovery.backup_at is None
    assert "tout est relu" in told(recovery)
    with Store(place, key) as store:
        assert store.fact("n1") is None


def test_the_witness_tells_the_key_from_others_and_nothing_of_it(place: Path, key: bytes) -> None:
    assert not is_witnessed(place, key)
    keep_witness(place, key)
    assert is_witnessed(place, key)
    assert not is_witnessed(place, OTHER)
    content = witness_path(place).read_bytes()
    assert key not in content
    assert key.hex().encode() not in content
    keep_witness(place, OTHER)
    assert is_witnessed(place, OTHER), "a key that was changed is witnessed the next time the store opens"


def test_a_store_that_is_gone_comes_back(sound: bytes, place: Path, key: bytes, backups: Backups) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
    place.unlink()
    with pytest.raises(StoreDamaged):
        check_pages(place, key)
    recover(place, backups)
    with Store(place, key) as store:
        assert store.fact("n599") == "x" * 200
        assert noted(store) is not None


def test_a_damaged_backup_is_passed_over(sound: bytes, place: Path, key: bytes, backups: Backups) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
        with store.transaction():
            store.set_fact("late", "1")
        newest = store.back_up(backups)
    newest.path.write_bytes(newest.path.read_bytes()[:-PAGE])
    place.write_bytes(b"")
    recover(place, backups)
    with Store(place, key) as store:
        assert (store.fact("n599"), store.fact("late")) == ("x" * 200, None)


@pytest.mark.parametrize("step", ["os.link", "shutil.copy", "os.fsync"])
def test_a_recovery_that_is_cut_short_is_done_the_next_time(
    sound: bytes, place: Path, key: bytes, backups: Backups, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
    bad = changed(sound, PAGE * 5, bytes(PAGE))
    place.write_bytes(bad)

    class Killed(BaseException):
        pass

    def killed(*_given, **_named) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        with pytest.raises(Killed):
            recover(place, backups)
    assert place.read_bytes() == bad, "there is a store at every instant"
    recover(place, backups)
    with Store(place, key) as store:
        assert store.fact("n599") == "x" * 200


def test_a_recovery_without_room_leaves_everything(
    sound: bytes, place: Path, key: bytes, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(place, key) as store:
        store.back_up(backups)
    place.write_bytes(sound[:PAGE])

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy", full)
    with pytest.raises(StoreError, match="n'a pas pu être reprise"):
        recover(place, backups)
    assert place.read_bytes() == sound[:PAGE]
    assert len(backups.every()) == 1
