"""What a benchmark says of itself: verdicts, the table, the exit code of the command."""

import pytest
from benchmarks.__main__ import main
from benchmarks.figures import Figure, Side, as_json, table
from benchmarks.ingest import same_rows
from benchmarks.runs import ContenderFailed, Run


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "verdict"),
    [
        (1.0, None, 1.2, "ok"),
        (1.3, None, 1.2, "missed"),
        (0.7, 0.8, 1.25, "missed"),
        (None, None, 1.2, "not measured"),
        (1.0, None, None, "-"),
    ],
)
def test_a_figure_is_judged_by_its_target(
    value: float | None, at_least: float | None, at_most: float | None, verdict: str
) -> None:
    figure = Figure("ingest", "wall", value, at_least=at_least, at_most=at_most)
    assert figure.verdict == verdict
    assert as_json([figure])[0]["verdict"] == verdict
    assert verdict in table([figure])


def test_a_side_is_its_median() -> None:
    side = Side("ours", [Run({"wall": wall, "peak_mb": 1, "process": 1}) for wall in (3.0, 1.0, 2.0)])
    assert side.wall == 2.0


def test_contenders_that_read_other_rows_are_not_compared() -> None:
    one, other = (Side(name, [Run({"counts": {"seances": n}})]) for n, name in enumerate(("ours", "peer")))
    with pytest.raises(ContenderFailed, match="different rows"):
        same_rows(one, other)


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["nothing"])
    assert stopped.value.code == 2
