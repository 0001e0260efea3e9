"""The floor of reading a database: its driver asked for the same columns of the same rows, and nothing done with them.

Long texts of Firebird are asked for as ordinary ones: otherwise each row costs a question to the server, and connector
would be compared with that.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Protocol

from benchmarks.contenders.reporting import report
from connector_core.sources.database.address import Address, read_address

_AT_ONCE = 2000


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...

    def fetchmany(self, size: int, /) -> Sequence[object]: ...

    def close(self) -> None: ...


class _Connection(Protocol):
    def cursor(self) -> _Cursor: ...

    def close(self) -> None: ...


def connection_of(address: Address, password: str) -> _Connection:
    """A connection by the driver that connector uses, set up in no way."""
    match address.scheme:
        case "firebird":
            import firebird.driver

            where = f"{address.host}/{address.port}:{address.name}"
            connection: _Connection = firebird.driver.connect(
                where, user=address.user, password=password, charset="UTF8"
            )
            return connection
        case "postgresql":
            import psycopg

            return psycopg.connect(
                host=address.host, port=address.port, dbname=address.name, user=address.user, password=password
            )
        case "mysql":
            import pymysql

            made: _Connection = pymysql.connect(
                host=address.host or "",
                port=address.port or 0,
                database=address.name,
                user=address.user,
                password=password,
            )
            return made
        case _:
            return sqlite3.connect(address.name)


def main(url: str, password: str, statements: str, _work: str) -> None:
    address, asked = read_address(url), json.loads(statements)
    connection_of(address, password).close()  # the driver is imported, its library loaded
    begin, cpu = time.perf_counter(), time.process_time()
    rows = 0
    with closing(connection_of(address, password)) as connection:
        for statement in asked:
            cursor = connection.cursor()
            cursor.execute(statement)
            while some := cursor.fetchmany(_AT_ONCE):
                rows += len(some)
            cursor.close()
    report(wall=time.perf_counter() - begin, cpu=time.process_time() - cpu, counts={"rows": rows})


if __name__ == "__main__":
    main(*sys.argv[1:])
