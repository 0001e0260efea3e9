"""Starting a process that is confined, and ending it with everything it started.

On POSIX the process leads a session of its own, whose processes are killed together, and with them every descendant
that has left the session and still has its parent. On Windows it is in a job object, which ends with its last handle.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

PASSED_ON = (
    ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
    if os.name == "posix"
    else ("PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PROCESSOR_ARCHITECTURE")
)
"""The variables of our environment that the process is given; no other."""
DEBUGGING = "CONNECTOR_DEBUG"
"""Set for developers: what the process writes to its standard error is shown then."""
_PATIENCE = 10.0
"""Seconds for a killed process to be gone."""
_LOOK_AGAIN = 0.01
_PIPE_BYTES = 1 << 20


def environment(folder: str, ours: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the process: where it finds Python's packages, where it may write, and little else."""
    given = {name: ours[name] for name in (*PASSED_ON, DEBUGGING, "PYTHONHOME") if name in ours}
    paths = dict.fromkeys(each for each in sys.path if each)
    return {
        **given,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder),
    }


class Confined:
    """A running process, with a folder that is its own and goes with it."""

    def __init__(self, module: str, memory: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="connector-", ignore_cleanup_errors=True)
        shown = os.environ.get(DEBUGGING, "") not in ("", "0") and sys.stderr is not None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if shown else subprocess.DEVNULL,
            env=environment(self._folder.name, os.environ),
            cwd=self._folder.name,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            self._job = _job_of(self._process.pid, memory)
        except OSError:  # nothing of a plugin runs unconfined
            self._process.kill()
            self._process.communicate()
            self._folder.cleanup()
            raise
        _widen(self._process.stdout)
        _widen(self._process.stdin)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """To its standard input, from its standard output."""
        if self._process.stdin is None or self._process.stdout is None:
            raise BrokenPipeError
        return self._process.stdin, self._process.stdout

    def has_ended(self) -> bool:
        """Whether it has, though processes that it started may be there. Its number is not given to another yet."""
        if sys.platform == "win32":
            return self._process.poll() is not None
        if self._process.returncode is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        return True

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends by itself in so many seconds."""
        until = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_AGAIN)
        return True

    def end(self) -> int | None:
        """Kill it and all it started; its exit code, None when even that takes too long. Doing it twice is as once."""
        if self._process.returncode is None:
            self._kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
        self._folder.cleanup()
        return self._process.returncode

    def _kill(self) -> None:
        if sys.platform == "win32":
            from connector_core.plugins.isolation.confinement_windows import end_job

            if self._job is not None:
                end_job(self._job)
            self._process.kill()
            return
        import psutil

        with suppress(psutil.Error):
            strays = psutil.Process(self._process.pid).children(recursive=True)
            for each in strays:
                with suppress(psutil.Error):
                    each.kill()
        # Before the process is waited for, its number stands for its group and for no other.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def told(code: int | None) -> str:
    """What an exit code says: `SIGSEGV`, `code 3`, `0xC0000005`."""
    if code is None:
        return "sans code de sortie"
    if code < 0 and os.name == "posix":
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"0x{code & 0xFFFFFFFF:08X}" if not -256 < code < 256 else f"code {code}"


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a whole answer or piece of a file lie in a pipe, so that both sides work on. Only Linux can; others wait."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _job_of(pid: int, memory: int) -> int | None:
    if sys.platform == "win32":
        from connector_core.plugins.isolation.confinement_windows import new_job

        return new_job(pid, memory)
    return None
