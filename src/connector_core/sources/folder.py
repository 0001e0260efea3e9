"""Which files of a watched folder are ready to be taken.

Watching is a hint, this is the truth: a plain look at the folder, repeated. A file is ready when its size and time
have stood still for the settling time over at least two looks and it can be opened. Files of one folder are given
together, once all of them are ready, since an export is several files that only make sense together; one that never
settles, or that another program never lets go of, holds the others up for `PATIENCE` seconds at most. One that this
account may not read holds them up only where rows are joined with those of other files: rights don't come by waiting.
A file that disappears is forgotten; its data is not. While a folder can't be seen nothing is forgotten, so that a share
that comes back is taken up where it was.

Times are those of a monotonic clock: setting the PC's clock changes nothing here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Protocol

from connector_core.errors import reason_of
from connector_core.sources.rights import forbidden

PATIENCE = 300.0
"""How long, in seconds, a file that does not settle keeps those beside it from being taken."""

_SHORTEST, _LONGEST = 0.2, 5.0
"""Seconds between two tries at opening a file that another program holds."""
_ONCE_MORE = 0.05
"""Seconds to a second look where no time to settle is asked for."""
_IGNORED = (".tmp", ".part", ".crdownload", ".lock", "~")


class Entry(NamedTuple):
    """What a look shows of a file."""

    path: Path
    size: int
    mtime_ns: int


class MayNotRead(PermissionError):
    """This account has no right to read the file."""


class FileSystem(Protocol):
    """The few calls that touch the disk, so that shares that drop and locked files can be tested."""

    def entries(self, folder: Path) -> Iterable[Entry]:
        """The files directly in a folder; OSError when it can't be listed."""
        ...

    def open(self, path: Path) -> BinaryIO:
        """Raise MayNotRead for want of rights, another OSError for any other reason."""
        ...


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
                except OSError as error:
                    if error.errno != errno.ELOOP:  # a link to itself is no file; anything else is the folder's trouble
                        raise

    def open(self, path: Path) -> BinaryIO:
        try:
            return path.open("rb")
        except PermissionError as error:
            if forbidden(path):
                raise MayNotRead(*error.args) from None
            raise


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a folder found.

    `ready` has the oldest first, so that the newest has the last word; `settling` counts files that are not ready,
    `forbidden` those of them that this account may not read, and `held` the others for which nobody waits any more;
    `again` is in how many seconds another look may find more ready, None when only time or a change will tell;
    `changed` says whether a file is new or has changed since the last look; `problem` says why the folder can't be
    seen.
    """

    ready: tuple[Entry, ...] = ()
    settling: int = 0
    held: int = 0
    again: float | None = None
    changed: bool = False
    problem: str | None = None
    forbidden: int = 0


@dataclass(slots=True)
class _Watched:
    """A file that is not taken yet: how it was last seen, since when it is so, since when it is awaited."""

    size: int
    mtime_ns: int
    since: float
    first: float
    not_before: float


@dataclass(slots=True)
class WatchedFolder:
    """One folder under watch. `settle` is in seconds; times are those of a monotonic clock."""

    folder: Path
    settle: float
    file_system: FileSystem = field(default_factory=LocalFileSystem)
    together: bool = True
    """Whether a file that may not be read holds the others up, since their rows may be joined with its own."""
    _pending: dict[Path, _Watched] = field(default_factory=dict)
    _done: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def look(self, now: float) -> Look:
        """Look once. What is ready is given again at each look until `done` says that it was taken."""
        try:
            entries = list(self.file_system.entries(self.folder))
        except OSError as error:
            return Look(problem=f"dossier inaccessible ({reason_of(error)})")
        present = {entry.path for entry in entries}
        self._pending = {path: watched for path, watched in self._pending.items() if path in present}
        self._done = {path: state for path, state in self._done.items() if path in present}
        fresh = [entry for entry in entries if self._done.get(entry.path) != (entry.size, entry.mtime_ns)]
        changed = {entry for entry in fresh if self._notice(entry, now)}
        unsettled = [entry for entry in fresh if self._left(entry, now) > 0 or entry in changed]
        wait = max((self._gate(entry, now) for entry in unsettled), default=0.0)
        if wait > 0:
            return Look((), len(unsettled), self._given_up(unsettled, now), wait, bool(changed))
        return self._opened(fresh, unsettled, now, changed=bool(changed))

    def done(self, entry: Entry) -> None:
        """A file was taken as it was seen; it is not ready again until it changes."""
        self._done[entry.path] = (entry.size, entry.mtime_ns)
        self._pending.pop(entry.path, None)

    def forget(self) -> bool:
        """No file was taken: what lies in the folder is given again. Whether there is any."""
        taken = bool(self._done)
        self._done.clear()
        return taken

    def postpone(self, entry: Entry, until: float) -> None:
        """A file could not be taken now: it is not ready before a time, and holds no other up."""
        watched = self._pending.get(entry.path)
        if watched is not None:
            watched.not_before = until

    def begin_anew(self) -> None:
        """What is awaited has to stand still from now on, as after a sleep of the PC, in which nobody could write."""
        self._pending.clear()

    def _opened(self, fresh: list[Entry], unsettled: list[Entry], now: float, *, changed: bool) -> Look:
        """What is ready of files for which nothing more is to be waited for, but that they can be opened."""
        ready: list[Entry] = []
        locked: list[Entry] = []
        barred: list[Entry] = []
        later: list[Entry] = []
        waiting = set(unsettled)
        for entry in fresh:
            if entry in waiting:
                continue
            if now < self._pending[entry.path].not_before:
                later.append(entry)
            else:
                {"opens": ready, "locked": locked, "barred": barred}[self._tried(entry)].append(entry)
        settling = len(unsettled) + len(locked) + len(barred) + len(later)
        held = self._given_up([*unsettled, *locked, *later], now)
        if any(self._awaited(entry, now) for entry in (*locked, *(barred if self.together else ()))):
            again = min(max(self.settle / 2, _SHORTEST), _LONGEST)
            return Look((), settling, held, again, changed, forbidden=len(barred))
        ready.sort(key=lambda entry: (entry.mtime_ns, entry.path))
        next_try = min((self._pending[entry.path].not_before - now for entry in later), default=None)
        return Look(tuple(ready), settling, held, next_try, changed, forbidden=len(barred))

    def _notice(self, entry: Entry, now: float) -> bool:
        """Whether a file is new or has changed; from now on it has to stand still."""
        watched = self._pending.get(entry.path)
        if watched is not None and (watched.size, watched.mtime_ns) == (entry.size, entry.mtime_ns):
            return False
        first = now if watched is None else watched.first
        self._pending[entry.path] = _Watched(entry.size, entry.mtime_ns, now, first, now)
        return True

    def _left(self, entry: Entry, now: float) -> float:
        """How long a file has still to stand still, in seconds."""
        return self._pending[entry.path].since + self.settle - now

    def _awaited(self, entry: Entry, now: float) -> bool:
        return now - self._pending[entry.path].first < PATIENCE

    def _given_up(self, entries: Iterable[Entry], now: float) -> int:
        return sum(not self._awaited(entry, now) for entry in entries)

    def _gate(self, entry: Entry, now: float) -> float:
        """How long an unsettled file holds the others up, in seconds: until it has stood still, or patience ends. One
        look is never enough, however short the settling time."""
        if not self._awaited(entry, now):
            return 0.0
        return min(max(self._left(entry, now), _ONCE_MORE), self._pending[entry.path].first + PATIENCE - now)

    def _tried(self, entry: Entry) -> Literal["opens", "locked", "barred"]:
        try:
            self.file_system.open(entry.path).close()
        except MayNotRead:
            return "barred"
        except OSError:
            return "locked"
        return "opens"
