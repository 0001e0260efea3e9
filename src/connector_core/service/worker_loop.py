"""The worker's own process: tasks come in on standard input, answers go out on standard output.

It ends when its input does, be it that the daemon closed it or that the daemon is gone. What connectors print goes to
standard error, and they can't read the tasks. One worker at a time has a practice: one that a killed daemon left behind
ends with its task, and the next waits for it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from connector_core.errors import ConnectorError
from connector_core.secrets import StoreKeys
from connector_core.service.assembly import open_store, pipeline_of, plugin_host, report_of, rules_of, secrets_of
from connector_core.service.deliveries import deliver
from connector_core.service.figures import kept_figures
from connector_core.service.messages import Failure, Report, decode_task, encode
from connector_core.service.places import Places
from connector_core.service.rotation import finish
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.spool import Spool


def answer_tasks(settings: Settings, configuration_folder: Path, *, no_plugins: bool = False) -> None:
    """Be the worker of a practice until the daemon has no more tasks. What is an error for a person is answered."""
    _leave_signals_to_the_daemon()
    with _pipes() as (tasks, answers), ExitStack() as opened:
        worker: Worker | None = None
        for line in tasks:
            try:
                if worker is None:
                    worker = opened.enter_context(_worker(settings, configuration_folder, no_plugins))
                answer: Report | Failure = worker.work(decode_task(line))
            except ConnectorError as error:
                answer = Failure(type(error).__name__, error.what, error.where, error.remedy)
            answers.write(encode(answer) + b"\n")
            answers.flush()


@contextmanager
def _worker(settings: Settings, configuration_folder: Path, no_plugins: bool) -> Iterator[Worker]:
    places = Places(settings.data_folder())
    with FileLock(places.worker_lock):
        finish(places, StoreKeys(secrets_of(settings)))
        host = plugin_host(settings, configuration_folder, no_plugins=no_plugins)
        rules = rules_of(settings, host)
        store, key = open_store(settings, create=True)

        def delivered(day: date) -> Sequence[str]:
            made = kept_figures(settings, store, rules, day)
            try:
                data = report_of(settings, store, rules, day, made.figures)
            except ConnectorError as error:
                return (*made.problems, str(error))
            return (*made.problems, *deliver(data, settings.report_folder(), host.deliveries).problems)

        with store:
            yield Worker(settings, store, Spool(places.spool, key), pipeline_of(settings, store, rules), delivered)


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
