"""Outside the rooms whose lines are counted nothing is, in the workers of xdist too: counting doubles the time."""

from coverage import Coverage


def test_nothing_counts_lines_here() -> None:
    assert Coverage.current() is None
