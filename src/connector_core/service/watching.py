"""One source under watch: when its folder is to be looked at, what is wrong with it, which of its files are left alone
for a while.

A folder on a disk of this PC gives hints, and its interval only catches what they miss. A share or what can be pulled
out is looked at on an interval of its own, in its own time, whatever was wrong with it last time. Times are those of a
monotonic clock, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connector_core.settings.model import Daemon, Source
from connector_core.sources.folder import PATIENCE, Entry, FileSystem, Look, WatchedFolder
from connector_core.sources.reach import Reach
from connector_core.sources.timely import TimelyFileSystem

_FIRST_PAUSE = 1.0
"""Before a file that could not be taken is tried again; twice as long each time, up to the interval of the looks."""
_SPACING, _TIMES = 0.2, 5.0
"""Between two looks for which a hint asks: at least so long, or so many times what a look takes."""
_MINUTES = int(PATIENCE // 60)
_UNMOUNTED = "le partage ou le disque qui était monté là ne l'est plus"


@dataclass(slots=True)
class WatchedSource:
    """What the daemon knows of one source. `reach` says where a folder lies."""

    source: Source
    path: Path
    settings: Daemon
    file_system: FileSystem
    reach: Callable[[Path], Reach]
    next_look: float = float("-inf")
    changed: bool = False
    """Whether the last look found what the one before it had not."""
    folder: WatchedFolder = field(init=False)
    _in_time: FileSystem = field(init=False)
    _lies: Reach | None = None
    """Where it lay when it was last seen."""
    _not_before: float = float("-inf")
    _seen: str | None = None
    """What is wrong with the folder."""
    _work: str | None = None
    """What is wrong with taking its files."""
    _pauses: dict[Entry, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = WatchedFolder(self.path, self.source.settle.total_seconds(), self.file_system)
        self._in_time = TimelyFileSystem(self.file_system)

    @property
    def problem(self) -> str | None:
        """What is wrong with the source now (French, without data)."""
        return self._seen or self._work

    def watchable(self) -> bool:
        """Whether hints can be had and are wanted."""
        return self.source.watch == "auto" and self.reach(self.path) == "local"

    def hinted(self, now: float) -> None:
        """Something happened in the folder: it is looked at, now if the last look is not too near."""
        self.next_look = min(self.next_look, max(now, self._not_before))

    def look(self, clock: Callable[[], float]) -> Look:
        """Look once, and settle when to look again."""
        now = clock()
        lies, before = self.reach(self.path), self._lies
        self.changed = False
        if lies == "local" and before in ("network", "removable"):
            look, lies = Look(problem=_UNMOUNTED), before
        else:
            self.folder.file_system = self.file_system if lies == "local" else self._in_time
            look = self.folder.look(now)
            if look.problem is None and lies != "unknown":
                self._lies = lies
            self.changed = look.changed and before is not None
        interval = self._interval(lies)
        self.next_look = now + (interval if look.again is None else min(look.again, interval))
        self._not_before = now + max(_SPACING, _TIMES * (clock() - now))
        self._seen = look.problem or " ; ".join(_left(look, waits=self.folder.together)) or None
        if look.problem is None and not look.ready and not look.settling:
            self._work = None
            self._pauses.clear()
        return look

    def begin_anew(self, now: float) -> None:
        """The PC has slept: what is awaited has to stand still again, and is looked at now."""
        self.folder.begin_anew()
        self.next_look = now

    def forget(self, now: float) -> bool:
        """The store is an older one than it was: what lies in the folder is told again. Whether anything was taken."""
        self.next_look = now
        return self.folder.forget()

    def later(self, now: float) -> None:
        """What was ready could not be given to a worker: not before the next interval."""
        self.next_look = now + self._interval(self._lies)

    def done(self, entry: Entry) -> None:
        """A file was taken."""
        self.folder.done(entry)
        self._pauses.pop(entry, None)

    def not_taken(self, entry: Entry, now: float) -> None:
        """A file could not be taken, or its vendor has not finished it: it is left alone for a while."""
        pause = self._pauses.get(entry, _FIRST_PAUSE)
        self._pauses[entry] = min(pause * 2, self._interval(self._lies))
        self.folder.postpone(entry, now + pause)
        self.next_look = min(self.next_look, now + pause)

    def begin_work(self) -> None:
        """Files of the source are about to be given to a worker: what was wrong before may be over."""
        self._work = None

    def went_wrong(self, problem: str) -> None:
        """A file could not be copied, broke its connector, or ended the worker."""
        self._work = problem

    def _interval(self, lies: Reach | None) -> float:
        near = lies == "local" and self.source.watch == "auto"
        return (self.settings.rescan if near else self.settings.rescan_shares).total_seconds()


def _left(look: Look, *, waits: bool) -> Iterator[str]:
    """Why files that lie there are not taken."""
    if look.forbidden:
        files = "1 fichier" if look.forbidden == 1 else f"{look.forbidden} fichiers"
        others = "les autres " + (f"attendent {_MINUTES} minutes au plus, puis " if waits else "") + "sont lus"
        yield f"le service n'a pas le droit de lire {files} de ce dossier ; {others}"
    if look.held:
        yield _held(look.held)


def _held(count: int) -> str:
    if count == 1:
        return (
            f"1 fichier n'est toujours pas prêt après {_MINUTES} minutes : il change sans cesse, un logiciel le tient "
            "ouvert, ou il est inachevé"
        )
    return (
        f"{count} fichiers ne sont toujours pas prêts après {_MINUTES} minutes : ils changent sans cesse, un logiciel "
        "les tient ouverts, ou ils sont inachevés"
    )
