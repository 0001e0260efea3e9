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
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_", "UV_"))
    }
    found = {"PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels)}
    return {**kept, **found, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
