"""Asking for a shadow of the volume that a file lies on, and letting go of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, cast

import msgspec

from connector_core.sources.database.shadow.exchange import MODULE, Answered, Asked, NoShadow
from connector_core.sources.database.shadow.records import folder_of_account, left

_LOOK = 20.0
"""Seconds that the maker has to say whether it could make a shadow, or to clear away what is left."""
_GRACE = 2.0
"""Seconds that the maker has to say by itself that its time is over."""
_DELETION = 5.0
"""Seconds that a deletion is waited for. It goes on without."""


@dataclass(frozen=True, slots=True)
class Shadows:
    """Shadows of this PC's volumes: the program that makes them, where in which volume a file lies (it raises
    NoShadow), and the folder of the notes."""

    command: tuple[str, ...]
    place: Callable[[Path], tuple[str, str]]
    noted: Path

    @contextmanager
    def of(self, path: Path, until: float) -> Iterator[Path]:
        """A file as it was at an instant within the call, for the time of the block; `until` is when it must be had at
        the latest, by the monotonic clock. Raise NoShadow."""
        volume, inside = self.place(path)
        within = until - time.monotonic()
        if within <= 0:
            raise NoShadow("silent")
        with self._asked(Asked("make", volume, within), within) as answered:
            found = Path(os.path.join(answered.device, inside))  # noqa: PTH118  # of a device, which is no folder
            try:
                found.open("rb").close()
            except OSError:
                raise NoShadow("unreadable") from None
            yield found

    def look(self, path: Path) -> None:
        """Raise NoShadow where there would be none of a file. Makes none."""
        volume, _ = self.place(path)
        with self._asked(Asked("look", volume), _LOOK):
            return

    def clear(self) -> None:
        """Delete what processes that are gone have left, as far as that goes."""
        if any(left(self.noted)):
            with suppress(NoShadow), self._asked(Asked("clear"), _LOOK):
                return

    @contextmanager
    def _asked(self, asked: Asked, within: float) -> Iterator[Answered]:
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            raise NoShadow("failed") from None
        answers: SimpleQueue[bytes] = SimpleQueue()
        attendant = Thread(target=_attend, args=[process, answers], daemon=True)
        attendant.start()
        wanted = cast(IO[bytes], process.stdin)
        try:
            with suppress(OSError):
                wanted.write(msgspec.json.encode(asked) + b"\n")
                wanted.flush()
            yield _answered(answers, within)
        finally:
            with suppress(OSError):
                wanted.close()
            attendant.join(_DELETION)


def shadows_of_system() -> Shadows | None:
    """Those of Windows; None elsewhere."""
    if sys.platform == "win32":
        from connector_core.sources.database.shadow.windows import place_of

        return Shadows((sys.executable, "-m", MODULE), place_of, folder_of_account())
    else:  # noqa: RET505  # mypy tells the systems apart by the branches of one statement
        return None


def _attend(process: subprocess.Popen[bytes], answers: SimpleQueue[bytes]) -> None:
    """See a maker to its end: it is never killed, since it has something to delete."""
    with cast(IO[bytes], process.stdout) as stream:
        answers.put(stream.readline())
        process.wait()


def _answered(answers: SimpleQueue[bytes], within: float) -> Answered:
    try:
        answered = msgspec.json.decode(answers.get(timeout=within + _GRACE), type=Answered)
    except Empty:
        raise NoShadow("silent") from None
    except msgspec.MsgspecError:
        raise NoShadow("failed") from None
    if answered.why is not None:
        raise NoShadow(answered.why)
    return answered
