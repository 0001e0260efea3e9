"""A database of three tables that tell what is new in them, polled as the service polls one; it stands for no vendor.

A line of an invoice names its session, which says the patient and the day, and an old code names its letter. The id of
an act is not the key of its row: a row that says another id has taken back what it said before.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from connector_core.dialects.language import read_dialect
from connector_core.dialects.plan import plan_of
from connector_core.formats.extract import ExtractHeader, header_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.outcome import FileOutcome
from connector_core.plugins.connector import ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.loader import load_plugins
from connector_core.service.databases import held_of
from connector_core.sources.database.address import read_address
from connector_core.sources.database.extracted import Extracted
from connector_core.sources.database.passes import Known, Passed, run_pass
from connector_core.sources.database.sqlite import SqliteEngine
from connector_core.store.codec import content
from connector_core.store.store import Store

MOMENT = datetime(2026, 10, 15, 10, tzinfo=UTC)
TODAY = date(2026, 10, 15)
SCHEMA = """
CREATE TABLE CODES (CODE TEXT PRIMARY KEY, LETTRE TEXT);
CREATE TABLE SEANCES (ID INTEGER PRIMARY KEY, PATIENT TEXT, JOUR TEXT, VU INTEGER);
CREATE TABLE LIGNES (ID INTEGER PRIMARY KEY, REF TEXT, SEANCE INTEGER, CODE TEXT, COEF TEXT, VU INTEGER);
INSERT INTO CODES VALUES ('1', 'AMK'), ('2', 'AMS');
"""
_DIALECT = """
[dialect]
id = "marques"
title = "Base à marques"
version = "1"
[format]
kind = "database"
[[table]]
name = "CODES"
key = ["CODE"]
remember = { key = "CODE", columns = ["LETTRE"] }
[[table]]
name = "SEANCES"
key = ["ID"]
<SEANCES>
remember = { key = "ID", columns = ["PATIENT", "JOUR"] }
[[table]]
name = "LIGNES"
key = ["ID"]
<LIGNES>
[[table.record]]
kind = "act"
[table.record.fields]
id = "REF"
practitioner_id = { value = "MK1" }
letter = { join = "CODES", on = "CODE", from = "LETTRE" }
coefficient = { from = "COEF", as = "decimal_point" }
patient_id = { join = "SEANCES", on = "SEANCE", from = "PATIENT" }
performed_on = { join = "SEANCES", on = "SEANCE", from = "JOUR", as = "date_iso" }
"""
VERSIONS = {"SEANCES": 'version_column = "VU"', "LIGNES": 'version_column = "VU"'}
GROWING = {"SEANCES": 'growing_column = "ID"', "LIGNES": 'growing_column = "ID"'}


@cache
def _usual_rules() -> Rules:
    return Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs())


@dataclass
class Base:
    """The database and the store that its readings go to."""

    path: Path
    marks: dict[str, str]
    moment: datetime = MOMENT
    known: Known = field(default_factory=Known)
    store: Store = field(default_factory=Store.in_memory)
    extracts: list[ExtractHeader] = field(default_factory=list)
    outcomes: list[FileOutcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        text = _DIALECT
        for table, said in self.marks.items():
            text = text.replace(f"<{table}>", said)
        dialect = read_dialect(text, "marques.toml")
        self.plan = plan_of(dialect)
        connector = DialectConnector(ConnectorInfo("marques", "Essai", "Base à marques", "1"), [dialect])
        usual = _usual_rules()
        rules = replace(usual, host=usual.host.with_connectors([Registered(connector, "essai", "1")]))
        self.pipeline = Pipeline(self.store, rules, lambda: self.moment)

    def change(self, *statements: str) -> None:
        """What the software does, at once."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as base:
            base.execute("PRAGMA synchronous = OFF")
            base.executescript(";".join(("BEGIN", *statements, "COMMIT")))

    def fetch(self) -> tuple[Passed, Extracted]:
        """A pass, and its extract; nothing becomes of it."""
        content = bytearray()
        known = msgspec.json.decode(msgspec.json.encode(self.known), type=Known)
        held = held_of(self.store, "base", [self.plan])
        with SqliteEngine().open(read_address(f"sqlite:///{self.path}"), None) as session:
            number = self.store.files.count("base") + 1
            hour = timedelta(hours=1)
            passed = run_pass(session, [self.plan], known, number, self.moment, content.extend, held, hour)
        return passed, Extracted("base.extrait", bytes(content))

    def take(self, passed: Passed, extract: Extracted) -> None:
        """Read an extract."""
        if passed.status == "taken":
            header = header_of(extract.content)
            assert header is not None
            self.extracts.append(header)
            self.outcomes += self.pipeline.attempt([Input("base", extract)], TODAY).files

    def poll(self, after: timedelta = timedelta(minutes=10)) -> Passed:
        """Let some time pass, and read what is new."""
        self.moment += after
        passed, extract = self.fetch()
        assert passed.status in ("taken", "unchanged")
        self.take(passed, extract)
        self.known = passed.known
        return passed

    def settle(self) -> None:
        """A first reading, and time until its marks have settled."""
        for _ in range(3):
            self.poll()
        assert {state.settled for name, state in self.known.tables.items() if name in self.marks} != {None}

    def fetched(self, passed: Passed) -> dict[str, tuple[int, bool]]:
        """What a pass fetched of each table: how many rows, and whether all."""
        return {each.table: (each.rows, each.whole) for each in passed.fetched}

    @property
    def content(self) -> list[tuple[str, str]]:
        """Everything that the store knows of acts, by patient."""
        every = [
            (patient, repr(content(each)))
            for _, patient, records in self.store.dossiers.iterate()
            for stored in records
            for each in stored
        ]
        return sorted(every)

    @property
    def acts(self) -> set[str]:
        """The ids of the acts that the store knows."""
        return {each.id for _, _, records in self.store.dossiers.iterate() for stored in records for each in stored}

    @property
    def anew(self) -> list[tuple[str, str]]:
        """What a store knows that reads the database for the first time."""
        fresh = Base(self.path, self.marks, self.moment)
        try:
            fresh.poll()
            return fresh.content
        finally:
            fresh.store.close()


def made(path: Path, marks: dict[str, str], *statements: str) -> Base:
    """A new database."""
    path.unlink(missing_ok=True)
    base = Base(path, marks)
    base.change(SCHEMA, *statements)
    return base
