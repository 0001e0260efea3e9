"""The vendor's generated pages are what the code says, and lack nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from connector_core.dialects.converters import CONVERTERS
from connector_core.dialects.language import _TABLE_KEYS
from connector_core.dialects.reference import dialect_reference
from connector_core.testing.conformance.examination import CODES
from connector_core.testing.conformance.mutants import MUTANTS
from connector_core.testing.conformance.reference import checks_reference

VENDOR = Path(__file__).parents[2] / "docs/vendor"
PAGES = {"dialects.md": dialect_reference, "checks.md": checks_reference}
REGENERATE = "python tests/docs/vendor_pages.py"


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_generator_says(page: str) -> None:
    write: Callable[[], str] = PAGES[page]
    assert (VENDOR / page).read_text(encoding="utf-8") == write(), f"regenerate it: {REGENERATE}"


def test_every_converter_has_an_example_that_it_reads() -> None:
    page = (VENDOR / "dialects.md").read_text(encoding="utf-8")
    for name, converter in CONVERTERS.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert f'as = "{name}"' in row
        assert f"| `{converter.example}` |" in row


def test_every_key_of_a_table_is_described() -> None:
    page = dialect_reference()
    described = set(re.findall(r"^\| `(?:\[\[table\.)?(\w+)", page.partition("## Fields")[0], re.MULTILINE))
    assert _TABLE_KEYS | {"kind", "when"} <= described


def test_every_check_has_a_section_and_a_mutant() -> None:
    page = (VENDOR / "checks.md").read_text(encoding="utf-8")
    for code in CODES:
        assert f"\n### {code}\n" in page
        assert f"| [{code}](#{code.lower()}) |" in page
    assert sorted(mutant.check for mutant in MUTANTS) == sorted(CODES)
