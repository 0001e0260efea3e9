"""What a run says: a table by module, and the survivors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed: where it stands, and what it changed."""

    module: str
    line: int
    definition: str
    operator: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the mutants of one module."""

    module: str
    killed: int
    timeouts: int
    left_out: int
    waiting: int
    survivors: tuple[Survivor, ...]
    by_cases_alone: int = 0
    """Those that survived where the test files were left out, which may kill some of them still."""

    @property
    def total(self) -> int:
        """The mutants that were tried; those that ran out of time are among the killed."""
        return self.killed + len(self.survivors)


def rate(killed: int, total: int) -> float:
    """Percentage killed; all of none is all."""
    return 100.0 if total == 0 else 100.0 * killed / total


def table(results: Iterable[Result], unknown: Iterable[str]) -> str:
    """The figures as a Markdown table, the modules without a session named below it."""
    lines = [
        "| module | mutants | killed | of which out of time | survived | of which the cases alone "
        "| killed, % | left out | not tried |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    results = list(results)
    lines += [_line(short(each.module), [each]) for each in results]
    lines.append(_line("**all**", results))
    if missing := ", ".join(f"`{short(each)}`" for each in unknown):
        lines += ["", f"Not run: {missing}."]
    return "\n".join(lines)


def _line(name: str, results: list[Result]) -> str:
    total, killed = sum(each.total for each in results), sum(each.killed for each in results)
    cells = (
        name,
        total,
        killed,
        sum(each.timeouts for each in results),
        total - killed,
        sum(each.by_cases_alone for each in results),
        f"{rate(killed, total):.1f}",
        sum(each.left_out for each in results),
        sum(each.waiting for each in results),
    )
    return f"| {' | '.join(str(each) for each in cells)} |"


def short(module: str) -> str:
    return module.rpartition(".")[2]


def shown(survivor: Survivor) -> str:
    """One survivor, as it is printed."""
    place = f"{short(survivor.module)}:{survivor.line} {survivor.definition} {survivor.operator}"
    return f"{place}\n    - {survivor.before}\n    + {survivor.after}"
