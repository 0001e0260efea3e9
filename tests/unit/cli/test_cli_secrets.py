"""`connector secrets` in a practice of its own: what is kept, what is refused, what never shows."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Practice

from connector_core.cli.main import connector
from connector_core.cli.secrets import given_value
from connector_core.errors import ConfigurationError
from connector_core.secrets import KeyringSecrets, open_secrets

VALUE = "hunter2-é"
SOURCE = """
[[source]]
id = "kine4000"
connector = "pivot"
database = "firebird://reader@localhost/base"
password = "secret:kine4000-db"
"""


@pytest.fixture
def configured(practice: Practice) -> Practice:
    practice.configure(SOURCE)
    return practice


def key_of(practice: Practice) -> str:
    kept = open_secrets("file", practice.data / "secrets").get("store-key")
    assert kept is not None
    return kept


def test_a_secret_comes_from_standard_input_and_never_shows(configured: Practice) -> None:
    told = configured.text("secrets", "set", "kine4000-db", input=f"{VALUE}\n")
    assert told == "Le secret « kine4000-db » est enregistré.\n"
    assert configured.text("secrets") == "kine4000-db  (kine4000)\n"
    assert configured.text("secrets", "verify", "kine4000-db").splitlines()[-1] == "kine4000-db : lisible."
    assert VALUE not in told + configured.text("config", "show")
    folder = configured.data / "secrets"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_value_is_kept_as_it_was_given_but_for_the_end_of_the_line(configured: Practice) -> None:
    for given, kept in ((f" {VALUE} \r\n", f" {VALUE} "), ("a\nb\n", "a\nb"), (VALUE, VALUE)):
        configured.text("secrets", "set", "x", input=given)
        assert open_secrets("file", configured.data / "secrets").get("x") == kept


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("x", "", "ne peut pas être vide"),
        ("x", "a" * 65537, "trop long"),
        ("a b", VALUE, "om de secret invalide"),
        ("store-key.next", VALUE, "réservé"),
        ("store-key", VALUE, "abîmée"),
    ],
)
def test_what_is_no_secret_is_refused_without_showing_it(
    configured: Practice, name: str, value: str, told: str
) -> None:
    code = 3 if name == "store-key" else 2
    refused = configured.refused("secrets", "set", name, input=value, code=code)
    assert told in refused
    assert VALUE not in refused


def test_bytes_that_are_no_text_are_refused(configured: Practice) -> None:
    arguments = ["--config", str(configured.config), "secrets", "set", "x"]
    result = configured.runner.invoke(connector, arguments, input=b"\xff\xfe")
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr


def test_a_value_on_the_command_line_is_an_argument_too_many(configured: Practice) -> None:
    refused = configured.refused("secrets", "set", "x", VALUE)
    assert "argument de trop" in refused
    assert VALUE not in refused


def test_what_the_configuration_waits_for_is_listed(configured: Practice) -> None:
    result = configured.run("secrets", "list")
    assert result.exit_code == 1
    assert "kine4000-db  manque : « connector secrets set kine4000-db » (kine4000)" in result.stdout
    answer = configured.json("secrets", "list", code=1)
    assert answer["secrets"] == [{"name": "kine4000-db", "kept": False, "sources": ["kine4000"]}]
    assert configured.json("secrets", "verify", code=1)["missing"] == ["kine4000-db"]


def test_a_secret_is_deleted_once(configured: Practice) -> None:
    configured.text("secrets", "set", "x", input=VALUE)
    assert "effacé" in configured.text("secrets", "delete", "x")
    assert "pas de secret « x »" in configured.refused("secrets", "delete", "x")


def test_verify_leaves_nothing_and_opens_the_store(found: Practice) -> None:
    answer = found.json("secrets", "verify")
    assert answer == {
        "schema": 1,
        "backend": "connector_core.secrets.file_keyring.FileKeyring",
        "round_trip": True,
        "store_opens": True,
        "missing": [],
    }
    assert found.text("secrets", "list") == "store-key  (clé du magasin)\n"


def test_verify_notices_a_keyring_that_forgets(configured: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyringSecrets, "set", lambda *_: None)
    assert "ne garde pas" in configured.refused("secrets", "verify")


def test_rotate_changes_the_key_and_keeps_everything(found: Practice) -> None:
    before, findings = key_of(found), found.json("findings", code=1)
    assert "La clé est changée." in found.text("secrets", "rotate")
    assert key_of(found) != before
    assert found.json("findings", code=1) == findings
    assert found.text("secrets", "list") == "store-key  (clé du magasin)\n"


def test_rotate_without_a_store_says_so(configured: Practice) -> None:
    assert "rien n'a encore été lu" in configured.refused("secrets", "rotate", code=3)


def test_a_lost_key_has_a_way_out_that_keeps_the_store_aside(found: Practice) -> None:
    key = key_of(found)
    assert "ouvre le magasin" in found.refused("secrets", "set-aside", "--yes", code=3)
    (found.data / "secrets" / "secrets.json").unlink()
    lost = found.refused("findings", code=3)
    assert "secrets set-aside" in lost
    assert "Abandonné" in found.refused("secrets", "set-aside", input="non\n")
    assert (found.data / "connector.db").exists()
    aside = Path(found.json("secrets", "set-aside", "--yes")["set_aside"])
    assert not (found.data / "connector.db").exists()
    assert (aside / "connector.db").exists()
    found.take(found.wrong_export())
    assert found.json("findings", code=1)["findings"]
    assert key_of(found) != key


def test_a_key_on_paper_is_given_back(found: Practice) -> None:
    key = key_of(found)
    for wrong in ("", "00" * 32):
        _keep(found, wrong)
        found.refused("findings", code=3)
        assert "n'ouvre pas" in found.refused("secrets", "set", "store-key", input="11" * 32, code=3)
        typed = " ".join(key.upper()[start : start + 4] for start in range(0, 64, 4))
        found.text("secrets", "set", "store-key", input=f"{typed}\n")
        assert key_of(found) == key
        assert found.run("findings").exit_code == 1


def _keep(practice: Practice, key: str) -> None:
    path = practice.data / "secrets" / "secrets.json"
    path.write_text(path.read_text(encoding="utf-8").replace(key_of(practice), key), encoding="utf-8")


def test_the_key_is_shown_to_nobody_but_a_person(found: Practice) -> None:
    refused = found.refused("secrets", "export-key", input="oui\n")
    assert "à une personne" in refused
    assert key_of(found) not in found.run("secrets", "export-key", input="oui\n").output


@pytest.mark.skipif("sys.platform == 'win32'", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(("said", "shown"), [(b"oui\n", True), (b"non\n", False)])
def test_the_key_is_shown_at_a_terminal_to_who_asked_for_it(found: Practice, said: bytes, shown: bool) -> None:
    import pty

    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "connector_core", "--config", str(found.config), "secrets", "export-key"]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(screen, said)
    written = b""
    with contextlib.suppress(OSError):  # the terminal ends with the process
        while piece := os.read(screen, 4096):
            written += piece
    os.close(screen)
    assert process.wait() == (0 if shown else 2)
    assert (key_of(found) in written.decode().replace(" ", "")) == shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_two_different_answers_keep_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([VALUE, "autre", VALUE, VALUE])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    with pytest.raises(ConfigurationError, match="diffèrent"):
        given_value()
    assert given_value() == VALUE
