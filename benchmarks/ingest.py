"""A cold ingest against the floor and against dlt."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import runs
from benchmarks.bench import Bench, Contender
from benchmarks.figures import Figure, Side
from benchmarks.runs import ContenderFailed

NAME = "ingest"
_DLT = "wall, against dlt's rows into SQLite"


def measure(bench: Bench) -> Iterator[Figure]:
    """Five lists of a ten-year practice, from the vendor's folder to what was found."""
    lists = bench.five_lists()
    contenders = [
        Contender("connector", "ingest_ours", (lists,)),
        Contender("csv + pydantic + SQLite", "ingest_floor", (lists,)),
    ]
    lacking = ""
    try:
        python = bench.python_with("dlt[sqlalchemy]>=1.12")
        contenders.append(Contender(f"dlt {runs.version(python, 'dlt')}", "ingest_dlt", (lists,), python))
    except ContenderFailed as failed:
        lacking = f"dlt could not be installed: {str(failed)[-200:]}"
    ours, floor, *peers = bench.contest(*contenders)
    same_rows(ours, floor, *peers)
    rows = f"{sum(ours.runs[0].counts().values())} rows"
    ratio = ours.wall / floor.wall
    yield Figure(NAME, "wall, against the floor", ratio, at_most=1.2, ours=ours.text, peer=floor.text, note=rows)
    cpu = ours.middle("cpu"), floor.middle("cpu")
    yield Figure(
        NAME,
        "processor time, against the floor",
        cpu[0] / cpu[1],
        ours=f"{cpu[0]:.2f} s",
        peer=f"{cpu[1]:.2f} s",
        note="less shaken by other work on the machine",
    )
    yield Figure(NAME, "peak memory", ours.peak_mb, "MB", at_most=120, peer=f"{floor.name} {floor.peak_mb:.0f} MB")
    reading, asking = ours.middle("reading"), ours.middle("asking")
    yield Figure(
        NAME,
        "of which spooling, reading and validating, against all of the floor",
        reading / floor.wall,
        ours=f"{reading:.2f} s; then {asking:.2f} s asking the rules, storing, committing",
        peer=f"{floor.wall:.2f} s",
    )
    for dlt in peers:
        yield Figure(NAME, _DLT, ours.wall / dlt.wall, at_most=0.25, ours=f"{ours.wall:.2f} s", peer=dlt.text)
    if lacking:
        yield Figure(NAME, _DLT, None, at_most=0.25, note=lacking)


def same_rows(*sides: Side) -> None:
    """Raise when two contenders did not read the same rows: their times would say nothing."""
    counts = [run.counts() for side in sides for run in side.runs]
    if any(each != counts[0] for each in counts):
        raise ContenderFailed(f"the contenders read different rows: {counts}")
