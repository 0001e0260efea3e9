"""The folder that is installed: python.org's embeddable CPython, the wheels, and what a service needs beside them.

pywin32's host of services finds the interpreter's DLL and its own only in its own folder, so everything lies flat
there: `python.exe`, `pythonservice.exe`, their DLLs; packages in `Lib\\site-packages`. Nothing else on the PC is
touched, and nothing of the PC's own Pythons is seen.

That folder has the version's name: a newer version lies beside the older one until it has proved itself.
`connector.cmd`, above it, runs the version that was installed last.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from connector_core import __version__

ROOT = Path(__file__).resolve().parents[1]
LOCKED = Path(__file__).with_name("requirements.txt")
PYTHON = (3, 11)
"""The interpreter's version: the one that builds compiles the modules for it."""
PLATFORM = "x86_64-pc-windows-msvc"

_PACKAGES = PurePosixPath("Lib/site-packages")
_PTH = f"""\
python{PYTHON[0]}{PYTHON[1]}.zip
.
{_PACKAGES}
{_PACKAGES}/win32
{_PACKAGES}/win32/lib
import site
"""
_COMMAND = '@"%~dp0{version}\\python.exe" -m connector_core %*\r\n'
_NEEDLESS = (
    *(
        "PyWin32.chm",
        "Pythonwin",
        "pythonwin",
        "adodbapi",
        "isapi",
        "win32comext",
        "bin",
        "Scripts",
        "docs",
        "tests",
    ),
    *(f"win32com/{each}" for each in ("HTML", "demos", "include", "libs", "makegw", "servers", "test")),
    *("win32/Demos", "win32/include", "win32/libs", "win32/scripts", "win32/test"),
)
"""What the wheels bring that a service on a practice's PC has no use for."""


def stage(embeddable: Path, installed: Path) -> None:
    """Fill an empty folder with what is installed; `embeddable` is the zip of CPython."""
    if sys.version_info[:2] != PYTHON:
        raise SystemExit(f"the installer is built by Python {PYTHON[0]}.{PYTHON[1]}, whose modules it compiles")
    folder = installed / __version__
    folder.mkdir(parents=True, exist_ok=True)
    _unpack(embeddable, folder)
    packages = folder / _PACKAGES
    install_locked(LOCKED, packages)
    _install_own(packages)
    for dll in (packages / "pywin32_system32").glob("*.dll"):
        shutil.move(dll, folder)
    shutil.move(packages / "win32" / "pythonservice.exe", folder)
    for name in ("pywin32_system32", *_NEEDLESS):
        shutil.rmtree(packages / name, ignore_errors=True)
        (packages / name).unlink(missing_ok=True)
    (folder / f"python{PYTHON[0]}{PYTHON[1]}._pth").write_text(_PTH, encoding="ascii")
    write_command(installed, __version__)
    # The service's account can't write where it is installed, and a file's time may change on the way.
    _run(["-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash", "-s", packages, packages])


def write_command(installed: Path, version: str) -> None:
    """Have `connector.cmd` run a version."""
    (installed / "connector.cmd").write_bytes(_COMMAND.format(version=version).encode("ascii"))


def install_locked(requirements: Path, packages: Path) -> None:
    """Install the wheels that a list names by version and hash."""
    _uv(["--require-hashes", "--only-binary", ":all:", "--requirements", requirements], packages)


def _install_own(packages: Path) -> None:
    with TemporaryDirectory() as wheels:
        for source in own_sources():
            _run(["-m", "uv", "build", "--quiet", "--wheel", "--out-dir", wheels, source])
        _uv(["--no-deps", *sorted(Path(wheels).glob("*.whl"))], packages)


def own_sources() -> list[Path]:
    """The core and its plugins."""
    return [ROOT, *sorted((ROOT / "plugins").glob("connector-*"))]


def _uv(arguments: Iterable[str | Path], packages: Path) -> None:
    target = ["--target", str(packages), "--python-platform", PLATFORM, "--python-version", ".".join(map(str, PYTHON))]
    _run(["-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy", *target, *arguments])


def _run(arguments: Iterable[str | Path]) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def _unpack(embeddable: Path, folder: Path) -> None:
    """The interpreter's files, flat, in whichever folder of the zip they lie."""
    with zipfile.ZipFile(embeddable) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                (folder / PurePosixPath(name).name).write_bytes(archive.read(name))
    if not (folder / "python.exe").is_file():
        raise SystemExit(f"{embeddable} holds no python.exe")
