"""Databases of real engines: a full read, a pass that finds nothing new, and what a writer notices of a reader."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING

from tests.engines.bed.writing import transactions

from benchmarks import runs
from benchmarks.bench import Bench, Contender
from benchmarks.figures import Figure
from benchmarks.ingest import same_rows
from benchmarks.one_act import measure_changes
from benchmarks.practice_databases import ENGINES, PracticeDatabases, lacking, statements
from benchmarks.runs import ContenderFailed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.engines.bed.sources import Place

NAME = "databases"
_FULL, _UNCHANGED, _CHANGED, _WRITER = (
    "full read into the store, against delimited text or the bare driver, whichever is slower",
    "a pass that finds nothing new",
    "a pass with one changed act into the store, against one that has to fetch its table whole",
    "a writer's median transaction while it is read, against without",
)
_PAUSE = 0.01
"""Seconds between two transactions of the writer."""
_WINDOWS, _FEWER_WINDOWS = 6, 2
_ENOUGH, _FEWER = 20.0, 6.0
"""Seconds that are to be read beside the writer, altogether."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Each engine by itself, its server started for it and ended before the next one's."""
    practice = PracticeDatabases(bench.folder(NAME))
    for engine in ENGINES:
        why = lacking(engine)
        if why:
            for what in (_FULL, _UNCHANGED, _CHANGED, _WRITER):
                yield Figure(NAME, f"{engine}: {what}", None, note=why)
            continue
        with practice.place(engine) as place:
            yield from _reading(bench, engine, place, practice)
            yield _changed(bench, engine, place)
            yield _written(bench, engine, place)


def _reading(bench: Bench, engine: str, place: Place, practice: PracticeDatabases) -> Iterator[Figure]:
    connector, password = place.vendor.connector, place.password or ""
    ours, delimited, fetched = bench.contest(
        Contender("connector", "database_ours", (connector, place.url, password)),
        Contender("delimited text", "database_delimited", (connector, practice.delimited(place))),
        Contender("the bare driver", "database_fetch", (place.url, password, json.dumps(statements(place)))),
    )
    same_rows(ours, delimited)
    rows = int(ours.runs[0].counts()["rows"])
    if rows != fetched.runs[0].counts()["rows"]:
        raise ContenderFailed(f"{engine}: the driver gave {fetched.runs[0].counts()} rows, not {rows}")
    slower = max((delimited, fetched), key=lambda side: side.wall)
    yield Figure(
        NAME,
        f"{engine}: {_FULL}",
        ours.wall / slower.wall,
        at_most=1.3,
        ours=f"{ours.text}, {ours.middle('fetching'):.2f} s of it until all lies in the spool",
        peer=f"{delimited.text}; {fetched.text}",
        note=f"{rows} rows",
    )
    yield Figure(
        NAME,
        f"{engine}: the same in processor time, against delimited text",
        (ours.middle("cpu") + ours.middle("cpu_elsewhere")) / delimited.middle("cpu"),
        ours=f"{ours.middle('cpu'):.2f} s and, for both passes, {ours.middle('cpu_elsewhere'):.2f} s in the reader",
        peer=f"{delimited.middle('cpu'):.2f} s; the bare driver {fetched.middle('cpu'):.2f} s",
    )
    yield Figure(NAME, f"{engine}: {_UNCHANGED}", ours.middle("unchanged"), "s", at_most=3)


def _changed(bench: Bench, engine: str, place: Place) -> Figure:
    """One act after the other is changed, and read as the one row that it is or with its whole table, in turn."""
    context = get_context("fork")  # a place holds how it is connected to, which no other process could be told
    ours, theirs = context.Pipe()
    process = context.Process(target=measure_changes, args=(place, bench.folder("changed"), theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        parts, wholes = ours.recv()
    except EOFError:
        raise ContenderFailed(f"{engine}: no pass over a changed act came to its end") from None
    finally:
        process.join()
    return Figure(
        NAME,
        f"{engine}: {_CHANGED}",
        median(parts) / median(wholes),
        ours=f"{median(parts):.2f} s",
        peer=f"{median(wholes):.2f} s",
        note=f"{len(parts)} of each in turn",
    )


def _written(bench: Bench, engine: str, place: Place) -> Figure:
    """Windows with and without a reader take turns; transactions are told apart by when they began."""
    few = bench.repeats == 1
    reading: list[tuple[float, float]] = []
    resting: list[tuple[float, float]] = []
    with _writer(place) as writer:
        while len(reading) < (_FEWER_WINDOWS if few else _WINDOWS) or _length(reading) < (_FEWER if few else _ENOUGH):
            began = time.monotonic()
            time.sleep(_length(reading[-1:]) or 3.0)
            resting.append((began, time.monotonic()))
            folder = bench.folder("reader")
            read = runs.run("database_reader", place.vendor.connector, place.url, place.password or "", folder)
            reading.append((read.number("begin"), read.number("end")))
        written = writer.end()
    beside, alone = (_within(written, windows) for windows in (reading, resting))
    return Figure(
        NAME,
        f"{engine}: {_WRITER}",
        median(beside) / median(alone),
        at_most=1.2,
        ours=f"{median(beside) * 1000:.2f} ms, {len(beside)} transactions in {_length(reading):.0f} s of reading",
        peer=f"{median(alone) * 1000:.2f} ms, {len(alone)} transactions",
        note=f"{len(reading)} windows of each in turn, {_PAUSE * 1000:.0f} ms between two transactions",
    )


def _length(windows: Sequence[tuple[float, float]]) -> float:
    return sum(end - begin for begin, end in windows)


def _within(written: Sequence[tuple[float, float]], windows: Sequence[tuple[float, float]]) -> list[float]:
    found = [took for at, took in written if any(begin <= at < end for begin, end in windows)]
    if not found:
        raise ContenderFailed("the writer wrote nothing in a window")
    return found


@dataclass(slots=True)
class _Writer:
    """A process that writes until it is told to end."""

    told: Connection

    def end(self) -> list[tuple[float, float]]:
        """When each transaction began, and what it took, in seconds."""
        self.told.send(None)
        written: list[tuple[float, float]] = self.told.recv()
        return written


@contextmanager
def _writer(place: Place) -> Iterator[_Writer]:
    context = get_context("fork")  # a place holds how it is connected to, which no other process could be told
    ours, theirs = context.Pipe()
    process = context.Process(target=_write, args=(place, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _Writer(ours)
    finally:
        process.terminate()
        process.join()


def _write(place: Place, told: Connection) -> None:
    written: list[tuple[float, float]] = []
    with closing(transactions(place)) as each:
        while not told.poll(_PAUSE):
            began = time.monotonic()
            next(each)
            written.append((began, time.monotonic() - began))
    told.send(written)
