"""MySQL and MariaDB, by PyMySQL: a REPEATABLE READ transaction begun WITH CONSISTENT SNAPSHOT, READ ONLY, in which
every statement sees the same moment. It waits for no writer and no writer waits for it.

Only InnoDB keeps former states of a table. A table of another kind that changes while it is read would be read torn:
it is not read.

The server adds a table up by itself (CHECKSUM TABLE), of the same moment, in a small part of the time that fetching it
takes: as long as the sum is the same, the table is. A table that may hold whole documents is not added up, since all
its columns would be read for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from connector_core.errors import SourceError
from connector_core.sources.database.address import Address
from connector_core.sources.database.alchemy import AlchemySession, connected, translated, try_each_write
from connector_core.sources.database.engine import Schema, Session, TableRead, WriteProof, missing_driver, unreachable

if TYPE_CHECKING:
    from pymysql import Connection

_DRIVER = "mysql+pymysql://"
_CONNECT, _LOCKED, _ANSWER = 15, 5, 300
"""Seconds to connect, to wait for a table that is being altered, and to the next answer."""
_PORT = 3306
_SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
_OTHER_KINDS = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'
"""
_LARGE = ("MEDIUMBLOB", "LONGBLOB", "MEDIUMTEXT", "LONGTEXT")
_DENIED = frozenset({1044, 1045, 1142, 1143, 1227, 1290, 1370, 1698})


class MysqlEngine:
    """Databases of MySQL 8 and MariaDB 10 and later."""

    title = "MySQL ou MariaDB"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        def failed(error: Exception) -> SourceError:
            return _failed(address, error)

        raw = _connect(address, password)
        with connected(_DRIVER, lambda: raw, failed, "mysql") as connection:
            with translated(failed):
                connection.exec_driver_sql(f"SET SESSION time_zone = '+00:00', SESSION lock_wait_timeout = {_LOCKED}")
                others = frozenset(str(name) for (name,) in connection.exec_driver_sql(_OTHER_KINDS))
                connection.rollback()
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                connection.exec_driver_sql(_SNAPSHOT)
            yield _MysqlSession(
                connection, "REPEATABLE READ, CONSISTENT SNAPSHOT, READ ONLY", failed, None, address, others
            )

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        with self.open(address, password) as session:
            schema = session.schema()
        raw = _connect(address, password)
        with connected(_DRIVER, lambda: raw, lambda error: _failed(address, error), "mysql") as connection:
            return try_each_write(connection, schema, tables, lambda error: _code(error) in _DENIED)


ENGINE = MysqlEngine()


@dataclass
class _MysqlSession(AlchemySession):
    """A snapshot; `others` are the tables that it does not hold."""

    address: Address
    others: frozenset[str]
    _sums: dict[str, str | None] = field(default_factory=dict, init=False)

    @cached_property
    def _schema(self) -> Schema:
        try:
            return self._described()
        except SourceError:
            # An account that has SELECT alone is refused the catalogue because of a single view.
            return self._described(views=False)

    def token(self, tables: Sequence[str]) -> str | None:
        sums = [self._sum(table) for table in tables]
        return None if None in sums else "|".join(map(str, sums))

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        if read.table in self.others:
            raise unreachable(
                self.address,
                f"la table {read.table} n'est pas InnoDB : elle ne se lit pas en un instantané",
                "Demandez à l'éditeur de la passer en InnoDB, ou lisez un export",
            )
        return super().lines(read)

    def _sum(self, name: str) -> str | None:
        """What the server makes of all rows of a table; None for a view, and where documents may be in it."""
        if name not in self._sums:
            table = self.schema().table(name)
            kinds = [] if table is None else [column.type for column in table.columns]
            if name in self.others or not kinds or any(kind.startswith(_LARGE) for kind in kinds):
                self._sums[name] = None
            else:
                statement = "CHECKSUM TABLE `" + name.replace("`", "``") + "`"
                plain = {"no_parameters": True}  # else a percent sign in a name is one of a parameter
                with translated(self.failed):
                    ((_, found),) = self.connection.exec_driver_sql(statement, execution_options=plain)
                self._sums[name] = None if found is None else str(found)
        return self._sums[name]


def _connect(address: Address, password: str | None) -> Connection[object]:
    try:
        import pymysql
    except ImportError:
        raise missing_driver("pymysql", "mysql") from None
    try:
        return pymysql.connect(
            host=address.host or "localhost",
            port=address.port or _PORT,
            user=address.user,
            password=password or "",
            database=address.name,
            charset="utf8mb4",
            connect_timeout=_CONNECT,
            read_timeout=_ANSWER,
            program_name="connector",
            local_infile=False,
        )
    except pymysql.Error as error:
        raise _failed(address, error) from None


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _failed(address: Address, error: Exception) -> SourceError:
    code = _code(error)
    if code in (1045, 1698):
        return unreachable(address, "la base refuse le compte ou son mot de passe", "Vérifiez le compte et le secret")
    if code in (1044, 1142, 1143):
        return unreachable(
            address, "le compte n'a pas le droit de lire une table", "Donnez-lui SELECT sur les tables à lire"
        )
    if code == 1049:
        return unreachable(address, "le serveur n'a pas de base de ce nom", "Vérifiez l'adresse")
    if code in (2003, 2005, 2006, 2013):
        return unreachable(address, "le serveur de la base ne répond pas", "Vérifiez qu'il tourne, et l'adresse")
    return unreachable(address, f"la base ne se lit pas (erreur {code})" if code else "la base ne se lit pas")
