"""A full pass over a database into the spool, at the priority that the service has; says from when to when it read."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders.database_ours import read
from benchmarks.contenders.empty_store import empty_store
from benchmarks.contenders.kept import Kept
from benchmarks.contenders.reporting import report
from connector_core.service.background import step_back
from connector_core.service.databases import Databases


def main(connector: str, url: str, password: str, work: str) -> None:
    step_back()
    with empty_store(Path(work), connector) as place:
        databases = Databases(place.store, place.spool, place.host, lambda: Kept(password), lambda: datetime.now(UTC))
        begin = time.monotonic()
        read(databases, connector, url)
        end = time.monotonic()
    report(begin=begin, end=end)


if __name__ == "__main__":
    main(*sys.argv[1:])
