"""SQL Server, by python-tds: no DLL and no ODBC driver is needed.

What is read is read at the isolation level SNAPSHOT, which keeps nobody waiting and which a database must allow
(`ALLOW_SNAPSHOT_ISOLATION`): where it does not, nothing is read rather than under locks. Passwords are not encrypted on
the way without a certificate: over a network, ODBC with Microsoft's driver is the better choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from connector_core.errors import ConfigurationError, SourceError
from connector_core.formats.extract import encoded_rows
from connector_core.sources.database.address import Address
from connector_core.sources.database.engine import (
    Column,
    Schema,
    Session,
    Since,
    Table,
    TableRead,
    WriteProof,
    missing_driver,
    unreachable,
)
from connector_core.sources.database.marks import MarkValue, mark_of
from connector_core.sources.database.write_attempts import proof

if TYPE_CHECKING:
    import pytds

_LOGIN_WITHIN, _ANSWER_WITHIN = 15, 60
_LOCK_WAIT = 5000
"""Milliseconds that a lock is waited for: one on the schema, since a snapshot takes none on rows."""
_AT_ONCE = 1000
_LOGIN_FAILED = {18456, 4060, 18452}
_DENIED = {229, 230, 262, 3906}
_NO_SNAPSHOT = 3952
_LOCKED = 1222


class SqlServerEngine:
    """Databases of SQL Server."""

    title = "SQL Server"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        with _connected(address, password) as connection:
            session = _SqlServerSession(connection, address)
            session.begin()
            yield session

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        with self.open(address, password) as session:
            schema = session.schema().only(tables)
        with _connected(address, password) as connection:
            named = [(table, _table(address, table.name)) for table in schema.tables]
            return proof(named, _quoted, lambda sql: _may(connection, address, sql))


ENGINE = SqlServerEngine()


class _SqlServerSession:
    """A transaction at the level SNAPSHOT."""

    isolation = "SNAPSHOT"
    filters = True

    def __init__(self, connection: pytds.Connection, address: Address) -> None:
        self._connection = connection
        self._address = address

    def begin(self) -> None:
        """Begin the transaction; its snapshot is of the first thing that is read in it."""
        for statement in (
            f"SET LOCK_TIMEOUT {_LOCK_WAIT}",
            "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
            "BEGIN TRANSACTION",
        ):
            list(self._query(statement))

    def schema(self) -> Schema:
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        columns: dict[str, list[Column]] = {}
        for table, name, kind, length, digits, scale in self._query(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE"
            f" FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = {_text(_schema(self._address))}"
            " ORDER BY TABLE_NAME, ORDINAL_POSITION"
        ):
            columns.setdefault(str(table), []).append(Column(str(name), _type(str(kind), length, digits, scale)))
        keys: dict[str, list[str]] = {}
        for table, name in self._query(
            "SELECT K.TABLE_NAME, K.COLUMN_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE K"
            " JOIN INFORMATION_SCHEMA.TABLE_CONSTRAINTS C ON C.CONSTRAINT_NAME = K.CONSTRAINT_NAME"
            " AND C.TABLE_NAME = K.TABLE_NAME"
            f" WHERE C.CONSTRAINT_TYPE = 'PRIMARY KEY' AND K.TABLE_SCHEMA = {_text(_schema(self._address))}"
            " ORDER BY K.TABLE_NAME, K.ORDINAL_POSITION"
        ):
            keys.setdefault(str(table), []).append(str(name))
        return Schema(
            tuple(Table(name, tuple(found), tuple(keys.get(name, ()))) for name, found in sorted(columns.items()))
        )

    def token(self, tables: Sequence[str]) -> str | None:
        return None

    def count(self, table: str, since: Since | None = None) -> int:
        ((count,),) = self._query(f"SELECT COUNT(*) FROM {_table(self._address, table)}{self._meant(table, since)}")
        return int(str(count))

    def highest(self, table: str, column: str) -> str | None:
        ((value,),) = self._query(f"SELECT MAX({_quoted(column)}) FROM {_table(self._address, table)}")
        return mark_of(value)

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        columns, order = (", ".join(map(_quoted, names)) for names in (read.columns, read.order))
        rows = f"{_table(self._address, read.table)}{self._meant(read.table, read.since)}"
        return encoded_rows(self._query(f"SELECT {columns} FROM {rows} ORDER BY {order}"))

    def _meant(self, table: str, since: Since | None) -> str:
        """The condition for the rows that are meant."""
        if since is None:
            return ""
        found = self._schema.table(table)
        kind = next((each.type for each in found.columns if each.name == since.column), "") if found else ""
        name = _quoted(since.column)
        return f" WHERE {name} >= {_literal(since.value, kind)} OR {name} IS NULL"

    def _query(self, sql: str) -> Iterator[Sequence[object]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
                while cursor.description is not None and (rows := cursor.fetchmany(_AT_ONCE)):
                    yield from rows
        except (_error(), OSError) as error:
            raise _failed(self._address, error) from None


def _may(connection: pytds.Connection, address: Address, sql: str) -> bool | None:
    """Whether the account may do this, in a transaction that is taken back; None where it fails otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCK_TIMEOUT {_LOCK_WAIT}")
            cursor.execute("BEGIN TRANSACTION")
            try:
                cursor.execute(sql)
            except _error() as error:
                return False if _number(error) in _DENIED else None
            finally:
                cursor.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
            return True
    except (_error(), OSError) as error:
        raise _failed(address, error) from None


@contextmanager
def _connected(address: Address, password: str | None) -> Iterator[pytds.Connection]:
    try:
        import pytds
    except ModuleNotFoundError:
        raise missing_driver("pytds", "sqlserver") from None
    if address.user is None or password is None:
        raise ConfigurationError(
            "SQL Server demande un compte et son mot de passe",
            remedy='Écrivez mssql://lecteur@serveur/base, et password = "secret:…"',
        )
    try:
        connection = pytds.connect(
            dsn=address.host or "localhost",
            port=address.port,
            database=address.name,
            user=address.user,
            password=password,
            autocommit=True,
            login_timeout=_LOGIN_WITHIN,
            timeout=_ANSWER_WITHIN,
            appname="connector",
        )
    except (pytds.Error, OSError) as error:
        raise _failed(address, error) from None
    try:
        yield connection
    finally:
        connection.close()


def _error() -> type[Exception]:
    import pytds

    error: type[Exception] = pytds.Error
    return error


def _number(error: Exception) -> int | None:
    number = getattr(error, "number", None)
    return number if isinstance(number, int) else None


def _failed(address: Address, error: Exception) -> SourceError:
    number = _number(error)
    if number in _LOGIN_FAILED or type(error).__name__ == "LoginError":
        return unreachable(
            address, "le compte, son mot de passe ou la base est refusé", "Vérifiez l'adresse et le secret"
        )
    if number == _NO_SNAPSHOT:
        return unreachable(
            address,
            "cette base ne permet pas l'isolation SNAPSHOT ; elle n'est pas lue sous des verrous",
            "Demandez : ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON",
        )
    if number in _DENIED:
        return unreachable(address, "ce compte n'a pas le droit de lire une des tables", "Donnez-lui SELECT")
    if number == _LOCKED:
        return unreachable(address, "la base est occupée par un autre logiciel", "Nouvel essai à la prochaine lecture")
    if isinstance(error, OSError):
        return unreachable(address, "le serveur ne répond pas")
    return unreachable(address, f"la base ne se lit pas (SQL Server {number or type(error).__name__})")


def _quoted(name: str) -> str:
    return f"[{name.replace(']', ']]')}]"


def _table(address: Address, name: str) -> str:
    return f"{_quoted(_schema(address))}.{_quoted(name)}"


def _schema(address: Address) -> str:
    return address.option("schema") or "dbo"


def _text(value: str) -> str:
    return "N'" + value.replace("'", "''") + "'"


def _literal(value: MarkValue, kind: str) -> str:
    """A value as the server writes it, of the type of the column that it is compared with."""
    match value:
        case bytes():
            return f"0x{value.hex()}"
        case str():
            return f"CAST({_text(value)} AS {kind})"
        case datetime():
            exact = "milliseconds" if kind in ("DATETIME", "SMALLDATETIME") else "microseconds"
            return f"CAST({_text(value.isoformat('T', exact))} AS {kind})"
        case date():
            return f"CAST({_text(value.isoformat())} AS {kind})"
        case number:
            return str(number)


def _type(kind: str, length: object, digits: object, scale: object) -> str:
    """A type as it is declared; MAX has the length -1."""
    name = kind.upper()
    if length is not None:
        return f"{name}({'MAX' if length == -1 else length})"
    return f"{name}({digits},{scale or 0})" if name in {"NUMERIC", "DECIMAL"} else name
