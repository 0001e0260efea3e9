"""`connector support-bundle`: there is one whatever is wrong, and it says what could not be had."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from connector_core.cli import support_asked
from connector_core.service.places import LOCK_FILE
from connector_core.settings.load import load
from connector_core.store import connection

OF_THE_STORE = {"sources.json", "outbox.json"}
OF_COMMANDS = {"doctor.json", "status.json", "service.json"}
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our other commands give no answer, which they take seconds for otherwise."""

    def refused(*_given: object) -> object:
        raise FileNotFoundError

    monkeypatch.setattr(support_asked.Asked, "_started", refused)


def made(practice, code: int = 1) -> tuple[dict[str, dict], list[str], dict[str, str]]:
    """The pieces by name, the notes, and the files of the archive."""
    path = practice.folder / "b.zip"
    said = practice.json("support-bundle", "--output", path, code=code)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert said["file"] == str(path)
    assert "LEGRAND" not in "".join(files.values())
    return {each["name"]: each for each in said["pieces"]}, said["notes"], files


def absent(pieces: Mapping[str, dict]) -> set[str]:
    return {name for name, each in pieces.items() if each["state"] == "absent"}


def test_a_practice_that_is_well(found, told) -> None:
    """The one test here that really asks our other commands."""
    with FileLock(found.data / LOCK_FILE):
        pieces, notes, files = made(found, code=0)
    assert notes == []
    assert absent(pieces) == set()
    assert "service du système" in told
    assert json.loads(files["status.json"])["running"] is True
    assert json.loads(files["status.json"])["sources"][0]["rows"] == 4
    assert {each["id"] for each in json.loads(files["doctor.json"])["checks"]} >= {"store", "clock"}
    assert json.loads(files["plugins.json"])["loaded"][0]["name"] == "core"


def test_no_answer_of_our_own_commands(found, alone) -> None:
    pieces, notes, files = made(found)
    assert absent(pieces) == OF_COMMANDS
    assert "FileNotFoundError" in files["doctor.json"]
    assert json.loads(files["plugins.json"])["loaded"] == "FileNotFoundError"
    assert notes == ["Ce que les extensions disent sensible n'a pas pu être cherché (FileNotFoundError)."]
    assert notes[0] in files["README.txt"]


def test_before_anything_was_read(practice, alone) -> None:
    practice.configure()
    pieces, notes, files = made(practice)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE
    assert "rien n'a encore été lu" in files["sources.json"]
    assert any("Rien n'a encore été lu" in each for each in notes)
    assert not practice.data.exists()


def test_without_a_configuration(practice, alone) -> None:
    pieces, _, files = made(practice)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE
    assert json.loads(files["configuration.json"])["file"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[practice]\nnam = "LEGRAND"\n', "nam"),
        ('[[source]]\npassword = "s3cret-in-clear"\n', "secret"),
        ("[practice\n", "TOML"),
    ],
)
def test_a_broken_configuration_leaves_what_does_not_need_one(found, alone, text: str, said: str) -> None:
    (found.data / "connector.log").write_text(
        '{"at": "2026-03-02T10:00:00+00:00", "level": "info", "event": "work", "rows": 4, "reason": "rien"}\n', "utf-8"
    )
    found.config.write_text(found.config.read_text(encoding="utf-8") + text, encoding="utf-8")
    pieces, notes, files = made(found)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE | {"configuration.json", "exports.json"}
    assert said in files["configuration.json"]
    assert "s3cret" not in "".join(files.values())
    assert any("configuration est à corriger" in each for each in notes)
    assert "la configuration est à corriger" in files["sources.json"]
    line = files["logs/connector.jsonl"]
    assert ('"rows": 4' in line) is (said != "TOML"), "the folder of the data is found as long as the file is TOML"
    assert "reason" not in line
    assert (json.loads(files["storage.json"])["store"] != []) is (said != "TOML")


def test_a_lost_key(found, alone) -> None:
    for path in (found.data / "secrets").iterdir():
        path.unlink()
    pieces, notes, files = made(found)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE
    assert "la clé du magasin est introuvable" in files["sources.json"]
    assert any("Le magasin n'a pas pu être lu" in each for each in notes)
    assert json.loads(files["storage.json"])["store"][0]["bytes"] > 0


def test_a_keyring_that_does_not_answer(found, alone) -> None:
    text = found.config.read_text(encoding="utf-8").replace('keyring = "file"', 'keyring = "systemd"')
    found.config.write_text(text, encoding="utf-8")
    pieces, notes, _ = made(found)
    assert absent(pieces) >= OF_THE_STORE
    assert any("Le trousseau n'a pas pu être lu" in each for each in notes)


def test_a_damaged_store(found, alone) -> None:
    (found.data / "connector.db").write_bytes(b"x" * 8192)
    pieces, _, files = made(found)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE
    assert "endommagé" in files["outbox.json"]


def test_a_store_that_another_program_writes_to(found, alone) -> None:
    settings = load(found.config, {})
    from connector_core.service.assembly import open_store

    with open_store(settings, create=False)[0] as store, store.transaction():
        store.set_fact("x", "y")
        pieces, _, _ = made(found)
    assert absent(pieces) == OF_COMMANDS


def test_a_store_that_another_program_holds_alone(found, alone, monkeypatch: pytest.MonkeyPatch) -> None:
    from connector_core.service.assembly import open_store

    monkeypatch.setattr(connection, "_BUSY_MS", 50)
    with open_store(load(found.config, {}), create=False)[0] as store:
        store._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        with store.transaction():
            store.set_fact("x", "y")
        pieces, notes, files = made(found)
    assert absent(pieces) == OF_COMMANDS | OF_THE_STORE
    assert "occupé par un autre programme" in files["sources.json"]
    assert any("occupé" in each for each in notes)


@posix
def test_the_file_is_private_and_new(found, alone) -> None:
    path = found.folder / "b.zip"
    made(found)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert "existe déjà" in found.refused("support-bundle", "--output", path)
    assert path.read_bytes() == before


def test_the_list_is_shown_before_and_a_preview_writes_nothing(
    found, alone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = sorted(path.name for path in tmp_path.iterdir())
    shown = found.text("support-bundle", "--preview", code=1)
    assert "Ce que contient le fichier :" in shown
    assert "doctor.json" in shown
    assert "est écrit" not in shown
    assert found.json("support-bundle", "--preview", code=1)["file"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == there
    shown = found.text("support-bundle", code=1)
    (path,) = tmp_path.glob("connector-support-*.zip")
    assert shown.index("doctor.json") < shown.index(f"{path.name} est écrit")
    assert "rien n'a été envoyé" in shown


def test_no_plugin_is_imported(found, alone, site) -> None:
    site("tueuse", "import os\nos._exit(3)\n")
    found.no_plugins = False
    _, _, files = made(found)
    told = {each["name"]: each for each in json.loads(files["plugins.json"])["installed"]}
    assert (told["tueuse"]["distribution"], told["tueuse"]["trust"]) == ("connector-tueuse", "ours")


def test_what_a_plugin_calls_sensitive_is_kept_out(found, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_asked: object, *words: str) -> Mapping[str, object]:
        told = {
            "plugins": [],
            "sensitive": [{"id": "acme", "pattern": "ac-[0-9]{2}", "flags": 34}, {"pattern": "(", "flags": 0}],
        }
        return told if words == ("plugins", "list") else {"checks": [{"found": "le dossier AC-12"}]}

    monkeypatch.setattr(support_asked.Asked, "start", lambda *_given: None)
    monkeypatch.setattr(support_asked.Asked, "answer", answer)
    _, notes, files = made(found, code=0)
    assert notes == []
    assert "le dossier #" in files["doctor.json"]
    assert "AC-12" not in "".join(files.values())


def test_a_command_that_breaks_is_asked_again_without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = support_asked.Asked(["--config", "c.toml"])
    begun: list[list[str]] = []

    def collected(_asked: object, words: object, options: list[str]) -> Mapping[str, object]:
        begun.append(options)
        if "--no-plugins" in options:
            return {"schema": 1}
        raise support_asked.Unanswered("« connector doctor » n'a pas donné de réponse (code -11)")

    monkeypatch.setattr(support_asked.Asked, "_started", lambda _asked, options, _words: list(options))
    monkeypatch.setattr(support_asked.Asked, "_collected", collected)
    answer = {"schema": 1, "without_plugins_since": "« connector doctor » n'a pas donné de réponse (code -11)"}
    assert asked.answer("doctor") == answer
    assert asked.answer("doctor") == answer
    assert begun == [["--config", "c.toml"], ["--config", "c.toml", "--no-plugins"]]


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = support_asked.Asked([])
    asked._until = 0.0
    hanging = [sys.executable, "-c", "import time; time.sleep(600)"]
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _command, **given: real(hanging, **given))
    with pytest.raises(support_asked.Unanswered, match="pas répondu à temps"):
        asked.answer("status")
