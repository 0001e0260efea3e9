"""A writer that never stops, as practice software might write: an invoice and its acts in one transaction, and again.

What it writes is in balance whenever a transaction has ended: the amounts of an invoice's acts add up to its total. A
reading that sees another sum has seen half of a transaction.
"""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

from tests.engines.bed.sources import KINEMAX, Place, Vendor

from connector_core.formats.extract import ExtractSplitter, extract_rows, header_of
from connector_core.testing.exports.jet4 import write_jet4
from connector_core.testing.exports.relational import Filled

FIRST = 900_000
"""The first invoice of the writer's own."""
_ACTS = 4
_KEPT = 20
_PAGE = 4096
_TURNS, _HALF, _REST = 5, 0.4, 2.5
"""Of an Access file: transactions of a burst, seconds that half of one stands there, seconds between bursts. A reader
that begins with a burst is still in it once its process runs; a rest is long enough for a copy."""


@dataclass
class Writer:
    """A writer, how many transactions it has ended, and whether one that writes in bursts is at it, or rests."""

    transactions: int = 0
    busy: Event = field(default_factory=Event)
    resting: Event = field(default_factory=Event)
    stopped: Event = field(default_factory=Event)


@contextmanager
def _running(work: Callable[[Writer], None]) -> Iterator[Writer]:
    writer = Writer()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(_working, work, writer)
        try:
            yield writer
        finally:
            writer.stopped.set()
        ended.result(30)


def _working(work: Callable[[Writer], None], writer: Writer) -> None:
    try:
        work(writer)
    finally:
        writer.stopped.set()


@contextmanager
def writing(place: Place) -> Iterator[Writer]:
    """A writer to a database with transactions."""
    with _running(lambda writer: _write(writer, place)) as writer:
        yield writer


def _write(writer: Writer, place: Place) -> None:
    with closing(transactions(place)) as each:
        while not writer.stopped.is_set():
            next(each)
            writer.transactions += 1


def transactions(place: Place) -> Generator[None]:
    """One transaction each time that the next is asked for."""
    connection: Any = place.connect()
    cursor = connection.cursor()
    try:
        cursor.execute(sql_of(place, f"SELECT MAX(<{place.vendor.invoice[1]}>) FROM <{place.vendor.invoice[0]}>"))
        number = max(FIRST, int(cursor.fetchone()[0]))
        connection.commit()
        while True:
            number += 1
            for statement, values in _transaction(place, number):
                cursor.execute(statement, values)
            connection.commit()
            yield
    finally:
        cursor.close()
        connection.close()


def sql_of(place: Place, text: str) -> str:
    """A statement as the place wants it: names stand in angle brackets, question marks for values."""
    opening, closing = place.quote
    return text.replace("<", opening).replace(">", closing).replace("?", place.marker)


def _transaction(place: Place, number: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """A new invoice with its acts, one act more on the last one, an old one gone with its acts; the acts come first."""
    vendor = place.vendor
    (acts, amount, of_invoice), (invoices, key, total) = vendor.act, vendor.invoice
    act_key = vendor.key_of(acts)

    add_act = sql_of(place, f"INSERT INTO <{acts}> (<{act_key}>, <{of_invoice}>, <{amount}>) VALUES (?, ?, ?)")
    for rank in range(_ACTS):
        yield add_act, (number * 10 + rank, number, 1000 + rank)
    yield (
        sql_of(place, f"INSERT INTO <{invoices}> (<{key}>, <{total}>) VALUES (?, ?)"),
        (number, sum(1000 + rank for rank in range(_ACTS))),
    )
    if number > FIRST + 1:
        yield add_act, (number * 10 + _ACTS, number - 1, 7)
        yield sql_of(place, f"UPDATE <{invoices}> SET <{total}> = <{total}> + 7 WHERE <{key}> = ?"), (number - 1,)
    old = number - _KEPT
    yield sql_of(place, f"DELETE FROM <{acts}> WHERE <{of_invoice}> = ?"), (old,)
    yield sql_of(place, f"DELETE FROM <{invoices}> WHERE <{key}> = ?"), (old,)


@contextmanager
def rewriting(path: Path, tables: Sequence[Filled]) -> Iterator[Writer]:
    """A writer to an Access file: page by page, in bursts, as Access writes what belongs together, with rests."""
    versions = [_version(path.with_name(f"version{count}.mdb"), tables, count) for count in range(1, 5)]
    with _running(lambda writer: _rewrite(writer, path, versions)) as writer:
        yield writer


def _version(path: Path, tables: Sequence[Filled], count: int) -> bytes:
    """The file with so many invoices of the writer's own, and their acts."""
    own = [f"F{FIRST + number}" for number in range(count)]
    owed = Decimal(sum(range(10, 10 + _ACTS)))
    (act_table, amount, of_invoice), (invoice_table, key, total) = KINEMAX.act, KINEMAX.invoice
    found = []
    for filled in tables:
        name = filled.table.name
        rows: list[dict[str, object]] = []
        if name == act_table:
            rows = [
                {filled.table.key: f"{invoice}{rank}", of_invoice: invoice, amount: Decimal(10 + rank)}
                for invoice in own
                for rank in range(_ACTS)
            ]
        elif name == invoice_table:
            rows = [{key: invoice, total: owed} for invoice in own]
        added: Any = tuple(tuple(row.get(column.name) for column in filled.table.columns) for row in rows)
        found.append(replace(filled, rows=added + filled.rows))
    return write_jet4(found, path).read_bytes()


def _rewrite(writer: Writer, path: Path, versions: Sequence[bytes]) -> None:
    handle = os.open(path, os.O_RDWR)
    now = path.read_bytes()
    turn = 0
    try:
        while not writer.stopped.is_set():
            writer.resting.clear()
            writer.busy.set()
            for _ in range(_TURNS):
                turn += 1
                before, now = now, versions[turn % len(versions)]
                changed = [at for at in range(0, len(now), _PAGE) if now[at : at + _PAGE] != before[at : at + _PAGE]]
                # The acts lie before the invoices: with half of the pages there, they do not agree.
                for some in (changed[: len(changed) // 2], changed[len(changed) // 2 :]):
                    for at in some:
                        os.pwrite(handle, now[at : at + _PAGE], at)
                    writer.stopped.wait(_HALF if some[0] == changed[0] else 0)
                os.ftruncate(handle, len(now))
                writer.transactions += 1
            writer.busy.clear()
            writer.resting.set()
            writer.stopped.wait(_REST)
    finally:
        os.close(handle)


def own_invoices(extract: bytes, vendor: Vendor) -> dict[str, tuple[Decimal, Decimal | None]]:
    """The writer's invoices in an extract: what their acts add up to, and their total."""
    header = header_of(extract)
    assert header is not None
    columns = {table.name: table.columns for table in header.tables}
    (acts, amount, of_invoice), (invoices, key, total) = vendor.act, vendor.invoice
    sums: dict[str, Decimal] = defaultdict(Decimal)
    totals: dict[str, Decimal] = {}
    for row in extract_rows(io.BytesIO(extract)):
        if row.table not in (acts, invoices):
            continue
        names = columns[row.table]
        values = dict(zip(names, ExtractSplitter(len(names)).values(row.raw), strict=True))
        invoice = values[of_invoice if row.table == acts else key]
        if invoice.removeprefix("F").isdigit() and int(invoice.removeprefix("F")) >= FIRST:
            if row.table == acts:
                sums[invoice] += Decimal(values[amount])
            else:
                totals[invoice] = Decimal(values[total])
    return {each: (sums.get(each, Decimal(0)), totals.get(each)) for each in {*sums, *totals}}


def torn(extract: bytes, vendor: Vendor) -> dict[str, tuple[Decimal, Decimal | None]]:
    """The writer's invoices whose acts and total do not agree."""
    return {name: pair for name, pair in own_invoices(extract, vendor).items() if pair[0] != pair[1]}
