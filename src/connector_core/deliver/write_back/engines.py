"""The databases that flags can be written into. Each driver is imported when its database is first opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector_core.deliver.write_back.session import PATIENCE, DBAPISession, Session, translated
from connector_core.deliver.write_back.spots import Grammar, SQLValue
from connector_core.errors import ConfigurationError
from connector_core.sources.database.address import Address, file_of


@dataclass(frozen=True, slots=True)
class Account:
    """The database and the account for writing."""

    address: Address
    name: str | None = None
    password: str | None = None


def connect(account: Account) -> Session:
    """Open a database for writing. Raise DatabaseFailed, ConfigurationError."""
    engine = _ENGINES.get(account.address.scheme)
    if engine is None:
        raise ConfigurationError(
            f"rien n'écrit encore dans une base « {account.address.scheme} »",
            where="[source.write_back]",
            remedy="Choisissez un emplacement par fichier d'import, si le dialecte en a un",
        )
    return engine(account)


def _sqlite(account: Account) -> Session:
    import sqlite3
    from pathlib import Path

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


_ENGINES: Mapping[str, Callable[[Account], Session]] = {"sqlite": _sqlite}
