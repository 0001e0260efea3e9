"""What runs here: the program, Python, the system, and the packages that are installed beside them."""

from __future__ import annotations

import locale
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.metadata import Distribution, distributions

from connector_core import __version__
from connector_core.diagnose.support.exact import moment, version
from connector_core.plugins.guard import Raised, guarded

_MOST_PACKAGES = 400


def computer(now: datetime) -> Mapping[str, object]:
    """Versions, and nothing that tells this computer from another of its kind."""
    return {
        "connector": version(__version__),
        "python": version(platform.python_version()),
        "implementation": platform.python_implementation(),
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "system": platform.system(),
        "release": version(platform.release()),
        "edition": _edition(),
        "machine": platform.machine(),
        "encoding": locale.getencoding(),
        "file_system_encoding": sys.getfilesystemencoding(),
        "made_at": moment(now.isoformat()),
        "zone_hours": -time.timezone / 3600,
        "packages": _packages(),
    }


def _edition() -> str:
    """The system's own name for itself: the version of Windows, the distribution of Linux."""
    if sys.platform == "win32":
        return version(platform.version())
    if sys.platform == "darwin":
        return version(platform.mac_ver()[0])
    found = guarded(platform.freedesktop_os_release)
    return "" if isinstance(found, Raised) else f"{found.get('ID', '')} {found.get('VERSION_ID', '')}".strip()


def _packages() -> Sequence[Mapping[str, str]]:
    """The installed distributions, by name; one with damaged metadata is left out."""
    found: dict[str, str] = {}
    for each in distributions():
        told = guarded(partial(_named, each))
        if not isinstance(told, Raised):
            found.setdefault(*told)
    return [{"name": name, "version": version(of)} for name, of in sorted(found.items())][:_MOST_PACKAGES]


def _named(distribution: Distribution) -> tuple[str, str]:
    return distribution.metadata["Name"].lower(), distribution.version
