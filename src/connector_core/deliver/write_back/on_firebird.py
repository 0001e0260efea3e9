"""Firebird, through its own server by firebird-driver: READ COMMITTED, each row locked from the last look until the
commit. It takes Firebird's client library (fbclient)."""

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

_PORT = 3050
_GRAMMAR = Grammar(lock=" WITH LOCK", next_number="NEXT VALUE FOR {}")


def open_session(account: Account) -> Session:
    try:
        from firebird.driver import Error, Isolation, connect, driver_config, tpb
    except ImportError:
        raise missing_driver("firebird-driver", "firebird", "[source.write_back]") from None
    address = account.address
    library = address.option("client")
    if library:
        driver_config.fb_client_library.value = library
    with at_server(address), translated(Exception):  # the client library's own errors are of no class of the driver's
        connection = connect(
            f"{address.host or 'localhost'}/{address.port or _PORT}:{address.name}",
            user=account.name,
            password=account.password,
            charset=address.option("charset") or "UTF8",
        )
        connection.main_transaction.default_tpb = tpb(
            isolation=Isolation.READ_COMMITTED_RECORD_VERSION, lock_timeout=PATIENCE
        )

    def execute(sql: str, values: tuple[SQLValue, ...]) -> Cursor:
        cursor: Cursor = connection.cursor().execute(sql, values)
        return cursor

    def rollback() -> None:
        if connection.main_transaction.is_active():
            connection.rollback()

    return DBAPISession(
        _GRAMMAR,
        Error,
        execute,
        begin=connection.begin,
        commit=connection.commit,
        rollback=rollback,
        close=connection.close,
    )
