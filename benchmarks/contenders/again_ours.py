"""A warm process after its cold ingest: the export with one changed row, single changed acts, a day that passes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.contenders.connector import EVERY, TODAY, Practice, counts, opened
from benchmarks.contenders.reporting import report
from benchmarks.contenders.vega_rows import TABLES, path_of

_ACTS = 20
_AMOUNT = list(TABLES["seances"]).index("amount")


def main(folder: str, *rest: str) -> None:
    export, place = Path(folder), Path(rest[-1])
    with opened(place / "practice", every=EVERY in rest[:-1]) as practice:
        begin = time.perf_counter()
        practice.ingest(export)
        cold = time.perf_counter() - begin
        again = _again(practice, export, place / "again")
        totals, rechecks = zip(*_single_acts(practice, export, place / "single"), strict=True)
        begin = time.perf_counter()
        passed = practice.pipeline.day_passes(TODAY + timedelta(days=1))
        report(
            wall=cold,
            again=again,
            single_total=median(totals),
            single_recheck=median(rechecks),
            day=time.perf_counter() - begin,
            day_asked=passed.asked,
        )


def _again(practice: Practice, export: Path, folder: Path) -> float:
    """Write the export anew with the last amount changed, and take it."""
    shutil.copytree(export, folder)
    path = path_of(folder, "seances")
    head, _, last = path.read_bytes().removesuffix(b"\r\n").rpartition(b"\r\n")
    path.write_bytes(head + b"\r\n" + _changed(last, 1) + b"\r\n")
    begin = time.perf_counter()
    outcome = practice.ingest(folder)
    wall = time.perf_counter() - begin
    counts(outcome)
    if [file.new_rows for file in outcome.files] != [1]:
        raise SystemExit(f"one new row was expected: {outcome.files}")
    return wall


def _single_acts(practice: Practice, export: Path, folder: Path) -> Iterator[tuple[float, float]]:
    """One act changed in a file of its own, time and again: all of it, and from the moment the rules are asked."""
    folder.mkdir()
    lines = path_of(export, "seances").read_bytes().split(b"\r\n")
    step = (len(lines) - 2) // _ACTS
    for n in range(_ACTS):
        path = folder / f"vega_seances_{n:08d}.txt"
        path.write_bytes(lines[0] + b"\r\n" + _changed(lines[1 + n * step], 2) + b"\r\n")
        asked: list[float] = []

        def progress(what: str, _done: int, asked: list[float] = asked) -> None:
            if what == "règles":
                asked.append(time.perf_counter())

        begin = time.perf_counter()
        outcome = practice.pipeline.attempt(practice.take(folder), TODAY, progress)
        end = time.perf_counter()
        counts(outcome)
        path.unlink()
        yield end - begin, end - asked[0]


def _changed(line: bytes, cents: int) -> bytes:
    cells = line.split(b'";"')
    euros, _, rest = cells[_AMOUNT].partition(b",")
    cells[_AMOUNT] = b"%b,%02d" % (euros, (int(rest) + cents) % 100)
    return b'";"'.join(cells)


if __name__ == "__main__":
    main(*sys.argv[1:])
