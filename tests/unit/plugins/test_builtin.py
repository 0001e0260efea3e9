"""What connector contributes itself, through the same hooks as any vendor, without the stand-ins of the other tests."""

from __future__ import annotations

import subprocess
import sys

from connector_core.plugins import builtin
from connector_core.plugins.hookspecs import PROJECT
from connector_core.plugins.loader import load_plugins
from connector_core.rules.catalogue import core_rules


def test_the_core_is_a_plugin():
    host = load_plugins(entry_points=(), strict=True)
    assert host.rules == core_rules()
    assert set(host.connectors) == {"pivot"}
    assert [(report.name, report.connectors) for report in host.reports] == [("core", ("pivot",))]


def test_its_hooks_are_marked():
    marked = [name for name, value in vars(builtin).items() if hasattr(value, f"{PROJECT}_impl")]
    assert marked == [name for name in vars(builtin) if name.startswith("connector_")]


def test_a_plugin_author_imports_little():
    program = "import sys, connector_core.plugins as p; p.hookimpl; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"pydantic", "packaging", "connector_core.model", "lxml"} & set(loaded)
