"""The worker's own process: tasks come in on standard input, answers go out on standard output.

It ends when its input does, be it that the daemon closed it or that the daemon is gone. What connectors print goes to
standard error, which the daemon shows to developers alone, and they can't read the tasks. One worker at a time has a
practice: one that a killed daemon left behind ends with its task, and the next waits for it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from connector_core.errors import ConnectorError
from connector_core.service import logs
from connector_core.service.assembly import listening_of, open_store, pipeline_of, plugin_host, rules_of
from connector_core.service.background import OthersLoad, step_back
from connector_core.service.deliveries import outgoing_of
from connector_core.service.messages import Failure, Report, decode_task, encode
from connector_core.service.places import Places
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.pace import FullSpeed, Gentle, Pace
from connector_core.sources.spool import Spool


def answer_tasks(settings: Settings, configuration_folder: Path, *, no_plugins: bool = False) -> None:
    """Be the worker of a practice until the daemon has no more tasks. What is an error for a person is answered."""
    _leave_signals_to_the_daemon()
    step_back()
    logs.start(settings.data_folder(), logs.WORKER_LOG)
    with _pipes() as (tasks, answers), ExitStack() as opened:
        ready = _ready(opened, settings, configuration_folder, no_plugins)
        for line in tasks:
            try:
                answer: Report | Failure = ready().work(decode_task(line))
            except ConnectorError as error:
                answer = Failure(type(error).__name__, error.what, error.where, error.remedy)
            answers.write(encode(answer) + b"\n")
            answers.flush()


def _ready(opened: ExitStack, settings: Settings, configuration_folder: Path, no_plugins: bool) -> Callable[[], Worker]:
    """Get ready before there is a task; what goes wrong is raised when there is one."""
    try:
        worker = opened.enter_context(_worker(settings, configuration_folder, no_plugins))
    except ConnectorError as error:
        wrong = error

        def refuse() -> Worker:
            raise wrong

        return refuse
    return lambda: worker


@contextmanager
def _worker(settings: Settings, configuration_folder: Path, no_plugins: bool) -> Iterator[Worker]:
    places = Places(settings.data_folder())
    with FileLock(places.worker_lock):
        host = plugin_host(settings, configuration_folder, no_plugins=no_plugins)
        rules = rules_of(settings, host)
        store, key = open_store(settings, create=True)
        outgoing = outgoing_of(settings, store, rules)
        pipeline = pipeline_of(settings, store, rules, outgoing.queue)
        with store:
            pace: Pace = Gentle(OthersLoad()) if settings.daemon.gentle else FullSpeed()
            yield Worker(
                settings,
                store,
                Spool(places.spool, key, pace),
                pipeline,
                listening_of(settings, store, host, outgoing.queue),
                outgoing.send,
                pace,
            )


@contextmanager
def _pipes() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The pipes to the daemon, kept from what runs in this process and from what that starts."""
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as answers:
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # a device, not a path
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        yield tasks, answers


def _leave_signals_to_the_daemon() -> None:
    """A signal to stop reaches both; the daemon stops after its turn, and with it the worker."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
