"""A mark by which a command tells the daemon that it has queued something to deliver.

The daemon opens no store, and would deliver it with its next work only. The mark is taken away before the delivery:
whatever ends the daemon in between, what waits in the outbox is delivered when it starts.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def mark(path: Path) -> None:
    """Something was queued. Where no mark can be made, it waits for the daemon's next work."""
    with suppress(OSError):
        path.touch(mode=0o600)


def taken(path: Path) -> bool:
    """Whether something was queued since this was last asked."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
