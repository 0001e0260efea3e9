"""`connector status`, `report` and `export`: what is done with what was read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from filelock import FileLock

from connector_core.deliver.french import moment
from connector_core.model.records import Lot
from connector_core.pipeline.silence import Listening
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import expected_sources, open_store
from connector_core.service.places import LOCK_FILE, PROBLEMS_FILE
from connector_core.service.standing import Standing
from connector_core.settings.load import load
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import make_practice


@pytest.fixture
def running(found):
    """The same practice while a daemon holds its lock."""
    with FileLock(found.data / LOCK_FILE):
        yield found


def test_status_before_anything(practice):
    practice.configure()
    answer = practice.json("status", code=3)
    assert answer["running"] is False
    assert answer["sources"][0]["last_file"] is None
    assert "Rien n'a encore été lu." in practice.text("status", code=3)
    assert not practice.data.exists()


def test_status_tells_times_in_the_zone_of_the_practice(practice):
    zone = ZoneInfo("Pacific/Kiritimati")
    practice.configure(f'[practice]\ntimezone = "{zone.key}"')
    before = datetime.now(zone)
    practice.take(practice.wrong_export())
    told = practice.text("status", code=3).replace("\u202f", " ")
    assert any(
        f"export.ndjson, le {moment(at)}".replace("\u202f", " ").replace("\u00a0", " ") in told
        for at in (before, datetime.now(zone))
    )


def test_status_of_a_source_that_is_well(running):
    answer = running.json("status")
    assert answer["running"] is True
    (source,) = answer["sources"]
    assert (source["last_file"], source["rows"], source["rejects"]) == ("export.ndjson", 4, 0)
    assert (source["reachable"], source["silent"], source["problems"]) == (True, False, [])
    assert answer["findings"]["reject"] > 0
    text = running.text("status")
    assert "Le service tourne." in text
    assert "dernier fichier : export.ndjson" in text
    assert "Constats ouverts au 2 mars 2026 :" in text


def test_status_tells_what_is_wrong(running):
    (running.folder / "cabinet").rmdir()
    text = running.config.read_text(encoding="utf-8")
    running.config.write_text(text + 'expected_every = "1s"\n', encoding="utf-8")
    running.take(running.export(running.act(5, letter=7), name="next.ndjson"))
    problems = running.json("status", code=1)["sources"][0]["problems"]
    assert "le dossier est introuvable ou inaccessible" in problems
    (refused,) = [each for each in problems if each.startswith("rejets dans le dernier fichier : 1 (le premier : ")]
    assert "act.letter" in refused


def test_a_silent_source(running, monkeypatch):
    text = running.config.read_text(encoding="utf-8")
    running.config.write_text(text + 'expected_every = "1d"\n', encoding="utf-8")
    assert running.json("status")["sources"][0]["silent"] is False

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2100, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("connector_core.cli.status.datetime", Later)
    (source,) = running.json("status", code=1)["sources"]
    assert source["silent"] is True
    assert source["problems"] == ["rien de nouveau depuis plus de 1d"]


def test_a_silence_is_told_everywhere(found):
    text = found.config.read_text(encoding="utf-8")
    found.config.write_text(text + 'expected_every = "1d"\n', encoding="utf-8")
    settings = load(found.config, {})
    with open_store(settings, create=False)[0] as store:
        expected = expected_sources(settings, load_plugins(no_plugins=True))
        later = datetime(2100, 1, 1, 8, tzinfo=UTC)
        Listening(store, expected, ZoneInfo("Europe/Paris"), lambda: later).listen(date(2100, 1, 1))
    (finding,) = found.json("findings", "--rule", "SOURCE-SILENCE", code=1)["findings"]
    assert finding["subject"] == {"kind": "source", "id": "cabinet"}
    said = "Aucun export de format pivot (source « cabinet ») depuis"
    assert said in found.text("findings", code=1)
    explained = found.text("explain", finding["fingerprint"])
    assert said in explained
    assert "La règle :" not in explained
    assert "La règle :" in found.text("explain", found.json("findings", code=1)["findings"][0]["fingerprint"])
    found.text("report")
    page = (found.data / "report" / "rapport.html").read_text(encoding="utf-8")
    assert "Aucun export de format pivot" in page
    assert "Une source n’a rien donné depuis plus longtemps que prévu." in page
    assert "SOURCE-SILENCE.html" not in page


def test_what_the_daemon_says_is_wrong_is_told_while_it_runs(found):
    Standing(found.data / PROBLEMS_FILE).tell({"cabinet": "dossier inaccessible (x)"})
    assert found.json("status", code=3)["sources"][0]["problems"] == []
    with FileLock(found.data / LOCK_FILE):
        (problem,) = found.json("status", code=1)["sources"][0]["problems"]
        assert problem.startswith("dossier inaccessible (x), depuis le ")
        (found.data / PROBLEMS_FILE).write_bytes(b"{")
        assert found.json("status")["sources"][0]["problems"] == []


def test_a_source_that_is_no_longer_configured(running):
    running.configure(sources=("autre",))
    assert [each["id"] for each in running.json("status")["sources"]] == ["autre", "cabinet"]


def test_a_store_that_does_not_open(found):
    (found.data / "connector.db").write_bytes(b"x" * 4096)
    answer = found.json("status", code=3)
    assert "la clé ne convient pas" in answer["store"]["problem"]
    assert "Le magasin ne s'ouvre pas" in found.text("status", code=3)
    assert "la clé ne convient pas" in found.refused("findings", code=3)


def test_reading_does_not_wait_for_a_writer(found):
    from connector_core.service.assembly import open_store
    from connector_core.settings.load import load

    store, _ = open_store(load(found.config, {}), create=False)
    with store, store.transaction():
        store.set_fact("x", "y")
        found.json("findings", code=1)


def test_the_report_is_written_now(found, monkeypatch):
    opened = []
    monkeypatch.setattr("click.launch", lambda path: opened.append(path))
    elsewhere = found.folder / "ailleurs"
    files = found.json("report", "--folder", elsewhere)["files"]
    reports = ["echeances.ics", "rapport.html", "rapport.json", "rapport.xlsx"]
    assert sorted(path.name for path in elsewhere.iterdir()) == [*reports, "regles"]
    assert sorted(Path(each).name for each in files) == reports, "the pages of the rules are not listed one by one"
    page = (elsewhere / "rapport.html").read_text(encoding="utf-8")
    for code in ("KINE-NOM-MONTANT", "KINE-NOM-PAIRE"):
        assert f'href="regles/{code}.html"' in page
        assert (elsewhere / "regles" / f"{code}.html").exists()
    assert opened == []
    assert str(found.data / "report" / "rapport.html") in found.text("report", "--open")
    assert opened == [str(found.data / "report" / "rapport.html")]


def test_a_report_of_another_day_says_of_which_day_its_findings_are(found):
    page = found.data / "report" / "rapport.html"
    found.text("report", "--on", "2026-03-02")
    assert "Ces constats sont ceux du" not in page.read_text(encoding="utf-8")
    found.text("report", "--on", "2026-03-03")
    told = page.read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "Ces constats sont ceux du 2 mars 2026, dernier jour où tout a été contrôlé." in told
    assert "« connector run » les tient à jour" in told


def test_a_report_of_the_past_is_not_made_of_what_is_known_today(found):
    said = found.refused("report", "--on", "2026-03-01")
    assert (
        "le rapport du 01/03/2026 ne peut plus être fait : les constats gardés sont ceux du 02/03/2026" in said.lower()
    )
    assert not (found.data / "report").exists()


def answers(practice, path, as_of):
    answer = json.loads(practice.run("check", path, "--as-of", as_of.isoformat(), "--json").stdout)
    assert not answer["rejects"]
    return answer


def essence(finding):
    return {key: value for key, value in finding.items() if key not in ("evidence", "counted")}


@pytest.fixture(scope="module")
def synthetic():
    return plant(make_practice(3, 25, 0.7, today=date(2026, 3, 2)), 1)


@pytest.mark.parametrize("sources", [("vega",), ("vega", "copie")])
def test_an_export_is_checked_as_the_store_was(practice, synthetic, sources):
    """With two sources, the second is a twin of the first: the export holds everyone once.

    A practitioner's day is asked about source by source; of its findings the export keeps the leading source's.
    """
    practice.configure(sources=sources)
    for number, source in enumerate(sources):
        path = practice.folder / f"{source}.ndjson"
        write_pivot(synthetic.records, path, exported_at=datetime(2026, 3, 2, 8, number, tzinfo=UTC))
        practice.take(path, source=source)
    kept = practice.json("findings", code=1)["findings"]
    target = practice.folder / "tout.ndjson"
    assert practice.json("export", target)["records"] == len(target.read_bytes().splitlines()) - 1
    exported = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()[1:]]
    lots = {each["id"] for each in exported if each["record"] == "lot"}
    assert len(lots) == sum(isinstance(each, Lot) for each in synthetic.records)
    assert {each["lot_id"] for each in exported if each["record"] == "invoice" and "lot_id" in each} == lots
    again = answers(practice, target, date(2026, 3, 2))
    known = {each["fingerprint"]: essence(each) for each in again["findings"]}
    life = ("state", "opened_on", "changed_on", "reason")
    stored = {
        each["fingerprint"]: {key: value for key, value in essence(each).items() if key not in life} for each in kept
    }
    twice = {name for name, each in stored.items() if each["subject"]["id"].startswith("copie:")}
    assert all(stored[name]["subject"]["kind"] == "practitioner_day" for name in twice)
    assert known == {name: each for name, each in stored.items() if name not in twice}
    assert len(known) > 10


def test_what_is_covered_is_told(practice):
    practice.configure()
    practice.take(practice.export(practice.act(1), covers=["act", "patient"]))
    target = practice.folder / "tout.ndjson"
    practice.text("export", target)
    header = json.loads(target.read_text(encoding="utf-8").splitlines()[0])
    assert header["covers"] == ["act", "patient"]
    assert header["practice"] == "Cabinet"


def test_a_return_without_its_invoice_is_exported(practice):
    practice.configure()
    returned = {
        "record": "payer_return",
        "id": "r1",
        "invoice_number": "F9",
        "payer": "AMO",
        "state": "paid",
        "returned_on": "2026-03-01",
    }
    practice.take(practice.export(practice.act(1), returned))
    target = practice.folder / "tout.ndjson"
    practice.text("export", target)
    assert '"invoice_number":"F9"' in target.read_text(encoding="utf-8")


def test_an_export_that_can_not_be_written(found):
    absent = found.folder / "absent" / "tout.ndjson"
    assert "ne peut pas être écrit" in found.refused("export", absent)
    assert not list(found.folder.glob("*.tmp"))
