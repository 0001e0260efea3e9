"""The databases that flags can be written into. Each driver is imported when its database is first opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from connector_core.deliver.write_back.session import PATIENCE, DatabaseFailed, DBAPISession, Session, translated
from connector_core.deliver.write_back.spots import Grammar, SQLValue
from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion


@dataclass(frozen=True, slots=True)
class Account:
    """The database and the account for writing."""

    address: str
    name: str | None = None
    password: str | None = None


def connect(account: Account) -> Session:
    """Open a database for writing. Raise DatabaseFailed, ConfigurationError."""
    scheme = urlsplit(account.address).scheme
    engine = _ENGINES.get(scheme)
    if engine is None:
        raise ConfigurationError(
            f"rien ne sait écrire dans une base « {scheme} »",
            where="[source.write_back]",
            remedy=suggestion(scheme, _ENGINES),
        )
    return engine(account)


def _sqlite(account: Account) -> Session:
    import sqlite3
    from pathlib import Path

    path = Path(_path(account.address))
    with translated(sqlite3.Error):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=PATIENCE
        )

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


def _path(address: str) -> str:
    """`sqlite:///D:/base.db`, `sqlite:////srv/base.db`."""
    path = unquote(urlsplit(address).path)
    return path[1:] if path[:1] == "/" else path


_ENGINES: Mapping[str, Callable[[Account], Session]] = {"sqlite": _sqlite}

__all__ = ["Account", "DatabaseFailed", "connect"]
