"""The file of the store: encrypted, for one account, all or nothing, and readable errors when it can't be used."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlcipher3

from connector_core.errors import StoreError
from connector_core.store.claims import Claim
from connector_core.store.connection import open_database, transaction, translated
from connector_core.store.schema import MIGRATIONS
from connector_core.store.store import Store

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
SECRET = "OZVRAY-SECRET"


def filled(open_store: Callable[..., Store]) -> Store:
    store = open_store()
    with store.transaction():
        for number in range(300):
            store.set_fact(f"{SECRET}{number}", SECRET * 20)
    return store


def refusal(open_store: Callable[..., Store], **options) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_store(**options)
    assert SECRET not in str(caught.value)
    assert caught.value.exit_code == 3
    return caught.value


def test_what_is_committed_is_there_after_closing(open_store: Callable[..., Store]) -> None:
    filled(open_store).close()
    assert open_store().fact(f"{SECRET}7") == SECRET * 20


@posix
def test_the_file_is_for_this_account_alone(open_store: Callable[..., Store], place: Path) -> None:
    filled(open_store)
    assert sorted(path.name for path in place.parent.iterdir()) == [
        "connector.db",
        "connector.db-shm",
        "connector.db-wal",
    ]
    for path in place.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_nothing_is_written_in_clear(open_store: Callable[..., Store], place: Path) -> None:
    store = filled(open_store)
    written = [path.read_bytes() for path in place.parent.iterdir() if not path.name.endswith("-shm")]
    assert sum(map(len, written)) > 50_000
    store.close()
    written.append(place.read_bytes())
    for content in written:
        assert SECRET.encode() not in content
        assert b"SQLite format" not in content
        assert b"CREATE TABLE" not in content


def test_the_wrong_key_is_refused(open_store: Callable[..., Store]) -> None:
    filled(open_store).close()
    assert "la clé ne convient pas" in str(refusal(open_store, key=bytes(32)))


@pytest.mark.parametrize("wrong", [None, b"", b"short", bytes(33)])
def test_a_key_that_is_none_is_refused_and_leaves_a_store_that_opens(
    open_store: Callable[..., Store], wrong: bytes | None
) -> None:
    assert "la clé du magasin manque" in str(refusal(open_store, key=wrong))
    filled(open_store)


def test_a_file_that_is_no_database_is_refused(open_store: Callable[..., Store], place: Path) -> None:
    place.write_bytes(b"Nom;Prenom\n" + SECRET.encode() * 500)
    assert "endommagé" in str(refusal(open_store))
    assert SECRET.encode() in place.read_bytes(), "it is left as it was"


@pytest.mark.parametrize("kept", [100, 5000, 4096 * 3])
def test_a_cut_file_is_refused(open_store: Callable[..., Store], place: Path, kept: int) -> None:
    filled(open_store).close()
    place.write_bytes(place.read_bytes()[:kept])

    def read_everything() -> None:
        with open_store() as store, store.transaction():
            for number in range(300):
                store.fact(f"{SECRET}{number}")

    with pytest.raises(StoreError) as caught:
        read_everything()
    assert SECRET not in str(caught.value)


def test_a_store_of_a_newer_version_is_refused_and_left_alone(open_store: Callable[..., Store], place: Path) -> None:
    store = filled(open_store)
    store._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    store.close()
    assert "version plus récente" in str(refusal(open_store))
    assert "version plus récente" in str(refusal(open_store, read_only=True))


def test_reading_a_store_that_is_not_prepared_yet_says_what_to_wait_for(open_store: Callable[..., Store]) -> None:
    store = filled(open_store)
    store._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    told = str(refusal(open_store, read_only=True))
    assert "pas encore préparé" in told
    assert "connector run" in told
    assert store._connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) - 1,)


def test_reading_a_store_that_is_an_empty_file_leaves_it_empty(open_store: Callable[..., Store], place: Path) -> None:
    place.touch(0o600)
    assert "pas encore préparé" in str(refusal(open_store, read_only=True))
    assert place.stat().st_size == 0


def test_of_two_programs_that_make_the_store_the_second_finds_it_made(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(database: sqlcipher3.Connection) -> AbstractContextManager[None]:
        monkeypatch.undo()
        filled(open_store)
        return transaction(database)

    monkeypatch.setattr("connector_core.store.connection.transaction", overtaken)
    assert open_store().fact(f"{SECRET}7") == SECRET * 20


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, key: bytes) -> None:
    with pytest.raises(StoreError, match="ne peut pas être créé"):
        Store(tmp_path / "absent" / "connector.db", key)


def test_reading_a_store_that_is_not_there_makes_none(open_store: Callable[..., Store], place: Path) -> None:
    refusal(open_store, read_only=True)
    assert not place.exists()


def test_a_store_killed_as_it_was_made_is_finished_the_next_time(open_store: Callable[..., Store], place: Path) -> None:
    place.touch(0o600)
    store = filled(open_store)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_opening_again_migrates_nothing(open_store: Callable[..., Store]) -> None:
    filled(open_store).close()
    store = open_store()
    tables = store._connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    store.close()
    again = open_store()
    assert again._connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == tables
    assert again._connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert again.fact(f"{SECRET}1") is not None


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(open_store).close()
    broken = (*MIGRATIONS, "CREATE TABLE added (x TEXT) STRICT; CREATE TABLE fact (name TEXT) STRICT")
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", broken)
    assert "restées comme avant" in str(refusal(open_store))
    monkeypatch.undo()
    store = open_store()
    assert store._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'added'").fetchone() is None
    assert store.fact(f"{SECRET}1") is not None


def test_a_migration_is_applied_once(open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    filled(open_store).close()
    added = (*MIGRATIONS, "CREATE TABLE added (x TEXT) STRICT; INSERT INTO added VALUES ('once')")
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", added)
    for _ in range(2):
        with open_store() as store:
            assert store._connection.execute("SELECT count(*) FROM added").fetchone() == (1,)


@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt()])
def test_a_transaction_that_is_interrupted_leaves_nothing(store: Store, failure: BaseException) -> None:
    def interrupted() -> None:
        with store.transaction():
            store.set_fact("a", "1")
            raise failure

    with pytest.raises(type(failure)):
        interrupted()
    assert store.fact("a") is None
    with store.transaction():
        store.set_fact("a", "2")
    assert store.fact("a") == "2"


def test_a_commit_that_fails_leaves_nothing_and_a_store_that_works() -> None:
    class Full:
        """A connection on a disk that is full when it commits."""

        def __init__(self) -> None:
            self.real = open_database(None, None)
            self.full = True

        @property
        def in_transaction(self) -> bool:
            return self.real.in_transaction

        def execute(self, sql: str) -> object:
            if sql == "COMMIT" and self.full:
                raise sqlcipher3.OperationalError("database or disk is full")
            return self.real.execute(sql)

    connection = Full()
    with pytest.raises(StoreError, match="disque est plein"), translated(None), transaction(connection):
        connection.execute("INSERT INTO fact VALUES ('a', '1')")
    connection.full = False
    with transaction(connection):
        connection.execute("INSERT INTO fact VALUES ('b', '1')")
    assert connection.real.execute("SELECT name FROM fact").fetchall() == [("b",)]
    connection.real.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("database is locked", "occupé"),
        ("attempt to write a readonly database", "pas accessible en écriture"),
        ("database disk image is malformed: OZVRAY-SECRET", "endommagé"),
        ("disk I/O error: OZVRAY-SECRET", "ne répond pas"),
    ],
)
def test_errors_of_the_engine_are_told_in_french_without_their_text(text: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as caught, translated(None):
        raise sqlcipher3.DatabaseError(text)
    assert text not in str(caught.value)


def test_a_reader_sees_what_is_committed_while_another_writes(open_store: Callable[..., Store]) -> None:
    writer = filled(open_store)
    reader = open_store(read_only=True)
    with writer.transaction():
        writer.set_fact("a", "1")
        assert reader.fact("a") is None
    assert reader.fact("a") == "1"


def test_a_reader_writes_nothing(open_store: Callable[..., Store]) -> None:
    filled(open_store)
    reader = open_store(read_only=True)
    with pytest.raises(StoreError, match="pas accessible en écriture"), reader.transaction():
        reader.set_fact("a", "1")


def test_a_store_in_memory_needs_no_key_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.in_memory() as store, store.transaction():
        store.set_fact("a", "1")
    assert list(tmp_path.iterdir()) == []


def test_the_invoices_of_an_earlier_version_are_known_by_their_numbers(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", MIGRATIONS[:1])
    with open_store() as store, store.transaction():
        store._connection.execute("INSERT INTO invoice VALUES ('17', 3)")
    monkeypatch.undo()
    with open_store() as store:
        assert store.claims.of("0017") == [Claim(3)]


def test_the_claims_of_an_earlier_version_are_kept_without_the_day_they_were_closed_on(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector_core.store.connection.MIGRATIONS", MIGRATIONS[:5])
    with open_store() as store, store.transaction():
        store._connection.execute("INSERT INTO claim VALUES ('17', 3, 'mk1', 'l1', 1)")
    monkeypatch.undo()
    with open_store() as store:
        assert store.claims.of("17") == [Claim(3, "mk1", "l1", None, True)]
        with store.transaction():
            store.dossiers.join(3, 4)
            store.claims.join(3, 4)
        assert store.claims.of("17") == [Claim(4, "mk1", "l1", None, True)]
