"""The unit before systemd itself: it is well formed, it confines, and a systemd that was booted for it runs it.

The machine that is booted is a container of this one: the same files, seen through an overlay that is thrown away, with
systemd as its first process. That takes root, systemd and systemd-nspawn (Debian: systemd, systemd-container).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import connector_core
from connector_core.service.system.job import Job, job_of, outermost
from connector_core.service.system.systemd import unit_text
from connector_core.settings.load import load

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(300)]

WORST = 2.0
"""The exposure that is allowed; 10 is the worst of all."""
PRACTICE = Path(__file__).with_name("practice.py")
BOOT = """
set -eu
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp "$2/practice.target" "$2/practice.service" "$1/root/etc/systemd/system/"
rm -f "$1/root/etc/machine-id"
root=$1
shift 2
timeout --signal=KILL 260 systemd-nspawn --quiet --directory="$root/root" --register=no --keep-unit --private-network \
  --link-journal=no --machine=connector-practice "$@" --boot systemd.unit=practice.target systemd.show_status=no
"""
TARGET = """
[Unit]
Requires=basic.target
Wants=practice.service
"""
SERVICE = """
[Unit]
After=basic.target
[Service]
Type=oneshot
Environment=PYTHONUTF8=1
ExecStart="{python}" "{practice}" /facts
ExecStopPost=/bin/systemctl poweroff --force
"""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it would be installed for a practice of this account."""
    exports = tmp_path / "Mes exports"
    exports.mkdir()
    configuration = tmp_path / "connector.toml"
    configuration.write_text(
        f"[data]\nfolder = '/var/lib/connector'\n[[source]]\nid = \"a\"\nconnector = \"pivot\"\nfolder = '{exports}'\n",
        encoding="utf-8",
    )
    path = tmp_path / "connector.service"
    path.write_text(unit_text(job_of(load(configuration, {}), configuration), "daemon"), encoding="utf-8")
    return path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command], capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    done = run("systemd-analyze", "verify", unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_odd_paths_are_no_fault_either(tmp_path):
    odd = Path('/home/marie/Données : 100 % "d\'Élodie"')
    job = Job(
        interpreter=Path("/usr/bin/env"),
        options=("--config", f"{odd}/$HOME.toml"),
        configuration=odd / "$HOME.toml",
        program=(Path("/usr"),),
        watched=(odd / "exports",),
        data=odd / "data",
        secrets=Path("/var/lib/c"),
        report=odd / "rapport",
        rescan=timedelta(minutes=1),
    )
    path = tmp_path / "connector.service"
    path.write_text(unit_text(job, "daemon"), encoding="utf-8")
    done = run("systemd-analyze", "verify", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_exposes_little(unit):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={WORST * 10:.0f}", unit)
    assert done.returncode == 0, done.stdout
    told = re.search(r"Overall exposure level for connector\.service: ([0-9.]+)", done.stdout)
    assert told is not None, done.stdout
    assert float(told[1]) <= WORST


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What was seen on a machine that was booted to run the service."""
    folder = tmp_path_factory.mktemp("boot")
    for name in ("machine", "units", "facts"):
        (folder / name).mkdir()
    (folder / "units" / "practice.target").write_text(TARGET, encoding="utf-8")
    (folder / "units" / "practice.service").write_text(
        SERVICE.format(python=sys.executable, practice=PRACTICE), encoding="utf-8"
    )
    program = (Path(sys.prefix), Path(sys.base_prefix), Path(connector_core.__file__).parents[1], PRACTICE.parent)
    binds = [f"--bind-ro={path}" for path in outermost(program) if not path.is_relative_to("/usr")]
    script = ["unshare", "--mount", "sh", "-c", BOOT, "boot", str(folder / "machine"), str(folder / "units")]
    done = run_long(*script, *binds, f"--bind={folder / 'facts'}:/facts")
    path = folder / "facts" / "facts.json"
    assert path.exists(), done
    told = json.loads(path.read_text(encoding="utf-8"))
    assert "error" not in told, "\n".join(map(str, told.values()))
    return told


def run_long(*command: str | Path) -> str:
    done = subprocess.run(
        [str(each) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=280,
        check=False,
    )
    return done.stdout


def service(facts: dict, moment: str) -> dict:
    return json.loads(facts[moment][1])["service"]


def test_the_service_is_installed_and_starts_by_itself_only_at_boot(facts):
    assert facts["install"][0] == 0, facts["install"]
    assert facts["before"][0] == 3
    assert service(facts, "before") | {"detail": ""} == {
        "installed": True,
        "running": False,
        "enabled": True,
        "account": "connector",
        "detail": "",
    }


def test_the_service_starts_and_says_so(facts):
    assert facts["start"][0] == 0, (facts["start"], facts["journal"])
    assert facts["running"][0] == 0
    assert service(facts, "running")["detail"] == "active (running)"
    assert facts["status_text"] == "Sources surveillées : 1"


def test_the_daemon_runs_as_its_account_without_any_right(facts):
    process = facts["process"]
    assert set(process["Uid"].split()) == {facts["account"]} != {"0"}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(process[name], 16) == 0
    assert process["NoNewPrivs"] == "1"
    assert process["Seccomp"] == "2"


def test_the_daemon_sees_nobodys_files_and_may_write_nowhere_else(facts):
    assert facts["sees"] == ""
    assert facts["touched"] != 0
    assert "x" not in facts["exports_left"]
    assert "lo:" in facts["network"]
    assert not re.search(r"\n\s*(eth|en|host|ve)", facts["network"])


def test_a_dropped_file_is_read_and_reported(facts):
    assert facts["read"], facts["journal"]


def test_another_account_reads_nothing(facts):
    assert len(facts["may"]["connector"]) == 5
    assert facts["may"]["marie"] == []


def test_a_daemon_that_is_killed_is_started_again_and_goes_on(facts):
    assert facts["started_again"], facts["journal"]
    assert facts["read_after_kill"], facts["journal"]


def test_a_daemon_that_hangs_is_replaced(facts):
    assert facts["replaced_when_hung"], facts["journal"]
    assert "atchdog" in facts["journal"]
    assert facts["restarts"] == "2"


def test_a_newer_program_that_can_not_migrate_the_store_gives_way_to_the_former(facts):
    tried = facts["tables_fail"]
    assert tried["code"] == 3, tried
    assert "la version 0.2.0 n'a pas ouvert le magasin" in tried["said"]
    assert tried["runs"]
    assert "/opt/0.2.0" not in tried["program"]
    assert tried["left"] == []
    assert facts["read_after_tables_failed"], facts["journal"]


def test_a_newer_program_that_does_not_start_gives_way_to_the_former(facts):
    tried = facts["program_fails"]
    assert tried["code"] == 3, tried
    assert tried["runs"]
    assert "/opt/0.3.0" not in tried["program"]
    assert facts["read_after_program_failed"], facts["journal"]


def test_a_newer_program_that_opens_the_store_runs_the_service(facts):
    tried = facts["upgraded"]
    assert tried["code"] == 0, tried
    assert "Le service tourne avec la version 0.4.0." in tried["said"]
    assert tried["runs"]
    assert "/opt/0.4.0/venv/bin/python" in tried["program"]
    assert tried["left"] == []
    assert facts["read_by_the_newer"], facts["journal"]


def test_an_older_program_does_not_get_a_store_that_a_newer_one_has_migrated(facts):
    tried = facts["older_again"]
    assert tried["code"] == 3, tried
    assert tried["runs"]
    assert "/opt/0.4.0/venv/bin/python" in tried["program"]
    assert facts["read_after_older_again"], facts["journal"]


def test_the_service_stops_cleanly(facts):
    assert facts["stop"][0] == 0
    assert facts["ended"] == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
    assert service(facts, "stopped")["running"] is False


def test_uninstalling_leaves_the_data_unless_it_is_asked_to_erase_it(facts):
    assert facts["uninstall"][0] == 0
    assert not facts["unit_left"]
    assert facts["data_left"]
    assert facts["purge"][0] == 0, facts["purge"]
    assert facts["after_purge"] == []
    assert facts["exports_left"] == [f"{number}.ndjson" for number in range(1, 7)]
