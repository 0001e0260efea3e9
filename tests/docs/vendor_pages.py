"""Writes the vendor's generated pages anew: `python tests/docs/vendor_pages.py`."""

from __future__ import annotations

from pathlib import Path

from connector_core.dialects.reference import dialect_reference
from connector_core.plugins.reference import hook_reference
from connector_core.testing.conformance.reference import checks_reference

VENDOR = Path(__file__).resolve().parents[2] / "docs/vendor"

if __name__ == "__main__":
    for name, text in (
        ("hooks.md", hook_reference()),
        ("dialects.md", dialect_reference()),
        ("checks.md", checks_reference()),
    ):
        (VENDOR / name).write_text(text, encoding="utf-8", newline="\n")
