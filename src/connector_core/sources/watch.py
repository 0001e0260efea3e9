"""Being woken when something happens in a folder: a hint, so that a dropped file is seen at once.

Only the events that can mean a new file are asked for (a reader of the folder, an antivirus for instance, causes
none). An emitter that died, as it does when a share drops, is started again; where watching is not possible the
periodic look is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._wake.set()


class FolderHints:
    """Sets an event when something happens in one of the folders."""

    def __init__(self, folders: Iterable[Path], wake: Event) -> None:
        self._folders = tuple(folders)
        self._handler = _Waker(wake)
        self._observer: BaseObserver = Observer()
        self._watches: dict[Path, ObservedWatch] = {}
        self._observer.start()
        self.supervise()

    def supervise(self) -> None:
        """Start what is not watching: folders that have appeared, emitters that died."""
        alive = {emitter.watch for emitter in self._observer.emitters if emitter.is_alive()}
        for folder in self._folders:
            watch = self._watches.get(folder)
            if watch in alive:
                continue
            if watch is not None:
                with suppress(KeyError, OSError):
                    self._observer.unschedule(watch)
                del self._watches[folder]
            if folder.is_dir():
                with suppress(OSError):
                    self._watches[folder] = self._observer.schedule(self._handler, str(folder), event_filter=_EVENTS)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join(timeout=5)
