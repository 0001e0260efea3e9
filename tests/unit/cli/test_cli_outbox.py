"""`connector outbox` and what `status` says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from connector_core.findings.life import Changes
from connector_core.plugins.contributions import Delivery
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store, rules_of
from connector_core.service.deliveries import outgoing_of
from connector_core.settings.load import load
from connector_core.store.outbox import ParcelKind


@pytest.fixture
def queued(found):
    """A practice whose findings are to be delivered, to a folder that a file keeps from being made."""
    (found.data / "report").write_text("un fichier", encoding="utf-8")
    _queue(found)
    return found


def _queue(practice) -> None:
    settings = load(practice.config, {})
    store, _ = open_store(settings, create=False)
    with store:
        outgoing = outgoing_of(settings, store, rules_of(settings, load_plugins(no_plugins=True)))
        with store.transaction():
            outgoing.queue(datetime(2026, 3, 2, tzinfo=UTC).date(), Changes())


def test_what_waits_is_listed(queued):
    text = queued.text("outbox")
    assert [line.partition(" : ")[0] for line in text.splitlines()] == [
        "Calendrier des échéances",
        "Rapport, page à lire et à imprimer",
        "Rapport, pour un autre programme",
        "Rapport, classeur",
    ]
    assert text.count(" : en attente jusqu'au ") == 4
    answer = queued.json("outbox", "list")
    assert [each["slot"] for each in answer["deliveries"]] == [
        "file:calendar",
        "file:report-html",
        "file:report-json",
        "file:report-xlsx",
    ]
    assert {each["state"] for each in answer["deliveries"]} == {"waiting"}
    assert {each["problem"] for each in answer["deliveries"]} == {None}


def test_what_fails_is_seen_and_is_delivered_once_it_can_be(queued):
    text = queued.text("outbox", "retry", code=1)
    assert "un fichier porte déjà ce nom" in text
    assert "1 essai en échec" in text
    assert "LEGRAND-SECRET" not in text
    status = queued.text("status", code=3)
    assert "Livraisons : 4 en attente.\n" in status
    assert "\n  Calendrier des échéances : en attente" in status
    assert "Rapport, page à lire et à imprimer : en attente" in status
    answer = queued.json("status", code=3)
    assert [each["attempts"] for each in answer["undelivered"]] == [1, 1, 1, 1]
    assert answer["outbox"] == {"waiting": 4, "trying": 0, "done": 0, "given_up": 0}
    (queued.data / "report").unlink()
    answer = queued.json("outbox", "retry")
    assert {each["state"] for each in answer["deliveries"]} == {"done"}
    written = sorted(path.name for path in (queued.data / "report").iterdir())
    assert written == ["echeances.ics", "rapport.html", "rapport.json", "rapport.xlsx", "regles"]
    assert queued.text("status", code=3).endswith("Livraisons : 4 faites.\n")
    assert "livré le " in queued.text("outbox", "list")
    assert queued.text("outbox", "retry") == "Rien à livrer.\n"


def test_what_was_given_up_says_how_to_try_again(queued):
    store, _ = open_store(load(queued.config, {}), create=False)
    with store, store.transaction():
        for parcel in store.outbox.parcels():
            store.outbox.trying(parcel, parcel.due_at)
            store.outbox.given_up(parcel, "le partage a disparu.")
    text = queued.text("outbox", code=1)
    assert "Rapport, page à lire et à imprimer : abandonné après 1 essai : « connector outbox retry »" in text
    assert "! le partage a disparu." in text


def _put(practice, slot: str, kind: ParcelKind) -> None:
    store, _ = open_store(load(practice.config, {}), create=False)
    with store, store.transaction():
        store.outbox.put(slot, "1", kind, b"{}", "2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00+00:00")


def test_a_delivery_under_way_is_nothing_to_look_at(queued):
    store, _ = open_store(load(queued.config, {}), create=False)
    with store, store.transaction():
        for parcel in store.outbox.parcels():
            store.outbox.trying(parcel, parcel.due_at)
    assert "Rapport, page à lire et à imprimer : livraison commencée, pas terminée" in queued.text("outbox")
    answer = queued.json("status", code=3)
    assert (answer["outbox"]["trying"], answer["undelivered"]) == (4, [])


def test_notices_and_flags_are_called_in_french(queued):
    _put(queued, "notice:camille:desktop:digest", "notice")
    _put(queued, "notice:paul:apprise:immediate", "notice")
    _put(queued, "write-back:vega", "write_back")
    text = queued.text("outbox")
    for name in ("Avis à camille (à l'écran)", "Avis à paul (hors de l'ordinateur)", "Signalements dans vega"):
        assert f"{name} : en attente jusqu'au " in text


def test_the_delivery_of_an_extension_has_its_title_while_that_one_is_there(queued, monkeypatch):
    _put(queued, "file:relais", "file")
    assert "relais : en attente" in queued.text("outbox")
    delivery = Delivery("relais", "Copie pour le comptable", lambda _data, _folder: ())
    with_more = SimpleNamespace(deliveries=(delivery,))
    monkeypatch.setattr("connector_core.cli.context.Context.host", with_more)
    assert "Copie pour le comptable : en attente" in queued.text("outbox")


def test_while_the_service_reads_it_is_not_disturbed(queued, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr("connector_core.cli.outbox._PATIENCE", 0)
    with FileLock(queued.data / "worker.lock"):
        assert "est en train de lire" in queued.refused("outbox", "retry", code=3)
