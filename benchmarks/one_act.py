"""Passes over a database one act of which has changed: with the marks of its table, and without."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from tests.engines.bed.writing import sql_of

from benchmarks.contenders.database_ours import read
from benchmarks.contenders.empty_store import SOURCE, EmptyStore, empty_store
from benchmarks.contenders.kept import Kept
from connector_core.pipeline.given import Input
from connector_core.service.databases import Databases
from connector_core.sources.database.parts import SETTLES

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.engines.bed.sources import Place

_TIMES = 5


def measure_changes(place: Place, folder: Path, told: Connection) -> None:
    """Tell the seconds of passes that fetch a changed act alone, and of those that fetch its table, each to its end."""
    now = [datetime.now(UTC)]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    with empty_store(folder, place.vendor.connector) as kept:
        secrets = Kept(place.password or "")
        databases = Databases(kept.store, kept.spool, kept.host, lambda: secrets, lambda: now[0])
        for _ in range(3):  # a first one, and until its marks have settled
            _pass(place, kept, databases)
            now[0] += 2 * SETTLES
        for number in range(1, 2 * _TIMES + 1):
            marked = number % 2 == 1
            _change(place, number)
            if not marked:
                known = databases.known(SOURCE)
                tables = {name: msgspec.structs.replace(each, settled=None) for name, each in known.tables.items()}
                databases.note(SOURCE, msgspec.structs.replace(known, tables=tables))
            begin = time.perf_counter()
            _pass(place, kept, databases)
            seconds[marked].append(time.perf_counter() - begin)
            whole = {each.table: each.whole for each in databases.known(SOURCE).fetched}[place.vendor.act[0]]
            if whole is marked:
                raise SystemExit(f"not fetched as it should be: {databases.known(SOURCE).fetched}")
            now[0] += 2 * SETTLES
    told.send((seconds[True], seconds[False]))


def _pass(place: Place, kept: EmptyStore, databases: Databases) -> None:
    ended = read(databases, place.vendor.connector, place.url)
    if ended.passed is None:
        raise SystemExit(f"no pass: {ended}")
    if ended.copy is not None:
        kept.take([Input(SOURCE, ended.copy)])
    databases.note(SOURCE, ended.passed.known)


def _change(place: Place, number: int) -> None:
    """Change one act as the software does, which says when."""
    acts, amount, _ = place.vendor.act
    version = next(each.version for each in place.vendor.plan().tables if each.name == acts)
    key = place.vendor.key_of(acts)
    moment = f"2030-01-01 10:{number:02}:00"
    statement = f"UPDATE <{acts}> SET <{amount}> = {number}, <{version}> = '{moment}' WHERE <{key}> = {1000 + number}"
    connection: Any = place.connect()
    with closing(connection):
        cursor = connection.cursor()
        cursor.execute(sql_of(place, statement))
        cursor.close()
        connection.commit()
