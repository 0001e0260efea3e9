"""The unit that systemd is given, and what is asked of systemd."""

from __future__ import annotations

import configparser
import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.service.system.base import ABSENT, Ran, ServiceError
from connector_core.service.system.systemd import Systemd, unit_text


def settings_of(text: str) -> dict[str, list[str]]:
    """The unit's settings; one that stands twice has two values."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def systemd(commands, tmp_path):
    commands.answers["id --user"] = Ran(0, "999\n")
    return Systemd(commands, tmp_path / "connector.service")


def test_the_unit_runs_the_daemon_as_the_account_with_its_configuration(make_job):
    job = make_job()
    found = settings_of(unit_text(job, "connector"))
    assert found["ExecStart"] == [f"/opt/connector/bin/python -m connector_core --config {job.configuration} run"]
    assert found["User"] == ["connector"]
    assert found["Type"] == ["notify"]
    assert found["WantedBy"] == ["multi-user.target"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_UNIX"),
        ("IPAddressDeny", "any"),
        ("PrivateTmp", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("MemoryMax", "512M"),
        ("ProtectProc", "invisible"),
    ],
)
def test_the_unit_confines_the_daemon(make_job, setting, value):
    assert settings_of(unit_text(make_job(), "connector"))[setting] == [value]


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 900), (5, 900), (6, 1080), (60, 10800)])
def test_the_watchdog_waits_longer_than_three_looks(make_job, minutes, seconds):
    unit = unit_text(make_job(rescan=timedelta(minutes=minutes)), "connector")
    assert settings_of(unit)["WatchdogSec"] == [str(seconds)]


def test_only_the_daemons_own_folders_may_be_written(make_job):
    job = make_job(data=Path("/var/lib/c"), secrets=Path("/var/lib/c/secrets"), report=Path("/srv/rapport"))
    found = settings_of(unit_text(job, "connector"))
    assert found["ReadWritePaths"] == ["/srv/rapport /var/lib/c"]
    assert "BindPaths" not in found


def test_a_folder_that_the_unit_hides_is_shown_alone(make_job):
    job = make_job(
        configuration=Path("/etc/connector/connector.toml"),
        data=Path("/home/marie/donnees"),
        secrets=Path("/var/lib/c"),
        report=Path("/var/lib/r"),
        watched=(Path("/home/marie/Exports"), Path("/srv/exports")),
        program=(Path("/root/python/3.11"), Path("/usr")),
    )
    found = settings_of(unit_text(job, "marie"))
    assert found["BindPaths"] == ["/home/marie/donnees"]
    assert found["BindReadOnlyPaths"] == ["-/home/marie/Exports -/root/python/3.11"]


def test_a_path_keeps_its_spaces_accents_quotes_and_signs(make_job):
    odd = Path('/srv/Données "100 %" d\'Élodie')
    job = make_job(options=("--config", f"{odd}/$HOME.toml"), report=odd)
    found = settings_of(unit_text(job, "connector"))
    written = '"/srv/Données \\"100 %%\\" d\'Élodie'
    assert written + '"' in found["ReadWritePaths"][0]
    assert f'--config {written}/$$HOME.toml" run' in found["ExecStart"][0]
    assert shlex.split(found["ExecStart"][0])[-2] == f"{odd}/$$HOME.toml".replace("%", "%%")


def test_the_unit_is_well_formed(make_job):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(unit_text(make_job(), "connector"))
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_installing_makes_the_account_gives_it_its_folders_and_enables_the_service(systemd, commands, make_job):
    commands.answers["id --user connector"] = Ran(1, "")
    job = make_job()

    def made(command, cwd=None):
        ran = commands(command, cwd)
        if command[0] == "useradd":
            commands.answers["id --user connector"] = Ran(0, "998\n")
        return ran

    Systemd(made, systemd.unit).install(job)
    asked = [line for line in commands.asked if not line.startswith(("id ", "runuser "))]
    assert asked == [
        "useradd --system --user-group --home-dir /var/lib/connector --no-create-home --shell /usr/sbin/nologin "
        "connector",
        f"install -d -m 0700 {job.data}",
        f"chown -R connector: {job.data}",
        f"install -d -m 0700 {job.secrets}",
        f"chown -R connector: {job.secrets}",
        f"install -d -m 0700 -o connector {job.report}",
        "systemctl daemon-reload",
        "systemctl enable --quiet connector.service",
    ]
    assert systemd.unit.read_text(encoding="utf-8") == unit_text(job, "connector")


def test_a_report_folder_that_is_there_keeps_its_rights(systemd, commands, make_job):
    job = make_job()
    job.report.mkdir()
    systemd.install(job)
    assert not [line for line in commands.asked if line.endswith(str(job.report)) and line.startswith("install")]


def test_a_reader_besides_the_account_is_refused(systemd, commands, make_job):
    with pytest.raises(ConfigurationError, match="compte du service"):
        systemd.install(make_job(reader="marie"))
    assert commands.asked == []


def test_an_account_that_is_not_there_is_refused_before_anything_is_done(systemd, commands, make_job):
    commands.answers["id --user paul"] = Ran(1, "")
    with pytest.raises(ConfigurationError, match="paul"):
        systemd.install(make_job(account="paul"))
    assert commands.asked == ["id --user paul"]
    assert not systemd.unit.exists()


def test_root_is_refused_as_an_account(systemd, commands, make_job):
    commands.answers["id --user root"] = Ran(0, "0\n")
    with pytest.raises(ConfigurationError, match="root"):
        systemd.install(make_job(account="root"))
    assert not systemd.unit.exists()


def test_what_the_account_cannot_reach_is_told_with_the_remedy(systemd, commands, make_job, tmp_path):
    watched = tmp_path / "exports"
    watched.mkdir()
    commands.answers["runuser -u connector -- test -r ."] = Ran(1, "")
    (note, absent) = systemd.install(make_job(watched=(watched,)))
    assert str(watched) in note
    assert f"setfacl -R -m u:connector:rX -m d:u:connector:rX '{watched}'" in note
    assert "n'existe pas encore" in absent  # the report's folder: the commands made nothing
    assert watched in commands.folders  # a hidden folder is tried from inside


def test_a_program_that_the_account_cannot_reach_is_told(systemd, commands, make_job):
    commands.answers["runuser -u connector -- test -x /opt/connector"] = Ran(1, "")
    *_, note = systemd.install(make_job(program=(Path("/opt/connector"), Path("/usr"))))
    assert "n'atteint pas le programme, dans /opt/connector" in note
    assert "chmod a+x" in note
    assert "runuser -u connector -- test -x /usr" in commands.asked


@pytest.mark.parametrize("act", ["start", "stop", "uninstall"])
def test_a_service_that_is_not_installed_is_said_so(systemd, act):
    with pytest.raises(ServiceError, match="pas installé") as error:
        getattr(systemd, act)()
    assert error.value.exit_code == 3


def test_a_command_that_fails_is_told_with_where_to_look(systemd, commands):
    systemd.unit.touch()
    commands.answers["systemctl start"] = Ran(1, "Job for connector.service failed.")
    with pytest.raises(ConnectorError, match="ne démarre pas") as error:
        systemd.start()
    assert "journalctl" in str(error.value)


def test_the_state_is_what_systemd_says(systemd, commands):
    assert systemd.state() == ABSENT
    systemd.unit.touch()
    shown = "ActiveState=active\nSubState=running\nUnitFileState=enabled\nUser=connector\n"
    commands.answers["systemctl show"] = Ran(0, shown)
    state = systemd.state()
    assert (state.installed, state.running, state.enabled, state.account) == (True, True, True, "connector")
    commands.answers["systemctl show"] = Ran(0, shown.replace("active", "failed", 1))
    assert not systemd.state().running


def test_uninstalling_stops_the_service_and_leaves_the_data(systemd, commands, make_job):
    job = make_job()
    job.data.mkdir()
    systemd.install(job)
    systemd.uninstall()
    assert "systemctl disable --quiet --now connector.service" in commands.asked
    assert not systemd.unit.exists()
    assert job.data.is_dir()


def test_a_newer_program_is_run_in_the_account_that_the_service_has(systemd, commands, make_job):
    commands.answers["systemctl show"] = Ran(0, "ActiveState=inactive\nSubState=dead\nUser=marie\n")
    systemd.install(make_job(account="marie"))
    before = systemd.registration()
    systemd.take_over(make_job(interpreter=Path("/opt/newer/bin/python"), program=(Path("/opt/newer"),)))
    found = settings_of(systemd.unit.read_text(encoding="utf-8"))
    assert found["ExecStart"][0].startswith("/opt/newer/bin/python ")
    assert found["User"] == ["marie"]
    systemd.put_back(before)
    assert systemd.unit.read_bytes() == before
    assert commands.asked[-2:] == ["systemctl reset-failed connector.service", "systemctl daemon-reload"]


def test_without_a_service_nothing_is_taken_over(systemd):
    with pytest.raises(ServiceError, match="pas installé"):
        systemd.registration()
