"""The pieces of a support bundle, one by one: what each tells, and the form in which it tells it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest

from connector_core.diagnose.support import exports as of_exports
from connector_core.diagnose.support.configuration import configuration, naming, naming_as_written
from connector_core.diagnose.support.exports import exports
from connector_core.diagnose.support.people import People
from connector_core.diagnose.support.sources import Asked, sources
from connector_core.diagnose.support.standing import of_status, outbox, storage
from connector_core.diagnose.support.vocabulary import Vocabulary, installed_vocabulary
from connector_core.settings.load import load_with_origins, parse
from connector_core.settings.model import Source
from connector_core.sources.database.engine import Column, Schema, Table
from connector_core.sources.database.parts import TableState
from connector_core.sources.database.passes import Known
from connector_core.store.store import Store

WORDS = Vocabulary(["N° patient", "Nom", "SEANCES"])
AT = "2026-03-02T10:00:00+00:00"
SIGNATURE = "30c72639b5e241c830cfd56bf1af5fae"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as made:
        yield made


def take(store: Store, number: int, state: str = "committed", *rejects: tuple[str, str], **more: str) -> None:
    with store.transaction():
        source = store.files.source_number(more.pop("source", "vega"))
        file = store.files.start(
            source, f"{number:064x}", more.pop("name", f"Maltignol {number}.CSV"), 100 + number, AT
        )
        store.files.refuse(file, [(place, reason, b"Maltignol") for place, reason in rejects])
        given = {"connector": "vega", "dialect": "vega-texte-a", "signature": SIGNATURE, **more}
        store.files.finish(file, state=state, at=AT, rows=3, rejects=len(rejects), **given)  # type: ignore[arg-type]


def told(store: Store, asked: Asked | None = None) -> dict:
    listed: list[dict] = sources(store, asked or Asked(), WORDS)["sources"]  # type: ignore[assignment]  # a list
    (source,) = listed
    return source


def test_rejects_are_told_by_reason_and_place(store: Store) -> None:
    take(
        store,
        1,
        "committed",
        ("line 31", "« Nom » manque"),
        ("line 7", "« Nom » manque"),
        ("SEANCES 12", "« Maltignol » est inconnu"),
        ("/Maltignol/patient[2]", "illisible : Maltignol"),
    )
    assert told(store)["rejects"] == [
        {"reason": "« Nom » manque", "place": "line", "first_line": 7, "count": 2},
        {"reason": "illisible : Aaaaaaaaa", "place": "Aaaaaaaaa", "first_line": None, "count": 1},
        {"reason": "« … » est inconnu", "place": "SEANCES", "first_line": None, "count": 1},
    ]


def test_files_are_told_by_layout_what_was_not_read_first(store: Store) -> None:
    for number in range(3):
        take(store, number)
    take(store, 9, "incomplete", ("line 3", "coupé"), reason="ligne 3 : coupé. Relancez l'export")
    bad, good = told(store)["layouts"]
    assert (bad["state"], bad["rejects"], bad["reasons"][0]["reason"]) == (
        "incomplete",
        1,
        "ligne 3 : coupé. Relancez l'export",
    )
    assert (good["files"], good["rows"], good["signature"]) == (3, 9, SIGNATURE)
    assert good["endings"] == [{"ending": ".csv", "files": 3}]
    assert (good["bytes"], good["first_taken"]) == ({"least": 100, "most": 102}, AT)


def test_many_layouts_and_rejects_are_cut(store: Store) -> None:
    for number in range(70):
        take(store, number, dialect=f"d{number}")
    take(store, 71, "committed", *((f"line {n}", f"raison {'a' * n}") for n in range(100)))
    assert (len(told(store)["layouts"]), len(told(store)["rejects"])) == (60, 80)


def test_a_file_set_aside_is_told_by_its_mark(store: Store) -> None:
    take(store, 1, "set_aside", ("fichier", "le connecteur s'est arrêté"), reason="le connecteur s'est arrêté")
    take(store, 2, source="autre")
    vega = sources(store, Asked(), WORDS)["sources"][1]  # type: ignore[index]  # a list, by its name
    assert vega["set_aside"] == [
        {
            "mark": "0" * 12,
            "ending": ".csv",
            "bytes": 101,
            "connector": "vega",
            "connector_as_it_was": SIGNATURE,
            "reason": "le connecteur s'est arrêté",
        }
    ]


def test_a_source_is_told_as_it_is_configured_and_as_its_database_was_left(store: Store) -> None:
    schema = Schema((Table("SEANCES", (Column("N° patient", "text"), Column("MALTIGNOL", "text")), ()),))
    known = Known(schema=schema, tables={"SEANCES": TableState(3, None, "d")}, paused="la table « SEANCES » a changé")
    source = Source(
        id="base", connector="vega", database="firebird://localhost/D:/B.FDB", expected_every=timedelta(days=1)
    )
    found = told(store, Asked([source], frozenset({"base"}), lambda _name: known))
    assert (found["kind"], found["engine"], found["silent"], found["expected_every"]) == (
        "database",
        "firebird",
        True,
        "1d",
    )
    passed = found["database_pass"]
    assert passed["paused"] == "la table « SEANCES » a changé"
    assert passed["tables"] == [{"name": "SEANCES", "rows": 3}]
    assert passed["columns"] == [{"table": "SEANCES", "columns": ["N° patient", "AAAAAAAAA"]}]


def test_only_titles_that_a_dialect_names_are_shown(tmp_path: Path) -> None:
    (tmp_path / "Maltignol.csv").write_text("N° patient;Maltignol\n12;Zoé\n13;Léa\n", encoding="utf-8")
    (tmp_path / "a.xml").write_text("<?xml version='1.0'?><Nom><Maltignol/></Nom>", encoding="utf-8")
    (tmp_path / "b.bin").write_bytes(b"\1\0\2Maltignol\0" * 9)
    (tmp_path / "c.txt").write_bytes(b"")
    folders: list[dict] = exports([Source(id="s", connector="vega", folder=tmp_path)], WORDS)["folders"]  # type: ignore[assignment]  # a list
    (folder,) = folders
    by_ending = {each["name"].rpartition(".")[2]: each for each in folder["newest"]}
    assert by_ending["csv"]["titles"] == ["N° patient", "Aaaaaaaaa"]
    assert (by_ending["csv"]["name"], by_ending["csv"]["separator"]) == ("Aaaaaaaaa.csv", ";")
    assert by_ending["xml"]["elements"] == ["Nom", "Aaaaaaaaa"]
    assert (by_ending["bin"]["form"], by_ending["txt"]["form"]) == ("binary", "empty")
    assert "Maltignol" not in str(folders)


def test_a_folder_that_is_gone_or_silent_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Source(id="s", connector="vega", folder=tmp_path / "none")
    assert exports([gone], WORDS)["folders"] == [
        {"source": "s", "problem": "le dossier ne se lit pas (FileNotFoundError)"}
    ]
    released = Event()
    monkeypatch.setattr(of_exports, "PATIENCE", 0.01)
    monkeypatch.setattr(of_exports, "_folder", lambda *_given: {"files": int(released.wait(30))})
    assert exports([gone], WORDS)["folders"] == [{"source": "s", "problem": "le dossier n'a pas répondu à temps"}]
    released.set()


def test_the_configuration_shows_texts_of_known_keys_alone(tmp_path: Path) -> None:
    path = tmp_path / "connector.toml"
    path.write_text(
        '[practice]\nname = "Cabinet Maltignol"\npayees = ["990000077"]\n[letters]\nphone = "02 99"\n'
        "[rules]\nlower = {KINE-BILAN-30 = 'info'}\n"
        '[[reject_motif]]\npayer = "AMC"\nlabel = "MALTIGNOL"\ncause = "Maltignol"\naction = "x"\n'
        '[[parameter]]\nname = "a"\nsince = 2026-01-01\nvalue = "Maltignol"\nnote = "Zoé"\n'
        f'[[source]]\nid = "vega"\nconnector = "vega"\nfolder = \'{tmp_path}\'\npassword = "secret:vega"\n'
        '[service]\nallow = ["zoe"]\n[[notify]]\nperson = "marie"\naccount = "lea"\n',
        encoding="utf-8",
    )
    loaded = load_with_origins(path, {})
    content = configuration(loaded)
    values = {each["key"]: each["value"] for each in content["values"]}  # type: ignore[attr-defined]  # a list
    assert "altignol" not in str(values).casefold()
    assert values["source[0].folder"] == str(tmp_path)
    assert values["source[0].password"] == "secret:vega"
    assert values["rules.lower.KINE-BILAN-30"] == "info"
    assert values["letters.address"] == []
    assert values["letters.town"] is None
    hidden = (
        "practice.name",
        "practice.payees",
        "letters.phone",
        "service.allow",
        "parameter[0].note",
        "notify[0].person",
    )
    assert {values[key] for key in (*hidden, "reject_motif[0].label", "parameter[0].value")} == {"[renseigné]"}
    signs = naming(loaded.settings)
    assert naming_as_written(parse(path.read_text(encoding="utf-8"))) == signs
    assert naming_as_written({"practice": "Maltignol", "letters": {"phone": 3}}) == {}
    assert {name for name, sign in signs.items() if sign == "[compte]"} == {"zoe", "marie", "lea"}
    assert {name for name, sign in signs.items() if sign == "[cabinet]"} == {"Cabinet Maltignol", "990000077", "02 99"}


def test_deliveries_are_told_by_kind_and_state(store: Store) -> None:
    with store.transaction():
        for person in ("zoe", "lea"):
            store.outbox.put(f"notice:{person}", person, "notice", b"Maltignol", AT, AT)
        parcel = store.outbox.parcels()[0]
        store.outbox.trying(parcel, AT)
        store.outbox.failed(parcel, "le service ne répond pas")
    assert outbox(store) == {
        "parcels": [
            {
                "kind": "notice",
                "state": "waiting",
                "count": 2,
                "most_attempts": 1,
                "oldest": AT,
                "problems": ["le service ne répond pas"],
            }
        ]
    }


def test_sizes_are_told_without_a_key(tmp_path: Path) -> None:
    for name, size in (("connector.db", 5), ("connector.db-wal", 3), ("depot/1.copie", 7), ("sauvegardes/1.db", 2)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
    found = storage(tmp_path / "connector.db", {"depot": tmp_path / "depot"}, tmp_path / "sauvegardes", 12)
    assert found["store"] == [{"file": "connector.db", "bytes": 5}, {"file": "connector.db-wal", "bytes": 3}]
    assert found["folders"] == [{"folder": "depot", "files": 1, "bytes": 7}]
    assert [each["bytes"] for each in found["backups"]] == [2]  # type: ignore[attr-defined]  # a list
    assert found["free_bytes"] == 12


def test_of_the_status_only_what_is_on_the_list() -> None:
    said = {
        "running": True,
        "as_of": "2026-03-02",
        "sources": [
            {"id": "vega", "last_file": "Maltignol.TXT", "last_file_at": AT, "more": "Maltignol", "problems": ["x"]}
        ],
        "doubts": ["Maltignol et Zoé"],
        "undelivered": [{"kind": "notice", "slot": "notice:zoe", "problem": "x"}],
        "more": "Maltignol",
    }
    found = of_status(said, WORDS)
    assert "Maltignol" not in str(found)
    assert "zoe" not in str(found)
    assert found["doubts"] == 1
    assert found["sources"][0]["last_file_ending"] == ".txt"  # type: ignore[index]  # a list
    assert of_status({}, WORDS)["sources"] == []


def test_the_words_of_installed_dialects_are_known_without_importing_a_plugin(tmp_path: Path) -> None:
    before = {name for name in sys.modules if name.startswith("connector_")}
    (tmp_path / "bad.toml").write_text("[", encoding="utf-8")
    words = installed_vocabulary(tmp_path)
    assert words.shown("N° séance") == "N° séance"
    assert words.shown("Maltignol") == "Aaaaaaaaa"
    now = {name for name in sys.modules if name.startswith("connector_")}
    assert [name for name in now - before if not name.startswith("connector_core")] == []


def test_the_people_of_a_store_are_found(store: Store) -> None:
    assert not People.of(store).are_in("Maltignol, né le 02/03/1980")
    people = People()
    people.add({"record": "patient", "family_name": "Maltignol", "birth_date": date(1980, 3, 2), "id": "vega:P0017"})
    assert people.are_in("maltignol")
    assert people.are_in("02.03.1980")
    assert people.are_in("p0017")
