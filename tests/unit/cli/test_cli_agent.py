"""`connector agent`: whose notices, and what keeps it from showing them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest
from filelock import FileLock

from connector_core.deliver.mailbox import Letter, post
from connector_core.deliver.notice import Notice
from connector_core.service import logs

ALL_DAY = 'start = "00:00"\nuntil = "00:00"\ndays = ["lun", "mar", "mer", "jeu", "ven", "sam", "dim"]\n'
CAMILLE = f'[[notify]]\nperson = "camille"\n{ALL_DAY}'
DOMINIQUE = CAMILLE.replace("camille", "dominique")


@pytest.fixture
def desktop(monkeypatch) -> list[Notice]:
    shown: list[Notice] = []

    class Desktop:
        def show(self, notice: Notice) -> None:
            shown.append(notice)

    monkeypatch.setattr("connector_core.deliver.toast.Toaster", Desktop)
    monkeypatch.setattr(logs, "start", lambda folder, name: None)
    return shown


def send(practice, person: str = "camille", key: int = 1) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    post(practice.folder / "data-avis" / person, Letter(f"{key:016x}", "digest", "À faire", "1 bilan à faire", until))


def test_what_waits_is_shown_once(practice, desktop):
    practice.configure(CAMILLE)
    send(practice)
    practice.text("agent", "--once")
    practice.text("agent", "--once", "--person", "camille")
    assert desktop == [Notice("À faire", "1 bilan à faire")]


def test_each_person_sees_their_own(practice, desktop):
    practice.configure(CAMILLE + DOMINIQUE)
    send(practice, "dominique")
    assert "Plusieurs personnes sont prévenues à l'écran" in practice.refused("agent", "--once")
    practice.text("agent", "--once", "--person", "camille")
    assert desktop == []
    practice.text("agent", "--once", "--person", "dominique")
    assert len(desktop) == 1


def test_who_is_not_told_on_the_screen_is_told_so(practice, desktop):
    practice.configure()
    assert "personne n'est prévenu à l'écran" in practice.refused("agent")
    practice.configure(CAMILLE)
    assert "Vouliez-vous dire « camille »" in practice.refused("agent", "--person", "camile")


def test_a_second_one_is_refused(practice, desktop):
    practice.configure(CAMILLE)
    practice.text("agent", "--once")
    with FileLock(practice.folder / "data-avis" / "camille" / "agent.lock"):
        assert "déjà affichés" in practice.refused("agent", "--once")


def test_without_the_extra_it_says_what_to_install(practice, monkeypatch):
    monkeypatch.setitem(sys.modules, "desktop_notifier", None)
    monkeypatch.setitem(sys.modules, "desktop_notifier.sync", None)
    practice.configure(CAMILLE)
    assert "connector-core[desktop]" in practice.refused("agent", "--once")


@pytest.mark.skipif(sys.platform != "linux", reason="an entry of the desktop; Windows has its own test")
def test_the_agent_starts_with_the_session_until_it_is_told_not_to(practice, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    practice.configure(CAMILLE)
    text = practice.text("agent", "--at-logon")
    entry = tmp_path / "configuration" / "autostart" / "connector-agent.desktop"
    assert f"Les avis de camille s'afficheront dès la prochaine ouverture de cette session ({entry})." in text
    (line,) = [each for each in entry.read_text(encoding="utf-8").splitlines() if each.startswith("Exec=")]
    assert line.endswith('"agent" "--person" "camille"')
    assert f'"--config" "{practice.config}"' in line
    assert "ne s'afficheront plus" in practice.text("agent", "--not-at-logon")
    assert not entry.exists()
    assert "Rien n'était prévu" in practice.text("agent", "--not-at-logon")


def test_someone_who_is_not_told_is_not_started_for(practice, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    practice.configure()
    assert "personne n'est prévenu" in practice.refused("agent", "--at-logon")
    assert not (tmp_path / "autostart").exists()
