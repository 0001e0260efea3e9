"""The daemon in this process, from settings to the last turn."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.pipeline.attempt import Outcome
from connector_core.service import logs
from connector_core.service.assembly import Places, open_store, pipeline_of, plugin_host, rules_of, today
from connector_core.service.daemon import Daemon
from connector_core.service.deliveries import deliver_apart
from connector_core.settings.model import Settings
from connector_core.sources.spool import Spool

log = logging.getLogger(__name__)


def serve(
    settings: Settings,
    configuration_folder: Path,
    *,
    options: Sequence[str] = (),
    no_plugins: bool = False,
    on: date | None = None,
    told: Callable[[Outcome], None] | None = None,
) -> None:
    """Run until a signal asks to stop. `told` is given what each piece of work did; `on` fixes the day, for rehearsals;
    `options` start another command for the same practice.

    Raise ConfigurationError when there is nothing to watch, ConnectorError when another daemon has this practice.
    """
    folders = [source for source in settings.sources if source.folder is not None]
    if not folders:
        raise ConfigurationError(
            "aucun dossier à surveiller", where="[[source]]", remedy="Lancez « connector init » ou ajoutez une source"
        )
    places = Places(settings.data_folder())
    places.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(places.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConnectorError(
            "connector tourne déjà pour ce cabinet", where=str(places.data), remedy="Voyez « connector status »"
        ) from None
    with lock:
        logs.start(places.data)
        host = plugin_host(settings, configuration_folder, no_plugins=no_plugins)
        rules = rules_of(settings, host)

        def day() -> date:
            return on or today(settings)

        def delivered() -> None:
            deliver_apart(options, day())
            give_back()

        store, key = open_store(settings, create=True)
        with store:
            daemon = Daemon(
                settings,
                store,
                Spool(places.spool, key),
                pipeline_of(settings, store, rules),
                today=day,
                deliver=delivered,
                told=told or _untold,
            )
            _stop_on_signals(daemon)
            log.info("start", extra={"files": len(folders)})
            daemon.run()
            log.info("stop")


def give_back() -> None:
    """Return to the system the memory that work has left unused, where the C library knows how."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _stop_on_signals(daemon: Daemon) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        daemon.interrupt()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, stop)


def _untold(_outcome: Outcome) -> None:
    return None
