"""A télétransmission file from its bytes to validated records of the common model, through the connector."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.contenders.reporting import report
from connector_core.dialects.drafts import NoLookup, Waiting
from connector_core.formats.document import probe_of
from connector_core.model.pivot import validated
from connector_core.model.records import KINDS
from connector_core.sources.local import LocalFile
from connector_teletransmission import INFO
from connector_teletransmission.connector import shipped


def read(path: Path) -> Counter[str]:
    """How many records of each kind a file gives."""
    file, connector, lookup = LocalFile(path), shipped(INFO), NoLookup()
    claim = connector.identify(probe_of(file))
    if claim is None:
        raise SystemExit(f"{path} is not known")
    reading = connector.read(file, claim)
    made: Counter[str] = Counter()
    for row in reading.rows():
        drafts = reading.records(row, lookup)
        if isinstance(drafts, Waiting):
            raise SystemExit("a row waits")
        for kind, values in drafts:
            made[validated(kind, values).record] += 1
    return made


def main(path: str, _work: str) -> None:
    for kind in KINDS.values():
        kind.model_rebuild()
    gc.disable()  # as during an attempt
    begin, cpu = time.perf_counter(), time.process_time()
    made = read(Path(path))
    report(wall=time.perf_counter() - begin, cpu=time.process_time() - cpu, counts=dict(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
