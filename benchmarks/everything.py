"""Every shared rule over a whole practice, without a comparison: what a full check and one changed act cost."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from benchmarks import runs
from benchmarks.bench import YEARS, Bench, Contender
from benchmarks.contenders.connector import EVERY, NONE, SHARED
from benchmarks.figures import Figure
from benchmarks.rules import growth, store
from benchmarks.runs import ContenderFailed

NAME = "everything"


def measure(bench: Bench) -> Iterator[Figure]:
    """All rules asked again about practices of several sizes, and about one changed act of the largest."""
    (ours,) = bench.contest(Contender(f"connector, {YEARS} y", "rules_ours", (store(bench, YEARS)[0], EVERY)))
    asked = f"{int(ours.middle('asked'))} subjects, {int(ours.middle('undetermined'))} undetermined answers"
    yield Figure(NAME, "a full check", ours.wall, "s", at_most=25, ours=ours.text, note=asked)
    yield Figure(NAME, "its peak memory", ours.peak_mb, "MB", at_most=300)
    yield from growth(NAME, bench, EVERY)
    yield from _against_pandera(bench)
    yield from _figures(bench)
    (again,) = bench.contest(Contender("one act", "again_ours", (bench.export(), EVERY)))
    single = again.middle("single_recheck") * 1000
    yield Figure(NAME, "one changed act: its dossier and its day, commit included", single, "ms", at_most=100)


def _figures(bench: Bench) -> Iterator[Figure]:
    """What the first report of a day takes for its figures, and the others."""
    (made,) = bench.contest(Contender("figures", "figures_ours", (store(bench, YEARS)[0],)))
    note = f"{int(made.middle('acts'))} acts"
    yield Figure(NAME, "the figures of twelve months, once a day", made.wall, "s", at_most=6, ours=made.text, note=note)
    yield Figure(NAME, "their memory, on top of the worker's", made.middle("grown_mb"), "MB", at_most=40)
    yield Figure(NAME, "the same figures with another report of the day", made.middle("again") * 1000, "ms", at_most=20)


def _against_pandera(bench: Bench) -> Iterator[Figure]:
    """The three checks that pandera can express too: from its store to what each has found, written down. Neither has
    answered anything before."""
    what = "wall, against pandera, three checks"
    try:
        python = bench.python_with("pandera[pandas]>=0.24")
        plain = bench.folder("floor")
        runs.run("ingest_floor", bench.five_lists(), plain)
    except ContenderFailed as failed:
        yield Figure(NAME, what, None, at_most=1, note=f"pandera could not be used: {str(failed)[-200:]}")
        return
    tariffs = str(files("connector_core.parameters").joinpath("data/tariffs.csv"))
    ours, pandera = bench.contest(
        Contender("connector", "rules_ours", (store(bench, YEARS, NONE)[0], SHARED)),
        Contender(f"pandera {runs.version(python, 'pandera')}", "rules_pandera", (plain / "floor.db", tariffs), python),
    )
    yield Figure(NAME, what, ours.wall / pandera.wall, at_most=1, ours=ours.text, peer=pandera.text)
