"""How a measured process tells what it took: one line of JSON, the last of its output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """The most memory this process held, in megabytes.

    Linux counts in `ru_maxrss` what the parent held when it forked; the process's own high-water mark is read there.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024**2 if sys.platform == "darwin" else used / 1024


def report(**figures: object) -> None:
    """Say how it went: seconds by name, counts by name, and the peak of memory."""
    print(json.dumps({"peak_mb": round(peak_mb(), 1), **figures}))
