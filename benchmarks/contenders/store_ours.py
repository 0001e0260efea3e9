"""Not measured: reads a whole export into a store, for the benchmarks that begin with one.

Which rules are asked may be said last (see `opened`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.contenders.connector import counts, opened
from benchmarks.contenders.reporting import report


def main(folder: str, work: str, which: str = "") -> None:
    with opened(Path(work), which) as practice:
        report(counts=counts(practice.ingest(Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
