"""SQLite, by Python's own module: a file that is opened read-only, as the file that it is.

In WAL mode a read transaction is a snapshot and nobody waits. In the other modes a reader keeps writers from
committing: the database is then copied page by page into memory, under one lock, and read there; one that is too large
for that is read under the lock.

There are no accounts: who may write is a matter of the file's rights.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from connector_core.errors import SourceError
from connector_core.formats.extract import encoded_rows
from connector_core.sources.database.address import Address, file_of
from connector_core.sources.database.engine import (
    Column,
    Schema,
    Session,
    Since,
    Table,
    TableRead,
    WriteProof,
    unreachable,
    unreadable,
)
from connector_core.sources.database.marks import MarkValue, mark_of
from connector_core.sources.database.write_attempts import proof_of_file

_TOO_LARGE = 512 << 20
"""Bytes from which a database is not copied into memory."""
_WAIT = 5.0
"""Seconds that a writer is waited for."""
_BETWEEN_TRIES = 0.02
_AT_ONCE = 1000


class SqliteEngine:
    """Databases of SQLite 3."""

    title = "SQLite"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        path = Path(file_of(address))
        if not path.is_file():
            raise unreachable(address, "ce fichier n'existe pas", "Vérifiez le chemin")
        connection: sqlite3.Connection | None = None
        try:
            token = _token(path)
            connection = sqlite3.connect(_uri(path, "ro"), uri=True, timeout=_WAIT, isolation_level=None)
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            isolation = "instantané WAL"
            if mode != "wal":
                connection, isolation = _apart(connection, path.stat().st_size)
            connection.text_factory = _text
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the read
            yield _SqliteSession(connection, address, token, isolation)
        except (sqlite3.Error, OSError) as error:
            raise _failed(address, error) from None
        finally:
            if connection is not None:
                connection.close()

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        return proof_of_file(address)


ENGINE = SqliteEngine()


class _SqliteSession:
    """A read transaction."""

    filters = True

    def __init__(self, connection: sqlite3.Connection, address: Address, token: str, isolation: str) -> None:
        self._connection = connection
        self._address = address
        self._token = token
        self.isolation = isolation

    def schema(self) -> Schema:
        names = [
            str(name)
            for (name,) in self._query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
            if not str(name).startswith("sqlite_")
        ]
        tables: list[Table] = []
        for name in names:
            columns = [*self._query(f"PRAGMA table_info({_quoted(name)})")]
            keys = sorted((int(str(rank)), str(column)) for _, column, _, _, _, rank in columns if rank)
            tables.append(
                Table(
                    name,
                    tuple(Column(str(column), str(kind).upper()) for _, column, kind, _, _, _ in columns),
                    tuple(column for _, column in keys),
                )
            )
        return Schema(tuple(tables))

    def token(self, tables: Sequence[str]) -> str | None:
        return self._token

    def count(self, table: str, since: Since | None = None) -> int:
        where, bound = _meant(since)
        ((count,),) = self._query(f"SELECT count(*) FROM {_quoted(table)}{where}", bound)
        return int(str(count))

    def highest(self, table: str, column: str) -> str | None:
        ((value,),) = self._query(f"SELECT max({_quoted(column)}) FROM {_quoted(table)}")
        return mark_of(value)

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        columns, order = (", ".join(map(_quoted, names)) for names in (read.columns, read.order))
        where, bound = _meant(read.since)
        return encoded_rows(self._query(f"SELECT {columns} FROM {_quoted(read.table)}{where} ORDER BY {order}", bound))

    def _query(self, sql: str, bound: Sequence[MarkValue] = ()) -> Iterator[Sequence[object]]:
        try:
            cursor = self._connection.execute(sql, bound)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows
        except sqlite3.Error as error:
            raise _failed(self._address, error) from None


def _meant(since: Since | None) -> tuple[str, tuple[MarkValue, ...]]:
    """The condition for the rows that are meant, and what is bound in it."""
    if since is None:
        return "", ()
    name = _quoted(since.column)
    return f" WHERE {name} >= ? OR {name} IS NULL", (since.value,)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(path.absolute().as_posix())}?mode={mode}"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _apart(connection: sqlite3.Connection, size: int) -> tuple[sqlite3.Connection, str]:
    """The connection to read from where readers stand in the way of writers."""
    if size > _TOO_LARGE:
        return connection, "verrou partagé pendant la lecture"
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.backup(copy, sleep=_BETWEEN_TRIES)
    except BaseException:
        copy.close()
        raise
    finally:
        connection.close()
    return copy, "copie en mémoire sous un verrou"


def _token(path: Path) -> str:
    """What changes with every commit: the size, time and first page of the file, the same of the write-ahead log."""
    parts: list[str] = []
    for each, head in ((path, 100), (path.with_name(f"{path.name}-wal"), 32)):
        with suppress(FileNotFoundError), each.open("rb") as file:
            status = os.fstat(file.fileno())
            if not status.st_size:
                continue  # an empty log is made by whoever reads first
            parts.append(f"{status.st_size}.{status.st_mtime_ns}.{file.read(head)[24:].hex()}")
    return "|".join(parts)


def _failed(address: Address, error: Exception) -> SourceError:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return unreachable(address, "la base est occupée par un autre logiciel", "Nouvel essai bientôt")
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return unreachable(address, "ce fichier n'est pas une base SQLite, ou elle est chiffrée", "Vérifiez le chemin")
    if isinstance(error, OSError):
        return unreadable(address, error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name == "SQLITE_CANTOPEN":
        remedy = "Donnez à ce compte le droit de lire ce fichier et, en mode WAL, ceux en -wal et -shm à côté de lui"
        return unreachable(address, "la base ne s'ouvre pas", remedy)
    return unreachable(address, f"la base ne se lit pas ({name})")
