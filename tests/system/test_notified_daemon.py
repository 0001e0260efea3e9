"""The daemon as a service manager starts it: it says that it is ready, that it turns, and that it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
if os.name != "posix":
    pytest.skip("datagrams over a Unix socket", allow_module_level=True)

DEADLINE = 30.0


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    path = tmp_path / "connector.toml"
    path.write_text(
        f'[data]\nfolder = \'{tmp_path / "data"}\'\n[secrets]\nkeyring = "file"\n[daemon]\nrescan = "1s"\n'
        f'[[source]]\nid = "a"\nconnector = "pivot"\nfolder = \'{tmp_path / "exports"}\'\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(DEADLINE)
        yield listening


@contextmanager
def started(configuration: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "connector_core", "--config", str(configuration), "--no-plugins", "run"],
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def told(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode("utf-8").splitlines()


def silence(manager: socket.socket, seconds: float) -> None:
    """Listen until nothing has been said for so long; the test's time limit ends a manager that is never left alone."""
    manager.settimeout(seconds)
    while True:
        try:
            manager.recv(4096)
        except TimeoutError:
            return


def test_it_is_ready_turns_and_stops(configuration, manager, tmp_path):
    with started(configuration, tmp_path) as process:
        for _ in range(3):
            assert told(manager) == ["READY=1", "WATCHDOG=1", "STATUS=Sources surveillées : 1"]
        process.send_signal(signal.SIGTERM)
        while (last := told(manager)) != ["STOPPING=1"]:
            assert "WATCHDOG=1" in last
        assert process.wait(DEADLINE) == 0


def test_a_daemon_that_hangs_is_not_said_to_turn(configuration, manager, tmp_path):
    with started(configuration, tmp_path) as process:
        told(manager)
        process.send_signal(signal.SIGSTOP)
        silence(manager, 2.5)  # two looks and a half
        manager.settimeout(DEADLINE)
        process.send_signal(signal.SIGCONT)
        assert "WATCHDOG=1" in told(manager)


def test_one_that_can_not_begin_is_never_ready(configuration, manager, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "connector.db").write_bytes(b"x" * 4096)
    with started(configuration, tmp_path) as process:
        assert process.wait(DEADLINE) == 3
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)
