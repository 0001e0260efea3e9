"""Having a practice to oneself: its worker's place, and the daemon's where that must not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from connector_core.errors import ConnectorError
from connector_core.service.places import Places

_PATIENCE = 60.0
"""Seconds for a worker to end its task."""


class PracticeHeld(ConnectorError):
    """Another program has what has to be held alone."""

    exit_code = 3


@contextmanager
def without_worker(places: Places, patience: float = _PATIENCE) -> Iterator[None]:
    """Nobody works on the store meanwhile; a daemon may run, and its worker waits. Raise PracticeHeld when the one that
    works now does not end in time."""
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(places.worker_lock, timeout=patience))
        except Timeout:
            raise PracticeHeld(
                "le service est en train de travailler", where=str(places.data), remedy="Réessayez dans un instant"
            ) from None
        yield


@contextmanager
def without_daemon(places: Places) -> Iterator[None]:
    """No daemon and no worker meanwhile. Raise PracticeHeld when one runs."""
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(places.lock, timeout=0))
        except Timeout:
            raise PracticeHeld(
                "connector tourne pour ce cabinet", where=str(places.data), remedy="Arrêtez d'abord le service"
            ) from None
        held.enter_context(without_worker(places))
        yield
