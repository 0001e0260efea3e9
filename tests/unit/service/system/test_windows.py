"""What the service needs of Windows itself."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.service.system.base import ABSENT, Ran, ServiceError
from connector_core.service.system.windows import Windows, check_administrator, configuration_of_service, share_of

winreg = import_module("winreg")  # on other systems, its types have nothing


@pytest.fixture
def remembered() -> Iterator[str]:
    """A drive that this account has mapped, and that is not connected now."""
    key = r"Network\Q"
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as made:
        winreg.SetValueEx(made, "RemotePath", 0, winreg.REG_SZ, r"\\serveur\partage")
    yield "Q:"
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)


@pytest.fixture
def windows(commands) -> Iterator[Windows]:
    made = Windows(commands)
    yield made
    if made.state().installed:
        made.uninstall()


def test_a_disk_is_no_share():
    assert share_of("C:") is None


def test_a_letter_that_stands_for_nothing_is_told_from_a_disk(remembered):
    assert share_of("R:") == ""
    assert share_of(remembered) == r"\\serveur\partage"


def test_a_source_on_a_mapped_drive_is_refused_and_nothing_is_installed(windows, make_job, remembered):
    with pytest.raises(ConfigurationError, match="session") as error:
        windows.install(make_job(watched=(Path(r"Q:\Vega\Exports"),)))
    assert r"'\\serveur\partage\Vega\Exports'" in str(error.value.remedy)
    assert windows.state() == ABSENT


def test_a_service_that_is_not_there_is_said_so(windows):
    assert windows.state() == ABSENT
    for act in (windows.start, windows.stop, windows.uninstall):
        with pytest.raises(ServiceError, match="pas installé"):
            act()


def test_only_the_service_and_administrators_have_its_folders(windows, commands, make_job):
    job = make_job(watched=(Path(r"C:\Exports"),), reader="marie")
    windows.install(job)
    for folder in (job.data, job.secrets, job.report):
        assert (
            f"icacls {folder} /inheritance:r /grant:r NT SERVICE\\connector:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F "
            "*S-1-5-18:(OI)(CI)F /Q"
        ) in commands.asked
        assert folder.is_dir()
    assert commands.asked[-1] == f"icacls {job.report} /grant marie:(OI)(CI)RX /Q"


def test_a_report_folder_that_is_there_keeps_its_rights(windows, commands, make_job):
    job = make_job(watched=(Path(r"C:\Exports"),))
    job.report.mkdir()
    windows.install(job)
    asked = [line for line in commands.asked if line.startswith(f"icacls {job.report} ")]
    assert asked == [f"icacls {job.report} /grant NT SERVICE\\connector:(OI)(CI)M /Q"]


def test_the_systems_own_account_needs_no_more_than_the_system(windows, commands, make_job):
    job = make_job(watched=(Path(r"C:\Exports"),), account="LocalSystem")
    windows.install(job)
    assert f"icacls {job.data} /inheritance:r /grant:r *S-1-5-32-544:(OI)(CI)F *S-1-5-18:(OI)(CI)F /Q" in commands.asked


def test_a_configuration_in_the_data_folder_stays_readable(windows, commands, make_job, tmp_path):
    job = make_job(watched=(Path(r"C:\Exports"),), data=tmp_path)
    windows.install(job)
    assert f"icacls {job.configuration} /grant *S-1-5-32-545:R /Q" in commands.asked


def test_rights_that_can_not_be_set_are_no_silence(windows, commands, make_job):
    commands.answers["icacls"] = Ran(5, "Access is denied.")
    with pytest.raises(ServiceError, match="droits"):
        windows.install(make_job(watched=(Path(r"C:\Exports"),)))


def test_installing_again_sets_the_service_anew(windows, make_job):
    windows.install(make_job(watched=(Path(r"C:\Exports"),)))
    windows.install(make_job(watched=(Path(r"C:\Exports"),), account="LocalSystem"))
    assert windows.state().account == "LocalSystem"
    windows.uninstall()
    assert windows.state() == ABSENT


def test_a_newer_program_keeps_what_the_service_had(windows, make_job, tmp_path):
    job = make_job(watched=(Path(r"C:\Exports"),))
    windows.install(job)
    before = windows.registration()
    (tmp_path / "pythonservice.exe").touch()
    windows.take_over(make_job(watched=(Path(r"C:\Exports"),), interpreter=tmp_path / "python.exe"))
    assert windows.registration() == f'"{tmp_path}\\pythonservice.exe"'.encode()
    assert windows.state().account == r"NT SERVICE\connector"
    assert configuration_of_service() == job.configuration
    windows.put_back(before)
    assert windows.registration() == before


def test_a_program_without_the_host_of_services_takes_nothing_over(windows, make_job, tmp_path):
    windows.install(make_job(watched=(Path(r"C:\Exports"),)))
    before = windows.registration()
    with pytest.raises(ConfigurationError, match="pythonservice"):
        windows.take_over(make_job(interpreter=tmp_path / "python.exe"))
    assert windows.registration() == before


def test_an_administrator_may_go_on():
    check_administrator()
