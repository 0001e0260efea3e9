"""Changing the key of a practice: killed at every step, and at random, it loses nothing and is finished or undone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from connector_core.errors import StoreError
from connector_core.secrets import KeyringSecrets, StoreKeys, open_secrets, store_key
from connector_core.service.places import Places
from connector_core.service.rotation import encrypt_databases_again, finish, rotate
from connector_core.service.set_aside import set_aside
from connector_core.sources.spool import Spool
from connector_core.store.decisions import Decision, Decisions
from connector_core.store.rekey import opens_with, rekey
from connector_core.store.store import Store

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(120)]
if os.name != "posix":
    pytest.skip("SIGKILL is POSIX", allow_module_level=True)

FACTS = {f"fait-{number}": os.urandom(2000).hex() for number in range(200)}
CONTENT = b"RAM;8.09;17.88\n" * 20_000
STEPS = ("drawn", "store", "copy", "copies", "promoted", "backups")
RANDOM_KILLS = 8

KILLED = """
import os, signal, sys
from pathlib import Path
from connector_core.secrets import StoreKeys, open_secrets
from connector_core.service.places import Places
from connector_core.service.rotation import rotate
data, step = Path(sys.argv[1]), sys.argv[2]
def reached(name):
    print(name, flush=True)
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)
rotate(Places(data), StoreKeys(open_secrets("file", data / "secrets")), reached)
"""

DECISION = Decision("empreinte", "condensé", "dismissed", "2026-03-02", "vu")


class Practice:
    """A store with facts, a backup of it, and three copies in the spool."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.places = Places(data)
        self.secrets: KeyringSecrets = open_secrets("file", data / "secrets")
        self.keys = StoreKeys(self.secrets)
        data.mkdir(mode=0o700)
        key = store_key(self.secrets, create=True)
        with Store(self.places.store, key) as store, store.transaction():
            for name, value in FACTS.items():
                store.set_fact(name, value)
        self.places.backups.mkdir()
        with Store(self.places.backups / "magasin-000001-20260302T100000Z.db", key) as backup, backup.transaction():
            backup.set_fact("fait", "sauvegardé")
        spool = Spool(self.places.spool, key)
        Decisions(self.places.decisions, key).keep(DECISION)
        self.copies = []
        for number in range(3):
            (data / "export").write_bytes(CONTENT + bytes([number]))
            self.copies.append(spool.take("vega", data / "export").sha256)

    def killed_at(self, step: str) -> None:
        done = subprocess.run([sys.executable, "-c", KILLED, str(self.data), step], capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert done.stdout.split()[-1] == step

    def is_whole(self) -> bytes:
        """Everything is there under the one key that is left; returns it."""
        assert self.secrets.names() == ("store-key",)
        (key,) = self.keys.to_try()
        with Store(self.places.store, key) as store:
            assert {name: store.fact(name) for name in FACTS} == FACTS
        (backup,) = self.places.backups.glob("*.db")
        with Store(backup, key) as kept:
            assert kept.fact("fait") == "sauvegardé"
        assert [each for _, each in Decisions(self.places.decisions, key).newest()] == [DECISION]
        spool = Spool(self.places.spool, key)
        assert len(list(self.places.spool.iterdir())) == len(self.copies)
        for number, sha256 in enumerate(self.copies):
            copy = spool.find("vega", sha256)
            assert copy is not None
            with copy.open() as stream:
                assert stream.read() == CONTENT + bytes([number])
        return key

    def opens(self) -> bool:
        """As any command does, with what the keyring has now."""
        return any(opens_with(self.places.store, key) for key in self.keys.to_try())


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    return Practice(tmp_path / "data")


def test_the_key_is_changed_everywhere(practice: Practice) -> None:
    before = practice.is_whole()
    assert rotate(practice.places, practice.keys).finished
    assert practice.is_whole() != before


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_it_is_finished_or_undone_at_the_next_start(practice: Practice, step: str) -> None:
    before = practice.is_whole()
    practice.killed_at(step)
    assert practice.opens()
    finish(practice.places, practice.keys)
    assert (practice.is_whole() == before) == (step == "drawn")


class Cut(Exception):
    """The process ends here."""


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_cut_between_two_writes_of_the_keyring_it_is_finished(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    before = practice.is_whole()
    practice.killed_at("copies")
    left = iter(range(written))

    def cut(write: Callable[..., None]) -> Callable[..., None]:
        def writing(secrets: KeyringSecrets, *arguments: str) -> None:
            if next(left, None) is None:
                raise Cut
            write(secrets, *arguments)

        return writing

    with monkeypatch.context() as patch:
        patch.setattr(KeyringSecrets, "put", cut(KeyringSecrets.put))
        patch.setattr(KeyringSecrets, "remove", cut(KeyringSecrets.remove))
        with pytest.raises(Cut):
            finish(practice.places, practice.keys)
    assert practice.opens()
    finish(practice.places, practice.keys)
    assert practice.is_whole() != before


def test_killed_again_and_again_it_is_finished_by_the_next_change(practice: Practice) -> None:
    before = practice.is_whole()
    for step in ("copy", "copies", "promoted", "store"):
        practice.killed_at(step)
        assert practice.opens()
    rotate(practice.places, practice.keys)
    assert practice.is_whole() != before


def test_killed_at_random_nothing_is_lost(practice: Practice) -> None:
    command = [sys.executable, "-c", KILLED, str(practice.data), "none"]

    def until_drawn() -> subprocess.Popen[bytes]:
        """A change of the key that has just begun."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"drawn\n"
        return process

    process, begun = until_drawn(), time.monotonic()
    process.communicate()
    whole, random, cut = time.monotonic() - begun, Random(20261122), 0
    for _ in range(RANDOM_KILLS):
        process = until_drawn()
        time.sleep(random.uniform(0, whole))
        process.kill()
        process.communicate()
        assert practice.opens()
        cut += practice.secrets.names() != ("store-key",)
        finish(practice.places, practice.keys)
        practice.is_whole()
    assert cut, "no change of the key was cut off"


def test_a_file_that_is_cut_while_its_pages_are_written_opens_with_one_key(tmp_path: Path) -> None:
    path, keys = tmp_path / "magasin.db", [bytes([number]) * 32 for number in (1, 2)]
    with Store(path, keys[0]) as store, store.transaction():
        for number in range(3000):
            store.set_fact(str(number), os.urandom(2000).hex())
    code = (
        "import sys; from pathlib import Path; from connector_core.store.rekey import rekey; print(flush=True);"
        "rekey(Path(sys.argv[1]), *map(bytes.fromhex, sys.argv[2:]))"
    )
    begun = time.monotonic()
    rekey(path, *keys)
    whole, random, journals = time.monotonic() - begun, Random(20261122), 0
    keys.reverse()
    for _ in range(RANDOM_KILLS):
        command = [sys.executable, "-c", code, str(path), *(key.hex() for key in keys)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.uniform(0, whole))
            process.kill()
        journals += path.with_name("magasin.db-journal").exists()
        former, new = opens_with(path, keys[0]), opens_with(path, keys[1])
        assert former != new
        if new:
            keys.reverse()
        with Store(path, keys[0]) as store:
            assert all(store.fact(str(number)) for number in range(3000))
    assert journals, "no file was cut while it was written"


def test_a_store_that_another_program_holds_keeps_its_key(practice: Practice) -> None:
    before = practice.is_whole()
    with Store(practice.places.store, before) as store, store.transaction():
        store.set_fact("fait", "1")
        with pytest.raises(StoreError, match="occupé"):
            rotate(practice.places, practice.keys)
    finish(practice.places, practice.keys)
    assert practice.is_whole() == before


@pytest.mark.parametrize(("most", "changed"), [(100_000, False), (4_000_000, True)])
def test_a_disk_that_takes_no_more_leaves_the_key_as_it_was(practice: Practice, most: int, changed: bool) -> None:
    """No file may grow beyond so many bytes, as on a disk that fills: the journal of the store does not fit."""
    before = practice.is_whole()
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\n{KILLED}"
    done = subprocess.run(
        [sys.executable, "-c", limited, str(practice.data), "none"], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == changed, done.stderr
    assert (practice.is_whole() == before) != changed


def test_a_backup_that_has_to_wait_holds_nothing_up(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("le disque est plein")

    before = practice.is_whole()
    with monkeypatch.context() as patch:
        patch.setattr("connector_core.service.rotation.encrypt_databases_again", full)
        assert not rotate(practice.places, practice.keys).finished
        assert practice.opens()
        assert not finish(practice.places, practice.keys).finished
        with pytest.raises(StoreError, match="attend encore"):
            rotate(practice.places, practice.keys)
    assert practice.secrets.names() == ("store-key", "store-key.former")
    assert finish(practice.places, practice.keys).finished
    assert practice.is_whole() != before


def test_copies_that_find_no_room_are_encrypted_at_the_next_start(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = practice.is_whole()
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "encrypt_again", full)
        with pytest.raises(StoreError, match="les copies"):
            rotate(practice.places, practice.keys)
        assert practice.opens()
    finish(practice.places, practice.keys)
    assert practice.is_whole() != before


def test_what_neither_key_opens_is_told_and_left(practice: Practice, tmp_path: Path) -> None:
    key = practice.is_whole()
    foreign = practice.places.backups / "magasin-000002-20260303T100000Z.db"
    Store(foreign, bytes(32)).close()
    damaged = practice.places.spool / f"{practice.copies[0]}.vega.copie"
    damaged.write_bytes(b"cut" + damaged.read_bytes()[3:])
    content = damaged.read_bytes()
    done = rotate(practice.places, practice.keys)
    assert done.unreadable == (damaged.name, foreign.name)
    assert opens_with(foreign, bytes(32))
    assert damaged.read_bytes() == content
    assert store_key(practice.secrets) != key


def test_databases_that_have_the_key_already_are_left_alone(practice: Practice) -> None:
    key, other = practice.is_whole(), bytes(32)
    (backup,) = practice.places.backups.glob("*.db")
    assert encrypt_databases_again([backup], key, other) == ()
    content = backup.read_bytes()
    assert encrypt_databases_again([backup], key, other) == ()
    assert backup.read_bytes() == content


@pytest.mark.parametrize("step", ["depot", "sauvegardes", "connector.db"])
def test_setting_aside_can_be_cut_and_given_again(practice: Practice, step: str) -> None:
    key = practice.is_whole()
    practice.secrets.remove("store-key")

    def reached(name: str) -> None:
        if name == step:
            raise Cut

    with pytest.raises(Cut):
        set_aside(practice.places, practice.keys, datetime(2026, 3, 2, 10, tzinfo=UTC), reached)
    if practice.places.store.exists():
        set_aside(practice.places, practice.keys, datetime(2026, 3, 2, 10, 1, tzinfo=UTC))
    with pytest.raises(StoreError, match="pas de magasin"):
        set_aside(practice.places, practice.keys, datetime(2026, 3, 2, 10, 2, tzinfo=UTC))
    asides = sorted(practice.data.glob("mis-de-cote-*"))
    kept = {each.name for aside in asides for each in aside.iterdir()}
    assert {"connector.db", "depot", "sauvegardes"} <= kept
    (store,) = (aside / "connector.db" for aside in asides if (aside / "connector.db").exists())
    assert opens_with(store, key)
    new = store_key(practice.secrets, create=True)
    Store(practice.places.store, new).close()
    assert not practice.places.spool.exists()
