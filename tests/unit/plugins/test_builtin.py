"""What our own contributions cost a process that asks for none of them."""

from __future__ import annotations

import subprocess
import sys


def test_what_renders_reports_is_imported_when_a_report_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from connector_core.plugins.loader import load_plugins\n"
        "host = load_plugins(entry_points=[], strict=True)\n"
        "print(*(each.id for each in host.deliveries))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    deliveries, modules = (line.split() for line in done.stdout.splitlines())
    assert {"report-html", "report-json", "report-xlsx"} <= set(deliveries)
    assert "connector_core.deliver.files" in modules
    rendering = {f"connector_core.deliver.{name}" for name in ("html", "json_report", "report_model", "xlsx")}
    assert rendering.isdisjoint(modules)
