"""Server processes of the tests: each private, on loopback, in its own folder, as the engine's own account under root.

Nothing of the machine's own servers is touched. A folder lies in the system's temporary folder and not in pytest's,
which only its owner may enter.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

DEADLINE = 40.0
LOOK = 0.02
_STOPPED_WITHIN = 1.0


@dataclass(frozen=True)
class Account:
    """Whom an engine runs as: its own account under root, else whoever runs the tests."""

    name: str

    @property
    def _is_needed(self) -> bool:
        return os.geteuid() == 0

    def own(self, folder: Path) -> None:
        """Give it the folder."""
        if self._is_needed:
            shutil.chown(folder, self.name, self.name)

    def popen(self, command: Sequence[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command as it, with nothing left of root; what it says goes to `log`."""
        import pwd

        entry = pwd.getpwnam(self.name) if self._is_needed else None
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                user=None if entry is None else entry.pw_uid,
                group=None if entry is None else entry.pw_gid,
                extra_groups=None if entry is None else [],
                cwd=log.parent,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(log.parent), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, command: Sequence[str], log: Path, **environment: str) -> None:
        """Run a command as it to its end."""
        process = self.popen(command, log, **environment)
        try:
            code = process.wait(DEADLINE)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert code == 0, f"{command[0]}: {log.read_text(errors='replace')[-2000:]}"


@dataclass
class Server:
    """A server that answers on a port of the loopback."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def private_folder(account: Account) -> Iterator[Path]:
    """A folder of the account, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    account.own(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served(
    account: Account,
    command: Sequence[str],
    folder: Path,
    port: int,
    environment: Mapping[str, str] | None = None,
    *,
    is_ready: Callable[[int], bool] | None = None,
) -> Iterator[Server]:
    """The server, once it is ready (by default: once its port answers); stopped with all its children at the end."""
    log = folder / "server.log"
    process = account.popen(command, log, **(environment or {}))
    try:
        _wait(process, port, log, is_ready or _answers)
        yield Server(folder, port, process)
    finally:
        _stop(process)


def free_port() -> int:
    """A port of the loopback that nobody has just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, is_ready: Callable[[int], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        if is_ready(port):
            return
        time.sleep(LOOK)
    raise AssertionError(f"not ready: {log.read_text(errors='replace')[-2000:]}")


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its data are thrown away, so it has a moment to end by itself, and no more."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(_STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in psutil.wait_procs(family, timeout=_STOPPED_WITHIN)[1]:
        child.kill()
