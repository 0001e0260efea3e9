"""SQLite: one writer at a time has the whole file, from before the last look until the commit.

There are no accounts: who may write is a matter of the file's rights.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from connector_core.deliver.write_back.session import PATIENCE, Account, DBAPISession, Session, translated
from connector_core.deliver.write_back.spots import Grammar, SQLValue
from connector_core.sources.database.address import file_of


def open_session(account: Account) -> Session:
    path = Path(file_of(account.address))
    with translated(sqlite3.Error):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=PATIENCE
        )
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    def execute(sql: str, values: tuple[SQLValue, ...]) -> sqlite3.Cursor:
        return connection.execute(
            sql, [value if isinstance(value, str | int | None) else value.isoformat() for value in values]
        )

    return DBAPISession(
        Grammar(),
        sqlite3.Error,
        execute,
        begin=lambda: connection.execute("BEGIN IMMEDIATE"),
        commit=connection.commit,
        rollback=connection.rollback,
        close=connection.close,
    )
