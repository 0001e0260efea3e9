"""A private MariaDB: databases are made on it by name; the reader may only select, the writer owns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pymysql
from tests.engines.bed.running import Account, Server, free_port, private_folder, served

from connector_core.testing.exports.relational import Filled
from connector_core.testing.exports.sql import MARIADB, deploy

ACCOUNT = Account("mysql")
READER, READER_PASSWORD = "lecteur", "lecteur-secret"
WRITER, WRITER_PASSWORD = "logiciel", "logiciel-secret"


@contextmanager
def mariadb() -> Iterator[Server]:
    """The server, with both accounts."""
    with private_folder(ACCOUNT) as folder:
        log, data, port = folder / "made.log", folder / "data", free_port()
        first = folder / "first.sql"
        first.write_text(
            f"CREATE USER '{READER}'@'%' IDENTIFIED BY '{READER_PASSWORD}';\n"
            f"CREATE USER '{WRITER}'@'%' IDENTIFIED BY '{WRITER_PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{WRITER}'@'%' WITH GRANT OPTION;\n"
        )
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        ACCOUNT.run([*install, "--auth-root-authentication-method=normal", "--skip-name-resolve"], log)
        command = [
            "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 'mariadb.sock'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--init-file={first}",
            f"--pid-file={folder / 'mariadb.pid'}",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
        ]
        with served(ACCOUNT, command, folder, port) as server:
            yield server


def make_database(server: Server, name: str, tables: Iterable[Filled]) -> None:
    """A database with these tables."""
    with connect(server, "") as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        cursor.execute(f"USE `{name}`")
        deploy(tables, MARIADB, lambda statement, rows: cursor.executemany(statement, rows), connection.commit)
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO '{READER}'@'%'")


def connect(server: Server, name: str) -> pymysql.Connection:
    """A connection of the software that owns the database."""
    return pymysql.connect(
        host="127.0.0.1",
        port=server.port,
        database=name or None,
        user=WRITER,
        password=WRITER_PASSWORD,
        charset="utf8mb4",
        connect_timeout=10,
    )


def url(server: Server, name: str) -> str:
    """The database as a source is configured with it."""
    return f"mysql://{READER}@127.0.0.1:{server.port}/{name}"
