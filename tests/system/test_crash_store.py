"""A store that is damaged, a disk that is full, a folder that can't be written to, a store that another program holds:
the real service goes on, says so, and ends where it would have ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.system.site_on_disk import DEADLINE, Ending, Site, Stage, differences, stages, waited_for, workers_of

from connector_core.secrets import SERVICE, open_secrets, store_key
from connector_core.secrets.file_keyring import FileKeyring
from connector_core.settings.reference import STORE_KEY

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(180)]
if os.name != "posix":
    pytest.skip("mounts and limits are POSIX", allow_module_level=True)


TRIES = 3
"""Workers that are seen to try on a full disk before it has room again."""


class Rested:
    """A practice after its two days, stopped, with one backup from its first day; and where it ended."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = stages()
        self.site = Site.make(folder)
        for stage in (self.first, self.second):
            played(self.site, stage)
        self.ending = self.site.ending()

    def copy(self, folder: Path) -> Site:
        """The same practice at another place."""
        site = Site.make(folder)
        for part in ("data", "secrets", "vega", "report"):
            shutil.copytree(self.site.folder / part, folder / part, dirs_exist_ok=True)
        return site


def played(site: Site, stage: Stage) -> None:
    """A day of a practice, from its export until the service rests and is stopped."""
    site.export(stage.records, stage.on)
    with site.running(stage.on) as process:
        site.wait_for_rest(stage.on, process)
        stopped(process)


def stopped(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == 0


@pytest.fixture(scope="module")
def rested(tmp_path_factory: pytest.TempPathFactory) -> Rested:
    return Rested(tmp_path_factory.mktemp("rested") / "site")


def store_of(site: Site) -> Path:
    return site.data / "connector.db"


def changed(path: Path, at: int, by: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(by)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "header": lambda path: changed(path, 20, bytes(40)),
    "middle": lambda path: changed(path, path.stat().st_size // 2, b"\1\2\3"),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096),
    "gone": lambda path: path.unlink(),
}


def without_what_was_set_aside(ending: Ending) -> Ending:
    return {**ending, "left": [name for name in ending["left"] if ".endommage-" not in name]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_store_damaged_while_nothing_ran_is_replaced_and_the_rest_read_again(
    rested: Rested, tmp_path: Path, damage: str
) -> None:
    site = rested.copy(tmp_path / "site")
    DAMAGES[damage](store_of(site))
    with site.running(rested.second.on) as process:
        waited_for(lambda: any(line["event"] == "recovery" for line in site.log()), process)
        site.wait_for_rest(rested.second.on, process)
        stopped(process)
    assert differences(without_what_was_set_aside(site.ending()), rested.ending) == {}
    (kept,) = (path for path in site.data.glob("connector.db.endommage-*") if path.name[-4:] not in ("-wal", "-shm"))
    (line,) = [line for line in site.log() if line["event"] == "recovery"]
    assert "la sauvegarde du" in str(line["reason"])
    assert "Le magasin était endommagé" in (site.folder / "report" / "rapport.html").read_text(encoding="utf-8")
    said = subprocess.run(site.command("status"), capture_output=True, encoding="utf-8", check=False).stdout
    assert "endommagé" in said
    assert kept.name in said


def test_a_store_damaged_under_a_running_service_is_replaced_and_every_file_told_again(
    rested: Rested, tmp_path: Path
) -> None:
    site = Site.make(tmp_path / "site")
    first, on = rested.first, rested.second.on
    played(site, first)
    with site.running(on) as process:
        site.wait_for_rest(on, process)
        site.export(rested.second.records, on)
        site.wait_for_rest(on, process)
        waited_for(lambda: not workers_of(process), process)
        DAMAGES["header"](store_of(site))
        (site.exports / "vega_patients_zzz.txt").write_bytes((site.exports / "vega_patients_20261015.txt").read_bytes())
        waited_for(lambda: any(line["event"] == "behind" for line in site.log()), process)
        site.wait_for_rest(on, process)
        (site.exports / "vega_patients_zzz.txt").unlink()
        stopped(process)
    assert differences(without_what_was_set_aside(site.ending()), rested.ending) == {}


def test_what_people_decided_since_the_backup_is_not_lost(rested: Rested, tmp_path: Path) -> None:
    site = rested.copy(tmp_path / "site")
    with site.store() as store:
        chosen = [kept.finding.fingerprint for kept in store.answers.findings("open")][:3]
    for fingerprint in chosen:
        command = site.command("findings", "dismiss", fingerprint, "--reason", "vu avec la caisse")
        subprocess.run(command, check=True, capture_output=True)
    subprocess.run(site.command("findings", "reopen", chosen[0]), check=True, capture_output=True)
    dismissed = site.ending()["findings"]
    DAMAGES["header"](store_of(site))
    with site.running(rested.second.on) as process:
        waited_for(lambda: any(line["event"] == "recovery" for line in site.log()), process)
        site.wait_for_rest(rested.second.on, process)
        stopped(process)
    assert site.ending()["findings"] == dismissed
    with site.store() as store:
        assert {kept.finding.fingerprint for kept in store.answers.findings("dismissed")} == set(chosen[1:])


def test_a_wrong_key_is_told_and_touches_nothing(rested: Rested, tmp_path: Path) -> None:
    site = rested.copy(tmp_path / "site")
    folder = site.settings.secrets_folder()
    key = store_key(open_secrets("file", folder)).hex()
    FileKeyring(folder).set_password(SERVICE, STORE_KEY, bytes(32).hex())
    before = store_of(site).read_bytes()
    with site.running(rested.second.on) as process:
        assert process.wait(DEADLINE) != 0
    assert "Rien n'a été touché" in (site.folder / "service.txt").read_text(encoding="utf-8")
    assert store_of(site).read_bytes() == before
    FileKeyring(folder).set_password(SERVICE, STORE_KEY, key)
    assert differences(site.ending(), rested.ending) == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes file systems of so many bytes. Needs the right to mount, as a container's root has."""
    mounted: list[Path] = []

    def make(size: int) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)], check=True)
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
@pytest.mark.parametrize("free", [0, 60_000])
def test_a_disk_that_is_full_holds_the_work_up_and_loses_nothing(
    rested: Rested, tmp_path: Path, small_disk: Callable[[int], Path], free: int
) -> None:
    disk = small_disk(48 << 20)
    site = Site.make(tmp_path / "site", data=disk)
    played(site, rested.first)
    site.export(rested.second.records, rested.second.on)
    before = list(disk.rglob("*"))
    ballast = disk / "ballast"
    with ballast.open("wb") as stream:
        filled(stream.fileno(), disk, free)
    with site.running(rested.second.on) as process:
        worked: set[int] = set()

        def was_tried() -> bool:
            worked.update(each.pid for each in workers_of(process))
            return len(worked) > TRIES

        waited_for(was_tried, process)
        said = subprocess.run(site.command("status"), capture_output=True, encoding="utf-8", check=False).stdout
        assert "le disque est presque plein" in said
        if free:
            assert any("disque est plein" in str(line["reason"]) for line in site.log() if line["event"] == "turn")
        most = len(list(site.exports.iterdir())) + len(before)
        assert len(list(disk.rglob("*"))) <= most + 3, "what a try leaves is bounded"
        ballast.unlink()
        site.wait_for_rest(rested.second.on, process)
        stopped(process)
    assert differences(site.ending(), rested.ending) == {}


def filled(descriptor: int, disk: Path, free: int) -> None:
    """Take what a disk has, so many bytes excepted."""
    left = shutil.disk_usage(disk).free - free
    while left > 0:
        left -= os.write(descriptor, bytes(min(left, 1 << 20)))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_folder_that_can_not_be_written_to_holds_the_work_up_and_loses_nothing(
    rested: Rested, tmp_path: Path
) -> None:
    site, on = Site.make(tmp_path / "site"), rested.second.on
    played(site, rested.first)
    with site.running(on) as process:
        site.wait_for_rest(on, process)
        waited_for(lambda: not workers_of(process), process)
        subprocess.run(["mount", "--bind", str(site.data), str(site.data)], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(site.data)], check=True)
            site.export(rested.second.records, on)
            waited_for(lambda: len(failed_turns(site)) >= TRIES, process)
        finally:
            subprocess.run(["umount", "-l", str(site.data)], check=True)
        site.wait_for_rest(on, process)
        stopped(process)
    assert {line["reason"] for line in failed_turns(site)} <= {
        "le dossier des données n'est pas accessible en écriture",
        "le magasin n'est pas accessible en écriture",
        "le dépôt n'est pas accessible en écriture",
    }
    assert differences(site.ending(), rested.ending) == {}


def failed_turns(site: Site) -> list[dict[str, object]]:
    return [line for line in site.log() if line["event"] == "turn"]
