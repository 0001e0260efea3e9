"""The engines themselves: what a layout holds comes back from each, and an account with SELECT rights cannot write."""

from __future__ import annotations

import socket
from decimal import Decimal

import psutil
import psycopg
import pymysql
import pytds
import pytest
from tests.engines.bed import firebird, mariadb, postgresql, sql_server_emulator

from connector_core.testing.exports import kine4000_database, kinemax_database, vega_database
from connector_core.testing.exports.jet4 import write_jet4

pytestmark = pytest.mark.engines


def rows_of(tables, name):
    (filled,) = (each for each in tables if each.table.name == name)
    return [tuple(row) for row in filled.rows]


def fetched(connection, statement):
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()


def unpadded(rows):
    """Without the spaces that fill a column of type CHAR."""
    return [tuple(cell.rstrip() if isinstance(cell, str) else cell for cell in row) for row in rows]


@pytest.fixture
def vega(practice):
    return vega_database.database(practice)


def test_firebird_gives_back_what_was_put_in_and_keeps_the_reader_from_writing(firebird_server, practice):
    from firebird.driver import DatabaseError, connect

    tables = kine4000_database.database(practice)
    firebird.make_database(firebird_server, "bed", tables)
    dsn = f"127.0.0.1/{firebird_server.port}:{firebird.path(firebird_server, 'bed')}"
    with connect(dsn, user=firebird.READER, password=firebird.READER_PASSWORD, charset="UTF8") as reader:
        assert fetched(reader, 'SELECT * FROM "PATIENTS" ORDER BY 1') == rows_of(tables, "PATIENTS")
        lines = fetched(reader, 'SELECT * FROM "LIGNES" ORDER BY 1')
        assert unpadded(lines) == rows_of(tables, "LIGNES")
        assert {len(line[4]) for line in lines} == {12}
        (charset,) = fetched(reader, "SELECT TRIM(RDB$CHARACTER_SET_NAME) FROM RDB$DATABASE")
        assert charset == ("WIN1252",)
        with pytest.raises(DatabaseError, match="no permission"):
            fetched(reader, "DELETE FROM LIGNES")


def test_postgresql_gives_back_what_was_put_in_and_keeps_the_reader_from_writing(postgresql_server, vega):
    postgresql.make_database(postgresql_server, "bed", vega)
    place = {"host": "127.0.0.1", "port": postgresql_server.port, "dbname": "bed", "user": postgresql.READER}
    with psycopg.connect(**place, password=postgresql.READER_PASSWORD) as reader:
        assert fetched(reader, "SELECT * FROM acte ORDER BY id") == rows_of(vega, "acte")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            fetched(reader, "DELETE FROM acte")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**place, password="another")


def test_mariadb_gives_back_what_was_put_in_and_keeps_the_reader_from_writing(mariadb_server, vega):
    mariadb.make_database(mariadb_server, "bed", vega)
    place = {"host": "127.0.0.1", "port": mariadb_server.port, "database": "bed", "user": mariadb.READER}
    with pymysql.connect(**place, password=mariadb.READER_PASSWORD, charset="utf8mb4") as reader:
        assert fetched(reader, "SELECT id, patient_id, montant, libelle FROM acte ORDER BY id") == [
            (row[0], row[1], row[9], row[21]) for row in rows_of(vega, "acte")
        ]
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            fetched(reader, "DELETE FROM acte")


def test_the_emulator_of_sql_server_speaks_to_a_driver_and_refuses_a_write(sql_server_emulated, vega):
    sql_server_emulator.make_database(sql_server_emulated, vega)
    place = {"dsn": "127.0.0.1", "port": sql_server_emulated.port, "database": sql_server_emulator.DATABASE}
    account = {"user": sql_server_emulator.READER, "autocommit": True, "login_timeout": 10}
    with pytds.connect(**place, **account, password=sql_server_emulator.READER_PASSWORD) as reader:
        assert fetched(reader, "SELECT * FROM [dbo].[acte] ORDER BY [id]") == rows_of(vega, "acte")
        with pytest.raises(pytds.Error, match="denied"):
            fetched(reader, "DELETE FROM [dbo].[acte]")
    with pytest.raises(pytds.Error, match="Login"):
        pytds.connect(**place, **account, password="another")


def test_an_access_file_of_ours_is_read_by_mdbtools(practice, tmp_path):
    import pyodbc

    tables = kinemax_database.database(practice)
    path = write_jet4(tables, tmp_path / "kinemax.mdb")
    reader = pyodbc.connect(f"DRIVER=MDBTools;DBQ={path}", autocommit=True, readonly=True)
    try:
        acts = fetched(reader, "SELECT [Acte], [Montant], [Durée], [ALD] FROM [Séances]")
        patients = fetched(reader, "SELECT [Patient], [Nom], [Prénom] FROM [Patients]")
    finally:
        reader.close()
    assert acts == [(row[0], row[9], row[5], row[18]) for row in rows_of(tables, "Séances")]
    assert all(isinstance(row[1], Decimal) for row in acts)
    assert patients == [row[:3] for row in rows_of(tables, "Patients")]
    assert any(not row[2].isascii() for row in patients)


def test_servers_listen_on_loopback_alone_and_are_not_root(firebird_server, postgresql_server, mariadb_server):
    for server in (firebird_server, postgresql_server, mariadb_server):
        process = psutil.Process(server.process.pid)
        listening = [each for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
        assert {each.laddr.ip for each in listening if each.family == socket.AF_INET} == {"127.0.0.1"}
        assert not [each for each in listening if each.family == socket.AF_INET6]
        assert process.uids().effective != 0
