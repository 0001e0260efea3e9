"""A connection to a vendor's database for writing, with the account that the practice gives for that alone.

Whatever a driver raises becomes a `DatabaseFailed` that names the kind of failure and nothing else: drivers put values
into their messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from connector_core.deliver.write_back.spots import Grammar, Row, SQLValue, Statement
from connector_core.errors import ConnectorError
from connector_core.sources.database.address import Address

PATIENCE = 5
"""Seconds to wait for a row that another program holds; nobody at the practice is to wait for this program in turn."""


class DatabaseFailed(ConnectorError):
    """The database can't be reached, or refuses a statement; trying again may work."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Account:
    """A database and the account for writing into it."""

    address: Address
    name: str | None = None
    password: str | None = field(default=None, repr=False)


class Cursor(Protocol):
    """What is used of a DB-API cursor."""

    @property
    def description(self) -> Sequence[Sequence[object]] | None: ...

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> Sequence[Sequence[object]]: ...

    def close(self) -> object: ...


class Session(Protocol):
    """One connection. A transaction begins with `begin`, which waits for no other writer longer than `PATIENCE`."""

    @property
    def grammar(self) -> Grammar: ...

    def begin(self) -> None: ...

    def rows(self, statement: Statement) -> Sequence[Row]: ...

    def columns(self, table: str) -> Sequence[str]:
        """The columns of a table."""
        ...

    def change(self, statement: Statement) -> int:
        """Do it; how many rows were changed."""
        ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class DBAPISession:
    """A session over DB-API. `execute` runs a statement on the connection; `error` is what the driver raises."""

    def __init__(
        self,
        grammar: Grammar,
        error: type[Exception],
        execute: Callable[[str, tuple[SQLValue, ...]], Cursor],
        *,
        begin: Callable[[], object],
        commit: Callable[[], object],
        rollback: Callable[[], object],
        close: Callable[[], object],
    ) -> None:
        self.grammar = grammar
        self._error = error
        self._execute = execute
        self._begin = begin
        self._commit = commit
        self._rollback = rollback
        self._close = close

    def begin(self) -> None:
        with translated(self._error):
            self._begin()

    def rows(self, statement: Statement) -> Sequence[Row]:
        with translated(self._error):
            cursor = self._execute(statement.sql, statement.values)
            names = _names(cursor)
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            cursor.close()
        return rows

    def columns(self, table: str) -> Sequence[str]:
        with translated(self._error):
            cursor = self._execute(f"SELECT * FROM {self.grammar.name(table)} WHERE 1 = 0", ())
            names = _names(cursor)
            cursor.close()
        return names

    def change(self, statement: Statement) -> int:
        with translated(self._error):
            cursor = self._execute(statement.sql, statement.values)
            count = cursor.rowcount
            cursor.close()
        return count

    def commit(self) -> None:
        with translated(self._error):
            self._commit()

    def rollback(self) -> None:
        with translated(self._error):
            self._rollback()

    def close(self) -> None:
        with suppress(self._error):
            self._close()


def _names(cursor: Cursor) -> list[str]:
    return [str(column[0]) for column in cursor.description or ()]


@contextmanager
def translated(error: type[Exception]) -> Iterator[None]:
    """The boundary at which a driver's errors become ours."""
    try:
        yield
    except error as failure:
        raise DatabaseFailed(
            f"la base du logiciel ne l'accepte pas ({type(failure).__name__})",
            remedy="Vérifiez que la base répond et que le compte d'écriture a les droits que le dialecte demande",
        ) from failure


@contextmanager
def at_server(address: Address) -> Iterator[None]:
    """Say of what fails that it was the connection."""
    try:
        yield
    except DatabaseFailed as failure:
        raise DatabaseFailed(
            "la base ne se laisse pas ouvrir pour écrire",
            where=str(address),
            remedy="Vérifiez que le serveur tourne, puis « account » et « password » dans [source.write_back]",
        ) from failure
