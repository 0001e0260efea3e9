"""A private Firebird 3: databases are made on it by name; the reader may only select, SYSDBA owns.

Debian's server is pointed to a root of its own, with its own accounts. The module of character sets is copied, since
the server refuses one that it finds through a link.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engines.bed.running import Account, Server, free_port, private_folder, served

from connector_core.testing.exports.relational import Filled
from connector_core.testing.exports.sql import FIREBIRD, deploy

if TYPE_CHECKING:
    from firebird.driver import Connection

ACCOUNT = Account("firebird")
READER, READER_PASSWORD = "LECTEUR", "lecteur-secret"
WRITER, WRITER_PASSWORD = "SYSDBA", "logiciel-secret"
CHARSET = "WIN1252"
_INSTALLED = Path("/usr/lib/x86_64-linux-gnu/firebird/3.0")


@contextmanager
def firebird() -> Iterator[Server]:
    """The server, with both accounts."""
    with private_folder(ACCOUNT) as folder:
        port = free_port()
        _root(folder, port)
        environment = {"FIREBIRD": str(folder), "FIREBIRD_LOCK": str(folder)}
        accounts = folder / "accounts.sql"
        accounts.write_text(
            f"CREATE DATABASE '{folder / 'security3.fdb'}';\n"
            f"CREATE USER {WRITER} PASSWORD '{WRITER_PASSWORD}' USING PLUGIN Srp;\n"
            f"CREATE USER {READER} PASSWORD '{READER_PASSWORD}' USING PLUGIN Srp;\n"
        )
        ACCOUNT.run(["isql-fb", "-quiet", "-user", WRITER, "-input", str(accounts)], folder / "made.log", **environment)
        with served(ACCOUNT, ["/usr/sbin/firebird"], folder, port, environment) as server:
            yield server


def make_database(server: Server, name: str, tables: Iterable[Filled]) -> None:
    """A database with these tables, its texts in Windows-1252."""
    from firebird.driver import create_database

    path(server, name).unlink(missing_ok=True)
    kept = tuple(tables)
    with create_database(_dsn(server, name), user=WRITER, password=WRITER_PASSWORD, charset="UTF8") as connection:
        connection.execute_immediate(f"ALTER DATABASE SET DEFAULT CHARACTER SET {CHARSET}")
        connection.commit()
    if not kept:
        return
    with connect(server, name) as connection:
        cursor = connection.cursor()

        def run(statement: str, rows: object) -> None:
            cursor.executemany(statement, rows)

        deploy(kept, FIREBIRD, run, connection.commit)
        for filled in kept:
            cursor.execute(f"GRANT SELECT ON {FIREBIRD.name(filled.table.name)} TO USER {READER}")
        connection.commit()
        cursor.close()


def connect(server: Server, name: str) -> Connection:
    """A connection of the software that owns the database."""
    import firebird.driver

    return firebird.driver.connect(_dsn(server, name), user=WRITER, password=WRITER_PASSWORD, charset="UTF8")


def path(server: Server, name: str) -> Path:
    """The file of a database, which the server alone opens."""
    return server.folder / "data" / f"{name}.fdb"


def url(server: Server, name: str) -> str:
    """The database as a source is configured with it."""
    return f"firebird://{READER}@127.0.0.1:{server.port}/{path(server, name)}"


def _dsn(server: Server, name: str) -> str:
    return f"127.0.0.1/{server.port}:{path(server, name)}"


def _root(folder: Path, port: int) -> None:
    for name in ("plugins", "firebird.msg", "plugins.conf"):
        (folder / name).symlink_to(_INSTALLED / name)
    (folder / "intl").mkdir()
    shutil.copy(_INSTALLED / "intl" / "libfbintl.so", folder / "intl")
    (folder / "data").mkdir()
    ACCOUNT.own(folder / "data")
    settings = {
        "RemoteBindAddress": "127.0.0.1",
        "RemoteServicePort": str(port),
        "DatabaseAccess": f"Restrict {folder}",
        "SecurityDatabase": str(folder / "security3.fdb"),
        "AuthServer": "Srp",
        "UserManager": "Srp",
        "WireCrypt": "Enabled",
    }
    (folder / "firebird.conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "databases.conf").write_text("")
