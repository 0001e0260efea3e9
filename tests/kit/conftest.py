"""Plugins of the scaffold, whole or broken, installed where only one test sees them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector_core.testing.conformance.candidate import Candidate, Limits
from connector_core.testing.conformance.examination import Examination
from connector_core.testing.conformance.mutants import ENTRY_POINTS, METADATA, NAME, PACKAGE, Mutant, files_of

GOOD = Mutant("", "")


class Installed:
    """A folder on the path with one plugin in it, beside its samples."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "src"

    def put(self, mutant: Mutant = GOOD) -> None:
        for name, content in files_of(mutant).items():
            path = self.folder / name
            if name in (ENTRY_POINTS, METADATA):
                path = self.source / f"{PACKAGE}-0.1.0.dist-info" / path.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def edit(self, pattern: str, change: Callable[[str], str]) -> None:
        """Change the text of one file."""
        (path,) = self.folder.glob(pattern)
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    def examination(self, seconds: float = 60) -> Examination:
        limits = Limits(cuts=40, flips=120, read_seconds=seconds)
        return Examination(Candidate(NAME, self.folder / "samples", [str(self.source)], limits))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    here = Installed(tmp_path)
    monkeypatch.syspath_prepend(str(here.source))
    monkeypatch.setenv("MUTANT", "")  # one of them sets it
    yield here
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
