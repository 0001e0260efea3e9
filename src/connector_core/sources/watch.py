"""Being woken when something happens in a folder: a hint, so that a dropped file is seen at once.

Only the events that can mean a new file are asked for (a reader of the folder, an antivirus for instance, causes none).
Each folder has an observer of its own, so that one is started again without a word to the others. It is when its
threads died, though one of them may still be alive; when the folder at that path is another one than it watches; and
when a look found what it should have told of. Where watching is not possible the periodic look is enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
    from watchdog.observers.api import BaseObserver

_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
_END = 5.0
"""Seconds that an observer may take to end."""


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: Event) -> None:
        self._wake = wake
        self.told = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        self.told = True
        self._wake.set()


@dataclass(slots=True)
class _Watch:
    """One observer of one folder, and which folder that was."""

    observer: BaseObserver
    waker: _Waker
    identity: tuple[int, int]

    def sound(self, identity: tuple[int, int]) -> bool:
        """Whether it still watches the folder that is there: its own word for being alive is not enough."""
        emitters = self.observer.emitters
        alive = self.observer.is_alive() and bool(emitters) and all(each.is_alive() for each in emitters)
        return alive and identity == self.identity


def _always(_folder: Path) -> bool:
    return True


class FolderHints:
    """Sets an event when something happens in one of the folders; those that `watchable` refuses are left alone."""

    def __init__(self, folders: Iterable[Path], wake: Event, watchable: Callable[[Path], bool] = _always) -> None:
        self._folders = tuple(folders)
        self._wake = wake
        self._watchable = watchable
        self._watches: dict[Path, _Watch] = {}
        self.supervise()

    def heard(self) -> set[Path]:
        """The folders in which something has happened since this was last asked."""
        heard = {folder for folder, watch in self._watches.items() if watch.waker.told}
        for folder in heard:
            self._watches[folder].waker.told = False
        return heard

    def supervise(self) -> set[Path]:
        """Start what is not watching: folders that have appeared or were replaced, observers that died. Returns those
        that were started; what happened in them until now was not told."""
        return {folder for folder in self._folders if self._supervised(folder)}

    def missed(self, changed: Iterable[Path]) -> set[Path]:
        """Start again what has not told of changes that a look found: alive, but deaf. Returns those folders."""
        deaf = {folder for folder in changed if folder in self._watches and not self._watches[folder].waker.told}
        for folder in deaf:
            self.restart(folder)
        return deaf

    def restart(self, folder: Path) -> None:
        """Watch a folder anew, whatever its observer says of itself."""
        self._end(folder)
        self._supervised(folder)

    def close(self) -> None:
        for folder in self._folders:
            self._end(folder)

    def _supervised(self, folder: Path) -> bool:
        identity = _identity(folder) if self._watchable(folder) else None
        watch = self._watches.get(folder)
        if watch is not None and identity is not None and watch.sound(identity):
            return False
        self._end(folder)
        return identity is not None and self._begin(folder, identity)

    def _begin(self, folder: Path, identity: tuple[int, int]) -> bool:
        waker = _Waker(self._wake)
        observer = None
        try:
            observer = Observer()
            observer.schedule(waker, os.path.realpath(folder), event_filter=_EVENTS)  # a link itself tells nothing
            observer.start()
        except OSError:  # no watch to be had: the folder went away, or the system's limit is reached
            if observer is not None:
                _stop(observer)
            return False
        self._watches[folder] = _Watch(observer, waker, identity)
        return True

    def _end(self, folder: Path) -> None:
        watch = self._watches.pop(folder, None)
        if watch is not None:
            _stop(watch.observer)


def _stop(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join(_END)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder lies at a path; None where none does."""
    try:
        status = os.stat(folder)  # noqa: PTH116  # a Path is followed the same way
    except OSError:
        return None
    return status.st_dev, status.st_ino
