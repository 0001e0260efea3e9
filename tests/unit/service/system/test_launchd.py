"""The property list that launchd is given, and what is asked of launchd. Not run on a Mac."""

from __future__ import annotations

import plistlib

import pytest

from connector_core.errors import ConfigurationError
from connector_core.service.system.base import ABSENT, Ran, ServiceError
from connector_core.service.system.launchd import LABEL, Launchd, plist_bytes


@pytest.fixture
def launchd(commands, tmp_path):
    commands.answers["launchctl print"] = Ran(113, "Could not find service")
    return Launchd(commands, tmp_path / "service.plist")


def test_the_list_runs_the_daemon_as_the_account(make_job):
    job = make_job()
    told = plistlib.loads(plist_bytes(job, "marie"))
    assert told["ProgramArguments"] == list(job.command)
    assert told["UserName"] == "marie"
    assert told["RunAtLoad"] is True
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["Umask"] == 0o077
    assert told["ProcessType"] == "Background"


def test_installing_writes_the_list_and_starts_nothing(launchd, commands, make_job):
    job = make_job(account="marie")
    launchd.install(job)
    assert launchd.plist.read_bytes() == plist_bytes(job, "marie")
    assert f"launchctl enable system/{LABEL}" in commands.asked
    assert not [line for line in commands.asked if "bootstrap" in line or "kickstart" in line]


def test_a_service_that_is_loaded_is_replaced(launchd, commands, make_job):
    commands.answers["launchctl print"] = Ran(0, "state = running\n")
    launchd.install(make_job(account="marie"))
    assert f"launchctl bootout system/{LABEL}" in commands.asked


@pytest.mark.parametrize(("values", "where"), [({}, "--user"), ({"account": "m", "reader": "n"}, "--reader")])
def test_an_account_must_be_named_and_reads_the_report_itself(launchd, make_job, values, where):
    with pytest.raises(ConfigurationError) as error:
        launchd.install(make_job(**values))
    assert error.value.where == where
    assert not launchd.plist.exists()


def test_an_account_that_is_not_there_is_refused(launchd, commands, make_job):
    commands.answers["id -u paul"] = Ran(1, "")
    with pytest.raises(ConfigurationError, match="paul"):
        launchd.install(make_job(account="paul"))


def test_starting_loads_what_is_not_loaded(launchd, commands):
    launchd.plist.touch()
    launchd.start()
    assert commands.asked[-1] == f"launchctl bootstrap system {launchd.plist}"
    commands.answers["launchctl print"] = Ran(0, "\tstate = not running\n")
    launchd.start()
    assert commands.asked[-1] == f"launchctl kickstart system/{LABEL}"


def test_the_state_is_what_launchd_says(launchd, commands, make_job):
    assert launchd.state() == ABSENT
    launchd.plist.write_bytes(plist_bytes(make_job(), "marie"))
    assert launchd.state().running is False
    commands.answers["launchctl print"] = Ran(0, "system/x = {\n\tstate = running\n\tpid = 1\n")
    state = launchd.state()
    assert (state.running, state.account, state.detail) == (True, "marie", "running")


def test_stopping_asks_the_daemon_to_end(launchd, commands, make_job):
    launchd.plist.write_bytes(plist_bytes(make_job(), "marie"))
    commands.answers["launchctl print"] = Ran(0, "state = running\n")
    launchd.stop()
    assert commands.asked[-1] == f"launchctl kill SIGTERM system/{LABEL}"


def test_uninstalling_removes_the_list(launchd, commands, make_job):
    with pytest.raises(ServiceError):
        launchd.uninstall()
    launchd.plist.write_bytes(plist_bytes(make_job(), "marie"))
    launchd.uninstall()
    assert not launchd.plist.exists()
