"""What each engine says of its own: schemas, refusals, whether an account may write, the fixtures' SQL."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, closing

import msgspec
import pytest
from tests.engines.bed import firebird, postgresql, sql_server_emulator
from tests.engines.bed.sources import KINEMAX
from tests.engines.bed.writing import sql_of
from tests.engines.conftest import FIXTURES

from connector_core.errors import SourceError
from connector_core.formats.row_hashes import key_hash
from connector_core.sources.database.address import read_address
from connector_core.sources.database.engine import Since, TableRead, engine_of
from connector_core.sources.database.marks import mark_of, value_of
from connector_core.sources.database.odbc_session import OdbcSession
from connector_core.testing.exports import kine4000_database, vega_database
from connector_core.testing.exports.jet4 import write_jet4
from connector_core.testing.exports.sql import FIREBIRD, POSTGRESQL

pytestmark = pytest.mark.engines

SERVERS = ("firebird", "firebirdsql", "postgresql", "mariadb", "sql_server_emulator", "odbc_postgresql")
WITHOUT_FILTERS = ("access", "odbc_mdbtools")
ALL = (*SERVERS, "sqlite", "odbc_sqlite", "access", "odbc_mdbtools")


def opened(stack, place, password=None):
    address = read_address(place.url)
    return stack.enter_context(engine_of(address).open(address, password or place.password))


@pytest.mark.parametrize("engine", ALL)
def test_a_session_knows_the_layout_and_reads_the_same_every_time(places, engine):
    place = places(engine)
    table, column, _ = place.vendor.act
    key = place.vendor.key_of(table)
    read = TableRead(table, (key, column), (key,))
    seen: list[bytes] = []
    with ExitStack() as stack:
        session = opened(stack, place)
        schema, isolation = session.schema(), session.isolation
    for _ in range(2):
        with ExitStack() as stack:
            session = opened(stack, place)
            seen.append(b"".join(lines for _, lines in session.lines(read)))
            assert session.count(table) == seen[-1].count(b"\n") == 306
            assert session.highest(table, key)
    assert isolation
    assert seen[0] == seen[1]
    assert [each.name for each in schema.tables] == sorted(each.name for each in place.vendor.layout.TABLES)
    for expected in place.vendor.layout.TABLES:
        found = schema.table(expected.name)
        assert found.names() == tuple(each.name for each in expected.columns)
        assert all(each.type for each in found.columns)
        assert found.key == (() if place.vendor is KINEMAX else (expected.key,))


@pytest.mark.parametrize("engine", ALL)
def test_rows_are_asked_for_by_a_value_as_the_database_orders_it(places, engine):
    place = places(engine)
    planned = next(each for each in place.vendor.plan().tables if each.name == place.vendor.act[0])
    texts = {"kine4000": "CODE_ACTE", "vega": "lettre", "kinemax": "Lettre"}
    text = texts[place.vendor.connector]
    with ExitStack() as stack:
        session = opened(stack, place)
        if engine in WITHOUT_FILTERS:
            assert not session.filters
            assert session.highest(planned.name, planned.version)
            return
        assert session.filters
        read = TableRead(planned.name, planned.columns, planned.columns[: planned.key])
        every = _by_key(session, read, planned)
        for column in (planned.version, planned.columns[0], text):
            named = tuple(dict.fromkeys((planned.columns[0], column)))
            values = _by_key(session, TableRead(planned.name, named, named[:1]), planned)
            said = {key: line.split(b"\t")[-1] for key, line in values.items()}
            highest = session.highest(planned.name, column)
            marks = [highest] if column == text else [highest, _middle(highest, said)]
            for mark in marks:
                since = Since(column, mark)
                value = since.value.rstrip() if isinstance(since.value, str) else since.value
                expected = {key for key, one in said.items() if one == b"\\N" or _value(one, mark) >= value}
                part = _by_key(session, msgspec.structs.replace(read, since=since), planned)
                assert part == {key: every[key] for key in expected}
                assert session.count(planned.name, since) == len(expected)
                assert 0 < len(expected) < len(every)


def _by_key(session, read, planned):
    """The lines of a table, by their keys."""
    lines = b"".join(some for _, some in session.lines(read)).split(b"\n")[:-1]
    return {key_hash(line, planned.key): line for line in lines}


def _value(text, mark):
    """A value of a line, as one that a mark has."""
    kind = mark.partition(" ")[0]
    return value_of(f"{kind} {text.decode().rstrip()}")


def _middle(highest, said):
    """The mark of a value in the middle of a column."""
    values = sorted(_value(each, highest) for each in said.values() if each != b"\\N")
    return mark_of(values[len(values) // 2])


def test_a_column_without_a_value_says_nothing_of_its_row(places):
    for engine in ("firebird", "firebirdsql", "postgresql", "mariadb", "sql_server_emulator", "odbc_postgresql"):
        place = places.apart("without")(engine)
        planned = next(each for each in place.vendor.plan().tables if each.name == place.vendor.act[0])
        with closing(place.connect()) as software:
            cursor = software.cursor()
            cursor.execute(sql_of(place, f"UPDATE <{planned.name}> SET <{planned.version}> = NULL"))
            software.commit()
            cursor.close()
        with ExitStack() as stack:
            session = opened(stack, place)
            assert session.highest(planned.name, planned.version) is None
            assert session.count(planned.name, Since(planned.version, "moment 2026-03-02T10:00:00")) == 306


@pytest.mark.parametrize("engine", SERVERS)
def test_a_wrong_password_is_told_without_what_the_server_says(places, engine):
    place = places(engine)
    with pytest.raises(SourceError) as refused, ExitStack() as stack:
        opened(stack, place, "another-password")
    assert "another-password" not in str(refused.value)
    assert place.url.rpartition("@")[2].partition("?")[0] in str(refused.value)


@pytest.mark.parametrize("engine", SERVERS)
def test_the_reader_is_refused_every_write_and_the_owner_is_found_out(places, engine):
    place = places(engine)
    engine_, reader = engine_of(read_address(place.url)), read_address(place.url)
    tables = [place.vendor.act[0], place.vendor.invoice[0]]
    proof = engine_.try_to_write(reader, place.password, tables)
    assert proof.allowed == ()
    assert proof.refused == 3 * len(tables)
    assert proof.untried is None
    owner = firebird.WRITER if "firebird" in engine else postgresql.WRITER  # the others have owners of that name too
    address = read_address(place.url.replace(f"://{reader.user}@", f"://{owner}@"))
    with ExitStack() as stack:
        before = opened(stack, place).count(tables[0])
    assert len(engine_.try_to_write(address, postgresql.WRITER_PASSWORD, tables).allowed) == 3 * len(tables)
    with ExitStack() as stack:
        assert opened(stack, place).count(tables[0]) == before


@pytest.mark.parametrize("engine", ["access", "sqlite"])
def test_a_file_that_opens_for_writing_is_told(places, engine):
    place = places(engine)
    address = read_address(place.url)
    assert engine_of(address).try_to_write(address, None, []).allowed


def test_a_database_that_allows_no_snapshot_is_not_read_under_locks(practice, tmp_path):
    with sql_server_emulator.sql_server_emulator(tmp_path, snapshots=False) as emulator:
        sql_server_emulator.make_database(emulator, vega_database.database(practice))
        address = read_address(sql_server_emulator.url(emulator))
        with (
            pytest.raises(SourceError, match="SNAPSHOT"),
            engine_of(address).open(address, sql_server_emulator.READER_PASSWORD) as session,
        ):
            session.count("acte")
        assert "SET TRANSACTION ISOLATION LEVEL SNAPSHOT" in emulator.asked


def test_sql_server_is_only_asked_to_select(places, sql_server_emulated):
    place = places("sql_server_emulator")
    with ExitStack() as stack:
        session = opened(stack, place)
        session.schema()
        list(session.lines(TableRead("acte", ("id",), ("id",))))
        session.highest("acte", "modifie_le")
    assert {statement.split()[0] for statement in sql_server_emulated.asked} == {"SET", "BEGIN", "SELECT"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda session: session.count("acte"),
        lambda session: session.highest("acte", "modifie_le"),
        lambda session: list(session.lines(TableRead("acte", ("id",), ("id",)))),
    ],
    ids=["rows", "highest", "lines"],
)
def test_what_is_no_longer_the_same_is_not_taken_without_a_snapshot(places, ask):
    place = places("odbc_sqlite")
    address = read_address(place.url)
    engine = engine_of(address)
    with engine.open(address, None) as first:
        ask(first)
        assert isinstance(first, OdbcSession)
        with engine.open(address, None) as same:
            assert isinstance(same, OdbcSession)
            first.same_again(same)
        with closing(place.connect()) as software:
            software.execute("INSERT INTO acte (id, modifie_le) VALUES (999999, '2027-01-01 00:00:00')")
            software.commit()
        with engine.open(address, None) as other:
            assert isinstance(other, OdbcSession)
            with pytest.raises(SourceError, match="a changé pendant sa lecture"):
                first.same_again(other)


def test_a_source_that_odbc_does_not_know_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ODBCINI", str(tmp_path / "odbc.ini"))
    address = read_address("odbc://lecteur@/ABSENTE")
    with pytest.raises(SourceError, match="DSN"), engine_of(address).open(address, "x"):
        pass


def test_an_access_file_that_is_absent_or_none_is_told(tmp_path):
    absent = read_address(f"access:///{tmp_path / 'absent.mdb'}")
    with pytest.raises(SourceError, match="n'existe pas"), engine_of(absent).open(absent, None):
        pass
    (tmp_path / "other.mdb").write_bytes(b"no database" * 1000)
    other = read_address(f"access:///{tmp_path / 'other.mdb'}")
    with pytest.raises(SourceError), engine_of(other).open(other, None) as session:
        session.schema()


def test_the_sample_for_firebird_is_loaded_by_its_own_tool(firebird_server, practice):
    firebird.make_database(firebird_server, "script", ())
    program = ["isql-fb", "-quiet", "-bail", "-charset", "UTF8", "-user", firebird.WRITER, "-password"]
    place = f"127.0.0.1/{firebird_server.port}:{firebird.path(firebird_server, 'script')}"
    script = FIXTURES / "kine4000" / "firebird" / "base.sql"
    loaded = subprocess.run(
        [*program, firebird.WRITER_PASSWORD, "-input", str(script), place], capture_output=True, timeout=50, check=False
    )
    assert (loaded.returncode, loaded.stderr) == (0, b"")
    with firebird.connect(firebird_server, "script") as connection:
        assert_holds(connection, kine4000_database.database(practice), FIREBIRD)


def test_the_sample_for_postgresql_is_loaded_by_its_own_tool(postgresql_server, practice):
    postgresql.make_database(postgresql_server, "script", ())
    script = FIXTURES / "vega" / "postgresql" / "base.sql"
    place = f"host=127.0.0.1 port={postgresql_server.port} dbname=script user={postgresql.WRITER}"
    loaded = subprocess.run(
        ["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", str(script), place],
        capture_output=True,
        timeout=50,
        check=False,
        env={**os.environ, "PGPASSWORD": postgresql.WRITER_PASSWORD},
    )
    assert (loaded.returncode, loaded.stderr) == (0, b"")
    with postgresql.connect(postgresql_server, "script") as connection:
        assert_holds(connection, vega_database.database(practice), POSTGRESQL)


def assert_holds(connection, tables, flavour):
    cursor = connection.cursor()
    for filled in tables:
        cursor.execute(f"SELECT * FROM {flavour.name(filled.table.name)}")
        found = [tuple(cell.rstrip() if isinstance(cell, str) else cell for cell in row) for row in cursor.fetchall()]
        assert sorted(found, key=repr) == sorted(filled.rows, key=repr)
    cursor.close()


def test_an_access_file_holds_what_a_page_cannot(practice, tmp_path):
    """A table of several pages, and names with accents, read back by the engine."""
    from connector_core.testing.exports import kinemax_database

    path = write_jet4(kinemax_database.database(practice), tmp_path / "kinemax.mdb")
    address = read_address(f"access:///{path}")
    with engine_of(address).open(address, None) as session:
        lines = b"".join(part for _, part in session.lines(TableRead("Patients", ("Patient", "Prénom"), ("Patient",))))
    assert lines.count(b"\n") == 17
    assert "é".encode() in lines
