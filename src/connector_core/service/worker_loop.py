"""The worker's own process: tasks come in on standard input, answers go out on standard output.

It ends when its input does, be it that the daemon closed it or that the daemon is gone, and leaves a task for that
(`interruption`). What connectors print goes to
standard error, which the daemon shows to developers alone, and they can't read the tasks. A backup of the store is made
after an answer, so that no finding waits for it. One worker at a time has a practice: one that a killed daemon left
behind leaves its task, and the next waits for it. A task that stands still ends the worker (`standstill`).
"""

from __future__ import annotations

import errno
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from filelock import FileLock, Timeout

from connector_core.errors import ConnectorError, StoreDamaged, StoreError, StoreUnavailable
from connector_core.pipeline.given import Rules
from connector_core.secrets import StoreKeys
from connector_core.service import logs
from connector_core.service.assembly import (
    apart_sources,
    backups_of,
    decisions_of,
    let_go_of_decisions,
    listening_of,
    open_sound_store,
    pipeline_of,
    plugin_host,
    rules_of,
    secrets_of,
)
from connector_core.service.background import OthersLoad, step_back
from connector_core.service.databases import Databases
from connector_core.service.deliveries import outgoing_of
from connector_core.service.interruption import Interrupted, Interruption
from connector_core.service.messages import Failure, Report, Task, Trouble, decode_task, encode
from connector_core.service.places import Places, utc_now
from connector_core.service.rotation import finish
from connector_core.service.source_files import SourceFiles
from connector_core.service.standstill import Standstill, standstill, stood
from connector_core.service.worker import Worker
from connector_core.settings.model import Settings
from connector_core.sources.pace import FullSpeed, Gentle, Told
from connector_core.sources.spool import Spool
from connector_core.store.backup import Backups
from connector_core.store.connection import translated
from connector_core.store.recovery import told

log = logging.getLogger(__name__)

_LOOK = 2.0
"""Seconds between two looks whether an earlier worker has ended."""
_READ_ONLY = "le dossier des données n'est pas accessible en écriture"
_FAILURES = {
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le disque est plein",
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}


def answer_tasks(settings: Settings, configuration_folder: Path, *, no_plugins: bool = False) -> None:
    """Be the worker of a practice until the daemon has no more tasks. What is an error for a person is answered."""
    _leave_signals_to_the_daemon()
    step_back()
    logs.start(settings.data_folder(), logs.WORKER_LOG)
    with (
        _pipes() as (tasks, answers),
        _watch(Places(settings.data_folder())) as watch,
        _Workplace(settings, configuration_folder, no_plugins, watch) as place,
        suppress(Interrupted),
    ):
        interruption = place.interruption = Interruption(tasks.fileno(), watch.goes_on)
        place.get_ready()
        for line in interruption.tasks():
            try:
                with watch.watched(), interruption.interruptible():
                    answer: Report | Failure = place.work(decode_task(line))
            except ConnectorError as error:
                answer = Failure(type(error).__name__, error.what, error.where, error.remedy)
            except OSError as error:
                what = _FAILURES.get(error.errno or 0, "le dossier des données n'est pas utilisable")
                remedy = "Vérifiez le disque et les droits du dossier ; rien n'est perdu"
                answer = Failure(StoreUnavailable.__name__, what, str(settings.data_folder()), remedy)
            answers.write(encode(answer) + b"\n")
            answers.flush()
            if isinstance(answer, Report) and answer.works:
                with watch.watched():
                    place.back_up()


@contextmanager
def _watch(places: Places) -> Iterator[Standstill]:
    """What ends this worker when a task stands still; where the last one stood is told first."""
    place = stood(places.standstill)
    if place is not None:
        log.error("standstill", extra={"place": place})
    with standstill(places.standstill) as watch:
        yield watch


class _Workplace:
    """A worker that is made with the first task, and made anew when the store turns out to be damaged."""

    def __init__(self, settings: Settings, configuration_folder: Path, no_plugins: bool, watch: Standstill) -> None:
        self._watch = watch
        self._settings = settings
        self._configuration_folder = configuration_folder
        self._no_plugins = no_plugins
        self._opened = ExitStack()
        self._rules: Rules | None = None
        self._worker: Worker | None = None
        self._backups: Backups | None = None
        self.interruption: Interruption | None = None
        """What has a task left; without it tasks are done to their end."""
        self._doubtful = False
        """Whether a page of the store was not what was written."""
        self._troubles: list[Trouble] = []
        """What is still to be told."""

    def __enter__(self) -> _Workplace:
        return self

    def __exit__(self, *_error: object) -> None:
        self._opened.close()

    def get_ready(self) -> None:
        """Load what is asked before there is a task. What is wrong with it is raised by the first task."""
        with suppress(ConnectorError):
            self._rules = self._asked()

    def work(self, task: Task) -> Report:
        """Do a task; where the store is damaged, once more on its last backup."""
        try:
            report = self._worked(task, look_closely=self._doubtful or task.reads is None)
        except StoreDamaged:
            self._close()
            report = self._worked(task, look_closely=True)
        troubles, self._troubles = self._troubles, []
        return msgspec.structs.replace(report, troubles=(*troubles, *report.troubles))

    def back_up(self) -> None:
        """Make a backup if one is due and a file was ever read. What goes wrong is told with the next answer; the work
        goes on without."""
        if self._worker is None or self._backups is None or not self._worker.store.files.reads():
            return
        if not self._backups.due(self._settings.data.backup_every):
            return
        try:
            self._worker.store.back_up(self._backups)
            let_go_of_decisions(self._settings, self._backups)
        except StoreDamaged as error:
            self._troubles.append(Trouble("backup", {"reason": error.what}))
            self._close()
            self._doubtful = True
        except StoreError as error:
            self._troubles.append(Trouble("backup", {"reason": error.what}))

    def _worked(self, task: Task, *, look_closely: bool) -> Report:
        if self._worker is None:
            self._worker = self._opened.enter_context(self._made(look_closely=look_closely))
            self._doubtful = False
        with translated(self._worker.store.path):
            return self._worker.work(task)

    def _asked(self) -> Rules:
        host = plugin_host(self._settings, self._configuration_folder, no_plugins=self._no_plugins)
        return rules_of(self._settings, host)

    def _close(self) -> None:
        self._worker = None
        self._opened.close()

    @contextmanager
    def _made(self, *, look_closely: bool) -> Iterator[Worker]:
        settings = self._settings
        places = Places(settings.data_folder())
        with self._alone(places):
            finish(places, StoreKeys(secrets_of(settings)))
            rules = self._rules or self._asked()
            store, key, recovery = open_sound_store(settings, look_closely=look_closely)
            if recovery is not None:
                self._troubles.append(Trouble("recovery", {"reason": told(recovery)}))
            self._backups = backups_of(settings, key)
            self._backups.sweep()

            goes_on = self._goes_on
            outgoing = outgoing_of(settings, store, rules, goes_on)
            pace = Told(Gentle(OthersLoad()) if settings.daemon.gentle else FullSpeed(), goes_on)
            spool = Spool(places.spool, key, pace)
            databases = Databases(store, spool, rules.host, lambda: secrets_of(settings), utc_now)
            with store, closing(databases):
                pipeline = pipeline_of(settings, store, rules, outgoing.queue, lambda _what, _done: goes_on())
                yield Worker(
                    settings,
                    SourceFiles(store, spool, pipeline, pace),
                    listening_of(settings, store, rules.host, outgoing.queue),
                    outgoing,
                    decisions_of(settings, key),
                    databases,
                    recovered=recovery is not None,
                    apart=apart_sources(settings, rules.host),
                )

    def _goes_on(self) -> None:
        (self.interruption or self._watch).goes_on()

    @contextmanager
    def _alone(self, places: Places) -> Iterator[None]:
        """Wait for an earlier worker that is still at its task; it ends by itself if that stands still."""
        lock = FileLock(places.worker_lock)
        while not lock.is_locked:
            with suppress(Timeout):
                lock.acquire(timeout=_LOOK)
            self._goes_on()
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _pipes() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The pipes to the daemon, kept from what runs in this process and from what that starts."""
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as answers:
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # a device, not a path
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        yield tasks, answers


def _leave_signals_to_the_daemon() -> None:
    """A signal to stop reaches both; the daemon has the worker leave its task."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
