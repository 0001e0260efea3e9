"""A session over an ODBC connection: as little is asked of the driver as can be.

Drivers differ in what they understand: rows are put into order here, and where a driver can't compare values that is
done here too. Rows are asked for by a value only of a driver that is known to compare it as the column does. A
driver's word that a connection is read-only counts for nothing: nothing but SELECT is sent.

Where the driver gives no snapshot, all that was asked is asked again at the end, on a connection of its own, since a
driver may remember (`same_again`). Tables that are the same twice, each asked of a first time before any was asked of a
second time, are those of one moment: that between the two rounds. A file has no transactions either, and may be left
half written for a moment: so the rounds are as far apart as the readings of a file in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import xxhash

from connector_core.errors import ConfigurationError, SourceError
from connector_core.formats.extract import encoded_rows
from connector_core.sources.database.address import Address
from connector_core.sources.database.engine import (
    Column,
    Schema,
    Since,
    Table,
    TableRead,
    missing_driver,
    unreachable,
)
from connector_core.sources.database.marks import MarkValue, mark_of

if TYPE_CHECKING:
    import pyodbc

_AT_ONCE = 1000
_LINES_AT_ONCE = 2000
LOGIN_WITHIN = 15
"""Seconds that a driver has to connect."""
_STATES = {
    "28000": ("le compte ou le mot de passe est refusé", "Vérifiez user@ dans l'adresse, et le secret"),
    "IM002": ("ODBC ne connaît pas cette source (DSN)", "Créez-la dans l'administrateur ODBC de la même architecture"),
    "IM003": ("le pilote ODBC ne se charge pas", "Réinstallez-le, dans l'architecture de ce programme"),
    "IM014": ("le pilote ODBC est d'une autre architecture", "Installez-le dans l'architecture de ce programme"),
    "HYT00": ("la base ne répond pas", "Vérifiez qu'elle est démarrée"),
    "08001": ("la base ne répond pas", "Vérifiez l'adresse, et qu'elle est démarrée"),
}
_REFUSED_STATES = {"42501", "25006"}
"""No right to a table, a read-only transaction. Drivers use 42000 for a lack of rights as well as for anything else."""


class OdbcSession:
    """What can be read over a connection, whose transaction, if any, is open."""

    def __init__(
        self,
        connection: pyodbc.Connection,
        address: Address,
        isolation: str,
        quote: Callable[[str], str],
        token: str | None = None,
        *,
        filters: bool = False,
    ) -> None:
        self.isolation = isolation
        self.filters = filters
        self._connection = connection
        self._address = address
        self._quote = quote
        self._token = token
        self._read: dict[TableRead, str] = {}
        self._counted: dict[tuple[str, Since | None], int] = {}
        self._highest: dict[tuple[str, str], str | None] = {}

    def schema(self) -> Schema:
        names = [str(row[2]) for row in self._catalog(lambda cursor: cursor.tables(tableType="TABLE"))]
        names += [str(row[2]) for row in self._catalog(lambda cursor: cursor.tables(tableType="VIEW"))]
        kept = sorted({clean(name) for name in names if not name.startswith(("MSys", "sqlite_", "~"))})
        return Schema(tuple(self._table(name) for name in kept))

    def token(self, tables: Sequence[str]) -> str | None:
        return self._token

    def count(self, table: str, since: Since | None = None) -> int:
        where, bound = self._meant(since)
        ((count,),) = self._query(f"SELECT COUNT(*) FROM {self._quote(table)}{where}", bound)
        self._counted[table, since] = int(str(count))
        return self._counted[table, since]

    def highest(self, table: str, column: str) -> str | None:
        name = self._quote(column)
        try:
            ((value,),) = self._query(f"SELECT MAX({name}) FROM {self._quote(table)}")
        except SourceError:
            value = _highest(value for (value,) in self._query(f"SELECT {name} FROM {self._quote(table)}"))
        self._highest[table, column] = found = mark_of(value)
        return found

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        lines, digest = self._sorted(read)
        self._read[read] = digest
        for begin in range(0, len(lines), _LINES_AT_ONCE):
            some = lines[begin : begin + _LINES_AT_ONCE]
            yield len(some), b"\n".join(some) + b"\n"

    def same_again(self, other: OdbcSession) -> None:
        """Ask once more what was asked, as another session sees it; raise SourceError where it is not the same."""
        if not (
            all(other.count(*of) == count for of, count in self._counted.items())
            and all(other.highest(*of) == value for of, value in self._highest.items())
            and all(other._sorted(read)[1] == digest for read, digest in self._read.items())
        ):
            why = "la base a changé pendant sa lecture, et son pilote ne donne pas d'instantané"
            raise unreachable(self._address, why, AGAIN)

    def _sorted(self, read: TableRead) -> tuple[list[bytes], str]:
        columns = ", ".join(map(self._quote, read.columns))
        where, bound = self._meant(read.since)
        rows = self._query(f"SELECT {columns} FROM {self._quote(read.table)}{where}", bound)
        lines: list[bytes] = []
        for _, some in encoded_rows(rows):
            lines += some[:-1].split(b"\n")
        lines.sort()
        digest = xxhash.xxh3_128()
        for line in lines:
            digest.update(line)
        return lines, digest.hexdigest()

    def _table(self, name: str) -> Table:
        columns = tuple(
            Column(clean(str(row[3])), clean(str(row[5])).upper())
            for row in self._catalog(lambda cursor: cursor.columns(table=name))
        )
        return Table(name, columns or self._described(name), self._key(name))

    def _described(self, name: str) -> tuple[Column, ...]:
        """The columns of a table whose driver has no catalog of them: as an empty answer describes them."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(f"SELECT * FROM {self._quote(name)} WHERE 1 = 0")
            return tuple(Column(clean(each[0]), each[1].__name__.upper()) for each in cursor.description)
        except _odbc_error() as error:
            raise failed(self._address, error) from None
        finally:
            cursor.close()

    def _key(self, name: str) -> tuple[str, ...]:
        try:
            rows = self._catalog(lambda cursor: cursor.primaryKeys(table=name))
        except SourceError:
            return ()
        return tuple(clean(str(row[3])) for row in sorted(rows, key=lambda row: int(str(row[4]))))

    def _catalog(self, asked: Callable[[pyodbc.Cursor], pyodbc.Cursor]) -> list[Sequence[object]]:
        cursor = self._connection.cursor()
        try:
            return [tuple(row) for row in asked(cursor).fetchall()]
        except _odbc_error() as error:
            raise failed(self._address, error) from None
        finally:
            cursor.close()

    def _meant(self, since: Since | None) -> tuple[str, tuple[MarkValue, ...]]:
        """The condition for the rows that are meant, and what is bound in it."""
        if since is None:
            return "", ()
        name = self._quote(since.column)
        return f" WHERE {name} >= ? OR {name} IS NULL", (since.value,)

    def _query(self, sql: str, bound: Sequence[MarkValue] = ()) -> Iterator[Sequence[object]]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, *bound)
            more = True
            while more:
                rows = cursor.fetchmany(_AT_ONCE)
                yield from rows
                more = len(rows) == _AT_ONCE  # asked again at its end, MDBTools begins anew, or ends the process
        except _odbc_error() as error:
            raise failed(self._address, error) from None
        finally:
            cursor.close()


def _highest(values: Iterable[object]) -> object:
    """The highest of these values, of which a column has one kind; by their text where they can't be compared."""
    known = [each for each in values if each is not None]
    try:
        return max(known, default=None)  # type: ignore[type-var]  # what can't be compared raises
    except TypeError:
        return max(known, key=str)


AGAIN = "Nouvel essai à la prochaine lecture"


def connected(
    address: Address, attributes: dict[str, str], *, autocommit: bool, readonly: bool = True
) -> pyodbc.Connection:
    """A connection with these attributes. Raise SourceError where it can't be had, ConfigurationError without ODBC."""
    try:
        import pyodbc
    except ModuleNotFoundError:
        raise missing_driver("pyodbc", "odbc") from None
    except ImportError:
        raise ConfigurationError("le gestionnaire ODBC du système manque", remedy="Installez unixODBC") from None
    text = ";".join(f"{name}={_attribute(value)}" for name, value in attributes.items())
    try:
        return pyodbc.connect(text, autocommit=autocommit, readonly=readonly, timeout=LOGIN_WITHIN)
    except pyodbc.Error as error:
        raise failed(address, error) from None


def _attribute(value: str) -> str:
    """A value of a connection string: braces where it needs them, since not every driver manager takes them off."""
    return f"{{{value.replace('}', '}}')}}}" if set(value) & set(";{}[]()?*=!@") or value != value.strip() else value


def attempt(connection: pyodbc.Connection, address: Address, sql: str) -> bool | None:
    """Whether the account may do this, which meets no row and is rolled back; None where it fails otherwise."""
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
    except _odbc_error() as error:
        state = state_of(error)
        if state.startswith("08"):
            raise failed(address, error) from None
        return False if state in _REFUSED_STATES else None
    finally:
        cursor.close()
        connection.rollback()
    return True


def clean(name: str) -> str:
    """A name without what MDBTools leaves behind one with accents."""
    return name.rstrip("\0")


def state_of(error: Exception) -> str:
    """The SQLSTATE of an ODBC error."""
    return str(error.args[0]) if error.args else ""


def failed(address: Address, error: Exception) -> SourceError:
    """What an ODBC error means, without what the driver says."""
    state = state_of(error)
    why, remedy = _STATES.get(state, (f"la base ne se lit pas (ODBC {state})", None))
    return unreachable(address, why, remedy)


def _odbc_error() -> type[Exception]:
    import pyodbc

    error: type[Exception] = pyodbc.Error
    return error
