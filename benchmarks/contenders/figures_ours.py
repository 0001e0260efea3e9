"""The figures of the last twelve months, as the worker makes them with the first report of a day, and as it reads them
again with the next one."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from benchmarks.contenders.connector import TODAY, opened
from benchmarks.contenders.reporting import peak_mb, report
from connector_core.service.figures import kept_figures
from connector_core.settings.model import Settings


def main(practice_folder: str, place: str) -> None:
    copy = Path(place) / "practice"
    shutil.copytree(practice_folder, copy)
    settings = Settings()
    with opened(copy) as practice:
        before, begin = peak_mb(), time.perf_counter()
        made = kept_figures(settings, practice.store, practice.rules, TODAY)
        wall = time.perf_counter() - begin
        begin = time.perf_counter()
        kept = kept_figures(settings, practice.store, practice.rules, TODAY)
        again = time.perf_counter() - begin
    if made.figures is None or kept != made:
        raise SystemExit(f"the figures were not made, or not kept: {made.problems}")
    report(wall=wall, again=again, grown_mb=peak_mb() - before, acts=made.figures.acts)


if __name__ == "__main__":
    main(*sys.argv[1:])
