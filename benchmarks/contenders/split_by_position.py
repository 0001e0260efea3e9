"""The floor of a codec: every field of every record cut out at its position, and nothing else.

No check, no total, no date, no amount, no record of a model: what somebody writes in an evening.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.contenders.reporting import report
from connector_teletransmission.layout import load_layouts

WIDTH = 128
Positions = Mapping[str, list[tuple[str, int, int]]]


def positions(kind: str) -> Positions:
    """Where each field of each record lies."""
    return {
        name: [(field.name, field.start - 1, field.end) for field in layout.fields]
        for name, layout in load_layouts(f"{kind}.csv").items()
    }


def lots(text: str, layouts: Positions) -> int:
    """The records of B2 lots, as dictionaries; how many."""
    count = 0
    for at in range(0, len(text), WIDTH):
        record = text[at : at + WIDTH]
        name = record[0]
        if name in "24" and record[35] in "SMPBC":
            name += record[35]
        elif name in "09":
            name = record[:3]
        fields = {field: record[start:end] for field, start, end in layouts[name]}
        count += bool(fields)
    return count


def returns(text: str, layouts: Positions) -> int:
    """The entities of one NOEMIE return, as dictionaries; how many."""
    pieces = [text[at + 1 : at + WIDTH] for at in range(WIDTH, len(text) - WIDTH, WIDTH)]
    payload = "".join(pieces).rstrip()
    lengths = {name: fields[-1][2] for name, fields in layouts.items()}
    at = count = 0
    while at < len(payload):
        name = payload[at : at + 3]
        entity = payload[at : at + lengths[name]]
        fields = {field: entity[start:end] for field, start, end in layouts[name]}
        count += bool(fields)
        at += lengths[name]
    return count


def main(kind: str, path: str, _work: str) -> None:
    fields = positions(kind)
    begin, cpu = time.perf_counter(), time.process_time()
    text = Path(path).read_bytes().decode("latin-1")
    count = lots(text, fields) if kind == "b2-ps" else returns(text, fields)
    report(wall=time.perf_counter() - begin, cpu=time.process_time() - cpu, counts={"records": count})


if __name__ == "__main__":
    main(*sys.argv[1:])
