"""The outbox at work: queued with the findings, delivered after them, tried again later, told by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest

from connector_core.deliver import away
from connector_core.deliver.backoff import FIRST, LONGEST, MAX_TRIES
from connector_core.deliver.mailbox import Mailbox
from connector_core.deliver.notice import Notice
from connector_core.deliver.report_data import report_data
from connector_core.deliver.report_model import ReportData
from connector_core.errors import ConnectorError, StoreError
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.contributions import Delivery
from connector_core.plugins.host import PluginHost
from connector_core.service.assembly import listening_of, pipeline_of
from connector_core.service.daemon import Daemon
from connector_core.service.deliveries import outgoing_of
from connector_core.service.messages import Report, Task, Trouble
from connector_core.service.outbox import Outgoing, Recipient, Target
from connector_core.service.source_files import SourceFiles
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.settings.notices import Notify
from connector_core.sources.local import LocalFile
from connector_core.sources.spool import Spool
from connector_core.store.outbox import Parcel
from connector_core.store.store import Store

MONDAY = date(2026, 3, 2)
PARIS = ZoneInfo("Europe/Paris")
HEADER = {"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"}
PEOPLE = (
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "OZVRAY-SECRET", "given_name": "Zoé", "birth_date": "1980-01-01"},
)


def act(number: int, amount: str = "16.00") -> dict[str, object]:
    """An act billed 1,88 € below its price."""
    return {
        "record": "act",
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": f"2026-02-{9 + number}",
        "letter": "RAM",
        "coefficient": "8.09",
        "amount": amount,
    }


@dataclass
class Desk:
    """A practice whose outbox is watched. `now` is the time; what fails is in `broken`, by delivery."""

    folder: Path
    host: PluginHost
    people: Sequence[Notify] = ()
    now: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)
    broken: dict[str, Exception] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)
    """How much was delivered at each sign that the work goes on."""
    made: int = 0
    chance: float = 1.0
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "connector.db", bytes(32))
        self.rules = Rules(self.host, load_parameters(), load_tariffs())
        self.start()

    def start(self) -> None:
        """Another process on the same store."""
        deliveries = [Delivery(name, name, self._delivering(name)) for name in ("one", "two")]
        self.outgoing = Outgoing(
            store=self.store,
            targets=[Target(each, self.folder) for each in deliveries],
            recipients=[Recipient.of(each, PARIS) for each in self.people],
            report=self._report,
            notices=self.folder / "avis",
            address=lambda reference: self.secrets[reference],
            clock=lambda: self.now,
            random=lambda: self.chance,
            goes_on=lambda: self.signs.append(len(self.delivered)),
        )
        self.pipeline = Pipeline(self.store, self.rules, lambda: self.now, ("cabinet",), committing=self.outgoing.queue)

    def _delivering(self, name: str) -> Callable[[ReportData, Path], Sequence[Path]]:
        def deliver(data: ReportData, folder: Path) -> Sequence[Path]:
            if name in self.broken:
                raise self.broken[name]
            self.delivered.append(f"{name} {data.as_of} {len(data.items)}")
            return ()

        return deliver

    def _report(self, day: date) -> tuple[ReportData, Sequence[Trouble]]:
        self.made += 1
        if "report" in self.broken:
            raise self.broken["report"]
        return report_data(self.store, "Cabinet", day, self.now.astimezone(PARIS), rules=self.host.rules), ()

    def read(self, *records: object, day: date = MONDAY) -> None:
        path = self.folder / "export.ndjson"
        lines = [json.dumps(each) for each in (HEADER, *PEOPLE, *records)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.pipeline.attempt([Input("cabinet", LocalFile(path))], day)

    def send(self, **later: float) -> float | None:
        """Deliver what is due, so much later; returns in how many seconds something is."""
        self.now += timedelta(**later)
        self.sent = self.outgoing.send()
        return self.sent.due_in

    def parcel(self, slot: str) -> Parcel:
        (found,) = (each for each in self.store.outbox.parcels() if each.slot == slot)
        return found

    def states(self) -> dict[str, str]:
        return {each.slot: each.state for each in self.store.outbox.parcels()}

    def shown(self, person: str = "camille") -> list[Notice]:
        """What `connector agent` would show now."""
        mailbox = Mailbox(self.folder / "avis" / person)
        letters = mailbox.waiting(self.now)
        mailbox.shown(letters, self.now)
        return [Notice(each.title, each.text.replace("\u202f", " ").replace("\u00a0", " ")) for each in letters]


@pytest.fixture
def desk(tmp_path: Path, core_host: PluginHost):
    made: list[Desk] = []

    def make(*people: Notify, **options) -> Desk:
        made.append(Desk(tmp_path, core_host, people, **options))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


def test_what_is_committed_is_delivered_once(desk) -> None:
    practice = desk()
    practice.read(act(1))
    assert practice.states() == {"file:one": "waiting", "file:two": "waiting"}
    assert practice.send() is None
    assert practice.delivered == ["one 2026-03-02 1", "two 2026-03-02 1"]
    assert practice.signs == [0, 1], "it goes on with each"
    assert practice.made == 1
    assert practice.states() == {"file:one": "done", "file:two": "done"}
    practice.send(hours=1)
    practice.start()
    practice.send()
    assert len(practice.delivered) == 2


def test_asking_again_on_the_same_day_brings_nothing_new_and_another_day_does(desk) -> None:
    practice = desk()
    practice.read(act(1))
    practice.send()
    practice.pipeline.recheck(MONDAY)
    assert practice.send() is None
    assert len(practice.delivered) == 2
    practice.pipeline.day_passes(MONDAY + timedelta(days=1))
    practice.send()
    assert practice.delivered[2:] == ["one 2026-03-03 1", "two 2026-03-03 1"]


def test_what_is_newer_takes_the_place_of_what_waits(desk) -> None:
    practice = desk()
    practice.read(act(1))
    practice.read(act(1), act(2))
    practice.send()
    assert practice.delivered == ["one 2026-03-02 2", "two 2026-03-02 2"]


def test_a_transaction_that_fails_leaves_nothing_to_deliver(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = desk()
    put = practice.store.outbox.put

    def killed(*parcel: object) -> NoReturn:
        put(*parcel)
        raise KeyboardInterrupt

    monkeypatch.setattr(practice.store.outbox, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        practice.read(act(1))
    assert practice.store.outbox.parcels() == []
    assert practice.store.answers.findings() == []


def test_a_crash_between_a_delivery_and_the_note_of_it_delivers_the_same_again(desk, monkeypatch) -> None:
    practice = desk()
    practice.read(act(1))
    with monkeypatch.context() as patched:
        patched.setattr(practice.store.outbox, "done", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            practice.send()
    assert practice.delivered == ["one 2026-03-02 1"]
    under_way = practice.parcel("file:one")
    assert (under_way.state, under_way.problem) == ("trying", None)
    practice.start()
    practice.send()
    assert practice.delivered[1:] == ["two 2026-03-02 1"]
    interrupted = practice.parcel("file:one")
    assert (interrupted.state, interrupted.attempts) == ("waiting", 1)
    assert interrupted.problem == "le programme s'est arrêté pendant la livraison."
    practice.send(seconds=5)
    assert practice.delivered[2:] == ["one 2026-03-02 1"]
    assert set(practice.states().values()) == {"done"}


def test_one_that_fails_stops_none_of_the_others_and_is_tried_again(desk) -> None:
    practice = desk(broken={"one": ConnectorError("le partage a disparu", remedy="Attendez")})
    practice.read(act(1))
    assert practice.send() == FIRST.total_seconds()
    assert practice.delivered == ["two 2026-03-02 1"]
    assert practice.sent.troubles == (
        Trouble("delivery", {"delivery": "one", "failure": "ConnectorError", "tries": 1}),
    )
    waiting = practice.parcel("file:one")
    assert (waiting.attempts, waiting.problem) == (1, "le partage a disparu. Attendez")
    assert practice.send(seconds=4) == 1
    assert practice.parcel("file:one").attempts == 1
    assert practice.send(seconds=1) == 2 * FIRST.total_seconds()
    practice.broken.clear()
    assert practice.send(seconds=10) is None
    assert practice.delivered[1:] == ["one 2026-03-02 1"]
    done = practice.parcel("file:one")
    assert (done.state, done.attempts, done.problem) == ("done", 3, None)


def test_what_fails_for_ever_is_given_up_and_seen_until_something_newer_comes(desk) -> None:
    practice = desk(broken={"one": RuntimeError("OZVRAY-SECRET")})
    practice.read(act(1))
    tries = 0
    wait: float | None = 0.0
    while wait is not None:
        assert wait <= LONGEST.total_seconds()
        wait = practice.send(seconds=wait)
        tries += 1
    assert tries == MAX_TRIES
    gone = practice.parcel("file:one")
    assert (gone.state, gone.attempts) == ("given_up", MAX_TRIES)
    assert gone.problem == "la livraison a échoué (RuntimeError)."
    assert [each.event for each in practice.sent.troubles] == ["given_up"]
    practice.broken.clear()
    practice.pipeline.day_passes(MONDAY + timedelta(days=1))
    practice.send()
    assert practice.states() == {"file:one": "done", "file:two": "done"}


def test_what_ends_the_process_each_time_is_put_off_and_given_up_too(desk) -> None:
    practice = desk(broken={"one": KeyboardInterrupt()})
    practice.read(act(1))
    deaths = 0
    wait: float | None = 0.0
    while wait is not None:
        practice.start()
        try:
            wait = practice.send(seconds=wait)
        except KeyboardInterrupt:
            deaths += 1
            wait = 1.0
    assert deaths == MAX_TRIES
    assert practice.delivered == ["two 2026-03-02 1"]
    assert practice.parcel("file:one").state == "given_up"


def test_what_was_given_up_is_tried_when_asked_to(desk) -> None:
    practice = desk(broken={"one": RuntimeError()})
    practice.read(act(1))
    with practice.store.transaction():
        for _ in range(MAX_TRIES):
            practice.store.outbox.trying(practice.parcel("file:one"), practice.now.isoformat())
        practice.store.outbox.given_up(practice.parcel("file:one"), "p")
    assert practice.outgoing.retry() == {"file:one", "file:two"}
    assert practice.parcel("file:one").attempts == 1
    practice.broken.clear()
    assert practice.outgoing.retry() == {"file:one"}
    assert practice.parcel("file:one").state == "done"
    assert practice.outgoing.retry() == frozenset()


def test_a_report_that_cannot_be_made_fails_for_all_and_is_made_later(desk) -> None:
    practice = desk(broken={"report": StoreError("le magasin est occupé")})
    practice.read(act(1))
    assert practice.send() == FIRST.total_seconds()
    assert practice.made == 1
    assert {each.problem for each in practice.store.outbox.parcels()} == {"le magasin est occupé."}
    practice.broken.clear()
    practice.send(seconds=5)
    assert set(practice.states().values()) == {"done"}


def test_a_clock_set_back_does_not_put_a_delivery_off_for_years(desk) -> None:
    practice = desk(now=datetime(2036, 3, 2, 9, tzinfo=UTC))
    practice.read(act(1))
    practice.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    practice.send()
    assert set(practice.states().values()) == {"done"}


def test_what_a_removed_plugin_was_to_deliver_is_forgotten(desk) -> None:
    practice = desk()
    practice.read(act(1))
    practice.outgoing.targets = practice.outgoing.targets[:1]
    assert practice.send() is None
    assert practice.states() == {"file:one": "done"}


CAMILLE = Notify(person="camille")
NEWS = Notify(person="camille", send="immediate")


def test_a_digest_comes_once_a_day_without_a_name(desk) -> None:
    practice = desk(CAMILLE)
    practice.read(act(1), act(2))
    practice.send()
    assert practice.shown() == [Notice("À faire", "2 cotations à corriger, 3,76 € en attente")]
    practice.read(act(1), act(2), act(3))
    practice.send(hours=1)
    assert practice.shown() == []
    practice.now += timedelta(hours=16)  # 03:00 in Paris
    practice.pipeline.day_passes(MONDAY + timedelta(days=1))
    assert practice.send() == timedelta(hours=5).total_seconds()
    assert practice.shown() == []
    practice.send(hours=5)
    assert practice.shown() == [Notice("À faire", "3 cotations à corriger, 5,64 € en attente")]


def test_nothing_to_do_is_not_told_and_what_comes_later_that_day_is(desk) -> None:
    practice = desk(CAMILLE)
    practice.read()
    practice.send()
    assert practice.shown() == []
    practice.read(act(1))
    practice.send()
    assert practice.shown() == [Notice("À faire", "1 cotation à corriger, 1,88 € en attente")]


def test_a_digest_of_a_day_is_not_shown_on_the_next(desk) -> None:
    practice = desk(CAMILLE)
    practice.read(act(1))
    practice.send()
    practice.now = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert practice.shown() == []


def test_names_are_told_where_the_practice_wants_them(desk) -> None:
    practice = desk(Notify(person="camille", names=True))
    practice.read(act(1), act(2))
    practice.send()
    (notice,) = practice.shown()
    assert notice.text.splitlines() == [
        "2 cotations à corriger, 3,76 € en attente",
        "OZVRAY-SECRET Zoé : cotation à corriger",
    ]


def test_news_are_told_at_once_each_once_and_only_while_they_last(desk) -> None:
    practice = desk(NEWS)
    practice.read(act(1))
    practice.send()
    assert [each.text for each in practice.shown()] == ["1 cotation à corriger, 1,88 € en attente"]
    practice.read(act(1), act(2), act(3))
    practice.read(act(1), act(2, "17.88"), act(3))
    practice.send(minutes=1)
    assert [each.text for each in practice.shown()] == ["1 cotation à corriger, 1,88 € en attente"]
    practice.pipeline.recheck(MONDAY)
    practice.send(minutes=1)
    assert practice.shown() == []


def test_news_of_the_evening_wait_for_the_morning(desk) -> None:
    practice = desk(NEWS, now=datetime(2026, 3, 6, 20, tzinfo=UTC))  # a Friday, 21:00 in Paris
    practice.read(act(1), day=date(2026, 3, 6))
    assert practice.send() == timedelta(hours=59).total_seconds()
    assert practice.shown() == []
    practice.send(hours=59)
    assert len(practice.shown()) == 1


def test_a_notice_that_a_crash_delivers_again_is_shown_once(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = desk(CAMILLE, NEWS)
    practice.read(act(1))
    with monkeypatch.context() as patched:
        patched.setattr(practice.store.outbox, "done", lambda *_: None)
        practice.send()
    assert len(practice.shown()) == 2
    practice.start()
    practice.send(seconds=5)
    assert set(practice.states().values()) == {"done"}
    assert practice.shown() == []


def test_a_notice_overdue_outside_its_hours_waits_for_the_next(desk) -> None:
    practice = desk(CAMILLE)
    practice.read(act(1))
    practice.now = datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert practice.send() == timedelta(hours=11).total_seconds()
    assert practice.parcel("notice:camille:desktop:digest").attempts == 0


def test_who_is_no_longer_to_be_told_is_not(desk) -> None:
    practice = desk(CAMILLE)
    practice.read(act(1))
    practice.outgoing.recipients = []
    practice.send()
    assert practice.states() == {"file:one": "done", "file:two": "done"}


@pytest.fixture
def away_sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Notice]]:
    sent: list[tuple[str, Notice]] = []
    monkeypatch.setattr(away, "send", lambda address, notice: sent.append((address, notice)))
    return sent


def test_what_leaves_the_pc_is_one_message_for_all_that_waits(desk, away_sent) -> None:
    notify = Notify(person="camille", by="apprise", send="immediate", address="secret:telephone")
    practice = desk(notify, now=datetime(2026, 3, 2, 5, tzinfo=UTC), secrets={"secret:telephone": "json://localhost"})
    practice.read(act(1))
    practice.read(act(1), act(2))
    practice.send(hours=2)
    ((address, notice),) = away_sent
    assert address == "json://localhost"
    assert notice.text.replace("\u202f", " ").replace("\u00a0", " ") == "2 cotations à corriger, 3,76 € en attente"
    practice.send(hours=1)
    assert len(away_sent) == 1


def test_a_service_that_cannot_be_reached_stops_no_file_and_its_address_is_told_nowhere(desk, monkeypatch) -> None:
    notify = Notify(person="camille", by="apprise", address="secret:telephone")
    practice = desk(notify)
    practice.read(act(1))
    practice.send()
    parcel = practice.parcel("notice:camille:apprise:digest")
    assert parcel.problem == "la livraison a échoué (KeyError)."
    assert practice.sent.troubles == (Trouble("delivery", {"delivery": "notice", "failure": "KeyError", "tries": 1}),)
    assert len(practice.delivered) == 2


@dataclass
class Here:
    """A worker in this process."""

    worker: Worker

    def interrupt(self) -> None: ...

    def prepare(self) -> None:
        return None

    def work(self, task: Task) -> Report:
        return self.worker.work(task)

    def close(self) -> None:
        return None


def test_a_report_folder_that_was_away_is_written_to_once_it_is_back_without_a_new_file(
    tmp_path: Path, core_host: PluginHost
) -> None:
    """The daemon, a worker and the report as they are put together; only the clocks are the test's."""
    for name in ("exports", "depot"):
        (tmp_path / name).mkdir()
    now = [0.0]
    away_folder = tmp_path / "partage"
    away_folder.write_text("no folder", encoding="utf-8")
    settings = Settings.model_validate(
        {
            "data": {"folder": str(tmp_path / "data")},
            "report": {"folder": str(away_folder)},
            "source": [{"id": "cabinet", "connector": "pivot", "folder": str(tmp_path / "exports"), "settle": "0s"}],
        }
    )
    rules = Rules(core_host, load_parameters(), load_tariffs())
    with Store(tmp_path / "connector.db", bytes(32)) as store:
        outgoing = outgoing_of(settings, store, rules)
        outgoing.clock = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(seconds=now[0])
        outgoing.random = lambda: 1.0
        pipeline = pipeline_of(settings, store, rules, outgoing.queue)
        listening = listening_of(settings, store, core_host)
        spool = Spool(tmp_path / "depot", bytes(32))
        worker = Here(Worker(settings, SourceFiles(store, spool, pipeline), listening, outgoing))
        daemon = Daemon(settings, worker, today=lambda: MONDAY, clock=lambda: now[0])
        lines = [json.dumps(each) for each in (HEADER, *PEOPLE, act(1))]
        (tmp_path / "exports" / "export.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for now[0] in (0.0, 1.0, 4.0):
            daemon.turn()
        assert away_folder.is_file()
        assert {each.attempts for each in store.outbox.parcels("waiting")} == {1}
        away_folder.unlink()
        now[0] = 6.0
        daemon.turn()
        assert store.outbox.parcels("waiting") == []
    assert "KINE-NOM" in (away_folder / "rapport.json").read_text(encoding="utf-8")
    assert (away_folder / "echeances.ics").exists()
