"""Which files of a watched folder are ready to be taken.

Watching is a hint, this is the truth: a plain look at the folder, repeated. A file is ready when its size and time
have stood still for the settling time over at least two looks and it can be opened. Files of one folder are given
together, once all of them are ready, since an export is several files that only make sense together; one that never
settles holds the others up for `PATIENCE` seconds at most. A file that disappears is forgotten; its data is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

PATIENCE = 300.0
"""How long, in seconds, a file that does not settle keeps those beside it from being taken."""

_IGNORED = (".tmp", ".part", ".crdownload", ".lock", "~")


class Entry(NamedTuple):
    """What a look shows of a file."""

    path: Path
    size: int
    mtime_ns: int


class FileSystem(Protocol):
    """The few calls that touch the disk, so that shares that drop and locked files can be tested."""

    def entries(self, folder: Path) -> Iterable[Entry]:
        """The files directly in a folder; OSError when it can't be listed."""
        ...

    def open(self, path: Path) -> BinaryIO: ...


class LocalFileSystem:
    """The real one."""

    def entries(self, folder: Path) -> Iterator[Entry]:
        with os.scandir(folder) as found:
            for each in found:
                if each.name.startswith((".", "~$")) or each.name.lower().endswith(_IGNORED):
                    continue
                try:
                    if each.is_file():
                        status = each.stat()
                        yield Entry(Path(each.path), status.st_size, status.st_mtime_ns)
                except FileNotFoundError:
                    continue

    def open(self, path: Path) -> BinaryIO:
        return path.open("rb")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a folder found.

    `ready` has the oldest first, so that the newest has the last word; `settling` counts files that are not ready;
    `problem` says why the folder can't be seen.
    """

    ready: tuple[Entry, ...] = ()
    settling: int = 0
    problem: str | None = None


@dataclass(slots=True)
class _Watched:
    size: int
    mtime_ns: int
    since: float
    first: float


@dataclass(slots=True)
class WatchedFolder:
    """One folder under watch. `settle` is in seconds; times are those of a monotonic clock."""

    folder: Path
    settle: float
    file_system: FileSystem = field(default_factory=LocalFileSystem)
    _pending: dict[Path, _Watched] = field(default_factory=dict)
    _done: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def look(self, now: float) -> Look:
        """Look once. What is ready is given again at each look until `done` says that it was taken."""
        try:
            entries = list(self.file_system.entries(self.folder))
        except OSError as error:
            return Look(problem=f"dossier inaccessible ({error.strerror or type(error).__name__})")
        present = {entry.path for entry in entries}
        self._pending = {path: watched for path, watched in self._pending.items() if path in present}
        self._done = {path: state for path, state in self._done.items() if path in present}
        ready: list[Entry] = []
        settling = 0
        awaited = False
        for entry in entries:
            if self._done.get(entry.path) == (entry.size, entry.mtime_ns):
                continue
            if self._settled(entry, now) and self._opens(entry):
                ready.append(entry)
            else:
                settling += 1
                awaited = awaited or now - self._pending[entry.path].first < PATIENCE
        ready.sort(key=lambda entry: (entry.mtime_ns, entry.path))
        return Look((), settling) if awaited else Look(tuple(ready), settling)

    def done(self, entry: Entry) -> None:
        """A file was taken as it was seen; it is not ready again until it changes."""
        self._done[entry.path] = (entry.size, entry.mtime_ns)
        self._pending.pop(entry.path, None)

    def forget(self) -> bool:
        """No file was taken: what lies in the folder is given again. Whether there is any."""
        taken = bool(self._done)
        self._done.clear()
        return taken

    def _settled(self, entry: Entry, now: float) -> bool:
        watched = self._pending.get(entry.path)
        if watched is None or (watched.size, watched.mtime_ns) != (entry.size, entry.mtime_ns):
            first = now if watched is None else watched.first
            self._pending[entry.path] = _Watched(entry.size, entry.mtime_ns, now, first)
            return False
        return now - watched.since >= self.settle

    def _opens(self, entry: Entry) -> bool:
        try:
            self.file_system.open(entry.path).close()
        except OSError:
            return False
        return True
