"""The worker in a process of its own, as the daemon sees it.

It is started when a task is near, at the latest with the first one, and ended when there is nothing to do, so that what
working takes is given back. It is waited for as long as it lives: it ends by itself when a task stands still
(`standstill`). Meanwhile whoever watches over the daemon is told that this is no standstill of the daemon's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import IO

from connector_core import errors
from connector_core.errors import ConnectorError
from connector_core.service.daemon import WorkerEnded
from connector_core.service.messages import Failure, Report, Task, decode_answer, encode

COMMAND = "work"
"""The command of the program that runs a worker; it is for the daemon alone."""

_WORD_EVERY = 60.0
"""Seconds between two words to whoever watches over the daemon."""
_PATIENCE = 120.0
"""Seconds that a worker without a task may take to end: it may be making a backup."""


class WorkerProcess:
    """Has tasks done by a worker that serves the same practice; `options` are the general ones of the program, `alive`
    is called now and then while a task is waited for."""

    def __init__(self, options: Sequence[str], alive: Callable[[], None] = lambda: None) -> None:
        self._alive = alive
        self._command = [sys.executable, "-m", "connector_core", *options, COMMAND]
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupted = False

    def prepare(self) -> None:
        """Start the worker, which gets ready while nothing is asked of it yet."""
        if self._process is None and not self._interrupted:
            with suppress(OSError):
                self._started()

    def work(self, task: Task) -> Report:
        """Have a task done. Raise what the worker raised, WorkerEnded when it ended before it answered."""
        process = self._process or self._started()
        answer = b""
        with suppress(OSError, ValueError):  # closed by `interrupt`
            tasks = _pipe(process.stdin)
            tasks.write(encode(task) + b"\n")
            tasks.flush()
            with self._telling():
                answer = _pipe(process.stdout).readline()
        if not answer.endswith(b"\n"):
            if not self._interrupted:
                process.kill()
            self.close()
            raise WorkerEnded
        said: Report | Failure = decode_answer(answer)
        if isinstance(said, Failure):
            self.close()
            raise _error(said)
        return said

    def interrupt(self) -> None:
        """Have the worker leave its task, and none begun any more. For another thread than the one that has it done."""
        self._interrupted = True
        process = self._process
        if process is not None:
            with suppress(OSError):
                _pipe(process.stdin).close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        over = Event()

        def tell() -> None:
            while not over.wait(_WORD_EVERY):
                self._alive()

        Thread(target=tell, daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def close(self) -> None:
        """End the worker, which has no task now."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _pipe(process.stdin).close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()

    def _started(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr is not None and _debugging() else subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        if self._interrupted:
            self.interrupt()
        return self._process


def _debugging() -> bool:
    """Whether what connectors print may be seen: it may hold anything, and a service's standard error is a log."""
    return os.environ.get("CONNECTOR_DEBUG", "") not in ("", "0")


def _error(failure: Failure) -> ConnectorError:
    kind = getattr(errors, failure.kind, ConnectorError)
    made: ConnectorError = kind(failure.what, where=failure.where, remedy=failure.remedy)
    return made


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise BrokenPipeError
    return stream
