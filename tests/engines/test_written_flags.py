"""Flags in real databases, by an account that may write nowhere else, beside the vendor's own software."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from typing import IO, Any, cast

import pytest

from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.database import DatabaseWriter
from connector_core.deliver.write_back.engines import connect
from connector_core.deliver.write_back.outcome import Outcome
from connector_core.deliver.write_back.session import Account, DatabaseFailed, Session
from connector_core.deliver.write_back.spots import Grammar, Row, Statement
from connector_core.dialects.language import read_dialect
from connector_core.dialects.write_back import FilePlace
from connector_core.errors import ConfigurationError
from connector_core.sources.database.address import read_address
from connector_core.store.store import Store
from connector_core.store.write_back import Flag
from connector_core.testing import acme

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

KILLS = 4
ENGINES = ("postgresql", "firebird", "mariadb")
ACCOUNT, PASSWORD = "ecrivain", "ecrivain-secret"
NAME = "signalements"

_ROWS = (
    "INSERT INTO \"PATIENTS\" VALUES (12, 'OZVRAY', NULL, 0)",
    "INSERT INTO \"PATIENTS\" VALUES (13, 'LEBLANC', '', 0)",
    "INSERT INTO \"PATIENTS\" VALUES (14, 'DUPRÉ', 'Sonner deux fois. À l’étage', 1)",
    'INSERT INTO "ACTES" VALUES (1, 12, 16.13)',
    'INSERT INTO "AGENDA" ("JOUR", "OBJET") VALUES (\'2026-03-02\', \'Réunion\')',
    'INSERT INTO "ALERTES" ("ID", "ID_PATIENT", "TEXTE") VALUES (1000, 12, \'Code 1234\')',
)
_TABLES = ("PATIENTS", "ALERTES", "AGENDA", "ACTES")


flag = partial(
    acme.flag, text="Bilan à faire, au plus tard le 12/03/2026. Bilan (BDK) dû à la 30e séance… (KINE-BILAN-30)"
)


@dataclass
class Software:
    """A vendor's database on a server. `connect` is a connection of the vendor's software, which waits for nobody."""

    url: str
    connect: Callable[[], Any]
    refused: tuple[type[Exception], ...]
    marker: str = "%s"
    numbered: str = ""
    opened: Callable[[Session], Session] = lambda session: session
    store: Store = field(default_factory=Store.in_memory)

    def session(self) -> Session:
        return self.opened(connect(Account(read_address(self.url), ACCOUNT, PASSWORD)))

    def writer(self) -> DatabaseWriter:
        alerts = acme.ALERTS.replace("[write_back.columns]\n", "[write_back.columns]\n" + self.numbered)
        places = read_dialect(acme.HEAD + acme.NOTE + alerts + acme.AGENDA, "acme.toml").write_back
        return DatabaseWriter([place for place in places if not isinstance(place, FilePlace)], self.session)

    def apply(self, **wanted: Sequence[Flag]) -> Outcome:
        return self.writer().apply(Book(self.store, "acme", dry=False), wanted)

    def undo(self, *flags: Flag) -> Outcome:
        return self.writer().undo(Book(self.store, "acme", dry=False), {each.mark for each in flags})

    def propose(self, **wanted: Sequence[Flag]) -> Sequence[object]:
        return self.writer().propose(Book(self.store, "acme", dry=True), wanted)[0]

    def by_hand(self, statement: str, *values: object) -> None:
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement.replace("?", self.marker), values)
            connection.commit()

    def all(self, query: str) -> list[tuple[object, ...]]:
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    def note(self, patient: int) -> str:
        ((text,),) = self.all(f'SELECT "NOTE" FROM "PATIENTS" WHERE "ID" = {patient}')
        return str(text)

    def dump(self) -> list[str]:
        """Everything in the database, row by row."""
        return sorted(f"{table} {row}" for table in _TABLES for row in self.all(f'SELECT * FROM "{table}"'))


@pytest.fixture
def software(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Software:
    for module in ("on_postgresql", "on_firebird", "on_mysql"):
        monkeypatch.setattr(f"connector_core.deliver.write_back.{module}.PATIENCE", 1)
    make = {"postgresql": _postgresql, "firebird": _firebird, "mariadb": _mariadb}[request.param]
    return make(request.getfixturevalue(f"{request.param}_server"))


on_each_engine = pytest.mark.parametrize("software", ENGINES, indirect=True)


def _postgresql(server) -> Software:
    import psycopg

    def admin(name: str) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=server.port, dbname=name, user="postgres", autocommit=True)

    access = Path(server.folder) / "data" / "pg_hba.conf"
    mine = f"host all {ACCOUNT} 127.0.0.1/32 scram-sha-256\n"
    with admin("postgres") as connection:
        if mine not in access.read_text():
            connection.execute(f"CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{PASSWORD}'")
            access.write_text(access.read_text() + mine)
            connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    statements = (
        'CREATE TABLE "PATIENTS" ("ID" INTEGER PRIMARY KEY, "NOM" VARCHAR(40), "NOTE" TEXT, "VU" INTEGER)',
        'CREATE TABLE "ALERTES" ("ID" INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "ID_PATIENT" INTEGER,'
        ' "JOUR" TIMESTAMP, "TEXTE" VARCHAR(60), "NIVEAU" INTEGER,'
        ' "ORIGINE" VARCHAR(20), "REFERENCE" CHAR(20), "LU" INTEGER DEFAULT 0)',
        'CREATE TABLE "AGENDA" ("ID" INTEGER GENERATED BY DEFAULT AS IDENTITY, "JOUR" DATE, "OBJET" VARCHAR(80))',
        'CREATE TABLE "ACTES" ("ID" INTEGER PRIMARY KEY, "ID_PATIENT" INTEGER, "MONTANT" NUMERIC(9, 2))',
        *_ROWS,
        f'GRANT SELECT, UPDATE ("NOTE") ON "PATIENTS" TO {ACCOUNT}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "ALERTES", "AGENDA" TO {ACCOUNT}',
        f'GRANT SELECT ON "ACTES" TO {ACCOUNT}',
    )
    with admin(NAME) as connection:
        for statement in statements:
            connection.execute(statement)

    def vendor() -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=server.port, dbname=NAME, user="postgres", options="-c lock_timeout=50"
        )

    return Software(f"postgresql://lecteur@127.0.0.1:{server.port}/{NAME}", vendor, (psycopg.Error,))


def _firebird(server) -> Software:
    import firebird.driver
    from firebird.driver import Isolation, tpb

    path = Path(server.folder) / "data" / f"{NAME}.fdb"
    where = f"127.0.0.1/{server.port}:{path}"
    owner = {"user": "SYSDBA", "password": "logiciel-secret", "charset": "UTF8"}
    path.unlink(missing_ok=True)
    statements = (
        "ALTER DATABASE SET DEFAULT CHARACTER SET WIN1252",
        f"CREATE OR ALTER USER {ACCOUNT} PASSWORD '{PASSWORD}' USING PLUGIN Srp",
        "CREATE SEQUENCE GEN_ALERTES",
        "CREATE SEQUENCE GEN_AGENDA",
        'CREATE TABLE "PATIENTS" ("ID" INTEGER NOT NULL PRIMARY KEY, "NOM" VARCHAR(40) CHARACTER SET WIN1252,'
        ' "NOTE" BLOB SUB_TYPE TEXT CHARACTER SET WIN1252, "VU" INTEGER)',
        'CREATE TABLE "ALERTES" ("ID" INTEGER NOT NULL PRIMARY KEY, "ID_PATIENT" INTEGER, "JOUR" TIMESTAMP,'
        ' "TEXTE" VARCHAR(60) CHARACTER SET WIN1252, "NIVEAU" INTEGER, "ORIGINE" VARCHAR(20),'
        ' "REFERENCE" CHAR(20), "LU" INTEGER DEFAULT 0)',
        'CREATE TABLE "AGENDA" ("ID" INTEGER, "JOUR" DATE, "OBJET" VARCHAR(80) CHARACTER SET WIN1252)',
        'CREATE TABLE "ACTES" ("ID" INTEGER NOT NULL PRIMARY KEY, "ID_PATIENT" INTEGER, "MONTANT" NUMERIC(9, 2))',
        'CREATE TRIGGER NUMBER_AGENDA FOR "AGENDA" BEFORE INSERT AS BEGIN NEW."ID" = NEXT VALUE FOR GEN_AGENDA; END',
        *_ROWS,
        f'GRANT SELECT, UPDATE ("NOTE") ON "PATIENTS" TO {ACCOUNT}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "ALERTES" TO {ACCOUNT}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "AGENDA" TO {ACCOUNT}',
        f'GRANT SELECT ON "ACTES" TO {ACCOUNT}',
        f"GRANT USAGE ON SEQUENCE GEN_ALERTES TO {ACCOUNT}",
        f"GRANT USAGE ON SEQUENCE GEN_AGENDA TO {ACCOUNT}",
    )
    with firebird.driver.create_database(where, **owner) as connection:
        for statement in statements:
            connection.execute_immediate(statement)
            connection.commit()

    def vendor():
        connection = firebird.driver.connect(where, **owner)
        connection.main_transaction.default_tpb = tpb(Isolation.READ_COMMITTED_RECORD_VERSION, lock_timeout=0)
        return connection

    url = f"firebird://lecteur@127.0.0.1:{server.port}/{path}"
    return Software(url, vendor, (firebird.driver.Error,), "?", 'ID = { sequence = "GEN_ALERTES" }\n')


def _mariadb(server) -> Software:
    import pymysql

    def vendor(name: str | None = NAME) -> pymysql.Connection:
        return pymysql.connect(
            host="127.0.0.1",
            port=server.port,
            database=name,
            user="logiciel",
            password="logiciel-secret",
            charset="utf8mb4",
            init_command="SET SESSION sql_mode = 'ANSI_QUOTES', SESSION innodb_lock_wait_timeout = 0",
        )

    statements = (
        f"DROP DATABASE IF EXISTS {NAME}",
        f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4",
        f"USE {NAME}",
        'CREATE TABLE "PATIENTS" ("ID" INTEGER PRIMARY KEY, "NOM" VARCHAR(40), "NOTE" TEXT, "VU" INTEGER)',
        'CREATE TABLE "ALERTES" ("ID" INTEGER AUTO_INCREMENT PRIMARY KEY, "ID_PATIENT" INTEGER, "JOUR" DATETIME,'
        ' "TEXTE" VARCHAR(60), "NIVEAU" INTEGER,'
        ' "ORIGINE" VARCHAR(20), "REFERENCE" CHAR(20), "LU" INTEGER DEFAULT 0)',
        'CREATE TABLE "AGENDA" ("ID" INTEGER AUTO_INCREMENT PRIMARY KEY, "JOUR" DATE, "OBJET" VARCHAR(80))',
        'CREATE TABLE "ACTES" ("ID" INTEGER PRIMARY KEY, "ID_PATIENT" INTEGER, "MONTANT" NUMERIC(9, 2))',
        *_ROWS,
        f"CREATE OR REPLACE USER '{ACCOUNT}'@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT SELECT, UPDATE (\"NOTE\") ON \"PATIENTS\" TO '{ACCOUNT}'@'%'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON \"ALERTES\" TO '{ACCOUNT}'@'%'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON \"AGENDA\" TO '{ACCOUNT}'@'%'",
        f"GRANT SELECT ON \"ACTES\" TO '{ACCOUNT}'@'%'",
    )
    with closing(vendor(None)) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
        connection.commit()
    return Software(f"mysql://lecteur@127.0.0.1:{server.port}/{NAME}", vendor, (pymysql.Error,))


class Killed(BaseException):
    """The process ends here."""


class Watched:
    """A session at one point of which something else happens, once."""

    def __init__(self, session: Session, at: str, do: Callable[[], object]) -> None:
        self._session = session
        self._at = at
        self._do = do
        self.columns = session.columns
        self.rows: Callable[[Statement], Sequence[Row]] = session.rows
        self.rollback = session.rollback
        self.close = session.close

    @property
    def grammar(self) -> Grammar:
        return self._session.grammar

    def _passes(self, point: str) -> None:
        if point == self._at:
            self._at = ""
            self._do()

    def begin(self) -> None:
        self._passes("begin")
        self._session.begin()

    def change(self, statement: Statement) -> int:
        self._passes("change")
        count = self._session.change(statement)
        self._passes("changed")
        return count

    def commit(self) -> None:
        self._passes("commit")
        self._session.commit()
        self._passes("committed")


NOTES = [flag(number, patient) for number, patient in enumerate(("12", "13", "14"))]
WANTED = {"note": NOTES, "alertes": [flag(3, place="alertes")], "agenda": [flag(4, place="agenda")]}
EVERY = [each for flags in WANTED.values() for each in flags]


@on_each_engine
def test_only_the_declared_places_change_and_undo_restores_them(software: Software) -> None:
    before = software.dump()
    assert len(software.propose(**WANTED)) == 5
    assert software.dump() == before
    outcome = software.apply(**WANTED)
    assert (outcome.later, outcome.problems, outcome.left) == ([], [], [])
    assert {state for _, state in outcome.done} == {"written"}
    after = software.dump()
    assert sorted(row.split()[0] for row in set(after) - set(before)) == ["AGENDA", "ALERTES", *["PATIENTS"] * 3]
    assert [row.split()[0] for row in set(before) - set(after)] == ["PATIENTS"] * 3
    assert software.note(14).startswith("Sonner deux fois. À l’étage\r\nBilan à faire")
    assert not software.apply(**WANTED).done
    assert software.dump() == after
    assert {state for _, state in software.undo(*EVERY).done} == {"undone"}
    assert software.dump() == before


@on_each_engine
def test_what_is_over_is_withdrawn(software: Software) -> None:
    before = software.dump()
    software.apply(**WANTED)
    assert {state for _, state in software.apply().done} == {"withdrawn"}
    assert software.dump() == before


@on_each_engine
def test_what_somebody_changed_is_left(software: Software) -> None:
    software.apply(**WANTED)
    software.by_hand('UPDATE "ALERTES" SET "LU" = 1 WHERE "REFERENCE" = ?', WANTED["alertes"][0].mark)
    software.by_hand('UPDATE "PATIENTS" SET "NOTE" = \'autre chose \' WHERE "ID" = 14')
    after = software.dump()
    outcome = software.undo(NOTES[2], WANTED["alertes"][0])
    assert [each.mark for each, _ in outcome.left] == [WANTED["alertes"][0].mark]
    assert software.dump() == after


@on_each_engine
def test_a_change_of_blanks_or_case_is_a_change(software: Software) -> None:
    """Some databases call two texts equal that differ in these."""
    software.apply(note=[NOTES[2]])
    kept = software.note(14)
    for changed in (kept + " ", kept.replace("Sonner", "SONNER")):
        change = partial(software.by_hand, 'UPDATE "PATIENTS" SET "NOTE" = ? WHERE "ID" = 14', changed)
        software.opened = partial(Watched, at="begin", do=change)
        software.undo(NOTES[2])
        software.opened = lambda session: session
        assert software.note(14) == changed
        software.by_hand('UPDATE "PATIENTS" SET "NOTE" = ? WHERE "ID" = 14', kept)
        software.store = Store.in_memory()
        software.apply(note=[NOTES[2]])
        assert software.note(14) == kept


@on_each_engine
def test_a_row_that_changes_between_the_look_and_the_write_keeps_its_change(software: Software) -> None:
    software.opened = lambda session: Watched(
        session,
        "begin",
        lambda: software.by_hand('UPDATE "PATIENTS" SET "NOTE" = \'Nouvelle adresse\' WHERE "ID" = 12'),
    )
    outcome = software.apply(**WANTED)
    assert not outcome.later
    assert software.note(12).startswith("Nouvelle adresse\r\nBilan à faire")


@on_each_engine
def test_nobody_changes_a_row_between_the_last_look_and_the_commit(software: Software) -> None:
    refused: list[str] = []

    def interfere() -> None:
        with pytest.raises(software.refused) as error:
            software.by_hand('UPDATE "PATIENTS" SET "NOTE" = \'x\' WHERE "ID" = 12')
        refused.append(type(error.value).__name__)

    software.opened = lambda session: Watched(session, "change", interfere)
    software.apply(note=[NOTES[0]])
    assert len(refused) == 1
    assert software.note(12).startswith("Bilan à faire")


@on_each_engine
def test_a_row_that_the_software_holds_is_told_after_a_while_and_stops_nothing_else(software: Software) -> None:
    with closing(software.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute('UPDATE "PATIENTS" SET "VU" = 2 WHERE "ID" = 12')
        outcome = software.apply(**WANTED)
        connection.rollback()
    assert [each.patient for each, _ in outcome.later] == ["12"]
    assert len(outcome.done) == len(EVERY) - 1
    assert len(software.apply(**WANTED).done) == 1


@on_each_engine
@pytest.mark.parametrize("point", ["begin", "change", "changed", "commit", "committed"])
def test_an_end_in_the_middle_neither_doubles_nor_loses_a_flag(software: Software, point: str) -> None:
    def end() -> None:
        raise Killed

    before = software.dump()
    software.opened = lambda session: Watched(session, point, end)
    with pytest.raises(Killed):
        software.apply(**WANTED)
    software.opened = lambda session: session
    software.apply(**WANTED)
    text = "\n".join(software.dump())
    assert [text.count(each.mark) for each in EVERY] == [1] * len(EVERY)
    software.opened = lambda session: Watched(session, point, end)
    with pytest.raises(Killed):
        software.apply()
    software.opened = lambda session: session
    software.apply()
    assert software.dump() == before


@on_each_engine
def test_a_process_that_is_killed_neither_doubles_nor_loses_a_flag(software: Software, tmp_path: Path) -> None:
    """With kill -9, at random moments from the connection on; its server may still be at the transaction."""
    random = Random(software.url[:4])
    before = software.dump()
    software.store = Store(tmp_path / "connector.db", bytes(32))
    within, killed = 0.5, 0
    for _ in range(KILLS):
        for write in (True, False):
            process = _started(software, tmp_path / "connector.db", write=write)
            begun = time.monotonic()
            try:
                process.wait(random.uniform(0, within))
                within = max(0.02, time.monotonic() - begun)  # it was done: this is about how long it takes
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            software.apply(**(WANTED if write else {}))
            text = "\n".join(software.dump())
            assert [text.count(each.mark) for each in EVERY] == [int(write)] * len(EVERY)
    assert software.dump() == before
    assert killed > KILLS / 2
    software.store.close()


def _started(software: Software, store: Path, *, write: bool) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.engines.killed_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    asked = {"store": str(store), "url": software.url, "numbered": software.numbered, "write": write}
    with cast("IO[str]", process.stdin) as stdin:
        stdin.write(json.dumps(asked) + "\n")
    with cast("IO[str]", process.stdout) as stdout:
        assert stdout.readline() == "ready\n"
    return process


@on_each_engine
def test_the_account_may_write_nowhere_else(software: Software) -> None:
    with closing(software.session()) as session:
        for statement in (
            'UPDATE "ACTES" SET "MONTANT" = 0',
            'DELETE FROM "PATIENTS"',
            'UPDATE "PATIENTS" SET "NOM" = \'x\'',
        ):
            with pytest.raises(DatabaseFailed):
                session.change(Statement(statement))
            session.rollback()


@on_each_engine
def test_a_writer_that_never_stops_loses_nothing_and_no_flag_is_lost(software: Software) -> None:
    """The vendor's software puts a sign before every note, again and again, while flags come and go."""
    signs = {12: 0, 13: 0, 14: 0}
    stopped = Event()
    for patient in signs:
        software.by_hand('UPDATE "PATIENTS" SET "NOTE" = ? WHERE "ID" = ?', "Accueil", patient)
    joined = "CONCAT('.', \"NOTE\")" if software.url.startswith("mysql") else "'.' || \"NOTE\""

    def write() -> None:
        with closing(software.connect()) as connection:
            while not stopped.is_set():
                for patient in signs:
                    try:
                        cursor = connection.cursor()
                        cursor.execute(f'UPDATE "PATIENTS" SET "NOTE" = {joined} WHERE "ID" = {patient}')
                        connection.commit()
                        signs[patient] += 1
                    except software.refused:
                        connection.rollback()
                    stopped.wait(0.002)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(write)
        try:
            for number in range(6):
                software.apply(**WANTED)
                software.apply(note=NOTES[:1])
                deadline = time.monotonic() + 20
                while min(signs.values()) <= number and time.monotonic() < deadline:
                    stopped.wait(0.01)
        finally:
            stopped.set()
        ended.result(30)
    assert min(signs.values()) > 5
    software.apply(**WANTED)
    text = "\n".join(software.dump())
    assert [text.count(each.mark) for each in EVERY] == [1] * len(EVERY)
    software.apply()
    assert {patient: software.note(patient) for patient in signs} == {
        patient: "." * count + "Accueil" for patient, count in signs.items()
    }


@pytest.mark.parametrize("software", ["mariadb"], indirect=True)
def test_nothing_is_written_into_a_table_without_transactions(software: Software) -> None:
    software.by_hand('ALTER TABLE "ALERTES" ENGINE = MyISAM')
    before = software.dump()
    with pytest.raises(ConfigurationError, match="n'est pas InnoDB"):
        software.apply(**WANTED)
    assert software.dump() == before


@on_each_engine
def test_a_wrong_password_is_told_without_it(software: Software) -> None:
    with pytest.raises(DatabaseFailed) as failed:
        connect(Account(read_address(software.url), ACCOUNT, "faux-secret"))
    assert "faux-secret" not in f"{failed.value} {failed.value!r}"
    assert "ne se laisse pas ouvrir" in str(failed.value)
