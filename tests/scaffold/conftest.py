"""A machine with connector-core installed from its wheel, as a vendor has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of connector-core."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-m", "uv", "build", "-q", "--wheel", "-o", str(folder), str(ROOT)], check=True, timeout=120
    )
    return folder


@pytest.fixture(scope="session")
def bare(wheels: Path) -> dict[str, str]:
    """An environment without the source of this clone, in which pip finds that wheel."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_", "UV_", "XDG_"))
    }
    found = {"PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels)}
    # What was downloaded once is not downloaded for each test, whose home is another.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    quick = {"XDG_CACHE_HOME": cache, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}
    return {**kept, **found, **quick, "PYTHONUTF8": "1"}
