"""`connector service`, before a service manager that only remembers."""

from __future__ import annotations

import pytest

from connector_core.service.system.base import ABSENT, ServiceError, State

RUNNING = State(installed=True, running=True, enabled=True, account="connector", detail="active (running)")


class Manager:
    """A service manager; `job` is what was installed."""

    def __init__(self):
        self.now, self.job, self.notes, self.done = ABSENT, None, (), []

    def install(self, job):
        self.job, self.now = job, State(True, False, True, "connector", "")
        return self.notes

    def start(self):
        if self.now == ABSENT:
            raise ServiceError("le service n'est pas installé", remedy="Lancez « connector service install »")
        self.now = RUNNING

    def stop(self):
        self.done.append("stop")

    def state(self):
        return self.now

    def uninstall(self):
        if self.now == ABSENT:
            raise ServiceError("le service n'est pas installé")
        self.done.append("uninstall")
        self.now = ABSENT


@pytest.fixture
def manager(monkeypatch):
    made = Manager()
    monkeypatch.setattr("connector_core.cli.service._system", lambda: made)
    monkeypatch.setattr("connector_core.cli.service._check_administrator", lambda: None)
    return made


@pytest.fixture
def configured(practice, manager):
    practice.configure("[report]\nfolder = 'report'")
    return practice


def test_the_service_runs_the_daemon_for_this_configuration(configured, manager):
    assert "installé" in configured.text("service", "install")
    assert manager.job.command[1:] == (
        "-m",
        "connector_core",
        "--config",
        str(configured.config),
        "--no-plugins",
        "run",
    )
    assert manager.job.watched == (configured.folder / "cabinet",)
    assert manager.job.data == configured.data
    assert manager.job.report == configured.folder / "report"
    assert manager.job.account is None


def test_what_is_left_to_see_to_is_told(configured, manager):
    manager.notes = ("Le dossier X n'existe pas encore.",)
    assert "À voir : Le dossier X" in configured.text("service", "install", "--user", "marie", "--reader", "paul")
    assert (manager.job.account, manager.job.reader) == ("marie", "paul")


def test_without_a_configuration_nothing_is_installed(practice, manager):
    assert "connector init" in practice.refused("service", "install")
    assert manager.job is None


def test_without_a_source_nothing_is_installed(practice, manager):
    practice.configure(sources=())
    assert "aucune source à surveiller" in practice.refused("service", "install")


def test_a_data_folder_that_depends_on_the_account_is_refused(practice, manager, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    practice.configure()
    text = practice.config.read_text(encoding="utf-8")
    practice.config.write_text(text.replace("[data]\nfolder", "[report]\nfolder"), encoding="utf-8")
    assert "[data] folder" in practice.refused("service", "install")
    assert manager.job is None


def test_a_data_folder_of_other_files_is_refused(configured, manager):
    configured.data.mkdir()
    (configured.data / "photo.jpg").touch()
    assert "autre chose" in configured.refused("service", "install")


@pytest.mark.parametrize(("now", "code"), [(RUNNING, 0), (ABSENT, 3)])
def test_the_state_is_told_to_machines(configured, manager, now, code):
    manager.now = now
    told = configured.json("service", "status", code=code)["service"]
    assert (told["installed"], told["running"], told["account"]) == (now.installed, now.running, now.account)


def test_the_state_is_told_to_people(configured, manager):
    assert "n'est pas installé" in configured.text("service", "status", code=3)
    configured.text("service", "install")
    assert "ne tourne pas" in configured.text("service", "status", code=3)
    assert "tourne" in configured.text("service", "start")
    assert "compte : connector" in configured.text("service", "status")


def test_a_service_that_is_not_installed_ends_with_3(configured, manager):
    assert "pas installé" in configured.refused("service", "start", code=3)


def test_uninstalling_leaves_the_data(configured, manager):
    configured.text("service", "install")
    configured.take(configured.export())
    configured.text("service", "uninstall")
    assert manager.done == ["uninstall"]
    assert (configured.data / "connector.db").exists()


def test_a_purge_asks_first(configured, manager):
    configured.text("service", "install")
    configured.take(configured.export())
    refused = configured.refused("service", "uninstall", "--purge", input="non\n")
    assert "rien n'a été fait" in refused
    assert manager.done == []
    assert (configured.data / "connector.db").exists()
    configured.text("service", "uninstall", "--purge", input="oui\n")
    assert manager.done == ["uninstall"]
    assert not configured.data.exists()


def test_a_purge_works_without_questions_and_without_a_service(configured, manager):
    configured.take(configured.export())
    configured.text("service", "uninstall", "--purge", "--yes")
    assert not configured.data.exists()


@pytest.mark.parametrize("command", ["install", "start", "stop", "uninstall"])
def test_changing_services_needs_an_administrator(practice, monkeypatch, command):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    practice.configure()
    assert "administrateur" in practice.refused("service", command)
