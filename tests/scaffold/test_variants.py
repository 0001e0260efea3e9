"""Every kind of new plugin, as `connector plugin new` writes it: well-formed, installed from its wheel, and gold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connector_core.plugins.conformance import read_report
from connector_core.testing.scaffold.render import KINDS
from connector_core.testing.scaffold.sample import Kind

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300)]


def install(python: Path) -> list[str]:
    """What uv is told before what it is to install; it is many times as fast as pip."""
    return ["pip", "install", "-q", "--python", str(python)]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, bare: dict[str, str]) -> Path:
    """The interpreter of a virtual environment with connector-core, the kit, and what checks style and types."""
    folder = tmp_path_factory.mktemp("machine")
    python = folder / "bin/python"
    wanted = ["connector-core[conformance]", "hatchling", "mypy>=1.16", "ruff>=0.17,<0.18"]
    for arguments in (["venv", "-q", "--python", sys.executable, str(folder)], [*install(python), *wanted]):
        subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, env=bare, timeout=200)
    return python


@pytest.mark.parametrize("kind", KINDS)
def test_is_installed_and_holds_gold(kind: Kind, machine: Path, bare: dict[str, str], tmp_path: Path) -> None:
    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(machine), "-m", *arguments],
            cwd=plugin if plugin.exists() else tmp_path,
            env={**bare, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=200,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def add(*options: str) -> None:
        """Install the plugin, built in the machine itself."""
        arguments = [*install(machine), "--no-build-isolation", "--no-deps", *options, str(plugin)]
        subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, env=bare, timeout=60)

    name = f"neuf{kind}"
    plugin = tmp_path / f"connector-{name}"
    run("connector_core", "plugin", "new", name, "--kind", kind)
    run("ruff", "check", "--select", "E,F,I,UP,B,ANN", "--ignore", "ANN401", "--line-length", "120", ".")
    run("mypy", "--strict", "--cache-dir", str(machine.parents[1] / "types"), "src")
    add()
    told = run("pytest", "-q", "--conformance-report", str(tmp_path / "conformance.json"))
    assert f"{name} 0.1.0: gold" in told
    (plugin / f"src/connector_{name}/conformance.json").write_bytes((tmp_path / "conformance.json").read_bytes())
    add("--reinstall")
    run("connector_core", "plugins", "enable", name)
    listed = {each["name"]: each for each in json.loads(run("connector_core", "plugins", "list", "--json"))["plugins"]}
    assert listed[name]["status"] == "ok"
    assert listed[name]["isolated"] is True
    assert listed[name]["connectors"] == [name]
    assert listed[name]["conformance"]["level"] == "gold"
    assert listed[name]["conformance"]["is_of_these_files"] is True
    report = read_report(plugin / f"src/connector_{name}")
    assert report is not None
    assert report.distribution == f"connector-{name}"
    assert report.version == "0.1.0"
    assert report.checks["C7-REORDERED"] == report.checks["C7-SUPERSET"] == "passed"
