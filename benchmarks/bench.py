"""What the benchmarks of one run share: where they work, the data they read, the peers' environments."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import runs
from benchmarks.contenders.vega_rows import TABLES, path_of
from benchmarks.figures import Side
from benchmarks.runs import ContenderFailed

PATIENTS_A_YEAR = 600
YEARS = 10


@dataclass(slots=True)
class Bench:
    """One run of benchmarks. `work` is emptied by the caller; `venvs` is kept from one run to the next."""

    work: Path
    venvs: Path
    repeats: int
    idle_seconds: float
    _exports: dict[int, Path] = field(default_factory=dict)
    _pythons: dict[str, Path] = field(default_factory=dict)
    _folders: int = 0

    def export(self, years: int = YEARS) -> Path:
        """The whole Vega export of a practice of so many years, written once."""
        folder = self._exports.get(years)
        if folder is None:
            folder = self.folder(f"export-{years}")
            runs.run("make_export", folder, PATIENTS_A_YEAR * years, years)
            self._exports[years] = folder
        return folder

    def five_lists(self) -> Path:
        """The five lists that every contender of the ingest reads."""
        source, folder = self.export(), self.work / "five"
        if not folder.exists():
            folder.mkdir()
            for table in TABLES:
                shutil.copy(path_of(source, table), folder)
        return folder

    def folder(self, name: str) -> Path:
        """A new empty folder."""
        self._folders += 1
        made = self.work / f"{self._folders:03d}-{name}"
        made.mkdir()
        return made

    def python_with(self, *requirements: str) -> Path:
        """The Python of an environment of its own with these; raise ContenderFailed when it can't be made."""
        name = "+".join(each.partition("[")[0].partition(">")[0] for each in requirements)
        found = self._pythons.get(name)
        if found is None:
            found = self._pythons[name] = _environment(self.venvs / name, requirements)
        return found

    def contest(self, *contenders: Contender) -> list[Side]:
        """Run the contenders in turn, round after round. Each run gets a new folder after its arguments, for itself."""
        sides = [Side(each.name) for each in contenders]
        for _ in range(self.repeats):
            for each, side in zip(contenders, sides, strict=True):
                folder = self.folder(each.module)
                side.runs.append(runs.run(each.module, *each.arguments, folder, python=each.python))
                shutil.rmtree(folder)
        return sides


@dataclass(frozen=True, slots=True)
class Contender:
    """A module of `benchmarks.contenders`, the Python that runs it (ours, when None) and what it is given."""

    name: str
    module: str
    arguments: tuple[object, ...] = ()
    python: Path | None = None


def _environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / "ready"
    if ready.exists() and ready.read_text() == " ".join(requirements):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    try:
        runs.call([sys.executable, "-m", "venv", folder])
        runs.call([python, "-m", "pip", "install", "--quiet", *requirements])
    except ContenderFailed:
        uv = shutil.which("uv")
        if uv is None:
            raise
        runs.call([uv, "venv", "--clear", "--python", sys.executable, folder])
        runs.call([uv, "pip", "install", "--quiet", "--python", python, *requirements])
    ready.write_text(" ".join(requirements))
    return python
