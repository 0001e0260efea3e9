"""Ending a process whose work stands still.

The promise: work that has not gone on for `LONGEST` seconds ends its process, whatever holds it: a loop without end, a
search that takes for ever, a library that waits. Whoever asked for the work learns that the process is gone, and
goes on. That work goes on is said from within it (`goes_on`), never by a thread beside it, and the end comes from a
thread of the interpreter that needs none of its locks. What is not promised: an end where the system itself keeps the
process, as it does over a disk that no longer answers.

Where it stood is left in a file: names of modules and functions with their lines, and no value. The next process says
so in its log, once.
"""

from __future__ import annotations

import faulthandler
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

LONGEST = 300.0
"""Seconds without a sign after which work is given up. Reading says that it goes on every few thousand rows, checking
every few hundred patients; on the slowest PC that is seconds."""
_SELDOM = 5.0
"""Seconds from one sign that is heeded to the next: each costs a tenth of a millisecond."""
_FRAME = re.compile(r'File "[^"\n]*?(connector_\w+(?:[\\/]\w+)*)\.py", line (\d+)')


class Standstill:
    """Watches the work of this process, one piece at a time. `file` takes where it stood."""

    def __init__(self, file: TextIO, longest: float) -> None:
        self._file = file
        self._longest = longest
        self._working = False
        self._heeded = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What is done inside is work, which must go on."""
        self._working = True
        self._begin_anew()
        try:
            yield
        finally:
            self._working = False
            faulthandler.cancel_dump_traceback_later()

    def goes_on(self) -> None:
        """The work has come further."""
        if self._working and time.monotonic() - self._heeded >= min(_SELDOM, self._longest / 10):
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._heeded = time.monotonic()
        faulthandler.dump_traceback_later(self._longest, exit=True, file=self._file)


@contextmanager
def standstill(path: Path, longest: float = LONGEST) -> Iterator[Standstill]:
    """A watch that leaves in a file where work stood, and no file where it went on to its end; one that can't be
    written is done without."""
    with ExitStack() as opened:
        try:
            file = opened.enter_context(path.open("w", encoding="utf-8"))
        except OSError:
            file = opened.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        yield Standstill(file, longest)
    with suppress(OSError):  # an earlier worker may still have it open
        path.unlink()


def stood(path: Path) -> str | None:
    """Where the work of an earlier process stood, as `module:line` of connector's code; None where none did."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    main_thread = text[text.rfind("Thread ") + 1 :]  # the oldest comes last
    found = _FRAME.search(main_thread) or _FRAME.search(text)
    if found is None:
        return "unknown" if text else None
    module = re.sub(r"[\\/]", ".", found[1])
    return f"{module}:{found[2]}"
