"""Being asked to stop in the worst of moments."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HOLDING = """
import os, signal, sys
from threading import Event
from connector_core.service.signals import stop_on_signals
asked = Event()
stop_on_signals(asked.set, "SIGHUP")
with asked._cond:  # as between two instructions of a wait
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    sum(range(1000))
print(asked.wait(20))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_in_the_middle_of_a_wait_is_heard(name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", HOLDING, name], capture_output=True, text=True, env=environment, timeout=30
    )
    assert done.stdout == "True\n", done.stderr
