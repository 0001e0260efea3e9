"""A private PostgreSQL: databases are made on it by name; `reader` may only select, `writer` owns."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from tests.engines.bed.running import Account, Server, free_port, private_folder, served

from connector_core.testing.exports.relational import Filled
from connector_core.testing.exports.sql import POSTGRESQL, deploy

ACCOUNT = Account("postgres")
READER, READER_PASSWORD = "lecteur", "lecteur-secret"
WRITER, WRITER_PASSWORD = "logiciel", "logiciel-secret"


@contextmanager
def postgresql() -> Iterator[Server]:
    """The server, with both accounts."""
    tools = _tools()
    with private_folder(ACCOUNT) as folder:
        log, data, port = folder / "made.log", folder / "data", free_port()
        initdb = [str(tools / "initdb"), "-D", str(data), "-U", "postgres", "--auth-local=reject", "--auth-host=trust"]
        ACCOUNT.run([*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], log)
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "16MB",
            "max_connections": "30",
        }
        command = [str(tools / "postgres"), "-D", str(data), "-p", str(port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with served(ACCOUNT, command, folder, port, is_ready=lambda port: _accepts(tools, port)) as server:
            with _admin(server, "postgres") as connection:
                connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'")
                connection.execute(f"CREATE ROLE {WRITER} LOGIN PASSWORD '{WRITER_PASSWORD}'")
            # From here on each account needs its password.
            (data / "pg_hba.conf").write_text(
                "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            )
            with _admin(server, "postgres") as connection:
                connection.execute("SELECT pg_reload_conf()")
            yield server


def make_database(server: Server, name: str, tables: Iterable[Filled]) -> None:
    """A database with these tables."""
    with _admin(server, "postgres") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} OWNER {WRITER}")
    with connect(server, name) as connection:
        cursor = connection.cursor()
        deploy(tables, POSTGRESQL, lambda statement, rows: cursor.executemany(statement, rows), connection.commit)
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")


def connect(server: Server, name: str) -> psycopg.Connection:
    """A connection of the software that owns the database."""
    return psycopg.connect(
        host="127.0.0.1", port=server.port, dbname=name, user=WRITER, password=WRITER_PASSWORD, connect_timeout=10
    )


def url(server: Server, name: str) -> str:
    """The database as a source is configured with it."""
    return f"postgresql://{READER}@127.0.0.1:{server.port}/{name}"


def _admin(server: Server, name: str) -> psycopg.Connection:
    return psycopg.connect(host="127.0.0.1", port=server.port, dbname=name, user="postgres", autocommit=True)


def _accepts(tools: Path, port: int) -> bool:
    asked = [str(tools / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(asked, check=False).returncode == 0


def _tools() -> Path:
    """Debian keeps the server's programs off the path, by version."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent
