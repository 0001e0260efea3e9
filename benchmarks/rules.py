"""Rules over a whole practice against nine checks in DuckDB, and how the cost grows with the years."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from benchmarks import runs
from benchmarks.bench import YEARS, Bench, Contender
from benchmarks.figures import Figure
from benchmarks.runs import ContenderFailed

NAME = "rules"
_WALL, _MEMORY = "wall, against nine checks in DuckDB", "peak memory, against DuckDB"
GROWTH = (1, 2, 5)
"""The practices, in years, whose cost per act is compared with that of the longest."""


def measure(bench: Bench) -> Iterator[Figure]:
    """From the store to what the rules answer, everything asked again."""
    contenders = [Contender(f"connector, {YEARS} y", "rules_ours", (store(bench, YEARS)[0],))]
    lacking = ""
    try:
        python = bench.python_with("duckdb>=1.3")
        database = _native(bench, python)
        contenders.append(Contender(f"DuckDB {runs.version(python, 'duckdb')}", "rules_duckdb", (database,), python))
    except ContenderFailed as failed:
        lacking = f"DuckDB could not be used: {str(failed)[-200:]}"
    sides = bench.contest(*contenders)
    ours = sides[0]
    asked = f"{int(ours.middle('asked'))} subjects, {int(ours.middle('undetermined'))} undetermined answers"
    if lacking:
        yield Figure(NAME, _WALL, None, at_most=2, note=lacking)
        yield Figure(NAME, _MEMORY, None, at_most=0.5)
    else:
        duckdb = sides[1]
        yield Figure(NAME, _WALL, ours.wall / duckdb.wall, at_most=2, ours=ours.text, peer=duckdb.text, note=asked)
        yield Figure(NAME, _MEMORY, ours.peak_mb / duckdb.peak_mb, at_most=0.5)
    yield from growth(NAME, bench)


def growth(name: str, bench: Bench, which: str = "") -> Iterator[Figure]:
    """The cost per act of shorter practices against that of the whole one, in a process that has asked before: what it
    takes to load tables and fill caches does not grow."""
    years = (*GROWTH, YEARS)
    stores = [store(bench, each) for each in years]
    contenders = [
        Contender(f"{each} y", "rules_growth", (folder, which) if which else (folder,))
        for each, (folder, _) in zip(years, stores, strict=True)
    ]
    *costs, whole = (side.wall / acts for side, (_, acts) in zip(bench.contest(*contenders), stores, strict=True))
    for each, (_, acts), cost in zip(GROWTH, stores, costs, strict=False):
        yield Figure(
            name,
            f"cost per act, {each} y against {YEARS} y",
            cost / whole,
            at_least=0.8,
            at_most=1.25,
            ours=f"{cost * 1e6:.1f} µs × {acts} acts",
            peer=f"{whole * 1e6:.1f} µs",
        )


def store(bench: Bench, years: int, which: str = "") -> tuple[Path, int]:
    """A store that holds a practice of so many years, with what some rules answered (see `opened`), and how many acts
    are in it."""
    folder = bench.work / f"store-{years}{which}"
    acts = folder / "acts"
    if not folder.exists():
        counts = runs.run("store_ours", bench.export(years), folder, which).counts()
        acts.write_text(str(counts["seances"]))
    return folder, int(acts.read_text())


def _native(bench: Bench, python: Path) -> Path:
    """The practice as native DuckDB tables."""
    database = bench.folder("duckdb") / "practice.duckdb"
    tariffs = str(files("connector_core.parameters").joinpath("data/tariffs.csv"))
    runs.run("duckdb_load", bench.export(), tariffs, database, python=python)
    return database
