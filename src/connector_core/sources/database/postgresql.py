"""PostgreSQL, by psycopg: a REPEATABLE READ, READ ONLY transaction, in which every statement sees the same moment.

It waits for no writer and no writer waits for it. Rows are had by COPY, whose text form is that of an extract.

The server counts what is inserted, changed and deleted in each table; those counts, taken before the snapshot begins,
tell whether anything may have changed since. They may lag behind by a second, which only has a table read once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from connector_core.errors import SourceError
from connector_core.sources.database.address import Address
from connector_core.sources.database.alchemy import AlchemySession, connected, translated, try_each_write
from connector_core.sources.database.engine import (
    Session,
    Since,
    TableRead,
    WriteProof,
    missing_driver,
    unreachable,
)

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy as sa

_CONNECT = 15
"""Seconds to connect."""
_OPTIONS = (
    "-c statement_timeout=1200000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=1200000 "
    "-c datestyle=ISO -c timezone=UTC -c bytea_output=hex"
)
"""What bounds a session, in milliseconds, and makes texts the same whatever the server is set to."""
_BLOCK = 1 << 16
_DRIVER = "postgresql+psycopg://"
_COUNTS = """
SELECT c.relname, concat_ws('.', c.relfilenode, s.n_tup_ins, s.n_tup_upd, s.n_tup_del)
FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
WHERE s.schemaname = coalesce(%s, current_schema()) AND current_setting('track_counts') = 'on'
"""


class PostgresqlEngine:
    """Databases of PostgreSQL."""

    title = "PostgreSQL"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        def failed(error: Exception) -> SourceError:
            return _failed(address, error)

        raw = _connect(address, password)
        namespace = address.option("schema")
        with connected(_DRIVER, lambda: raw, failed, "postgresql") as connection:
            with translated(failed):
                raw.autocommit = True
                counts = dict(cast("list[tuple[str, str]]", raw.execute(_COUNTS, [namespace]).fetchall()))
                raw.autocommit = False
                raw.isolation_level = _repeatable_read()
                raw.read_only = True
            isolation = "REPEATABLE READ, READ ONLY"
            yield _PostgresqlSession(connection, isolation, failed, namespace, raw, counts)

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        with self.open(address, password) as session:
            schema = session.schema()
        raw = _connect(address, password)
        raw.read_only = False  # whatever the account has by default: it may change that itself
        with connected(_DRIVER, lambda: raw, lambda error: _failed(address, error), "postgresql") as connection:
            return try_each_write(connection, schema, tables, lambda error: _state(error) == "42501")


ENGINE = PostgresqlEngine()


@dataclass
class _PostgresqlSession(AlchemySession):
    """A transaction; `counts` are what the server had counted before it began, by table."""

    raw: psycopg.Connection[tuple[object, ...]]
    counts: Mapping[str, str]

    def token(self, tables: Sequence[str]) -> str | None:
        counted = [self.counts.get(table) for table in tables]
        return None if None in counted else "|".join(map(str, counted))

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        from psycopg import Error
        from psycopg.sql import SQL

        try:
            with (
                self.raw.cursor() as cursor,
                cursor.copy(SQL("COPY (") + SQL(self._text_of(read)) + SQL(") TO STDOUT")) as rows,
            ):
                held, count = bytearray(), 0
                for row in rows:
                    held += row
                    count += 1
                    if len(held) >= _BLOCK:
                        yield count, bytes(held)
                        held, count = bytearray(), 0
                if count:
                    yield count, bytes(held)
        except Error as error:
            raise self.failed(error) from None

    def _text_of(self, read: TableRead) -> str:
        """The statement, with logical values as words."""
        import sqlalchemy as sa
        from sqlalchemy.dialects.postgresql import dialect

        table = self.schema().table(read.table)
        logical = {column.name for column in table.columns if column.type == "BOOLEAN"} if table else set()
        source = self._source(read)
        columns: list[sa.ColumnElement[object]] = [
            sa.cast(source.c[name], sa.Text) if name in logical else source.c[name] for name in read.columns
        ]
        statement = sa.select(*columns).order_by(*(source.c[name] for name in read.order))
        if read.since is not None:
            statement = statement.where(self._meant(source, read.since))
        # Else a percent sign in a name is doubled, as for parameters.
        plain = dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
        return str(statement.compile(dialect=plain))

    def _bound(self, since: Since) -> sa.ColumnElement[object]:
        """As a literal that psycopg makes: COPY takes no parameters, and a text without a type is of the column's."""
        import sqlalchemy as sa
        from psycopg.sql import Literal

        return sa.literal_column(Literal(since.value).as_string(self.raw))


def _connect(address: Address, password: str | None) -> psycopg.Connection[tuple[object, ...]]:
    try:
        import psycopg
    except ImportError:
        raise missing_driver("psycopg", "postgresql") from None
    try:
        return psycopg.connect(
            host=address.host or address.option("host") or "localhost",
            port=address.port,
            dbname=address.name,
            user=address.user,
            password=password,
            sslmode=address.option("sslmode"),
            connect_timeout=_CONNECT,
            client_encoding="UTF8",
            options=_OPTIONS,
            application_name="connector",
        )
    except psycopg.Error as error:
        raise _failed(address, error) from None


def _repeatable_read() -> psycopg.IsolationLevel:
    from psycopg import IsolationLevel

    return IsolationLevel.REPEATABLE_READ


def _state(error: Exception) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _failed(address: Address, error: Exception) -> SourceError:
    state = _state(error)
    text = str(error)
    if state.startswith("28") or "password authentication" in text or "no password supplied" in text:
        return unreachable(address, "la base refuse le compte ou son mot de passe", "Vérifiez le compte et le secret")
    if state == "3D000" or ("does not exist" in text and not state):
        return unreachable(address, "le serveur n'a pas de base ou de compte de ce nom", "Vérifiez l'adresse")
    if state == "42501":
        return unreachable(
            address, "le compte n'a pas le droit de lire une table", "Donnez-lui SELECT sur les tables à lire"
        )
    if state in ("57014", "55P03"):
        return unreachable(address, "la base n'a pas répondu à temps", "Nouvel essai à la prochaine lecture")
    if not state:
        return unreachable(address, "le serveur de la base ne répond pas", "Vérifiez qu'il tourne, et l'adresse")
    return unreachable(address, f"la base ne se lit pas (erreur {state})")
