"""The agent: what it shows, when, how often, and what a crash does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector_core.deliver.hours import Hours
from connector_core.deliver.mailbox import Letter, Mailbox, Sending, post
from connector_core.deliver.notice import Notice
from connector_core.deliver.toast import ToastError
from connector_core.service.agent import Agent, grouped, together

DAYTIME = Hours(time(8), time(19), frozenset(range(5)), ZoneInfo("Europe/Paris"))
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Desktop:
    """A screen. `killed` kills the process once it has shown so many."""

    shown: list[Notice] = field(default_factory=list)
    away: bool = False
    killed: int | None = None

    def show(self, notice: Notice) -> None:
        if self.away:
            raise ToastError("le bureau n'affiche pas l'avis")
        self.shown.append(notice)
        if self.killed == len(self.shown):
            raise KeyboardInterrupt


@dataclass
class Session:
    folder: Path
    most_an_hour: int = 4
    now: datetime = MONDAY
    desktop: Desktop = field(default_factory=Desktop)

    def agent(self) -> Agent:
        hours: dict[Sending, Hours] = {"digest": DAYTIME, "immediate": DAYTIME}
        return Agent(Mailbox(self.folder), hours, self.most_an_hour, self.desktop, lambda: self.now)

    def post(self, *numbers: int, send: Sending = "immediate") -> None:
        for number in numbers:
            until = self.now + timedelta(days=3)
            post(self.folder, Letter(f"{number:016x}", send, "Nouveau", f"avis {number}\nNOM", until))

    def look(self, **later: float) -> list[str]:
        """The notices that are shown so much later."""
        self.now += timedelta(**later)
        self.desktop.shown.clear()
        self.agent().look()
        return [each.text.replace("\nNOM", "") for each in self.desktop.shown]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "camille")


def test_each_notice_is_shown_once_across_restarts(session: Session) -> None:
    session.post(1, 2)
    assert sorted(session.look()) == ["avis 1", "avis 2"]
    assert session.look(minutes=1) == []
    session.post(1)
    assert session.look() == []


def test_killed_after_showing_and_before_noting_it_one_is_shown_again_and_none_is_lost(session: Session) -> None:
    session.post(1, 2, 3)
    session.desktop.killed = 2
    with pytest.raises(KeyboardInterrupt):
        session.agent().look()
    first, second = (each.text for each in session.desktop.shown)
    session.desktop.killed = None
    again = session.look(seconds=5)
    assert len(again) == 2
    assert second.partition("\n")[0] in again
    assert first.partition("\n")[0] not in again


def test_no_more_than_so_many_an_hour_and_the_last_tells_the_rest(session: Session) -> None:
    session.post(*range(1, 7))
    *alone, rest = session.look()
    assert len(alone) == 3
    assert rest.count("avis ") == 3
    session.post(7, 8)
    assert session.look(minutes=59) == []
    assert sorted(session.look(minutes=1, seconds=1)) == ["avis 7", "avis 8"]


def test_a_clock_set_back_silences_nobody(session: Session) -> None:
    session.post(1, 2, 3, 4)
    assert len(session.look()) == 4
    session.post(5)
    assert session.look(days=-3) == ["avis 5"]


def test_what_comes_outside_the_hours_waits(session: Session) -> None:
    session.now = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)  # Friday, 19:30 in Paris
    session.post(1)
    session.post(2, send="digest")
    assert session.look() == []
    assert session.look(days=1) == []
    assert sorted(session.look(days=1, hours=12, minutes=30)) == ["avis 1", "avis 2"]


def test_what_the_person_is_no_longer_sent_is_not_shown(session: Session) -> None:
    session.post(1)
    agent = session.agent()
    agent.hours = {"digest": DAYTIME}
    assert agent.look() == 0


def test_a_desktop_that_takes_nothing_leaves_it_for_later(session: Session) -> None:
    session.post(1)
    session.desktop.away = True
    with pytest.raises(ToastError):
        session.agent().look()
    session.desktop.away = False
    assert session.look() == ["avis 1"]


def test_it_runs_until_it_is_stopped_and_goes_on_after_a_failure(session: Session, monkeypatch) -> None:
    monkeypatch.setattr("connector_core.service.agent._AFTER_FAILURE", 0.01)
    monkeypatch.setattr("connector_core.service.agent._LOOK", 0.01)
    session.post(1)
    agent = session.agent()
    tries: list[int] = []

    class Moody:
        def show(self, notice: Notice) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise ToastError("le bureau n'affiche pas l'avis")
            agent.stop.set()

    agent.desktop = Moody()
    agent.run()
    assert len(tries) == 2


def letters(count: int) -> list[Letter]:
    return [Letter(f"{n:016x}", "immediate", "Nouveau", f"avis {n}", MONDAY) for n in range(count)]


@pytest.mark.parametrize(
    ("waiting", "allowed", "sizes"),
    [(0, 4, []), (3, 0, []), (3, -1, []), (3, 3, [1, 1, 1]), (4, 3, [1, 1, 2]), (9, 1, [9]), (1, 1, [1])],
)
def test_groups(waiting: int, allowed: int, sizes: list[int]) -> None:
    groups = grouped(letters(waiting), allowed)
    assert [len(group) for group in groups] == sizes
    assert [each for group in groups for each in group] == (letters(waiting) if sizes else [])


def test_a_notice_for_many_stays_short() -> None:
    told = together(letters(6))
    assert told.title == "6 avis"
    assert told.text.splitlines() == ["avis 2", "avis 3", "avis 4", "avis 5", "… et 2 de plus, dans le rapport"]
    assert together(letters(1)) == Notice("Nouveau", "avis 0")
