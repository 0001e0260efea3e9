"""From a file that is dropped to its findings being committed, by the real daemon on the store of ten years."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench
from benchmarks.contenders.connector import SOURCE
from benchmarks.contenders.vega_rows import TABLES, path_of
from benchmarks.figures import Figure
from benchmarks.runs import ContenderFailed
from benchmarks.watched import SETTLE, Watched, watched
from connector_core.store.store import Store

NAME = "latency"
_DROPS, _QUICK = 30, 5
_ROWS, _WRONG = 2000, 20
_AMOUNT = list(TABLES["seances"]).index("amount")
_RULE = "KINE-NOM-MONTANT"
_PATIENCE = 60.0


def measure(bench: Bench) -> Iterator[Figure]:
    """Each drop finds the daemon idle, its worker ended: 2,000 sessions, of which 20 have another amount than before.

    What is committed together with the state of the file is a finding for each of them.
    """
    practice = watched(bench)
    drops = _QUICK if bench.repeats == 1 else _DROPS
    lines = path_of(practice.exports, "seances").read_bytes().removesuffix(b"\r\n").split(b"\r\n")
    recent = lines[-_ROWS:]
    starts = practice.events("ready")
    with practice.daemon() as daemon, practice.store() as store:
        practice.wait_until_ready(daemon, starts)
        works, before = practice.events("work"), _findings(store)
        practice.wait_until_idle(daemon, works)
        taken: list[float] = []
        for n in range(drops):
            begin = n * _WRONG
            dropped = [*recent[:begin], *map(_wrong, recent[begin : begin + _WRONG]), *recent[begin + _WRONG :]]
            taken.append(_drop(practice, store, b"\r\n".join([lines[0], *dropped]) + b"\r\n", n))
            works += 1
            practice.wait_until_idle(daemon, works)
        found = _findings(store) - before
    if found < drops * _WRONG / 4:  # of some sessions the price can't be told, or several are one finding
        raise ContenderFailed(f"{found} findings for {drops * _WRONG} wrong amounts")
    late = [each - SETTLE for each in taken]
    yield Figure(
        NAME,
        "a dropped export of 2,000 rows until its findings are committed, without the settling time",
        median(late) * 1000,
        "ms",
        at_most=500,
        ours=f"{min(late) * 1000:.0f} to {max(late) * 1000:.0f} ms",
        note=f"median of {drops}, the worker not running before",
    )


def _drop(practice: Watched, store: Store, content: bytes, number: int) -> float:
    """Move a finished file into the folder, and wait until what it says is in the store."""
    name = f"vega_seances_{20270000 + number}.txt"
    aside = practice.work / name
    aside.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    target = practice.exports / name
    Path(aside).rename(target)
    begin = time.perf_counter()
    while digest not in store.files.taken(SOURCE):
        if time.perf_counter() - begin > _PATIENCE:
            raise ContenderFailed("a dropped file was not taken")
        time.sleep(0.005)
    return time.perf_counter() - begin


def _findings(store: Store) -> int:
    return sum(kept.finding.rule == _RULE for kept in store.answers.findings())


def _wrong(line: bytes) -> bytes:
    cells = line.split(b'";"')
    euros, _, rest = cells[_AMOUNT].partition(b",")
    cells[_AMOUNT] = b"%b,%02d" % (euros, (int(rest) + 3) % 100)
    return b'";"'.join(cells)
