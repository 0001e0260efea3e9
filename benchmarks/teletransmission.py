"""B2 lots and NOEMIE returns, from bytes to records, against cutting every field out at its position."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import runs
from benchmarks.bench import Bench, Contender
from benchmarks.figures import Figure

NAME = "teletransmission"
INVOICES = 20_000


def measure(bench: Bench) -> Iterator[Figure]:
    """Each codec against its bare loop, side by side, over the same file."""
    folder = bench.folder(NAME)
    runs.run("make_teletransmission", folder, INVOICES)
    for kind, name, what in (("b2-ps", "lots.b2", "B2 lots"), ("noemie-ps", "returns.noe", "NOEMIE returns")):
        path = folder / name
        size = path.stat().st_size / 1e6
        ours, floor = bench.contest(
            Contender("connector", "codec_ours", (path,)),
            Contender("split by position", "split_by_position", (kind, path)),
        )
        made = sum(ours.runs[0].counts().values())
        yield Figure(
            NAME,
            f"{what} to validated records, against the bare loop",
            ours.middle("cpu") / floor.middle("cpu"),
            at_most=3,
            ours=f"{ours.text}, {made} records",
            peer=floor.text,
            note="processor time",
        )
        yield Figure(
            NAME,
            f"{what}: throughput",
            size / ours.wall,
            "MB/s",
            ours=f"{size:.1f} MB",
            peer=f"the bare loop {size / floor.wall:.1f} MB/s",
        )
