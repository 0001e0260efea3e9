"""`connector doctor`: what it finds on an installation that is well, and on ones that are not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector_core.diagnose import installation_checks as around
from connector_core.plugins.contributions import Diagnosis
from connector_core.secrets import open_secrets

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes")
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DIAGNOSTIC = """
from connector_core.plugins import hookimpl
from connector_core.plugins.contributions import Diagnosis, Diagnostic

def run():
    FOUND

@hookimpl
def connector_register_diagnostics(register):
    register(Diagnostic("vendor-driver", "Pilote du logiciel", run))
"""


@pytest.fixture
def well(found) -> Iterator:
    """A practice whose data folder is private and whose daemon runs."""
    from filelock import FileLock

    found.data.chmod(0o700)
    with FileLock(found.data / "connector.lock"):
        yield found


def states(practice, code: int) -> dict[str, str]:
    return {each["id"]: each["status"] for each in practice.json("doctor", code=code)["checks"]}


def check(practice, name: str, code: int = 1) -> dict[str, str]:
    (found,) = [each for each in practice.json("doctor", code=code)["checks"] if each["id"] == name]
    return found


def test_an_installation_that_is_well(well) -> None:
    inside, around = "configuration plugins secrets store integrity set-aside", "rights channel disk source-cabinet"
    assert states(well, code=0) == dict.fromkeys(f"{inside} {around} daemon clock log".split(), "ok")
    told = well.text("doctor")
    assert "Magasin" in told
    assert "→" not in told
    assert "LEGRAND" not in told


def test_before_anything_was_read(practice) -> None:
    practice.configure()
    found = states(practice, code=1)
    assert {name for name, state in found.items() if state != "ok"} == {"daemon"}
    assert not practice.data.exists()


def test_a_store_that_is_gone_while_its_backups_are_there(well) -> None:
    (well.data / "connector.db").rename(well.data.parent / "gone.db")
    backups = well.data / "sauvegardes"
    backups.mkdir(mode=0o700)
    (backups / "magasin-000001-20260302T080000Z.db").touch(0o600)
    found = check(well, "store")
    assert found["status"] == "failed"
    assert "a disparu" in found["found"]
    assert "reprend la dernière sauvegarde" in found["remedy"]
    assert "le magasin a disparu" in well.json("status", code=3)["store"]["problem"]
    assert "Rien n'a encore été lu" not in well.text("status", code=3)
    assert "reprend la dernière" in well.refused("findings", code=3)


@pytest.mark.parametrize(
    ("text", "told"), [("[data\n", "TOML"), ("[dat]\n", "dat"), ('[secrets]\nkeyring = "x"\n', "keyring")]
)
def test_a_broken_configuration_is_one_finding(practice, text: str, told: str) -> None:
    practice.config.write_text(text, encoding="utf-8")
    found = check(practice, "configuration", code=2)
    assert found["status"] == "failed"
    assert told in found["found"]
    assert found["remedy"]
    assert states(practice, code=2) == {"configuration": "failed", "plugins": "ok", "clock": "ok"}


def test_what_the_configuration_names_and_nobody_knows_is_told(practice) -> None:
    practice.configure()
    practice.no_plugins = False
    practice.config.write_text(practice.config.read_text("utf-8").replace('"pivot"', '"pivott"'), "utf-8")
    found = check(practice, "configuration", code=2)
    assert (found["status"], found["remedy"]) == ("failed", "Vouliez-vous dire « pivot » ?")
    assert "connecteur inconnu « pivott »" in found["found"]


def test_without_a_configuration_the_defaults_are_examined(practice) -> None:
    assert states(practice, code=1)["configuration"] == "warning"


def test_a_lost_key_is_told_with_the_way_out(well) -> None:
    (well.data / "secrets" / "secrets.json").unlink()
    found = check(well, "store")
    assert found["status"] == "failed"
    assert "secrets set-aside" in found["remedy"]


def test_a_wrong_key_is_told_and_holds_up_no_other_check(well) -> None:
    open_secrets("file", well.data / "secrets").put("store-key", "00" * 32)
    found = states(well, code=1)
    assert (found["store"], found["integrity"], found["clock"]) == ("failed", "failed", "ok")


def test_a_change_of_the_key_that_waits_is_told(well) -> None:
    open_secrets("file", well.data / "secrets").put("store-key.next", "00" * 32)
    assert check(well, "store")["status"] == "warning"


def test_a_damaged_page_is_noticed(well) -> None:
    store = well.data / "connector.db"
    content = bytearray(store.read_bytes())
    content[-5000] ^= 1
    store.write_bytes(content)
    found = states(well, code=1)
    assert (found["store"], found["integrity"]) == ("ok", "failed")


def test_a_secret_that_is_missing_is_named(well) -> None:
    with well.config.open("a", encoding="utf-8") as file:
        file.write('[[source]]\nid = "base"\nconnector = "pivot"\ndatabase = "x://y"\npassword = "secret:base-db"\n')
    assert check(well, "secrets")["remedy"] == "« connector secrets set base-db »"


@posix
@pytest.mark.parametrize("name", ["", "connector.db", "secrets"])
def test_what_others_may_read_is_told_with_the_command_that_closes_it(well, name: str) -> None:
    path = well.data / name if name else well.data
    path.chmod(0o755)
    found = check(well, "rights")
    assert found["status"] == "failed"
    mode = "600" if path.is_file() else "700"
    assert f"chmod {mode} '{path}'" in found["remedy"]
    assert "tous les comptes" in found["found"]


@posix
def test_the_reports_folder_may_be_shared_with_a_group_when_others_are_allowed(well) -> None:
    report = well.data / "report"
    report.mkdir()
    report.chmod(0o750)
    assert check(well, "rights")["status"] == "failed"
    with well.config.open("a", encoding="utf-8") as file:
        file.write('[service]\nallow = ["marie"]\n')
    assert check(well, "rights", code=0)["status"] == "ok"
    report.chmod(0o755)
    assert "chmod 750" in check(well, "rights")["remedy"]


@posix
@pytest.mark.parametrize(("mode", "status"), [(0o755, "ok"), (0o775, "failed"), (0o757, "failed")])
def test_a_socket_that_others_could_replace_is_told(tmp_path: Path, mode: int, status: str) -> None:
    tmp_path.chmod(mode)
    assert around.channel_folder(tmp_path).status == status


def test_a_source_that_is_gone_is_told(well) -> None:
    (well.folder / "cabinet").rmdir()
    found = check(well, "source-cabinet")
    assert found["status"] == "failed"
    assert "droit de le lire" in found["remedy"]


def test_a_source_that_can_not_be_read_is_told(well, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refused)
    assert "accès refusé" in around.source_readable("cabinet", well.folder / "cabinet").found


def test_a_file_that_can_not_be_read_is_told_apart_from_its_folder(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "DUPONT.csv").write_text("x")

    def refused(path: str, _mode: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("builtins.open", refused)
    told = around.source_readable("cabinet", tmp_path)
    assert told.found == f"{tmp_path}, un de ses fichiers : accès refusé"
    assert "que le logiciel y dépose" in (told.remedy or "")


def test_a_service_that_does_not_run_is_told(found) -> None:
    found.data.chmod(0o700)
    assert check(found, "daemon")["remedy"] == "« connector run », ou le service"


def test_a_plugin_that_fails_is_named(well, site: Callable[..., None]) -> None:
    site("rompu", "raise RuntimeError('LEGRAND-SECRET')")
    well.no_plugins = False
    found = check(well, "plugins")
    assert found["status"] == "failed"
    assert "rompu" in found["found"]
    assert "LEGRAND" not in found["found"]
    well.no_plugins = True
    assert check(well, "plugins", code=0)["status"] == "ok"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return Diagnosis('vendor-driver', 'warning', 'pilote ancien', 'version 3', 'Mettez-le à jour')", "warning"),
        ("raise KeyError('LEGRAND-SECRET')", "error"),
        ("raise SystemExit(3)", "error"),
        ("return 'tout va bien'", "error"),
    ],
)
def test_what_plugins_register_is_run_behind_a_guard(well, site: Callable[..., None], body: str, status: str) -> None:
    site("pilote", DIAGNOSTIC, found=body)
    well.no_plugins = False
    found = check(well, "vendor-driver")
    assert (found["title"], found["status"]) == ("Pilote du logiciel", status)
    assert "LEGRAND" not in str(found)


@pytest.mark.parametrize(
    ("free", "status"),
    [(2_000_000_000, "ok"), (1_999_999_999, "warning"), (300_000_000, "warning"), (299_999_999, "failed")],
)
def test_little_room_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, status: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": free}))
    assert around.room(tmp_path / "absent").status == status


@pytest.mark.parametrize(
    ("now", "last", "status"),
    [
        (NOW, None, "ok"),
        (NOW, NOW + timedelta(hours=1), "ok"),
        (NOW, NOW + timedelta(hours=1, seconds=1), "failed"),
        (around.RELEASED, None, "ok"),
        (around.RELEASED - timedelta(seconds=1), None, "failed"),
    ],
)
def test_a_clock_that_went_back_is_told(now: datetime, last: datetime | None, status: str) -> None:
    assert around.clock(now, last).status == status


def test_a_log_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "connector.log").mkdir()
    assert around.log_writable(tmp_path).status == "failed"
    (tmp_path / "connector.log").rmdir()
    assert around.log_writable(tmp_path).status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_who_may_not_know_is_told_so() -> None:
    assert around.daemon(None) == Diagnosis(
        "daemon", "warning", "ce compte n'a pas le droit de savoir si le service tourne"
    )


def test_nothing_is_changed(well) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in well.folder.rglob("*") if path.is_file()}

    before = everything()
    well.text("doctor")
    after = everything()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {os.path.basename(name) for name in changed} <= {"connector.db-shm", "connector.db-wal"}  # noqa: PTH119
