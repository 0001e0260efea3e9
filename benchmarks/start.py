"""How long `connector` takes to say its version, against an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench
from benchmarks.figures import Figure

NAME = "start"
_ROUNDS = 15


def measure(bench: Bench) -> Iterator[Figure]:
    """The command as it is installed, in turn with the bare interpreter."""
    script = Path(sys.executable).parent / ("connector.exe" if sys.platform == "win32" else "connector")
    ours = [str(script), "--version"] if script.exists() else [sys.executable, "-m", "connector_core", "--version"]
    bare = [sys.executable, "-c", "pass"]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for command, taken in zip((ours, bare), times, strict=True):
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            taken.append(time.perf_counter() - begin)
    connector, interpreter = median(times[0]), median(times[1])
    yield Figure(
        NAME,
        "connector --version, against a bare interpreter",
        connector / interpreter,
        at_most=12,
        ours=f"{connector * 1000:.0f} ms",
        peer=f"{interpreter * 1000:.0f} ms",
    )
