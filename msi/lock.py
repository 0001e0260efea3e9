"""The list of pinned wheels: for each package that the installer holds, its version and the hash of its one wheel."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from msi.layout import PLATFORM, PYTHON, ROOT, own_sources

DRIVERS = "msi/drivers.in"
_HEAD = "# The wheels in the installer. Written by: python -m msi --lock\n"
_VERSION = ".".join(map(str, PYTHON))


def locked() -> str:
    """The list for the newest versions that the project's requirements allow, from the index of packages."""
    with TemporaryDirectory() as folder:
        wheels = Path(folder)
        _download(_resolved(), wheels)
        return _HEAD + "".join(sorted(_line(wheel) for wheel in wheels.glob("*.whl")))


def _resolved() -> str:
    ours = [f"--no-emit-package={source.name}" for source in own_sources()[1:]]
    target = ["--python-platform", PLATFORM, "--python-version", _VERSION]
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", *target, *ours]
    return _output([*command, "--no-emit-package=connector-core", "requirements.txt", DRIVERS])


def _download(requirements: str, wheels: Path) -> None:
    listed = wheels / "requirements.txt"
    listed.write_text(requirements, encoding="utf-8")
    target = ["--platform", "win_amd64", "--python-version", _VERSION, "--implementation", "cp"]
    _output(
        [
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            *target,
            "-d",
            str(wheels),
            "-r",
            str(listed),
        ]
    )


def _line(wheel: Path) -> str:
    name, version, _ = wheel.name.split("-", 2)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version} --hash=sha256:{digest}\n"


def _output(command: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return done.stdout
