"""What a benchmark says: figures with their targets, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.runs import Run

OK, MISSED, NOT_MEASURED, FOR_INFORMATION = "ok", "missed", "not measured", "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: `value` is compared with `at_most` (and `at_least`); None where it could not be measured.

    `ours` and `peer` are what the value was made of, as texts; `note` says what a reader must know.
    """

    benchmark: str
    what: str
    value: float | None
    unit: str = "×"
    at_most: float | None = None
    at_least: float | None = None
    ours: str = ""
    peer: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return NOT_MEASURED
        if self.at_most is None and self.at_least is None:
            return FOR_INFORMATION
        high = self.at_most is not None and self.value > self.at_most
        low = self.at_least is not None and self.value < self.at_least
        return MISSED if high or low else OK

    @property
    def target(self) -> str:
        low = "" if self.at_least is None else f"≥ {self.at_least:g}"
        high = "" if self.at_most is None else f"≤ {self.at_most:g}"
        bounds = ", ".join(each for each in (low, high) if each)
        return f"{bounds} {self.unit}".strip() if bounds else ""

    @property
    def shown(self) -> str:
        return "" if self.value is None else f"{self.value:.3g} {self.unit}"


@dataclass(slots=True)
class Side:
    """The runs of one contender, and their medians."""

    name: str
    runs: list[Run] = field(default_factory=list)

    def middle(self, name: str) -> float:
        return median(run.number(name) for run in self.runs)

    @property
    def wall(self) -> float:
        return self.middle("wall")

    @property
    def peak_mb(self) -> float:
        return self.middle("peak_mb")

    @property
    def text(self) -> str:
        """What it took: the work alone, the memory, and the whole process with its imports."""
        return f"{self.name} {self.wall:.2f} s, {self.peak_mb:.0f} MB (process {self.middle('process'):.2f} s)"


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| benchmark | what | measured | target | verdict | ours | peer |", "|---|---|---:|---:|---|---|---|"]
    for each in figures:
        what = f"{each.what} ({each.note})" if each.note else each.what
        cells = (each.benchmark, what, each.shown, each.target, each.verdict, each.ours, each.peer)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(figures: Iterable[Figure]) -> list[dict[str, object]]:
    return [{**asdict(each), "verdict": each.verdict} for each in figures]
