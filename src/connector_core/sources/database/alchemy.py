"""Engines that SQLAlchemy has a maintained dialect for: it reads the catalogue and quotes the names.

Every statement is one that SQLAlchemy makes of names of tables and columns that the catalogue gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from connector_core.errors import SourceError
from connector_core.formats.extract import encoded_rows
from connector_core.sources.database.engine import (
    Column,
    Schema,
    Since,
    Table,
    TableRead,
    WriteProof,
    missing_driver,
)
from connector_core.sources.database.marks import mark_of

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.engine.interfaces import DBAPIConnection

_AT_ONCE = 2000

Failed = Callable[[Exception], SourceError]
"""What a driver's error is for a person, without anything of what it says."""


@dataclass
class AlchemySession:
    """A snapshot on a connection of SQLAlchemy. `namespace` is the schema of the database that is read, None for the
    one that is the account's own."""

    connection: sa.Connection
    isolation: str
    failed: Failed
    namespace: str | None

    @property
    def filters(self) -> bool:
        return True

    def schema(self) -> Schema:
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        return self._described()

    def _described(self, *, views: bool = True) -> Schema:
        """What the catalogue says of the tables, and of views."""
        import sqlalchemy as sa
        from sqlalchemy.engine.reflection import ObjectKind

        with self._translated():
            catalogue = sa.inspect(self.connection)
            kind = ObjectKind.ANY if views else ObjectKind.TABLE
            columns = catalogue.get_multi_columns(schema=self.namespace, kind=kind)
            keys = catalogue.get_multi_pk_constraint(schema=self.namespace, kind=ObjectKind.TABLE)
        tables = [
            Table(
                name,
                tuple(Column(column["name"], self._type(column["type"])) for column in described),
                tuple(keys[namespace, name]["constrained_columns"]) if (namespace, name) in keys else (),
            )
            for (namespace, name), described in columns.items()
        ]
        return Schema(tuple(sorted(tables, key=lambda table: table.name)))

    def token(self, tables: Sequence[str]) -> str | None:
        return None

    def count(self, table: str, since: Since | None = None) -> int:
        import sqlalchemy as sa

        source = self._table(table, () if since is None else (since.column,))
        counted = sa.select(sa.func.count()).select_from(source)
        if since is not None:
            counted = counted.where(self._meant(source, since))
        with self._translated():
            return int(self.connection.execute(counted).scalar_one())

    def highest(self, table: str, column: str) -> str | None:
        import sqlalchemy as sa

        with self._translated():
            value = self.connection.execute(
                sa.select(sa.func.max(self._table(table, (column,)).c[column]))
            ).scalar_one()
        return mark_of(value)

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        return encoded_rows(self._rows(self.select(read)))

    def select(self, read: TableRead) -> sa.Select[tuple[object, ...]]:
        """The statement that fetches what is to be read."""
        import sqlalchemy as sa

        source = self._source(read)
        statement = sa.select(*(source.c[name] for name in read.columns))
        if read.since is not None:
            statement = statement.where(self._meant(source, read.since))
        return statement.order_by(*(source.c[name] for name in read.order))

    def _source(self, read: TableRead) -> sa.TableClause:
        """A table with all columns that a statement about it names."""
        asked = () if read.since is None else (read.since.column,)
        return self._table(read.table, tuple(dict.fromkeys((*read.columns, *read.order, *asked))))

    def _meant(self, source: sa.TableClause, since: Since) -> sa.ColumnElement[bool]:
        import sqlalchemy as sa

        column = source.c[since.column]
        return sa.or_(column >= self._bound(since), column.is_(None))

    def _bound(self, since: Since) -> sa.ColumnElement[object]:
        """The value of a mark in a statement."""
        import sqlalchemy as sa

        return sa.literal(since.value)

    def _rows(self, statement: sa.Select[tuple[object, ...]]) -> Iterator[Sequence[object]]:
        with self._translated():
            result = self.connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(statement)
            yield from result

    def _table(self, name: str, columns: Sequence[str] = ()) -> sa.TableClause:
        import sqlalchemy as sa

        return sa.table(name, *map(sa.column, columns), schema=self.namespace)

    def _type(self, kind: sa.types.TypeEngine[object]) -> str:
        from sqlalchemy.exc import CompileError

        try:
            return kind.compile(self.connection.dialect)
        except CompileError:
            return type(kind).__name__

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self.failed):
            yield


@contextmanager
def translated(failed: Failed) -> Iterator[None]:
    """Errors of the database as ours."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except DBAPIError as error:
        raise failed(error.orig if isinstance(error.orig, Exception) else error) from None
    except SQLAlchemyError as error:
        raise failed(error) from None


@contextmanager
def connected(dialect: str, creator: Callable[[], object], failed: Failed, extra: str) -> Iterator[sa.Connection]:
    """A connection of SQLAlchemy over one that `creator` makes, which begins its transactions itself."""
    try:
        import sqlalchemy as sa
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise missing_driver("sqlalchemy", extra) from None
    engine = sa.create_engine(dialect, creator=cast("Callable[[], DBAPIConnection]", creator), poolclass=NullPool)
    with translated(failed), engine.connect() as connection:
        yield connection


def try_each_write(
    connection: sa.Connection, schema: Schema, tables: Sequence[str], refuses: Callable[[Exception], bool]
) -> WriteProof:
    """Try to insert into, change and empty tables, with statements that meet no row; each is taken back at once.
    `refuses` tells an error that says that the account may not."""
    allowed: list[str] = []
    refused, open_questions = 0, 0
    for table in schema.only(tables).tables:
        for kind, statements in _writes(table).items():
            answers = {_tried(connection, statement, refuses) for statement in statements}
            if True in answers:
                allowed.append(f"{kind} {table.name}")
            elif False in answers:
                refused += 1
            else:
                open_questions += 1
    untried = None if not open_questions else f"{open_questions} écritures n'ont pu être essayées"
    return WriteProof(tuple(allowed), refused, untried)


def _writes(table: Table) -> Mapping[str, Sequence[sa.Executable]]:
    """Statements that would write, if any row met their condition; several where one may be wrong in itself."""
    import sqlalchemy as sa

    target = sa.table(table.name, *map(sa.column, table.names()))
    never = sa.literal_column("1") == sa.literal_column("0")
    columns = list(target.c)
    return {
        "ajouter à": [
            sa.insert(target).from_select([column.name], sa.select(column).where(never)) for column in columns
        ],
        "modifier": [sa.update(target).values({column: column}).where(never) for column in columns],
        "supprimer de": [sa.delete(target).where(never)],
    }


def _tried(connection: sa.Connection, statement: sa.Executable, refuses: Callable[[Exception], bool]) -> bool | None:
    """Whether a statement is allowed; None where it fails for another reason."""
    from sqlalchemy.exc import DBAPIError

    try:
        with connection.begin():
            connection.execute(statement)
            connection.rollback()
    except DBAPIError as error:
        return False if isinstance(error.orig, Exception) and refuses(error.orig) else None
    return True
