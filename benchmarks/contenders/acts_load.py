"""Not measured: the acts of an export in a plain SQLite table, for a peer that reads rows from there."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from benchmarks.contenders.reporting import report
from benchmarks.contenders.vega_rows import rows

COLUMNS = ("id", "patient_id", "performed_on", "letter", "coefficient", "quantity", "amount", "excess", "rate")


def main(folder: str, database: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(f"CREATE TABLE acts ({', '.join(COLUMNS)})")
        acts = (tuple(map(_plain, (row[name] for name in COLUMNS))) for row in rows(Path(folder), "seances"))
        marks = ", ".join("?" * len(COLUMNS))
        count = connection.executemany(f"INSERT INTO acts VALUES ({marks})", acts).rowcount
    report(counts={"seances": count})


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else str(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
