"""A file that breaks its connector's process three times is set aside until the connector changes; the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.service.conftest import Service

from connector_core.diagnose.set_aside import files_set_aside
from connector_core.secrets import open_secrets
from connector_core.service.course import MAX_TRIES
from connector_core.settings.reference import STORE_KEY

BROKEN, MENDED = "    ctypes.string_at(0)\n", "    nothing()\n"


@pytest.fixture
def practice(installation, tmp_path):
    installation.enable()
    made = Service(tmp_path, installation.host(), connector="hostile")
    yield made
    made.store.close()


def dropped(practice: Service) -> Path:
    practice.drop_bytes("first.txt", b"hostile\np1\n")
    path = practice.drop_bytes("MARTIN Jean.txt", b"hostile segfault rows\np2\np3\np4\n")
    practice.drop_bytes("last.txt", b"hostile\np5\n")
    return path


def until_set_aside(practice: Service) -> None:
    for tries in range(1, MAX_TRIES):
        assert "MARTIN Jean.txt" not in practice.states(), f"{tries} tries"
        practice.turn(1)


def mend(installation) -> None:
    text = installation.module.read_text(encoding="utf-8")
    assert BROKEN in text
    installation.module.write_text(text.replace(BROKEN, MENDED), encoding="utf-8")
    installation.enable()


def attempts(practice: Service) -> int:
    query = "SELECT attempts FROM file WHERE name = 'MARTIN Jean.txt'"
    (count,) = practice.store._connection.execute(query).fetchone()
    return int(count)


def test_it_is_set_aside_after_three_tries_and_the_others_are_read(practice, installation) -> None:
    dropped(practice)
    turn = practice.settle()
    assert practice.states() == {"first.txt": "committed", "last.txt": "committed"}
    assert turn.problems == {"cabinet": "le connecteur « hostile » s'est arrêté (SIGSEGV)"}
    until_set_aside(practice)
    assert practice.states()["MARTIN Jean.txt"] == "set_aside"
    (kept,) = practice.store.files.set_aside()
    assert kept.reason == "le connecteur « hostile » s'est arrêté (SIGSEGV), 3 fois ; le fichier est mis de côté"
    assert kept.signature.startswith("connector-hostile 3.1, connecteur 3.1, fichiers ")
    assert not practice.turn(60).problems


@pytest.mark.isolation
def test_it_is_not_tried_again_before_the_connector_changes(practice, installation) -> None:
    dropped(practice)
    practice.settle()
    until_set_aside(practice)
    before = attempts(practice)
    practice.start()
    assert not practice.settle().problems
    assert (practice.states()["MARTIN Jean.txt"], attempts(practice)) == ("set_aside", before)
    assert len(practice.copies()) == 1
    mend(installation)
    practice.host = installation.host()
    practice.start()
    practice.settle()
    assert practice.states()["MARTIN Jean.txt"] == "committed"
    assert practice.copies() == []


@pytest.mark.isolation
def test_it_is_read_from_its_copy_when_the_original_is_gone(practice, installation) -> None:
    path = dropped(practice)
    practice.settle()
    until_set_aside(practice)
    path.unlink()
    practice.start()
    practice.settle()
    assert len(practice.copies()) == 1
    mend(installation)
    practice.host = installation.host()
    practice.start()
    practice.settle()
    assert practice.states()["MARTIN Jean.txt"] == "committed"


@pytest.mark.isolation
def test_one_that_breaks_it_at_first_sight_is_set_aside_too(practice) -> None:
    practice.drop_bytes("MARTIN Jean.txt", b"hostile leave identify\n")
    practice.drop_bytes("other.txt", b"hostile\np1\n")
    practice.settle()
    assert practice.states() == {"other.txt": "committed"}
    until_set_aside(practice)
    assert practice.states()["MARTIN Jean.txt"] == "set_aside"


def test_the_doctor_says_what_to_send_to_whom(practice, installation, tmp_path) -> None:
    (info,) = installation.folder.glob("*.dist-info")
    with (info / "METADATA").open("a", encoding="utf-8") as metadata:
        metadata.write("Author-email: Hostile SARL <aide@hostile.example>\n")
    secrets = open_secrets("file", tmp_path / "secrets")
    secrets.set(STORE_KEY, bytes(32).hex())
    path = tmp_path / "connector.db"
    found = files_set_aside(lambda: secrets, path, practice.host.connectors)
    assert (found.status, found.found) == ("ok", "aucun fichier n'a été mis de côté")
    dropped(practice)
    practice.settle()
    until_set_aside(practice)
    (kept,) = practice.store.files.set_aside()
    found = files_set_aside(lambda: secrets, path, practice.host.connectors)
    assert found.status == "failed"
    what = "le connecteur « hostile » s'est arrêté (SIGSEGV), 3 fois"
    assert f"repère {kept.sha256[:12]} (.txt, 31 octets, source « cabinet », {what})" in found.found
    assert "connector-hostile 3.1" in found.found
    assert "connector-core" in found.found
    assert "Hostile SARL (Hostile SARL <aide@hostile.example>), pour Logiciel hostile" in found.remedy
    assert "MARTIN" not in found.found + found.remedy
    mend(installation)
    changed = files_set_aside(lambda: secrets, path, installation.host().connectors)
    assert "il a changé depuis" in changed.found
