"""Any source that ODBC knows, by its DSN: `odbc://reader@/CABINET`. That is how HFSQL is reached, with its own driver.

PostgreSQL and SQLite give a snapshot in a transaction, and rows by the value of a column. Of other products it is not
known whether they do, or whether the level that would keeps writers waiting: they are read as they come, their tables
whole, twice, and what is not the same twice is thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector_core.errors import ConfigurationError
from connector_core.sources.database.address import Address
from connector_core.sources.database.engine import Session, WriteProof
from connector_core.sources.database.file_in_use import STILL
from connector_core.sources.database.odbc_session import OdbcSession, attempt, connected
from connector_core.sources.database.write_attempts import proof

if TYPE_CHECKING:
    import pyodbc

_SNAPSHOT_LEVELS = {"PostgreSQL": 4, "SQLite": 8}
"""The level of isolation at which a product reads a snapshot, as ODBC numbers it: repeatable read, serializable."""


class OdbcEngine:
    """Databases by DSN."""

    title = "ODBC"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        with _session(address, password) as (session, is_snapshot):
            yield session
        if not is_snapshot:
            time.sleep(STILL)
            with _session(address, password) as (other, _):
                session.same_again(other)

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        with _session(address, password) as (session, _):
            schema = session.schema().only(tables)
        connection = connected(address, _attributes(address, password), autocommit=False, readonly=False)
        try:
            quote = _quoting(connection)
            named = [(table, quote(table.name)) for table in schema.tables]
            return proof(named, quote, lambda sql: attempt(connection, address, sql))
        finally:
            connection.close()


ENGINE = OdbcEngine()
_LEVEL = 108  # SQL_ATTR_TXN_ISOLATION


@contextmanager
def _session(address: Address, password: str | None) -> Iterator[tuple[OdbcSession, bool]]:
    """A session, and whether it is one snapshot."""
    connection = connected(address, _attributes(address, password), autocommit=True)
    try:
        level = _SNAPSHOT_LEVELS.get(_product(connection))
        if level is not None:
            connection.set_attr(_LEVEL, level)
            connection.autocommit = False
        isolation = "instantané par transaction" if level is not None else "deux lectures égales, sans instantané"
        snapshot = level is not None
        yield OdbcSession(connection, address, isolation, _quoting(connection), filters=snapshot), snapshot
    finally:
        connection.close()


def _attributes(address: Address, password: str | None) -> dict[str, str]:
    if not address.name:
        raise ConfigurationError("l'adresse ne nomme pas la source ODBC", remedy="Écrivez odbc://lecteur@/NOM_DU_DSN")
    attributes = {"DSN": address.name}
    if address.user:
        attributes["UID"] = address.user
    if password is not None:
        attributes["PWD"] = password
    return attributes


def _product(connection: pyodbc.Connection) -> str:
    return _said(connection, 17)  # SQL_DBMS_NAME


class _Quote:
    """Names as the driver wants them quoted; a driver that knows of no quotes is only given plain names."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __call__(self, name: str) -> str:
        mark = self._mark
        if not mark:
            if not name.isidentifier():
                raise ConfigurationError("ce pilote ODBC ne sait pas nommer une des tables ou des colonnes")
            return name
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def _quoting(connection: pyodbc.Connection) -> _Quote:
    return _Quote(_said(connection, 29).strip())  # SQL_IDENTIFIER_QUOTE_CHAR


def _said(connection: pyodbc.Connection, what: int) -> str:
    """What a driver says of itself; nothing where it does not."""
    import pyodbc

    try:
        return str(connection.getinfo(what)).rstrip("\0")
    except pyodbc.Error:
        return ""
