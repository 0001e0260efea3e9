"""The worker steps back behind whoever works on the PC, and knows how busy that one keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple

import psutil
import pytest

from connector_core.service import background
from connector_core.service.background import OthersLoad

_ASK = """
import psutil
from connector_core.service.background import step_back
step_back()
process = psutil.Process()
print(int(process.nice()))
print(*map(int, process.ionice()) if hasattr(process, "ionice") else ())
"""


def test_a_process_that_steps_back_has_a_lower_priority() -> None:
    answer = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True).stdout.split("\n")
    if sys.platform == "win32":
        assert int(answer[0]) == psutil.BELOW_NORMAL_PRIORITY_CLASS
    else:
        assert int(answer[0]) == max(10, os.nice(0))
    if sys.platform == "linux":
        assert answer[1].split() == [str(int(psutil.IOPRIO_CLASS_BE)), "7"]


def test_what_the_system_refuses_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused:
        def nice(self, *_value: int) -> None:
            raise psutil.AccessDenied

        def ionice(self, *_value: int) -> None:
            raise OSError(1, "not permitted")

    monkeypatch.setattr(psutil, "Process", Refused)
    background.step_back()


Times = namedtuple("Times", "user system idle iowait guest guest_nice")
Own = namedtuple("Own", "user system")


@pytest.mark.parametrize(
    ("after", "own", "others"),
    [
        (Times(60.0, 20.0, 120.0, 0.0, 0.0, 0.0), Own(10.0, 0.0), 0.7),
        (Times(10.0, 0.0, 190.0, 0.0, 0.0, 0.0), Own(10.0, 0.0), 0.0),  # all of it is our own
        (Times(10.0, 0.0, 100.0, 90.0, 0.0, 0.0), Own(0.0, 0.0), 0.1),  # a disk that is waited for
        (Times(100.0, 0.0, 100.0, 0.0, 100.0, 0.0), Own(0.0, 0.0), 1.0),  # a guest, counted twice
        (Times(0.0, 0.0, 100.0, 0.0, 0.0, 0.0), Own(0.0, 0.0), 0.0),  # no time has passed
    ],
)
def test_what_others_use_is_what_is_used_without_our_own(
    monkeypatch: pytest.MonkeyPatch, after: Times, own: Own, others: float
) -> None:
    times = [Times(0.0, 0.0, 100.0, 0.0, 0.0, 0.0), after]
    owns = [Own(0.0, 0.0), own]

    class Process:
        def cpu_times(self) -> Own:
            return owns.pop(0)

    monkeypatch.setattr(psutil, "cpu_times", lambda: times.pop(0))
    monkeypatch.setattr(psutil, "Process", Process)
    assert OthersLoad()() == pytest.approx(others)


def test_the_real_load_is_a_part_of_the_pc() -> None:
    load = OthersLoad()
    assert 0.0 <= load() <= 1.0
