"""The rules asked again about every dossier of a store, and what they answer written down.

The store is copied first: each run finds the same one. With `every` before the folder to work in, all shared rules are
asked, not only the families of the comparisons.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from benchmarks.contenders.connector import EVERY, opened
from benchmarks.contenders.reporting import report


def main(practice_folder: str, *rest: str) -> None:
    copy = Path(rest[-1]) / "practice"
    shutil.copytree(practice_folder, copy)
    with opened(copy, every=EVERY in rest[:-1]) as practice:
        begin, cpu = time.perf_counter(), time.process_time()
        outcome = practice.ask_everything_again()
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        findings = len(practice.store.answers.findings())
        undetermined = len(practice.store.answers.undetermined())
    report(wall=wall, cpu=cpu, asked=outcome.asked, findings=findings, undetermined=undetermined)


if __name__ == "__main__":
    main(*sys.argv[1:])
