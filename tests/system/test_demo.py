"""The demonstration: everything planted is found, nothing else is told, and only the report stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def keeping_logs(folder: Path, kept: Path) -> Iterator[None]:
    """Keep the logs below a folder that will be removed: at the end of a run, its logs are searched for people."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.1):
            for path in folder.rglob("*.log"):
                with suppress(OSError):
                    os.link(path, kept / path.name)

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_the_demonstration_finds_everything_in_time_and_leaves_only_the_report(tmp_path: Path) -> None:
    for vendor in ("vega", "kine4000", "kinemax"):
        pytest.importorskip(f"connector_{vendor}", reason="the vendors' connectors are not installed")
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    places = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA")}
    begun = time.monotonic()
    with keeping_logs(temporary, tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "connector_core", "demo"],
            env={**os.environ, **places, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)},
            capture_output=True,
            encoding="utf-8",
            timeout=80,
            check=False,
        )
    assert (tmp_path / "connector.log").stat().st_size > 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - begun < 60
    assert done.stderr == ""
    score = re.search(r"Erreurs semées : (\d+) ; trouvées : (\d+), manquées : 0, fausses alertes : 0\.", done.stdout)
    assert score is not None, done.stdout
    assert int(score[1]) == int(score[2]) > 50
    assert re.search(r"Jour 2 : .* \d+ constats? ouverts?, [1-9]\d* résolus?", done.stdout)
    assert "  1. " in done.stdout

    (report,) = temporary.iterdir()
    assert (report / "rapport.html").stat().st_size > 10_000
    assert str(report / "rapport.html") in done.stdout
    written = {path.name for path in report.iterdir()}
    assert written == {"echeances.ics", "rapport.html", "rapport.json", "rapport.xlsx", "regles"}
    assert not any(path.suffix in (".db", ".copie", ".tmp", ".csv", ".toml") for path in report.rglob("*"))
    assert list(home.iterdir()) == []
