"""MySQL and MariaDB, by PyMySQL: READ COMMITTED, each row locked from the last look until the commit.

Only InnoDB has transactions: nothing is written into a table of another kind. Two processes of this program never write
at once: a session waits for the one before it, also for one whose process was killed and which the server has not ended
yet, so that its flags are seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector_core.deliver.write_back.session import (
    PATIENCE,
    Account,
    Cursor,
    DatabaseFailed,
    DBAPISession,
    Session,
    at_server,
    translated,
)
from connector_core.deliver.write_back.spots import Grammar, SQLValue, Statement
from connector_core.errors import ConfigurationError
from connector_core.sources.database.engine import missing_driver

_CONNECT, _ANSWER = 15, 60
"""Seconds to connect, and to the next answer."""
_PORT = 3306
_GRAMMAR = Grammar(marker="%s", lock=" FOR UPDATE", next_number="NEXT VALUE FOR {}")
_SETTINGS = (
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,STRICT_ALL_TABLES')",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)
_PATIENCE = "SET SESSION innodb_lock_wait_timeout = %s"
_ALONE = "SELECT GET_LOCK('connector write-back', %s)"
_KIND = "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s"


def open_session(account: Account) -> Session:
    try:
        import pymysql
    except ImportError:
        raise missing_driver("pymysql", "mysql", "[source.write_back]") from None
    address = account.address
    with at_server(address), translated(pymysql.Error):
        connection = pymysql.connect(
            host=address.host or "localhost",
            port=address.port or _PORT,
            user=account.name,
            password=account.password or "",
            database=address.name,
            charset="utf8mb4",
            connect_timeout=_CONNECT,
            read_timeout=_ANSWER,
            program_name="connector",
            local_infile=False,
            autocommit=False,
        )

    def execute(sql: str, values: tuple[SQLValue, ...]) -> Cursor:
        cursor = connection.cursor()
        cursor.execute(sql, values)
        found: Cursor = cursor
        return found

    session = _MySQLSession(
        _GRAMMAR,
        pymysql.Error,
        execute,
        begin=connection.begin,
        commit=connection.commit,
        rollback=connection.rollback,
        close=connection.close,
    )
    try:
        for setting in _SETTINGS:
            session.change(Statement(setting))
        session.change(Statement(_PATIENCE, (PATIENCE,)))
        (alone,) = session.rows(Statement(_ALONE, (PATIENCE,)))
        if 1 not in alone.values():
            raise DatabaseFailed("un autre « connector » y écrit", where=str(address), remedy="Nouvel essai plus tard")
    except BaseException:
        session.close()
        raise
    return session


class _MySQLSession(DBAPISession):
    """A session that knows which tables have transactions."""

    def columns(self, table: str) -> Sequence[str]:
        kinds = [str(*row.values()) for row in self.rows(Statement(_KIND, (table,)))]
        if kinds not in ([], ["InnoDB"]):
            raise ConfigurationError(
                f"la table « {table} » n'est pas InnoDB ; rien n'y est écrit",
                where="[[write_back]]",
                remedy="Choisissez un autre emplacement : ce qui est écrit là ne se reprend pas",
            )
        return super().columns(table)
