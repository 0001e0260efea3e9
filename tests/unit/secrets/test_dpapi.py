"""Secrets of a Windows service: encrypted for the machine, bound to their names, in a file of their own."""

import json
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.secrets import KeyringSecrets, open_secrets
from connector_core.secrets.dpapi import DpapiKeyring

VALUE = "hunter2-é"


class Machine:
    """Encrypts as DPAPI does, as far as a caller can see: another machine or another entropy does not decrypt."""

    def __init__(self, number: int = 1) -> None:
        self._mark = bytes([number])

    def protect(self, content: bytes, entropy: bytes) -> bytes:
        return self._mark + len(entropy).to_bytes(2, "big") + entropy + bytes(each ^ 0x5A for each in content)

    def unprotect(self, sealed: bytes, entropy: bytes) -> bytes:
        head = self._mark + len(entropy).to_bytes(2, "big") + entropy
        if not sealed.startswith(head):
            raise OSError(13, "The data is invalid")
        return bytes(each ^ 0x5A for each in sealed.removeprefix(head))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def secrets(folder: Path, machine: int = 1) -> KeyringSecrets:
    return KeyringSecrets(DpapiKeyring(folder, Machine(machine)))


def kept(folder: Path) -> dict[str, str]:
    return json.loads((folder / "secrets.dpapi.json").read_text(encoding="utf-8"))["secrets"]["connector"]


def test_what_is_kept_comes_back_and_is_not_readable_in_the_file(folder: Path) -> None:
    secrets(folder).set("kine4000-db", VALUE)
    assert secrets(folder).get("kine4000-db") == VALUE
    assert secrets(folder).names() == ("kine4000-db",)
    assert VALUE not in (folder / "secrets.dpapi.json").read_text(encoding="utf-8")
    secrets(folder).delete("kine4000-db")
    assert secrets(folder).get("kine4000-db") is None


def test_a_value_is_bound_to_its_name(folder: Path) -> None:
    secrets(folder).set("a", VALUE)
    path = folder / "secrets.dpapi.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["secrets"]["connector"]["b"] = document["secrets"]["connector"]["a"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert secrets(folder).get("a") == VALUE
    with pytest.raises(ConfigurationError, match="déchiffre pas ce secret"):
        secrets(folder).get("b")


def test_another_machine_does_not_decrypt_and_says_what_to_do(folder: Path) -> None:
    secrets(folder).set("a", VALUE)
    with pytest.raises(ConfigurationError, match="un autre ordinateur") as caught:
        secrets(folder, machine=2).get("a")
    assert "connector secrets set a" in str(caught.value)
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("damaged", ["", "!", "AAAA"])
def test_a_damaged_value_is_told_without_it(folder: Path, damaged: str) -> None:
    secrets(folder).set("a", VALUE)
    path = folder / "secrets.dpapi.json"
    path.write_text(path.read_text(encoding="utf-8").replace(kept(folder)["a"], damaged), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="abîmé"):
        secrets(folder).get("a")


@pytest.mark.skipif("sys.platform == 'win32'", reason="there it exists")
def test_elsewhere_than_on_windows_it_is_refused_and_nothing_is_kept(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="que sous Windows"):
        open_secrets("dpapi", folder)
    assert not folder.exists()
