"""A support bundle of the synthetic practice, read through a real plugin, with everything that can go wrong in it and
secrets planted wherever one could be: nothing of a person and no secret is in any of its files."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from tests.logged_people import KINDS, without_accents
from tests.system.site_on_disk import Site, stages

from connector_core.cli.boundary import unforeseen
from connector_core.model.records import Record
from connector_core.pipeline.given import Input
from connector_core.plugins.loader import load_plugins
from connector_core.secrets import open_secrets, store_key
from connector_core.service import logs
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.service.standing import Standing
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

VALUE = "PLANTE-7f3a9c-é/?"
PRACTICE = "Cabinet de la Mélusine"
OWNER = "Zulmé Ravaudier"
PHONE = "02 99 00 17 42"
MORE = f"""
[practice]
name = "{PRACTICE}"
payees = ["990000077"]
[letters]
address = ["3 impasse des Corsaires", "35000 Rennes"]
town = "Rennes"
phone = "{PHONE}"
email = "melusine@example.org"
[service]
allow = ["ravaudier"]
[[notify]]
person = "zulme"
[[parameter]]
name = "kine.bdk.general.threshold"
since = 2026-01-01
value = 30
note = "vu avec {OWNER}"
"""
_INSTANT = re.compile(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00|\d\d/\d\d/2026 à \d\d:\d\d")


@dataclass(frozen=True)
class Made:
    """A bundle, the records of the practice that it is of, and what the program said when it was made."""

    members: Mapping[str, str]
    records: Sequence[Record]
    shown: str
    said: dict
    key: bytes

    def piece(self, name: str) -> dict:
        return json.loads(self.members[name])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("cabinet")
    stage = stages()[0]
    site = Site.make(folder)
    config = folder / "connector.toml"
    config.write_text(config.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    site = Site(folder, load(config, {}))
    site.export(stage.records, stage.on)
    people = [each for each in stage.records if each.record == "patient"]
    _spoil(site.exports, people[0])
    key = _read(site, stage.on, people[0])
    _log(site.data, people[0])
    path = folder / "bundle.zip"
    environment = {**os.environ, "VEGA_PASSWORD": VALUE, "CONNECTOR_DEBUG": "1"}
    done = subprocess.run(
        site.command("support-bundle", "--output", str(path), "--json"),
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    for log in site.data.glob("*.log*"):
        log.unlink()  # what was planted in them is no leak
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return Made(members, stage.records, done.stdout + done.stderr, json.loads(done.stdout), key)


def _spoil(exports: Path, patient: Record) -> None:
    """Beside good exports: ones that are cut, unknown, refused in part, and named after a person."""
    name = getattr(patient, "family_name", "")
    acts = next(exports.glob("vega_seances_*"))
    content = acts.read_bytes()
    second = content.index(b"\n") + 1
    end = content.index(b"\n", second)
    wrong = content[second:end].replace(content[second:end].split(b";")[3], f'"{name}"'.encode("cp1252"))
    (exports / f"vega_seances_{name}.txt").write_bytes(content[: end + 1] + wrong + b"\n" + content[end + 1 :])
    (exports / "vega_seances_coupe.txt").write_bytes(content[: len(content) // 2])
    (exports / f"{name} {getattr(patient, 'nir', '')}.csv").write_text(
        f"Nom;{name};{VALUE}\nPrénom;Né le;Téléphone\n{name};01/02/1980;{PHONE}\n", encoding="utf-8"
    )
    (exports / "liste.xml").write_text(f"<{name}><nom>{name}</nom></{name}>", encoding="utf-8")


def _read(site: Site, on: date, patient: Record) -> bytes:
    rules = rules_of(site.settings, load_plugins())
    store, key = open_store(site.settings, create=True)
    secrets = open_secrets(site.settings.secrets.keyring, site.settings.secrets_folder())
    secrets.set("vega", VALUE)
    with store:
        pipeline = pipeline_of(site.settings, store, rules)
        files = [Input("vega", LocalFile(path), ("vega",)) for path in sorted(site.exports.iterdir())]
        pipeline.attempt(files, on)
        aside = site.folder / f"{getattr(patient, 'family_name', '')}.ndjson"
        aside.write_text("x", encoding="utf-8")
        pipeline.set_aside(Input("vega", LocalFile(aside), ("vega",)), f"le fichier de {OWNER} le casse", poison=True)
        with store.transaction():
            at = datetime.now().astimezone().isoformat()
            store.outbox.put("notice:zulme", "k", "notice", b"x", at, at)
            (parcel,) = store.outbox.parcels()
            store.outbox.given_up(parcel, f"le service {VALUE} ne répond pas")
    Standing(site.data / "problems.json").tell({"vega": "dossier inaccessible"})
    assert store_key(secrets) == key
    return key


def _log(data: Path, patient: Record) -> None:
    """What the service logs, a crash, and lines that somebody has added by hand."""
    name = getattr(patient, "family_name", "")
    handler = logs.start(data)
    try:
        log = logging.getLogger("connector_core.service")
        log.info("work", extra={"source": "vega", "rows": 12, "reason": f"le fichier « {name} » est illisible"})
        log.warning("delivery failed", extra={"delivery": "report", "reason": f"{VALUE} refusé à {name}"})
        try:
            raise ValueError(f"{name} {VALUE}")
        except ValueError as error:
            log.exception("worker failed")
            unforeseen(error, lambda: data, "run")
    finally:
        logs.stop(handler)
    with (data / logs.DAEMON_LOG).open("a", encoding="utf-8") as file:
        file.write(f"{name} est né le 02/03/1980\n")
        line = {"at": "2026-10-15T10:00:00+00:00", "level": "info", "event": "work", "patient": name, "source": name}
        file.write(json.dumps(line) + "\n")
    with (data / "erreurs.log").open("a", encoding="utf-8") as file:
        file.write(f"{name}: mot de passe {VALUE}\n")


def test_no_person_is_in_any_file(made: Made) -> None:
    looked = 0
    for name, text in made.members.items():
        plain = without_accents(_INSTANT.sub("", text)).casefold()
        for value in _personal(made.records):
            looked += 1
            found = re.search(rf"(?<![a-z0-9]){re.escape(without_accents(value).casefold())}(?![a-z0-9])", plain)
            assert found is None, f"a value of the practice is in {name}"
        for kind, pattern in KINDS.items():
            versions = re.sub(r'"version": "[^"]*"', "", plain) if name == "program.json" else plain
            assert kind == "a given name" or pattern.search(versions) is None, f"{kind} is in {name}"
    assert looked > 4_000


def _personal(records: Sequence[Record]) -> set[str]:
    """Every name, NIR, birth date, id and number that only the practice has, in the forms in which they are written."""
    found: set[str] = set()
    for record in records:
        values = record.model_dump()
        for name in ("family_name", "given_name", "nir", "rpps", "am_number", "household", "number", "prescriber_rpps"):
            found.add(str(values.get(name) or ""))
        if record.record in ("patient", "invoice", "coverage", "prescription"):
            found.add(record.id)
        born = values.get("birth_date")
        if born is not None:
            found |= {f"{born:%Y-%m-%d}", f"{born:%d/%m/%Y}", f"{born:%Y%m%d}", f"{born:%d.%m.%Y}"}
    return {each for each in found if each}


def test_no_secret_is_in_any_file_nor_on_the_screen(made: Made) -> None:
    raw = VALUE.encode()
    forms = [VALUE, "7f3a9c", base64.b64encode(raw).decode().rstrip("="), raw.hex(), made.key.hex()]
    for text in (*made.members.values(), made.shown):
        assert [each for each in forms if each in text] == []


def test_what_names_the_practice_and_its_people_is_not_shown(made: Made) -> None:
    named = (
        PRACTICE,
        "Mélusine",
        "Corsaires",
        "Rennes",
        PHONE,
        "melusine",
        "ravaudier",
        "Ravaudier",
        "zulme",
        "990000077",
    )
    for name, text in made.members.items():
        assert [each for each in named if each.casefold() in text.casefold()] == [], name


def test_what_a_technician_needs_is_there(made: Made) -> None:
    assert list(made.members) == [
        "README.txt",
        "program.json",
        "configuration.json",
        "doctor.json",
        "status.json",
        "service.json",
        "plugins.json",
        "sources.json",
        "exports.json",
        "outbox.json",
        "storage.json",
        "logs/connector.jsonl",
        "logs/worker.jsonl",
        "logs/errors.jsonl",
    ]
    (source,) = made.piece("sources.json")["sources"]
    states = {each["state"] for each in source["layouts"]}
    assert {"committed", "incomplete", "unknown", "set_aside"} <= states
    assert all(re.fullmatch("[0-9a-f]{32}", each["signature"]) for each in source["layouts"] if each["dialect"])
    assert sum(each["count"] for each in source["rejects"]) >= 3
    assert any(each["first_line"] == 3 for each in source["rejects"])
    (aside,) = source["set_aside"]
    assert (aside["ending"], aside["connector"]) == (".ndjson", "vega")
    exports = made.piece("exports.json")["folders"][0]
    assert any("N° patient" in each.get("titles", ()) for each in exports["newest"])
    assert {"store", "integrity", "source-vega"} <= {each["id"] for each in made.piece("doctor.json")["checks"]}
    (status,) = made.piece("status.json")["sources"]
    assert (status["id"], status["last_file_ending"]) == ("vega", ".ndjson")
    plugins = made.piece("plugins.json")
    assert {"vega": "ours", "core": "ours"}.items() <= {
        each["name"]: each["trust"] for each in plugins["installed"]
    }.items()
    assert [each["status"] for each in plugins["loaded"] if each["name"] == "vega"] == ["ok"]
    (parcel,) = made.piece("outbox.json")["parcels"]
    assert (parcel["kind"], parcel["state"], parcel["count"]) == ("notice", "given_up", 1)
    values = {each["key"]: each["value"] for each in made.piece("configuration.json")["values"]}
    assert values["source[0].connector"] == "vega"
    assert values["practice.name"] == values["letters.phone"] == "[renseigné]"
    log = [json.loads(line) for line in made.members["logs/connector.jsonl"].splitlines()]
    assert log[0] == {"lines_of_no_known_form": 1}
    assert [each["event"] for each in log[1:]] == ["work", "delivery failed", "worker failed", "work"]
    assert log[3]["failure"] == "ValueError"
    (strange, error) = [json.loads(line) for line in made.members["logs/errors.jsonl"].splitlines()]
    assert strange == {"lines_of_no_known_form": 1}
    assert (error["command"], error["trace"][0]) == ("run", "ValueError")


def test_the_list_says_what_was_taken_out(made: Made) -> None:
    assert made.said["notes"] == []
    pieces = {each["name"]: each for each in made.said["pieces"]}
    assert list(pieces) == list(made.members)[1:]
    assert pieces["logs/connector.jsonl"]["left_out"] > 0
    assert pieces["outbox.json"]["changed"] > 0
    assert "rien n'a été envoyé" not in made.shown
    assert "Il n'a été envoyé à personne" in made.members["README.txt"]
    for name in pieces:
        assert name in made.members["README.txt"]
