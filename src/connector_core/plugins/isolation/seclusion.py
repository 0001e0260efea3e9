"""What the process of a plugin does to itself before anything of the plugin is imported.

The pipes are put where neither the plugin's output nor a program that it starts can get into them; the process is
limited, and ends with the other side.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_ORPHANED_AFTER = 2.0
"""Seconds between two looks whether whoever asks is still there."""
_NO_DUMP = 1
"""Bytes of a core dump. Linux takes 0 for a dump to a file alone, and 1 for one to a program too."""


@contextmanager
def pipes_out_of_reach() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The pipes to the other side, kept from what runs in this process and from what that starts."""
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:
        with open(os.devnull, "r+b", buffering=0) as nothing:  # noqa: PTH123  # a device, not a path
            os.dup2(nothing.fileno(), 0)
            os.dup2(nothing.fileno(), 1)
        yield requests, answers


def limit(memory: int) -> None:
    """No more memory than this, no dump of it, and no window that waits for a person."""
    if sys.platform == "win32":
        import ctypes

        fail_critical, no_fault_box = 0x0001, 0x0002
        ctypes.windll.kernel32.SetErrorMode(fail_critical | no_fault_box)
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, _NO_DUMP)):
        with suppress(ValueError, OSError):  # macOS knows no limit of this kind
            _, hard = resource.getrlimit(what)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))


def end_with_the_other_side() -> None:
    """A process whose parent is gone is asked nothing more. Windows ends it with its job."""
    if sys.platform == "win32":
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHANED_AFTER)
        os._exit(1)

    threading.Thread(target=look, daemon=True, name="parent").start()
