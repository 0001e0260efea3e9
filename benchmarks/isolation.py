"""What it costs to have a connector in a process of its own: the same export, the same connector, here and there."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Contender
from benchmarks.contenders.ingest_ours import ISOLATED
from benchmarks.figures import Figure
from benchmarks.ingest import same_rows

NAME = "isolation"


def measure(bench: Bench) -> Iterator[Figure]:
    """The cold ingest of five lists of a ten-year practice; the start of the other process counts."""
    lists = bench.five_lists()
    here, there = bench.contest(
        Contender("connector, in its own process", "ingest_ours", (lists,)),
        Contender("connector, its connector isolated", "ingest_ours", (lists, ISOLATED)),
    )
    same_rows(here, there)
    yield Figure(
        NAME,
        "a cold ingest, wall, against the same without isolation",
        there.wall / here.wall,
        at_most=1.25,
        ours=there.text,
        peer=here.text,
        note=f"{sum(here.runs[0].counts().values())} rows; the second process runs on a second processor",
    )
    asking, isolated, alone = there.middle("cpu"), there.middle("cpu_elsewhere"), here.middle("cpu")
    yield Figure(
        NAME,
        "processor time of both processes",
        (asking + isolated) / alone,
        ours=f"{asking:.2f} s and {isolated:.2f} s",
        peer=f"{alone:.2f} s",
        note="what it costs where there is one processor",
    )
    reading = there.middle("reading"), here.middle("reading")
    yield Figure(
        NAME,
        "of which spooling, reading and validating",
        reading[0] / reading[1],
        ours=f"{reading[0]:.2f} s",
        peer=f"{reading[1]:.2f} s",
    )
