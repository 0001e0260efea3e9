"""A cold ingest by connector: spool, read, validate, encrypt, ask every rule, write what was found."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from benchmarks.contenders.connector import TODAY, counts, opened
from benchmarks.contenders.reporting import report

ISOLATED = "isolated"
"""The argument that runs the connector in a process of its own."""


def main(folder: str, *arguments: str) -> None:
    *where, work = arguments
    begin, cpu = time.perf_counter(), time.process_time()
    marks: dict[str, float] = {}
    with opened(Path(work), isolated=where == [ISOLATED]) as practice:
        inputs = practice.take(Path(folder))

        def progress(what: str, _done: int) -> None:
            marks.setdefault(what, time.perf_counter())

        outcome = practice.pipeline.attempt(inputs, TODAY, progress)
    end = time.perf_counter()
    report(
        wall=end - begin,
        reading=marks["règles"] - begin,
        asking=end - marks["règles"],
        cpu=time.process_time() - cpu,
        cpu_elsewhere=os.times().children_user + os.times().children_system,
        counts=counts(outcome),
        records=outcome.records,
        asked=outcome.asked,
        findings=len(outcome.changes.new),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
