"""Firebird, through its own server and never by opening its file: a SNAPSHOT, READ transaction, in which every
statement sees the same moment. It waits for no writer and no writer waits for it.

firebird-driver needs Firebird's client library (fbclient); where there is none, firebirdsql speaks to the server by
itself, more slowly, in a SNAPSHOT transaction that it can't make READ: nothing but SELECT is sent in it either.
`?driver=firebirdsql` in the address asks for it, `?client=` says where the library lies. Neither gives SQLAlchemy the
transaction that is wanted, so the catalogue is read here.

Long texts (BLOB) cost a question to the server for each row: where all of a column fit, they are fetched as ordinary
texts. With firebird-driver, whole rows come as blocks of text (`firebird_block`), where they can. The server tells by
itself which transaction wrote each row last: their number, their sum and the highest change with any row. Texts come as
UTF-8. A database that declares no character set gives the bytes that its software put in:
`?charset=WIN1252` says which they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Protocol

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
from connector_core.sources.database.firebird_block import EXACT, block_statement, lines_of
from connector_core.sources.database.marks import MarkValue, mark_of

_PORT = 3050
_AT_ONCE = 500
_FITS = 8191
"""Characters of UTF-8 that a text may have to be fetched like any other."""

_COLUMNS = """
SELECT TRIM(r.RDB$RELATION_NAME), TRIM(f.RDB$FIELD_NAME), t.RDB$FIELD_TYPE, t.RDB$FIELD_SUB_TYPE,
       t.RDB$CHARACTER_LENGTH, t.RDB$FIELD_PRECISION, t.RDB$FIELD_SCALE
FROM RDB$RELATIONS r
JOIN RDB$RELATION_FIELDS f ON f.RDB$RELATION_NAME = r.RDB$RELATION_NAME
JOIN RDB$FIELDS t ON t.RDB$FIELD_NAME = f.RDB$FIELD_SOURCE
WHERE COALESCE(r.RDB$SYSTEM_FLAG, 0) = 0
ORDER BY 1, f.RDB$FIELD_POSITION, 2
"""
_KEYS = """
SELECT TRIM(c.RDB$RELATION_NAME), TRIM(s.RDB$FIELD_NAME)
FROM RDB$RELATION_CONSTRAINTS c JOIN RDB$INDEX_SEGMENTS s ON s.RDB$INDEX_NAME = c.RDB$INDEX_NAME
WHERE c.RDB$CONSTRAINT_TYPE = 'PRIMARY KEY'
ORDER BY 1, s.RDB$FIELD_POSITION
"""
_TYPES = {
    7: "SMALLINT",
    8: "INTEGER",
    10: "FLOAT",
    12: "DATE",
    13: "TIME",
    14: "CHAR",
    16: "BIGINT",
    23: "BOOLEAN",
    24: "DECFLOAT",
    25: "DECFLOAT",
    26: "INT128",
    27: "DOUBLE PRECISION",
    28: "TIME WITH TIME ZONE",
    29: "TIMESTAMP WITH TIME ZONE",
    35: "TIMESTAMP",
    37: "VARCHAR",
    261: "BLOB",
}
_LONG_TEXT = "BLOB TEXT"


class _Cursor(Protocol):
    def execute(self, sql: str, bound: Sequence[object] = ...) -> object: ...

    def fetchmany(self, size: int) -> Sequence[Sequence[object]]: ...

    def close(self) -> None: ...


class _Connection(Protocol):
    def cursor(self) -> _Cursor: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class FirebirdEngine:
    """Databases of Firebird 3 and later; by firebirdsql perhaps 2.5, which was not tried."""

    title = "Firebird"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        with _connected(address, password, writes=False) as connection:
            by_client = not type(connection).__module__.startswith("firebirdsql")
            isolation = "SNAPSHOT, READ" if by_client else "SNAPSHOT"
            # firebirdsql takes all bytes for text; `charset` is for a database that has no character set
            blocks = by_client and address.option("charset") is None
            yield _FirebirdSession(connection, address, isolation, blocks=blocks)

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        with self.open(address, password) as session:
            schema = session.schema().only(tables)
        allowed: list[str] = []
        refused, untried = 0, 0
        with _connected(address, password, writes=True) as connection:
            for table in schema.tables:
                for kind, statements in _writes(table):
                    answers = [_tried(connection, statement) for statement in statements]
                    if True in answers:
                        allowed.append(f"{kind} {table.name}")
                    elif False in answers:
                        refused += 1
                    else:
                        untried += 1
        return WriteProof(tuple(allowed), refused, f"écritures non essayées : {untried}" if untried else None)


ENGINE = FirebirdEngine()


class _FirebirdSession:
    """A snapshot."""

    filters = True

    def __init__(self, connection: _Connection, address: Address, isolation: str, *, blocks: bool) -> None:
        self.isolation = isolation
        self._connection = connection
        self._address = address
        self._blocks = blocks
        self._signs: dict[str, str | None] = {}

    def schema(self) -> Schema:
        return self._schema

    def token(self, tables: Sequence[str]) -> str | None:
        signs = [self._sign(table) for table in tables]
        return None if None in signs else "|".join(map(str, signs))

    def count(self, table: str, since: Since | None = None) -> int:
        where, bound = _meant(since)
        ((count,),) = self._query(f"SELECT COUNT(*) FROM {_quoted(table)}{where}", bound)
        return int(str(count))

    def highest(self, table: str, column: str) -> str | None:
        ((value,),) = self._query(f"SELECT MAX({_quoted(column)}) FROM {_quoted(table)}")
        return mark_of(value)

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        table = self._schema.table(read.table)
        types = {} if table is None else {column.name: column.type for column in table.columns}
        where, bound = _meant(read.since)
        rows = f"{_quoted(read.table)}{where}"
        asked = [self._fetched(rows, bound, name, types.get(name, "")) for name in read.columns]
        order = [_quoted(name) for name in read.order]
        if self._in_blocks(read):
            since = None if read.since is None else _quoted(read.since.column)
            block = block_statement(_quoted(read.table), asked, order, since)
            if block is not None:
                return self._by_blocks(block, bound)
        columns = ", ".join(each for each, _ in asked)
        return encoded_rows(self._query(f"SELECT {columns} FROM {rows} ORDER BY {', '.join(order)}", bound))

    def _fetched(self, rows: str, bound: Sequence[MarkValue], column: str, kind: str) -> tuple[str, str]:
        """How a column is asked for, and as which type: a long text as an ordinary one where all of them fit."""
        name = _quoted(column)
        if kind != _LONG_TEXT:
            return name, kind
        ((longest,),) = self._query(f"SELECT MAX(CHAR_LENGTH({name})) FROM {rows}", bound)
        length = max(int(str(longest or 0)), 1)
        if length > _FITS:
            return name, kind
        return f"CAST({name} AS VARCHAR({length}) CHARACTER SET UTF8)", f"VARCHAR({length})"

    def _in_blocks(self, read: TableRead) -> bool:
        return self._blocks and all((read.table, column) in self._exact for column in read.columns)

    def _by_blocks(self, statement: str, bound: Sequence[MarkValue]) -> Iterator[tuple[int, bytes]]:
        for rows, block in self._query(statement, bound):
            if not isinstance(rows, int) or not isinstance(block, bytes):
                raise unreachable(self._address, "la base ne se lit pas (bloc)")
            yield rows, lines_of(block)

    def _sign(self, table: str) -> str | None:
        """What changes with any row of a table; None for a view, whose rows no transaction wrote."""
        if table not in self._signs:
            signs = "COUNT(*), COUNT(RDB$RECORD_VERSION), SUM(RDB$RECORD_VERSION), MAX(RDB$RECORD_VERSION)"
            try:
                ((rows, *known),) = self._query(f"SELECT {signs} FROM {_quoted(table)}")
                self._signs[table] = ".".join(map(str, known)) if known[0] == rows else None
            except SourceError:
                self._signs[table] = None
        return self._signs[table]

    @cached_property
    def _exact(self) -> frozenset[tuple[str, str]]:
        """The columns that may be in a block."""
        return frozenset((str(table), str(column)) for table, column in self._query(EXACT))

    @cached_property
    def _schema(self) -> Schema:
        keys: dict[str, list[str]] = {}
        for table, column in self._query(_KEYS):
            keys.setdefault(str(table), []).append(str(column))
        columns: dict[str, list[Column]] = {}
        for table, column, *kind in self._query(_COLUMNS):
            columns.setdefault(str(table), []).append(Column(str(column), _type(*kind)))
        return Schema(tuple(Table(name, tuple(each), tuple(keys.get(name, ()))) for name, each in columns.items()))

    def _query(self, sql: str, bound: Sequence[MarkValue] = ()) -> Iterator[Sequence[object]]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, bound)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows
        except Exception as error:  # noqa: BLE001  # of either driver
            raise _failed(self._address, error) from None
        finally:
            with suppress(Exception):  # the connection may be gone, and its driver raises what it likes
                cursor.close()


def _type(kind: object, sub_type: object, length: object, precision: object, scale: object) -> str:
    """A type as Firebird's own language writes it."""
    if int(str(scale or 0)) < 0 or (sub_type in (1, 2) and kind in (7, 8, 16, 27)):
        return f"{'DECIMAL' if sub_type == 2 else 'NUMERIC'}({precision or 18},{-int(str(scale or 0))})"
    if kind == 261:
        return _LONG_TEXT if sub_type == 1 else "BLOB"
    name = _TYPES.get(int(str(kind)), f"TYPE {kind}")
    return f"{name}({length})" if kind in (14, 37) else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _meant(since: Since | None) -> tuple[str, tuple[MarkValue, ...]]:
    """The condition for the rows that are meant, and what is bound in it."""
    if since is None:
        return "", ()
    name = _quoted(since.column)
    return f" WHERE {name} >= ? OR {name} IS NULL", (since.value,)


def _writes(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Statements that would write, if any row met their condition; several where one may be wrong in itself."""
    name, columns = _quoted(table.name), [_quoted(column) for column in table.names()]
    yield "ajouter à", [f"INSERT INTO {name} ({each}) SELECT {each} FROM {name} WHERE 1 = 0" for each in columns]
    yield "modifier", [f"UPDATE {name} SET {each} = {each} WHERE 1 = 0" for each in columns]
    yield "supprimer de", [f"DELETE FROM {name} WHERE 1 = 0"]


def _tried(connection: _Connection, statement: str) -> bool | None:
    """Whether a statement is allowed; None where it fails for another reason."""
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
    except Exception as error:  # noqa: BLE001  # of either driver
        return False if _NO_PERMISSION.search(str(error)) else None
    finally:
        with suppress(Exception):
            cursor.close()
        connection.rollback()
    return True


@contextmanager
def _connected(address: Address, password: str | None, *, writes: bool) -> Iterator[_Connection]:
    """A connection whose transactions are snapshots, read-only ones unless it is to try a write."""
    chosen = address.option("driver")
    if chosen == "firebirdsql":
        connection = _by_protocol(address, password)
    else:
        try:
            connection = _by_client(address, password, writes)
        except ConfigurationError:
            if chosen:
                raise
            connection = _by_protocol(address, password)
    try:
        yield connection
    finally:
        with suppress(Exception):
            connection.rollback()
        with suppress(Exception):
            connection.close()


def _by_client(address: Address, password: str | None, writes: bool) -> _Connection:
    """By firebird-driver; ConfigurationError where it, or the client library, is missing."""
    try:
        from firebird.driver import Isolation, TraAccessMode, connect, driver_config, tpb
    except ImportError:
        raise missing_driver("firebird-driver", "firebird") from None
    library = address.option("client")
    if library:
        driver_config.fb_client_library.value = library
    try:
        connection = connect(
            f"{address.host or 'localhost'}/{address.port or _PORT}:{address.name}",
            user=address.user,
            password=password,
            charset=address.option("charset") or "UTF8",
        )
        access = TraAccessMode.WRITE if writes else TraAccessMode.READ
        connection.main_transaction.default_tpb = tpb(isolation=Isolation.SNAPSHOT, access_mode=access, lock_timeout=0)
    except Exception as error:  # noqa: BLE001  # the library's, or the driver's own
        if _NO_LIBRARY.search(str(error)):
            raise ConfigurationError(
                "la bibliothèque cliente de Firebird (fbclient) manque ou n'est pas de la bonne architecture",
                remedy="Installez-la, ou ajoutez « ?driver=firebirdsql » à l'adresse",
            ) from None
        raise _failed(address, error) from None
    made: _Connection = connection
    return made


def _by_protocol(address: Address, password: str | None) -> _Connection:
    """By firebirdsql, which needs no client library."""
    try:
        import firebirdsql
    except ImportError:
        raise missing_driver("firebirdsql", "firebird") from None
    try:
        connection = firebirdsql.connect(
            host=address.host or "localhost",
            port=address.port or _PORT,
            database=address.name,
            user=address.user,
            password=password,
            charset=address.option("charset") or "UTF8",
            # Not with its `readonly`: that is a level of its own, which sees what others commit meanwhile.
            isolation_level=firebirdsql.ISOLATION_LEVEL_SNAPSHOT,
        )
    except Exception as error:  # noqa: BLE001  # it raises what its sockets do, too
        raise _failed(address, error) from None
    made: _Connection = connection
    return made


_NO_PERMISSION = re.compile(r"no permission", re.IGNORECASE)
_NO_LIBRARY = re.compile(r"client library|fbclient|could not be (?:loaded|determined)", re.IGNORECASE)
_SAID: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"user name and password are not defined|login", re.IGNORECASE),
        "la base refuse le compte ou son mot de passe",
        "Vérifiez le compte et le secret",
    ),
    (_NO_PERMISSION, "le compte n'a pas le droit de lire une table", "Donnez-lui SELECT sur les tables à lire"),
    (
        re.compile(r"I/O error|No such file|unavailable database|not found|cannot attach", re.IGNORECASE),
        "le serveur ne trouve pas cette base",
        "Vérifiez son chemin sur le serveur, ou son alias",
    ),
    (
        re.compile(r"unable to complete network request|connection|refused|timed out|resolve", re.IGNORECASE),
        "le serveur de la base ne répond pas",
        "Vérifiez qu'il tourne, et l'adresse",
    ),
)
"""What a driver's words mean; they are looked at, and never repeated."""


def _failed(address: Address, error: Exception) -> SourceError:
    if isinstance(error, UnicodeDecodeError):
        return unreachable(
            address,
            "la base a des textes d'un autre encodage que celui qu'elle annonce",
            "Ajoutez « ?charset=WIN1252 » à l'adresse",
        )
    for pattern, what, remedy in _SAID:
        if pattern.search(str(error)):
            return unreachable(address, what, remedy)
    return unreachable(address, f"la base ne se lit pas ({type(error).__name__})")
