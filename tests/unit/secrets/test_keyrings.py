"""Secrets: where they are kept, what is refused, and what never shows."""

import json
import os
import stat
import sys
import threading

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from connector_core.errors import ConfigurationError, StoreError
from connector_core.secrets import KeyringSecrets, open_secrets, reference_name, resolve, store_key
from connector_core.secrets.file_keyring import FileKeyring

VALUE = "hunter2-é"
posix = pytest.mark.skipif(sys.platform == "win32", reason="access lists, not modes")


class Memory(KeyringBackend):
    priority = -1

    def __init__(self, unused: str = "") -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class Plaintext(Memory):
    """Stands for a backend of keyrings.alt."""


Plaintext.__module__ = "keyrings.alt.file"


class BelowPlaintext(Plaintext):
    pass


class Leaky(Memory):
    """A backend that quotes what it was given."""

    def set_password(self, service, username, password):
        raise RuntimeError(f"could not store {password}")

    readable = False

    def get_password(self, service, username):
        if not self.readable:
            raise OSError("could not read")


class Forgetful(Memory):
    def set_password(self, service, username, password):
        pass


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "données" / "secrets"


@pytest.fixture(params=["file", "memory"])
def secrets(request, folder):
    return open_secrets("file", folder) if request.param == "file" else KeyringSecrets(Memory())


@pytest.fixture
def system():
    """Sets the system's keyring for one test."""
    before = keyring.core._keyring_backend
    yield keyring.set_keyring
    keyring.core._keyring_backend = before


def test_keep_find_list_forget(secrets):
    assert secrets.get("kine4000-db") is None
    assert secrets.names() == ()
    secrets.set("kine4000-db", VALUE)
    secrets.set("b", "1")
    secrets.set("b", "2")
    assert secrets.get("kine4000-db") == VALUE
    assert secrets.get("b") == "2"
    assert secrets.names() == ("b", "kine4000-db")
    secrets.delete("b")
    secrets.delete("b")
    assert secrets.get("b") is None
    assert secrets.names() == ("kine4000-db",)


@pytest.mark.parametrize("name", ["", "_names", "a b", "é", "a\n", "x" * 65, "../a"])
def test_names_are_checked(secrets, name):
    for call in (lambda: secrets.get(name), lambda: secrets.set(name, VALUE), lambda: secrets.delete(name)):
        with pytest.raises(ConfigurationError, match="nom de secret invalide"):
            call()


def test_an_empty_secret_is_refused(secrets):
    with pytest.raises(ConfigurationError, match="vide"):
        secrets.set("a", "")


def test_a_damaged_index_loses_no_secret():
    backend = Memory()
    secrets = KeyringSecrets(backend)
    secrets.set("a", VALUE)
    backend.kept["connector", "_names"] = "{"
    assert secrets.names() == ()
    assert secrets.get("a") == VALUE
    secrets.set("a", VALUE)
    assert secrets.names() == ("a",)


def test_references(secrets):
    secrets.set("kine4000-db", VALUE)
    assert reference_name("secret:kine4000-db") == "kine4000-db"
    assert resolve("secret:kine4000-db", secrets) == VALUE
    with pytest.raises(ConfigurationError, match="« autre » est introuvable") as caught:
        resolve("secret:autre", secrets)
    assert "connector secrets set autre" in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        resolve(VALUE, secrets)
    assert VALUE not in str(caught.value)


def test_values_never_show(secrets):
    secrets.set("a", VALUE)
    assert VALUE not in repr(secrets) + str(secrets) + repr(vars(secrets))


def test_a_backend_that_quotes_the_value_is_not_quoted():
    backend = Leaky()
    secrets = KeyringSecrets(backend)
    with pytest.raises(ConfigurationError, match=r"lire le secret \(OSError\)"):
        secrets.get("a")
    backend.readable = True
    with pytest.raises(ConfigurationError, match=r"enregistrer le secret \(RuntimeError\)") as caught:
        secrets.set("a", VALUE)
    error = caught.value
    assert VALUE not in str(error) + repr(error)
    assert error.__cause__ is None
    assert error.__context__ is None


# The system's keyring: fail closed.


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring(), Plaintext(), BelowPlaintext()])
def test_a_keyring_that_keeps_nothing_or_plain_text_is_refused(system, folder, backend):
    system(backend)
    with pytest.raises(ConfigurationError, match="aucun trousseau sûr") as caught:
        open_secrets("system", folder)
    assert 'keyring = "file"' in str(caught.value)
    assert not folder.exists()


def test_a_real_keyring_is_used(system, folder):
    backend = Memory()
    system(backend)
    open_secrets("system", folder).set("a", VALUE)
    assert backend.kept["connector", "a"] == VALUE


@pytest.fixture
def chained(system):
    def choose(*backends):
        kind = type("Chain", (chainer.ChainerBackend,), {"viable": False, "priority": -1, "backends": backends})
        system(kind())

    return choose


def test_a_chain_never_reaches_its_plain_text_members(chained, folder):
    plain, real = Plaintext(), Memory()
    plain.kept["connector", "a"] = "planted"
    chained(plain, real)
    secrets = open_secrets("system", folder)
    assert secrets.get("a") is None
    secrets.set("a", VALUE)
    assert real.kept["connector", "a"] == VALUE


@pytest.mark.parametrize("members", [(), (Plaintext(), fail.Keyring())])
def test_a_chain_without_a_safe_member_is_refused(chained, folder, members):
    chained(*members)
    with pytest.raises(ConfigurationError, match="aucun trousseau sûr"):
        open_secrets("system", folder)


def test_keyring_never_chooses_our_file_on_its_own():
    assert not [each for each in keyring.backend.get_all_keyring() if isinstance(each, FileKeyring)]


# The file.


def test_reading_creates_nothing(folder):
    secrets = open_secrets("file", folder)
    assert secrets.get("a") is None
    secrets.delete("a")
    assert not folder.exists()


@posix
def test_the_file_is_for_its_owner_only(folder):
    before = os.umask(0)
    try:
        open_secrets("file", folder).set("a", VALUE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {"secrets.json", "secrets.lock"}


@posix
@pytest.mark.parametrize(
    ("name", "mode"), [("secrets.json", 0o640), ("secrets.json", 0o604), (".", 0o750), (".", 0o701)]
)
def test_what_others_may_read_is_refused(folder, name, mode):
    secrets = open_secrets("file", folder)
    secrets.set("a", VALUE)
    (folder / name).chmod(mode)
    for call in (lambda: secrets.get("a"), lambda: secrets.set("a", "x")):
        with pytest.raises(ConfigurationError, match="d'autres comptes ont accès") as caught:
            call()
        assert "chmod" in str(caught.value)
        assert VALUE not in str(caught.value)


@posix
def test_what_another_account_owns_is_refused(folder, monkeypatch):
    secrets = open_secrets("file", folder)
    secrets.set("a", VALUE)
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(ConfigurationError, match="un autre compte"):
        secrets.get("a")


@posix
def test_a_link_is_not_followed(folder, tmp_path):
    secrets = open_secrets("file", folder)
    secrets.set("a", VALUE)
    (folder / "secrets.json").rename(tmp_path / "ailleurs.json")
    (folder / "secrets.json").symlink_to(tmp_path / "ailleurs.json")
    with pytest.raises(ConfigurationError, match=r"\(OSError\)"):
        secrets.get("a")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2, "secrets": {}}', '{"version": 1, "secrets": {"connector": "hunter2"}}']
)
def test_a_damaged_file_is_refused_and_kept(folder, content):
    secrets = open_secrets("file", folder)
    secrets.set("a", VALUE)
    (folder / "secrets.json").write_text(content)
    for call in (lambda: secrets.get("a"), lambda: secrets.set("b", VALUE)):
        with pytest.raises(ConfigurationError, match="abîmé") as caught:
            call()
        assert "hunter2" not in str(caught.value)
    assert (folder / "secrets.json").read_text() == content


def test_a_failed_write_keeps_the_former_file(folder, monkeypatch):
    secrets = open_secrets("file", folder)
    secrets.set("a", VALUE)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ConfigurationError, match="ne peut pas être lu ou écrit"):
            secrets.set("a", "autre")
    assert secrets.get("a") == VALUE
    assert {path.name for path in folder.iterdir()} - {"secrets.lock"} == {"secrets.json"}


def test_two_writers_lose_nothing(folder):
    backend = FileKeyring(folder)
    threads = [
        threading.Thread(target=backend.set_password, args=("connector", f"n{index}", VALUE)) for index in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = json.loads((folder / "secrets.json").read_text(encoding="utf-8"))["secrets"]["connector"]
    assert kept == {f"n{index}": VALUE for index in range(8)}


def test_the_file_shows_no_value(folder):
    backend = FileKeyring(folder)
    backend.set_password("connector", "a", VALUE)
    assert VALUE not in repr(backend) + str(backend) + repr(vars(backend))


# The key of the store.


def test_the_key_is_drawn_once(secrets):
    key = store_key(secrets, create=True)
    assert len(key) == 32
    assert store_key(secrets) == store_key(secrets, create=True) == key
    assert secrets.get("store-key") == key.hex()


def test_keys_are_random():
    assert store_key(KeyringSecrets(Memory()), create=True) != store_key(KeyringSecrets(Memory()), create=True)


def test_a_missing_key_is_told_and_never_replaced(secrets):
    with pytest.raises(StoreError, match="la clé du magasin est introuvable") as caught:
        store_key(secrets)
    assert "ucune nouvelle clé" in str(caught.value)
    assert secrets.names() == ()


@pytest.mark.parametrize("damaged", ["hunter2", "ab" * 31, "zz" * 32, "AB" * 32])
def test_a_damaged_key_is_told_without_its_value(damaged):
    backend = Memory()
    backend.set_password("connector", "store-key", damaged)
    for create in (False, True):
        with pytest.raises(StoreError, match="abîmée") as caught:
            store_key(KeyringSecrets(backend), create=create)
        assert damaged not in str(caught.value) + repr(caught.value)
    assert backend.get_password("connector", "store-key") == damaged


def test_a_keyring_that_forgets_is_noticed():
    with pytest.raises(StoreError, match="n'a pas gardé"):
        store_key(KeyringSecrets(Forgetful()), create=True)


def test_the_key_is_neither_replaced_nor_deleted(secrets):
    key = store_key(secrets, create=True)
    with pytest.raises(StoreError, match="illisible"):
        secrets.set("store-key", "00" * 32)
    with pytest.raises(StoreError, match="illisible"):
        secrets.delete("store-key")
    secrets.set("store-key", key.hex())
    assert store_key(secrets) == key
