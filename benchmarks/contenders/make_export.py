"""Not measured: writes the Vega export of a synthetic practice, variant A, in a process whose memory is given back."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from benchmarks.contenders.reporting import report
from connector_core.testing.exports.vega import write_vega
from connector_core.testing.practice import make_practice

TODAY = date(2026, 11, 20)


def main(folder: str, patients: str, years: str) -> None:
    practice = make_practice(seed=1, patients=int(patients), years=float(years), practitioners=4, today=TODAY)
    written = write_vega(practice.records, Path(folder), on=TODAY)
    report(counts={path.name: len(path.read_bytes().splitlines()) - 1 for path in written})


if __name__ == "__main__":
    main(*sys.argv[1:])
