"""A database read by connector as the service does it: a pass in a child process, into the spool, into the store.

Then a pass that finds nothing new.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders.empty_store import SOURCE, empty_store
from benchmarks.contenders.kept import Kept, source
from benchmarks.contenders.reporting import report
from connector_core.pipeline.given import Input
from connector_core.service.databases import Databases, Ended


def main(connector: str, url: str, password: str, work: str) -> None:
    begin, cpu = time.perf_counter(), time.process_time()
    with empty_store(Path(work), connector) as place:
        databases = Databases(place.store, place.spool, place.host, lambda: Kept(password), lambda: datetime.now(UTC))
        first = read(databases, connector, url)
        if first.copy is None or first.passed is None:
            raise SystemExit(f"not taken: {first}")
        fetched = time.perf_counter()
        outcome = place.take([Input(SOURCE, first.copy)])
        databases.note(SOURCE, first.passed.known)
        end, cpu_end = time.perf_counter(), time.process_time()
        again = read(databases, connector, url)
        unchanged = time.perf_counter()
        if again.passed is None or again.passed.status != "unchanged":
            raise SystemExit(f"not unchanged: {again}")
    children = os.times()
    report(
        wall=end - begin,
        fetching=fetched - begin,
        cpu=cpu_end - cpu,
        cpu_elsewhere=children.children_user + children.children_system,
        unchanged=unchanged - end,
        counts={"rows": sum(file.rows for file in outcome.files), "records": outcome.records},
    )


def read(databases: Databases, connector: str, url: str) -> Ended:
    """One pass to its end; raise its error."""
    databases.start(source(connector, url))
    while not (ended := list(databases.ended())):
        time.sleep(0.005)
    (one,) = ended
    if one.error is not None:
        raise one.error
    return one


if __name__ == "__main__":
    main(*sys.argv[1:])
