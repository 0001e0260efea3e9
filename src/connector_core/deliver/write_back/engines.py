"""The databases that flags can be written into, a module each. A driver is imported when its database is opened."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from connector_core.deliver.write_back.session import Account, Session
from connector_core.errors import ConfigurationError

_ENGINES = {
    "sqlite": "on_sqlite",
    "postgresql": "on_postgresql",
    "firebird": "on_firebird",
    "mysql": "on_mysql",
    "mariadb": "on_mysql",
}


class Open(Protocol):
    """Opens a session. Raise DatabaseFailed, ConfigurationError."""

    def __call__(self, account: Account) -> Session: ...


def connect(account: Account) -> Session:
    """Open a database for writing. Raise DatabaseFailed, ConfigurationError."""
    scheme = account.address.scheme
    if scheme not in _ENGINES:
        raise ConfigurationError(
            f"rien n'écrit encore dans une base « {scheme} »",
            where="[source.write_back]",
            remedy="Choisissez un emplacement par fichier d'import, si le dialecte en a un",
        )
    open_session: Open = import_module(f"connector_core.deliver.write_back.{_ENGINES[scheme]}").open_session
    return open_session(account)
