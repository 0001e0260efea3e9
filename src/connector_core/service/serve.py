"""The daemon in this process, from settings to the last turn."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import date
from threading import Event

from filelock import FileLock, Timeout

from connector_core.access import make_private_folder
from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.service import logs, queued
from connector_core.service.channel_server import listening
from connector_core.service.daemon import Daemon
from connector_core.service.messages import Work
from connector_core.service.notify import notify
from connector_core.service.places import Places, today
from connector_core.service.running import Running
from connector_core.service.signals import stop_on_signals
from connector_core.service.standing import Standing
from connector_core.service.worker_process import WorkerProcess
from connector_core.settings.model import Settings

log = logging.getLogger(__name__)

_MORE_TIME = 900_000_000
"""Microseconds that a start may still take, said each minute while its first task goes on."""


def serve(
    settings: Settings,
    *,
    options: Sequence[str] = (),
    on: date | None = None,
    told: Callable[[Work], None] | None = None,
    stopped_by: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Run until told to stop. `told` is given what each piece of work did; `on` fixes the day, for rehearsals;
    `options` start another command for the same practice; `stopped_by` is given, once, what stops the daemon after its
    turn: without it, signals do.

    Raise ConfigurationError when there is nothing to watch, ConnectorError when another daemon has this practice, and
    what the first look at the store and the plugins raises.
    """
    sources = settings.sources
    if not sources:
        raise ConfigurationError(
            "aucune source à surveiller", where="[[source]]", remedy="Lancez « connector init » ou ajoutez une source"
        )
    os.umask(0o077)  # what this process and those it starts write is for its account alone
    places = Places(settings.data_folder())
    make_private_folder(places.data)
    lock = FileLock(places.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConnectorError(
            "connector tourne déjà pour ce cabinet", where=str(places.data), remedy="Voyez « connector status »"
        ) from None
    with lock:
        logs.start(places.data)
        running = Running(places.running)
        ready = Event()

        def alive() -> None:
            starting = not ready.is_set() and not daemon.stop.is_set()
            notify("WATCHDOG=1", *([f"EXTEND_TIMEOUT_USEC={_MORE_TIME}"] if starting else []))

        def turned() -> None:
            ready.set()
            notify("READY=1", "WATCHDOG=1", f"STATUS=Sources surveillées : {len(sources)}")

        daemon = Daemon(
            settings,
            WorkerProcess(options, alive),
            today=lambda: on or today(settings),
            told=told or (lambda _work: None),
            standing=Standing(places.problems).tell,
            queued=lambda: queued.taken(places.queued),
            answered=running.tell,
            turned=turned,
        )

        def stop() -> None:
            notify("STOPPING=1")
            daemon.interrupt()

        (stopped_by or stop_on_signals)(stop)
        log.info("start", extra={"files": len(sources)})
        with listening(settings, options):
            daemon.run()
        log.info("stop")
