"""dlt's row pipeline into SQLite: the same typed rows, given as dicts. Runs in dlt's own environment."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contenders.reporting import report
from benchmarks.contenders.vega_rows import TABLES, rows


def main(folder: str, work: str) -> None:
    os.environ |= {
        "LOAD__WORKERS": "1",  # by default: "database is locked", and tries again
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DLT_DATA_DIR": str(Path(work) / "dlt"),
    }
    import dlt  # type: ignore[import-not-found]  # installed in an environment of its own

    begin, cpu = time.perf_counter(), time.process_time()
    read: dict[str, int] = dict.fromkeys(TABLES, 0)

    def counted(table: str) -> Iterator[dict[str, object]]:
        for row in rows(Path(folder), table):
            read[table] += 1
            yield row

    pipeline = dlt.pipeline(
        "vega",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{Path(work) / 'dlt.db'}"),
        dataset_name="vega",
        pipelines_dir=str(Path(work) / "pipelines"),
    )
    pipeline.run([dlt.resource(counted(table), name=table, write_disposition="replace") for table in TABLES])
    report(wall=time.perf_counter() - begin, cpu=time.process_time() - cpu, counts=read)


if __name__ == "__main__":
    main(*sys.argv[1:])
