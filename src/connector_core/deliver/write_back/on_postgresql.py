"""PostgreSQL, by psycopg: READ COMMITTED, each row locked from the last look until the commit.

Two processes of this program never write at once: a transaction waits for the one before it, also for one whose process
was killed and which the server has not ended yet, so that its flags are seen.
"""

from __future__ import annotations

from connector_core.deliver.write_back.session import (
    PATIENCE,
    Account,
    Cursor,
    DBAPISession,
    Session,
    at_server,
    translated,
)
from connector_core.deliver.write_back.spots import Grammar, SQLValue
from connector_core.sources.database.engine import missing_driver

_CONNECT = 15
"""Seconds to connect."""
_OPTIONS = "-c statement_timeout=60s -c idle_in_transaction_session_timeout=60s -c datestyle=ISO"
_GRAMMAR = Grammar(marker="%s", lock=" FOR UPDATE", next_number="nextval('{}')")
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('connector write-back'))"


def open_session(account: Account) -> Session:
    try:
        import psycopg
    except ImportError:
        raise missing_driver("psycopg", "postgresql", "[source.write_back]") from None
    address = account.address
    with at_server(address), translated(psycopg.Error):
        connection = psycopg.connect(
            host=address.host or address.option("host") or "localhost",
            port=address.port,
            dbname=address.name,
            user=account.name,
            password=account.password,
            sslmode=address.option("sslmode"),
            connect_timeout=_CONNECT,
            client_encoding="UTF8",
            options=f"{_OPTIONS} -c lock_timeout={PATIENCE}s",
            application_name="connector",
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        schema = address.option("schema")
        if schema is not None:
            connection.execute("SELECT set_config('search_path', %s, false)", [schema])
            connection.commit()

    def execute(sql: str, values: tuple[SQLValue, ...]) -> Cursor:
        return connection.execute(sql.encode(), values)

    return DBAPISession(
        _GRAMMAR,
        psycopg.Error,
        execute,
        begin=lambda: connection.execute(_ALONE),
        commit=connection.commit,
        rollback=connection.rollback,
        close=connection.close,
    )
