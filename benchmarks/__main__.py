"""The command: runs the benchmarks asked for, prints their figures, and fails when a target is missed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    again,
    calibration,
    databases,
    everything,
    idle,
    ingest,
    isolation,
    latency,
    rules,
    soak,
    start,
    startup,
    teletransmission,
)
from benchmarks.bench import Bench
from benchmarks.figures import MISSED, Figure, as_json, table
from benchmarks.runs import ContenderFailed

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"

BENCHMARKS = {
    each.NAME: each
    for each in (
        ingest,
        isolation,
        again,
        rules,
        everything,
        teletransmission,
        calibration,
        databases,
        idle,
        start,
        latency,
        startup,
        soak,
    )
}


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    venvs = options.cache / "venvs"
    venvs.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="connector-benchmarks-", dir=options.work))
    bench = Bench(work, venvs, 1 if options.quick else 3, 15 if options.quick else 60)
    figures: list[Figure] = []
    failed = False
    try:
        for name in options.names or BENCHMARKS:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                for figure in BENCHMARKS[name].measure(bench):
                    figures.append(figure)
                    print(f"  {figure.what}: {figure.ours or figure.value}", file=sys.stderr, flush=True)
            except ContenderFailed as error:
                failed = True
                figures.append(Figure(name, "could not be run", None))
                print(error, file=sys.stderr)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(_machine(bench))
    print(table(figures))
    if options.write_into is not None:
        _insert(options.write_into, f"{_machine(bench)}\n\n{table(figures)}")
    if options.json is not None:
        content = {"machine": _machine(bench), "figures": as_json(figures)}
        options.json.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    missed = failed or any(figure.verdict == MISSED for figure in figures)
    return 1 if missed and not options.report_only else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="each measure once, a quarter of a minute of idleness")
    parser.add_argument("--report-only", action="store_true", help="do not fail when a target is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--write-into", type=Path, metavar="FILE", help=f"put the table between {_BEGIN} and {_END} of a page"
    )
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="where data and stores are written, then removed")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        default=Path(tempfile.gettempdir()) / "connector-benchmarks",
        help="where the peers' environments are kept between runs",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return options


def _insert(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    content = page.read_text(encoding="utf-8")
    head, _, rest = content.partition(_BEGIN)
    _, found, tail = rest.partition(_END)
    if not found:
        raise SystemExit(f"{page} has no {_BEGIN} … {_END}")
    page.write_text(f"{head}{_BEGIN}\n{text}\n{_END}{tail}", encoding="utf-8")


def _machine(bench: Bench) -> str:
    """What it ran on, without which absolute times mean nothing."""
    runs = "once" if bench.repeats == 1 else f"median of {bench.repeats}"
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.python_implementation()} {platform.python_version()},"
        f" {platform.system()} {platform.machine()}, {os.cpu_count()} processors{load}; each measure {runs}."
    )


if __name__ == "__main__":
    raise SystemExit(main())
