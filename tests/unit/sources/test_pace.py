"""Reading at a pace: nothing is paused for while the PC is idle, and never for long."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector_core.sources.pace import BUSY, LONGEST, PAUSE, Gentle
from connector_core.sources.spool import Spool


@dataclass
class Pc:
    """A PC that others keep so busy, each time one asks, then not at all; `slept` lists the pauses."""

    loads: list[float] = field(default_factory=list)
    always: float = 0.0
    slept: list[float] = field(default_factory=list)
    asked: int = 0

    def others(self) -> float:
        self.asked += 1
        return self.loads.pop(0) if self.loads else self.always

    def pace(self) -> Gentle:
        pace = Gentle(self.others, self.slept.append)
        pace.begin()
        self.asked = 0
        return pace


def test_an_idle_pc_is_read_on_without_a_pause() -> None:
    pc = Pc(always=BUSY)
    pace = pc.pace()
    for _ in range(1000):
        pace.read(1 << 20)
    assert pc.slept == []
    assert pc.asked == 250


def test_reading_waits_until_others_need_the_pc_less() -> None:
    pc = Pc()
    pace = pc.pace()
    pc.loads = [0.9, 0.8, 0.51, 0.4]
    pace.read(4 << 20)
    assert pc.slept == [PAUSE] * 3


def test_a_usual_export_is_never_paused_for() -> None:
    pc = Pc(always=1.0)
    pace = pc.pace()
    pace.file()
    pace.read(3 << 20)
    assert pc.asked == 0


def test_very_many_small_files_are_paused_for() -> None:
    pc = Pc(always=1.0)
    pace = pc.pace()
    for _ in range(64):
        pace.file()
    assert pc.slept


def test_a_busy_pc_delays_a_task_by_so_much_and_the_next_by_as_much_again() -> None:
    pc = Pc(always=1.0)
    pace = pc.pace()
    pace.read(4 << 20)
    assert sum(pc.slept) == pytest.approx(1.0), "the next stretch is read all the same"
    for _ in range(100):
        pace.read(4 << 20)
    assert sum(pc.slept) == pytest.approx(LONGEST)
    pace.begin()
    for _ in range(100):
        pace.read(4 << 20)
    assert sum(pc.slept) == pytest.approx(2 * LONGEST)


def test_the_spool_copies_at_the_pace_it_is_given(tmp_path: Path) -> None:
    pc = Pc()
    spool = Spool(tmp_path / "depot", bytes(32), pc.pace())
    (tmp_path / "a.csv").write_bytes(b"x" * (9 << 20))
    pc.loads = [1.0, 0.0, 1.0, 0.0]
    copy = spool.take("vega", tmp_path / "a.csv")
    assert pc.slept == [PAUSE, PAUSE]
    assert copy.size == 9 << 20
