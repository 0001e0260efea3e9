"""What a change costs once everything has been read: the daemon's daily work."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import Bench, Contender
from benchmarks.figures import Figure

NAME = "again"


def measure(bench: Bench) -> Iterator[Figure]:
    """One changed row in a new export, one changed act in a small file, a day that passes; in a warm process."""
    (ours,) = bench.contest(Contender("connector", "again_ours", (bench.five_lists(),)))
    again, cold = ours.middle("again"), ours.wall
    yield Figure(
        NAME,
        "the whole export with one changed row, against cold",
        again / cold,
        at_most=1 / 15,
        ours=f"{again * 1000:.0f} ms",
        peer=f"cold {cold:.2f} s",
    )
    recheck, total = ours.middle("single_recheck") * 1000, ours.middle("single_total") * 1000
    yield Figure(
        NAME,
        "one changed act: asking its dossier and its day, commit included",
        recheck,
        "ms",
        at_most=5,
        ours=f"{total:.0f} ms with spooling and reading",
        note="median of 20",
    )
    asked = int(ours.middle("day_asked"))
    yield Figure(
        NAME, "a day passes without new data", ours.middle("day") * 1000, "ms", at_most=100, ours=f"{asked} asked"
    )
