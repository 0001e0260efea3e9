"""Fresh processes, one after the other: each contender runs alone, and the sides take turns."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository: contenders are modules of it, whatever Python runs them."""


class ContenderFailed(Exception):
    """A contender ended badly; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process that is over: what it reported, and how long it lived."""

    figures: Mapping[str, object]

    def number(self, name: str) -> float:
        value = self.figures[name]
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is not a number")
        return float(value)

    def counts(self) -> dict[str, int]:
        """The rows of each table."""
        counts = self.figures["counts"]
        return {str(name): int(n) for name, n in counts.items()} if isinstance(counts, dict) else {}


def run(
    contender: str, *arguments: object, python: Path | None = None, environment: Mapping[str, str] | None = None
) -> Run:
    """Run a module of `benchmarks.contenders` in a fresh process; raise ContenderFailed when it does not report."""
    command = [str(python or sys.executable), "-m", f"benchmarks.contenders.{contender}", *map(str, arguments)]
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    process = time.perf_counter() - begin
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise ContenderFailed(f"{contender}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return Run({"process": process, **json.loads(lines[-1])})


def version(python: Path, distribution: str) -> str:
    """The version of a distribution in an environment, for the table."""
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def call(command: Sequence[object]) -> None:
    """Run a command that must succeed; raise ContenderFailed when it does not."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    except OSError as error:
        raise ContenderFailed(str(error)) from error
    if done.returncode:
        raise ContenderFailed((done.stderr or done.stdout).strip()[-2000:])
