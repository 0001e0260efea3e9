"""`connector write-back`: nothing without the configuration, exactly what was shown, and back again."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.unit.cli.conftest import DAY

from connector_core.dialects.language import read_dialect
from connector_core.pipeline.given import Input
from connector_core.plugins.connector import ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.loader import load_plugins
from connector_core.service import assembly
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.service.databases import fact_of
from connector_core.service.deliveries import outgoing_of
from connector_core.service.logs import Lines
from connector_core.settings.load import load
from connector_core.sources.database.passes import Known
from connector_core.sources.local import LocalFile
from connector_core.testing.acme import HEAD, IMPORT, NOTE, TABLES, by_code

DIALECT = HEAD + by_code(NOTE + IMPORT)


class Software:
    """The vendor's database, its import folder, and the configuration of a practice that may write there."""

    def __init__(self, practice) -> None:
        self.practice = practice
        self.path: Path = practice.folder / "acme.db"
        self.imports: Path = practice.folder / "import"
        self.imports.mkdir()
        with closing(sqlite3.connect(self.path)) as database:
            database.executescript(by_code(TABLES))
            database.execute("INSERT INTO PATIENTS (ID, NOTE) VALUES ('p1', 'Sonner deux fois')")
            database.commit()

    def switch_on(self, more: str = "", places: str = '"note"') -> None:
        self.practice.config.write_text(
            self.practice.config.read_text(encoding="utf-8")
            + f"[source.write_back]\nplaces = [{places}]\ndatabase = 'sqlite:///{self.path.as_posix()}'\n{more}\n",
            encoding="utf-8",
        )

    def note(self) -> str:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute("SELECT NOTE FROM PATIENTS").fetchone()[0]


@pytest.fixture
def software(found, monkeypatch: pytest.MonkeyPatch) -> Software:
    connector = DialectConnector(ConnectorInfo("pivot", "Acme", "Acme", "1"), [read_dialect(DIALECT, "acme.toml")])
    host = load_plugins(no_plugins=True).with_connectors([Registered(connector, "acme", "1")])
    monkeypatch.setattr("connector_core.service.assembly.plugin_host", lambda *_, **__: host)
    return Software(found)


def load_host(software):
    return assembly.plugin_host(load(software.practice.config, {}), software.practice.folder)


def test_nothing_is_written_without_the_configuration(software):
    assert "aucune source n'a de bloc [source.write_back]" in software.practice.refused("write-back", "preview").lower()
    text = software.practice.text("write-back", "places")
    assert "cabinet : note (note), Note du dossier ; non utilisé" in text
    assert "write_back" in load_host(software).connectors["pivot"].connector.info.capabilities
    assert "cabinet : import (fichier d'import), Import des alertes ; non utilisé" in text


def test_what_preview_shows_is_what_apply_writes_and_undo_takes_back(software):
    software.switch_on()
    preview = software.practice.json("write-back", "preview", code=1)
    (source,) = preview["sources"]
    (change,) = source["changes"]
    assert change["place"] == "note"
    assert change["sql"] == 'UPDATE "PATIENTS" SET "NOTE" = ? WHERE "ID" = ? AND "NOTE" = ?'
    after, key, before = change["values"]
    assert (key, before) == ("p1", "Sonner deux fois")
    assert {each["do"] for each in change["flags"]} == {"write"}
    text = software.practice.text("write-back", "preview", code=1)
    assert "cabinet : 1 écriture\n" in text
    assert f"    3. « {before} »\n" in text
    assert software.note() == before

    done = software.practice.json("write-back", "apply")
    assert {each["state"] for each in done["sources"][0]["done"]} == {"written"}
    assert software.note() == after
    assert "LEGRAND-SECRET" not in after
    assert software.practice.text("write-back", "apply") == "cabinet : rien à faire\n"
    assert software.practice.text("write-back", "preview") == "cabinet : 0 écriture\n"
    listed = software.practice.json("write-back", "list", "--verify")
    assert {(each["state"], each["there"]) for each in listed["flags"]} == {("written", True)}

    assert software.practice.text("write-back", "undo", "--all") == f"cabinet : {len(listed['flags'])} annulés\n"
    assert software.note() == before
    assert software.practice.text("write-back", "apply") == "cabinet : rien à faire\n"


def test_what_is_dismissed_is_withdrawn(software):
    software.switch_on()
    software.practice.run("write-back", "apply")
    findings = software.practice.json("findings", "list", code=1)["findings"]
    first = findings[0]["fingerprint"]
    software.practice.run("findings", "dismiss", first, "--reason", "vu")
    (change,) = software.practice.json("write-back", "preview", code=1)["sources"][0]["changes"]
    assert [(each["finding"], each["do"]) for each in change["flags"]] == [(first, "withdraw")]
    assert software.practice.text("write-back", "apply") == "cabinet : 1 retiré\n"


def test_a_change_by_somebody_else_is_told_and_left(software):
    software.switch_on()
    software.practice.run("write-back", "apply")
    with closing(sqlite3.connect(software.path)) as database:
        database.execute("UPDATE PATIENTS SET NOTE = upper(NOTE)")
        database.commit()
    text = software.practice.text("write-back", "undo", "--all", code=1)
    assert "quelqu'un l'a modifié depuis dans le logiciel ; il y reste" in text
    assert software.note().startswith("SONNER")


def test_import_files_are_shown_and_written(software):
    software.switch_on(f"folder = '{software.imports}'", '"import"')
    (first, *_) = software.practice.json("write-back", "preview", code=1)["sources"][0]["changes"]
    assert not list(software.imports.iterdir())
    software.practice.run("write-back", "apply")
    written = Path(first["file"]).read_bytes().decode("cp1252")
    assert written == first["text"]
    assert written.startswith("patient;jour;texte\r\np1;")
    software.practice.run("write-back", "undo", "--all")
    assert not list(software.imports.iterdir())


@pytest.mark.parametrize(
    ("more", "places", "said"),
    [
        ("", '"notes"', "n'a d'emplacement « notes ». vouliez-vous dire « note »"),
        ("", '"import"', "l'emplacement « import » demande « folder »"),
        ("account = 'x'\ndatabase2 = ''", '"note"', "clé inconnue « database2 »"),
        ("password = 'secret:x'", '"note"', "« password » sans « account »"),
    ],
)
def test_a_wrong_configuration_is_told(software, more, places, said):
    software.switch_on(more, places)
    assert said in software.practice.refused("write-back", "apply").lower()


def test_a_server_is_only_written_to_with_an_account_of_its_own(software):
    config = software.practice.config
    config.write_text(
        config.read_text(encoding="utf-8")
        + '[source.write_back]\nplaces = ["note"]\ndatabase = "postgresql://localhost/acme"\n',
        encoding="utf-8",
    )
    assert "l'écriture demande un compte qui ne serve qu'à cela" in software.practice.refused("write-back", "apply")


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ("database = 'postgres://x/acme'", "[source.write_back], database : moteur de base inconnu."),
        ("", "[[source]] b, database : moteur de base inconnu."),
    ],
)
def test_what_is_wrong_with_an_address_is_told_of_the_setting_that_has_it(software, setting, where):
    config = software.practice.config
    source = "[[source]]\nid = 'b'\nconnector = 'pivot'\ndatabase = 'postgres://x/acme'\n"
    config.write_text(
        f'{config.read_text(encoding="utf-8")}{source}[source.write_back]\nplaces = ["note"]\n{setting}\n',
        encoding="utf-8",
    )
    assert software.practice.refused("write-back", "apply").startswith(where)


def test_undo_asks_which(software):
    software.switch_on()
    assert "« --finding » ou « --all »" in software.practice.refused("write-back", "undo")


def turn(practice, *records, day=DAY) -> dict[str, str]:
    """A turn of the service: what was exported is read, what is due delivered. Returns the problems, by delivery."""
    settings = load(practice.config, {})
    rules = rules_of(settings, load_plugins(no_plugins=True))
    store, _ = open_store(settings, create=True)
    with store:
        outgoing = outgoing_of(settings, store, replace(rules, host=assembly.plugin_host(settings, practice.folder)))
        pipeline = pipeline_of(settings, store, rules, outgoing.queue)
        pipeline.attempt([Input("cabinet", LocalFile(practice.export(*records)))], day)
        outgoing.send()
        return {each.slot: each.problem or "" for each in store.outbox.parcels()}


def test_the_service_writes_by_itself_only_where_it_is_told_to(software, caplog):
    caplog.set_level(logging.INFO)
    software.switch_on()
    wrong = software.practice.act(3, amount="15.00")
    assert "write-back:cabinet" not in turn(software.practice, wrong)
    assert software.note() == "Sonner deux fois"

    software.practice.config.write_text(
        software.practice.config.read_text(encoding="utf-8") + "automatic = true\n", encoding="utf-8"
    )
    wrong = software.practice.act(3, amount="14.00")
    assert turn(software.practice, wrong)["write-back:cabinet"] == ""
    written = software.note()
    (line,) = (json.loads(Lines().format(each)) for each in caplog.records if each.getMessage() == "flags")
    assert {name: line[name] for name in ("source", "written", "withdrawn", "left", "unwritable")} == {
        "source": "cabinet",
        "written": written.count("(connector "),
        "withdrawn": 0,
        "left": 0,
        "unwritable": 0,
    }
    assert written.startswith("Sonner deux fois\r\nCotation à corriger")
    numbers = range(1, 4)
    right = [software.practice.act(each, performed_on=f"2026-02-{20 + each}") for each in numbers]
    assert turn(software.practice, *right, day=DAY + timedelta(days=1))["write-back:cabinet"] == ""
    assert software.note() == "Sonner deux fois"
    assert "Signalements dans cabinet : livré" in software.practice.text("outbox")


def test_what_can_t_be_written_is_tried_again_and_keeps_nothing_else_from_being_delivered(software):
    software.switch_on("automatic = true")
    moved = software.path.rename(software.path.with_suffix(".away"))
    problems = turn(software.practice, software.practice.act(3, amount="15.00"))
    assert "la base du logiciel ne l'accepte pas (OperationalError)" in problems.pop("write-back:cabinet")
    assert set(problems.values()) == {""}
    moved.rename(software.path)
    assert software.practice.run("outbox", "retry").exit_code == 0
    assert "Cotation à corriger" in software.note()


def test_a_place_that_is_not_declared_keeps_nothing_else_from_being_delivered(software):
    software.switch_on("automatic = true", '"notes"')
    problems = turn(software.practice, software.practice.act(3, amount="15.00"))
    assert "n'a d'emplacement « notes »" in problems.pop("write-back:cabinet")
    assert set(problems.values()) == {""}


def test_nothing_is_written_while_the_source_is_paused(software):
    software.switch_on()
    store, _ = open_store(load(software.practice.config, {}), create=False)
    with store, store.transaction():
        store.set_fact(fact_of("cabinet"), msgspec.json.encode(Known(paused="la table a changé")).decode())
    said = software.practice.refused("write-back", "apply", code=3)
    assert "la base du logiciel n'est plus ce qu'elle était ; rien n'y est écrit" in said
    assert software.note() == "Sonner deux fois"


def test_what_was_written_is_listed_with_what_became_of_it(software):
    software.switch_on(f"folder = '{software.imports}'", '"note", "import"')
    assert software.practice.text("write-back", "list") == "Aucun signalement.\n"
    software.practice.run("write-back", "apply")
    for path in software.imports.iterdir():
        path.unlink()
    text = software.practice.text("write-back", "list", "--verify", code=1)
    assert "cabinet, note : écrit ; il y est. Cotation à corriger" in text
    assert "cabinet, import : écrit ; il n'y est plus. Cotation à corriger" in text
    text = software.practice.text("write-back", "undo", "--all", code=1)
    assert text.startswith("cabinet : 2 annulés\n")
    assert text.count("le logiciel l'a déjà repris ; à retirer dans le logiciel") == 2
    text = software.practice.text("write-back", "list")
    assert "cabinet, note : annulé. " in text
    assert "cabinet, import : laissé. " in text
    places = software.practice.json("write-back", "places")["places"]
    assert [(each["place"], each["kind"], each["used"]) for each in places] == [
        ("note", "note", True),
        ("import", "file", True),
    ]


def test_another_source_is_told_and_its_name_guessed(software):
    software.switch_on()
    said = software.practice.refused("write-back", "apply", "--source", "cabinets")
    assert "Rien n'est écrit pour une source « cabinets ». Vouliez-vous dire « cabinet »" in said


def test_only_the_flags_of_one_finding_are_undone(software):
    software.switch_on()
    software.practice.run("write-back", "apply")
    flags = software.practice.json("write-back", "list")["flags"]
    one = flags[0]["finding"]
    assert software.practice.text("write-back", "undo", "--finding", one[:8]) == "cabinet : 1 annulé\n"
    states = {each["finding"]: each["state"] for each in software.practice.json("write-back", "list")["flags"]}
    assert states == {each["finding"]: "undone" if each["finding"] == one else "written" for each in flags}
