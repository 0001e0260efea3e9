"""Plugins installed by a real installer, loaded by a process of their own."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

import connector_core

pytestmark = pytest.mark.slow

PLUGINS = {
    "aaa": "from connector_core.plugins import hookimpl\n",
    "exits": "import sys\nsys.exit('bye')\n",
    "raises": "raise RuntimeError('DUPONT Jeanne')\n",
    "newer": "raise AssertionError('imported')\n",
    "zzz": """
        from connector_core.plugins import hookimpl

        @hookimpl
        def connector_secret(reference):
            return reference.upper()
        """,
}
PROGRAM = """
import json, sys
from connector_core.plugins import builtin
from connector_core.plugins.installed import installed
from connector_core.plugins.loader import load_plugins

del builtin.connector_register_connectors, builtin.connector_register_rules  # what is tested is around the core
found = [each.entry_point for each in installed().extensions]
host = load_plugins(allow=json.loads(sys.stdin.read()), entry_points=found)
reports = {each.name: [each.stage, each.status, each.distribution, each.version, each.reason] for each in host.reports}
print(json.dumps({"reports": reports, "secret": host.secret("abc")}))
"""


def wheel(folder: Path, name: str, code: str) -> Path:
    """A wheel, made without a build backend."""
    info = f"connector_{name}-2.0.dist-info"
    needed = "connector-core>=99" if name == "newer" else "connector-core"
    files = {
        f"connector_{name}/__init__.py": textwrap.dedent(code),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: connector-{name}\nVersion: 2.0\nRequires-Dist: {needed}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[connector.plugins.v1]\n{name} = connector_{name}\n",
    }
    record = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"connector_{name}-2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _pip() -> list[str]:
    """pip of this environment, or the one that Python carries for new environments."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is None or ensurepip.origin is None:
        pytest.skip("neither pip nor ensurepip")
    bundled = sorted((Path(ensurepip.origin).parent / "_bundled").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("neither pip nor the wheel of ensurepip")
    return [sys.executable, str(bundled[-1] / "pip")]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    wheels = [str(wheel(folder, name, code)) for name, code in PLUGINS.items()]
    target = folder / "target"
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir"]
    command = [*_pip(), "--isolated", "install", *options, "--target", str(target), *wheels]
    subprocess.run(command, check=True, capture_output=True, timeout=50)
    return target


def test_bad_plugins_stop_nothing(target: Path) -> None:
    source = Path(connector_core.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(target), str(source)]), "PYTHONUTF8": "1"},
        input=json.dumps(list(PLUGINS)),
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["secret"] == "ABC"
    reports = {name: report for name, report in answer["reports"].items() if report[1] != "disabled"}
    assert {name: report[:2] for name, report in reports.items()} == {
        "core": ["loaded", "ok"],
        "aaa": ["loaded", "ok"],
        "exits": ["import", "failed"],
        "raises": ["import", "failed"],
        "newer": ["metadata", "failed"],
        "zzz": ["loaded", "ok"],
    }
    assert reports["zzz"][2:] == ["connector-zzz", "2.0", ""]
    assert "plus récent" in reports["newer"][4]
    assert "DUPONT" not in done.stdout
