"""A newer program takes the service over, or everything is as it was.

The promise: when `upgrade` returns, the newer program runs the service and has opened the store; when it raises, the
former program is on record as before, with the store and the backups it left, and runs. The newer one proves itself on
the practice's own store, migrated where it must be; a copy of the store, made while nobody had it open, is what the
former program gets back. What the newer one read meanwhile is read again. The copy stays where both fail, and where the
power is cut in between: it is put back by hand then.

The copy is one of files, so that no key is needed: the administrator who upgrades may not have that of the service.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector_core.disk import sync_file, sync_folder
from connector_core.errors import ConnectorError, reason_of
from connector_core.service.places import Places
from connector_core.service.running import Program, read_running
from connector_core.service.system.base import ServiceError, System
from connector_core.service.system.job import Job
from connector_core.store.backup import backups_in

COPY_SUFFIX = ".avant-mise-a-jour"
PATIENCE = 300.0
"""Seconds that the newer program has to open the store, once it is started."""
_LOOK = 0.2
_JOURNAL = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as it passes, and how to wait for it."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def upgrade(system: System, job: Job, program: Program, clock: Clock | None = None) -> None:
    """Have the installed service run a job's program, which is told as `program` when it has opened the store.

    Raise ServiceError when there is no service or it can't be stopped, both before anything has changed, and when the
    newer program did not open the store: the former one then runs again. Raise it too when that failed as well, with
    what is to be done by hand.
    """
    places = Places(job.data)
    record = system.registration()
    system.stop()
    try:
        copy = _copied(places.store)
    except OSError as error:
        system.start()
        raise ServiceError(
            f"le magasin n'a pas pu être copié avant la mise à jour ({reason_of(error)}) ; rien n'a changé",
            where=str(places.data),
            remedy="Libérez de la place, puis recommencez",
        ) from error
    known = {backup.path for backup in backups_in(places.backups)}
    try:
        places.running.unlink(missing_ok=True)
        system.take_over(job)
        system.start()
        _wait_for(system, places.running, program, clock or Clock())
    except (ConnectorError, OSError) as error:
        told = error.what if isinstance(error, ConnectorError) else reason_of(error)
        _go_back(system, record, places, copy, known, str(told))
        raise ServiceError(
            f"la version {program.version} n'a pas ouvert le magasin ({told}) ; la précédente tourne de nouveau",
            where=str(job.interpreter.parent),
            remedy="Rien n'est perdu. Gardez le journal de cette tentative (connector.log, worker.log) pour l'éditeur",
        ) from error
    except BaseException:  # whoever upgrades has interrupted it
        _go_back(system, record, places, copy, known, "interrompue")
        raise
    _let_go(copy)


def _wait_for(system: System, running: Path, program: Program, clock: Clock) -> None:
    """Until the program has opened the store; ServiceError when it has ended or takes too long."""
    deadline = clock.now() + PATIENCE
    while read_running(running) != program:
        if not system.state().running:
            raise ServiceError("le service s'est arrêté")
        if clock.now() > deadline:
            raise ServiceError("le service n'a pas répondu à temps")
        clock.wait(_LOOK)


def _go_back(system: System, record: bytes, places: Places, copy: Path | None, known: set[Path], told: str) -> None:
    try:
        with suppress(ServiceError):  # it may have ended by itself, and a manager that lost it can't stop it
            system.stop()
        if system.state().running:
            raise ServiceError("le service ne s'arrête pas")
        _put_back(places.store, copy)
        for backup in backups_in(places.backups):
            if backup.path not in known:
                backup.path.unlink()
        system.put_back(record)
        system.start()
    except (ConnectorError, OSError) as error:
        why = error.what if isinstance(error, ConnectorError) else reason_of(error)
        kept = "" if copy is None else f" Le magasin d'avant est gardé dans {copy}."
        raise ServiceError(
            f"la mise à jour a échoué ({told}), et le retour à la version précédente aussi ({why})",
            where=str(places.data),
            remedy=f"Arrêtez le service, remettez le magasin à sa place et réinstallez la version précédente.{kept}",
        ) from error
    _let_go(copy)


def _copied(store: Path) -> Path | None:
    """A copy of a store that nobody has open, journal included, with its owner; None where there is no store yet."""
    if not store.exists():
        return None
    copy = store.with_name(store.name + COPY_SUFFIX)
    _let_go(copy)
    for source, target in _files(store, copy):
        if source.exists():
            _copy(source, target)
    sync_folder(store.parent)
    return copy


def _put_back(store: Path, copy: Path | None) -> None:
    """The store as it was. What the newer program left in a journal goes first, lest it be replayed into the older."""
    for suffix in _JOURNAL:
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    if copy is None:
        store.unlink(missing_ok=True)
        return
    fresh = store.with_name(store.name + COPY_SUFFIX + "-retour")
    _copy(copy, fresh)
    fresh.replace(store)
    for source, target in _files(copy, store):
        if source != copy and source.exists():
            _copy(source, target)
    sync_folder(store.parent)


def _copy(source: Path, target: Path) -> None:
    shutil.copy2(source, target)
    if os.name != "nt":
        owner = source.stat()
        os.chown(target, owner.st_uid, owner.st_gid)
    sync_file(target)


def _let_go(copy: Path | None) -> None:
    if copy is not None:
        for path, _ in _files(copy, copy):
            path.unlink(missing_ok=True)


def _files(store: Path, other: Path) -> Iterator[tuple[Path, Path]]:
    """The file of a store and what SQLite keeps beside it, each with its name beside another."""
    yield store, other
    for suffix in _JOURNAL:
        yield store.with_name(store.name + suffix), other.with_name(other.name + suffix)
