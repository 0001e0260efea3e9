"""Every shared rule over a whole practice, without a comparison: what a full check and one changed act cost."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import YEARS, Bench, Contender
from benchmarks.contenders.connector import EVERY
from benchmarks.figures import Figure
from benchmarks.rules import GROWTH, growth, store

NAME = "everything"


def measure(bench: Bench) -> Iterator[Figure]:
    """All rules asked again about practices of several sizes, and about one changed act of the largest."""
    contenders = [
        Contender(f"connector, {years} y", "rules_ours", (store(bench, years)[0], EVERY)) for years in (YEARS, *GROWTH)
    ]
    ours, *shorter = bench.contest(*contenders)
    asked = f"{int(ours.middle('asked'))} subjects, {int(ours.middle('undetermined'))} undetermined answers"
    yield Figure(NAME, "a full check", ours.wall, "s", at_most=25, ours=ours.text, note=asked)
    yield Figure(NAME, "its peak memory", ours.peak_mb, "MB", at_most=300)
    yield from growth(NAME, bench, ours, shorter)
    (again,) = bench.contest(Contender("one act", "again_ours", (bench.export(), EVERY)))
    single = again.middle("single_recheck") * 1000
    yield Figure(NAME, "one changed act: its dossier and its day, commit included", single, "ms", at_most=100)
