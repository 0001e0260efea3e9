"""The rows of a database from delimited text: one file a table, read with the same dialect, joins and all."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.contenders.empty_store import SOURCE, empty_store
from benchmarks.contenders.reporting import report
from connector_core.dialects.language import read_dialect
from connector_core.pipeline.given import Input
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector

DIALECT = "dialect.toml"


def main(connector: str, folder: str, work: str) -> None:
    export = Path(folder)
    dialect = read_dialect((export / DIALECT).read_text(encoding="utf-8"), DIALECT)
    info = ConnectorInfo(connector, "", "", "1")
    begin, cpu = time.perf_counter(), time.process_time()
    with empty_store(Path(work), connector, DialectConnector(info, [dialect])) as place:
        copies = [place.spool.take(SOURCE, path) for path in sorted(export.glob("*.csv"))]
        outcome = place.take([Input(SOURCE, copy) for copy in copies])
    report(
        wall=time.perf_counter() - begin,
        cpu=time.process_time() - cpu,
        counts={"rows": sum(file.rows for file in outcome.files), "records": outcome.records},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
