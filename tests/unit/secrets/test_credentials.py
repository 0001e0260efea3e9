"""Secrets that systemd hands to the service: read, listed, never written."""

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("systemd is a part of Linux", allow_module_level=True)

from connector_core.errors import ConfigurationError
from connector_core.secrets import KeyringSecrets, StoreKeys, open_secrets, store_key
from connector_core.secrets.credentials import VARIABLE
from connector_core.secrets.opening import reachable_here

VALUE = "hunter2-é"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def secrets(folder: Path) -> KeyringSecrets:
    (folder / "connector.kine4000-db").write_text(f"{VALUE}\n", encoding="utf-8")
    (folder / "connector.store-key").write_text("ab" * 32, encoding="utf-8")
    (folder / "another.unit").write_text("x", encoding="utf-8")
    return open_secrets("systemd", folder)


def test_what_systemd_gave_is_read_and_listed(secrets: KeyringSecrets) -> None:
    assert secrets.get("kine4000-db") == VALUE
    assert secrets.get("autre") is None
    assert secrets.names() == ("kine4000-db", "store-key")
    assert store_key(secrets) == bytes.fromhex("ab" * 32)
    assert VALUE not in repr(secrets) + repr(vars(secrets))


def test_nothing_is_written_and_the_way_to_do_it_is_told(secrets: KeyringSecrets, folder: Path) -> None:
    before = sorted(folder.iterdir())
    for call in (lambda: secrets.set("neuf", VALUE), lambda: secrets.delete("kine4000-db")):
        with pytest.raises(ConfigurationError, match=r"systemd-creds encrypt --name=connector\.") as caught:
            call()
        assert VALUE not in str(caught.value)
    with pytest.raises(ConfigurationError, match="que de l'extérieur"):
        StoreKeys(secrets).draw_following()
    assert sorted(folder.iterdir()) == before


def test_a_key_is_not_drawn_where_it_can_not_be_kept(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"connector\.store-key"):
        store_key(open_secrets("systemd", folder), create=True)


def test_outside_the_unit_the_service_is_pointed_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not reachable_here("systemd")
    assert reachable_here("file")
    secrets = open_secrets("systemd", tmp_path)
    for call in (secrets.names, lambda: secrets.get("a")):
        with pytest.raises(ConfigurationError, match="visibles que du service"):
            call()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"\n"])
def test_what_is_no_text_is_no_secret(folder: Path, content: bytes) -> None:
    (folder / "connector.a").write_bytes(content)
    secrets = open_secrets("systemd", folder)
    if content.strip():
        with pytest.raises(ConfigurationError, match="UnicodeDecodeError"):
            secrets.get("a")
    else:
        assert secrets.get("a") is None
