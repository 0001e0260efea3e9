"""What an engine is: one way to read databases of one kind, read-only and in one snapshot.

An engine opens a `Session`: a connection on which one read-only transaction is open, so that all that is asked of it is
of one moment. Drivers may abort the process they run in, or hang: sessions are opened in a child process only
(`child`), but for an engine that says that it is `safe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Literal, Protocol

import msgspec

from connector_core.errors import ConfigurationError, SourceError, reason_of
from connector_core.sources.database.address import Address
from connector_core.sources.database.marks import MarkValue, value_of


class Column(msgspec.Struct, frozen=True):
    """A column: its name and its type as the database names them."""

    name: str
    type: str


class Table(msgspec.Struct, frozen=True):
    """A table, or a view, with its columns in their order; `key` are those of the primary key, where it has one."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


class Schema(msgspec.Struct, frozen=True):
    """The tables of a database that an account may see, sorted by name."""

    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)

    def only(self, names: Sequence[str]) -> Schema:
        """These tables alone, as far as they are there."""
        return Schema(tuple(table for table in self.tables if table.name in names))


class Since(msgspec.Struct, frozen=True):
    """Rows whose column has at least the value of a mark (`marks`), or none at all: of those it says nothing."""

    column: str
    mark: str

    @property
    def value(self) -> MarkValue:
        """The value to bind. Only marks that have one are asked by."""
        value = value_of(self.mark)
        if value is None:
            raise ValueError(self.column)
        return value


class TableRead(msgspec.Struct, frozen=True):
    """What is to be fetched of a table: columns under their real names, in this order; rows in the order of `order`,
    those of `since` alone where that is said."""

    table: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    since: Since | None = None


WriteKind = Literal["insert", "update", "delete"]


class WriteProof(msgspec.Struct, frozen=True):
    """Whether an account may write, found out by trying to and taking it back.

    `allowed` names what was not refused, `untried` says why something could not be tried.
    """

    allowed: tuple[str, ...] = ()
    refused: int = 0
    untried: str | None = None


class Session(Protocol):
    """One read-only snapshot of a database. Everything raises SourceError where the database fails."""

    @property
    def isolation(self) -> str:
        """How the snapshot is had, in a few words, for a technician."""
        ...

    def schema(self) -> Schema:
        """What there is to see. Tables of the system are left out."""
        ...

    @property
    def filters(self) -> bool:
        """Whether rows can be asked for by the value of a column, so that the database compares them as it orders them.
        Where that is not so, or is not known to be, tables are fetched whole."""
        ...

    def token(self, tables: Sequence[str]) -> str | None:
        """A text that changes whenever one of these tables may have; None where the engine knows of none. It is asked
        for all tables, and for each.

        It may change for nothing. It must not be younger than the snapshot: what happens after it changes it later.
        """
        ...

    def count(self, table: str, since: Since | None = None) -> int:
        """How many rows a table has, or how many of it `since` means."""
        ...

    def highest(self, table: str, column: str) -> str | None:
        """The highest value of a column, as a mark; None where there is none."""
        ...

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        """The rows as lines of an extract, some at once: how many, and their bytes."""
        ...


class Engine(Protocol):
    """Reads databases of one kind."""

    @property
    def title(self) -> str:
        """The name of the product, for a person."""
        ...

    def open(self, address: Address, password: str | None) -> AbstractContextManager[Session]:
        """Open a snapshot. Raise SourceError when the database can't be reached or refuses the account,
        ConfigurationError when the driver is not installed or the address is not the engine's."""
        ...

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        """Try to change these tables, in a transaction that is rolled back, with statements that meet no row: what the
        account is not allowed is refused all the same. A session of `open` would refuse whatever the account may."""
        ...


_ENGINES = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "firebird": "firebird",
    "mssql": "sqlserver",
    "access": "access",
    "odbc": "odbc",
}
"""The module of each scheme, which has its `ENGINE`."""


def engine_of(address: Address) -> Engine:
    """The engine of an address; its driver is only imported when a session is opened."""
    module = f"connector_core.sources.database.{_ENGINES[address.scheme]}"
    try:
        engine: Engine = import_module(module).ENGINE
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ConfigurationError(
            f"le moteur « {address.scheme} » n'est pas encore lu", remedy="Passez par un export"
        ) from None
    return engine


def missing_driver(module: str, extra: str, where: str | None = None) -> ConfigurationError:
    """What to say when a driver is not installed."""
    return ConfigurationError(
        f"le module « {module} » manque pour cette base",
        where=where,
        remedy=f"Installez-le : « pip install connector-core[{extra}] »",
    )


def unreadable(address: Address, error: OSError) -> SourceError:
    """What to say when the file of a database can't be read."""
    return unreachable(address, f"fichier illisible ({reason_of(error)})")


def unreachable(address: Address, why: str, remedy: str | None = None) -> SourceError:
    """What to say when a database does not answer as it should; `why` never repeats what a driver says."""
    return SourceError(
        why, where=str(address), remedy=remedy or "Vérifiez l'adresse, le serveur de la base et le compte"
    )


Tell = Callable[[bytes], None]
