"""A Windows of our own: Wine with an empty disk, thrown away afterwards.

Wine is not Windows. Its standard streams must be pipes, it misses a DLL, and its services end with the last program:
what must last, lasts within one call.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

WINE = "wine"
_COMPILER = "x86_64-w64-mingw32-gcc"
_MISSING_DLL = Path(__file__).with_name("bcryptprimitives.c")


@dataclass(frozen=True, slots=True)
class Machine:
    """A Windows whose disks lie in a folder."""

    prefix: Path

    @classmethod
    def boot(cls, prefix: Path) -> Machine:
        """A fresh one."""
        machine = cls(prefix)
        machine.run("wineboot", "--init")
        system = machine.disk / "windows" / "system32"
        dll = ["-shared", "-s", "-o", system / "bcryptprimitives.dll", _MISSING_DLL, "-ladvapi32"]
        subprocess.run([_COMPILER, *map(str, dll)], check=True)
        return machine

    @property
    def disk(self) -> Path:
        """`C:`."""
        return self.prefix / "drive_c"

    def run(self, *command: str, cwd: Path | None = None, timeout: float = 300) -> tuple[int, str]:
        """Run a program of the machine to its end: its code and what it wrote."""
        done = subprocess.run(
            [WINE, *command],
            cwd=cwd or self.prefix.parent,
            env=self._environment(),
            input="",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout

    def cut_power(self) -> None:
        """End everything at once; the next program boots the machine again."""
        subprocess.run(
            ["wineserver", "--kill"], env=self._environment(), stdin=subprocess.DEVNULL, check=False, timeout=60
        )

    def scrap(self) -> None:
        self.cut_power()
        shutil.rmtree(self.prefix, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WINE", "VIRTUAL"))}
        return {**kept, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all"}


def seen_as(path: Path) -> str:
    """How the machine names a file of ours."""
    return str(PureWindowsPath("Z:", *path.parts))
