"""What the documentation says is there, is there."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest

from connector_core.cli.main import connector
from connector_core.dialects import language
from connector_core.dialects.language import read_dialect
from connector_core.model.dossier import Subject
from connector_core.model.records import KINDS, field_names
from connector_core.model.shape import closed_values
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.testing.cases import load_cases, subjects

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")])
GENERATED = {"docs/rules/catalogue.md", "docs/rules/motifs.md"}
"""Made when the site is built, which fails over a link that leads nowhere."""
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
NOMENCLATURE = """
patient_id = "N° patient"
practitioner_id = "N° praticien"
coefficient = { join = "nomenclature", on = "Code", from = "Coefficient", as = "decimal_fr" }

[[table]]
name = "nomenclature"
remember = { key = "Code", columns = ["Lettre", "Coefficient"] }
"""
"""What the example leaves out."""
LABEL_CASE = """
[[case]]
name = "un acte sans libellé, un autre avec"
as_of = 2026-03-02
flags = [{ subject = "act:a1" }]
record = [
    { record = "act", id = "a1", performed_on = 2026-03-02, letter = "RAM", coefficient = "8.09" },
    { record = "act", id = "a2", performed_on = 2026-03-02, letter = "RAO", coefficient = "8.1", label = "Épaule" },
]
"""
COMMAND = re.compile(r"(?:^|&& )(?:python -m connector_core|connector) ([a-z][a-z-]*(?: [a-z-]+)?)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    places = {target: (page.parent / target).resolve().relative_to(ROOT).as_posix() for target in missing}
    assert [target for target, place in places.items() if place not in GENERATED] == []


def test_the_pages_hold_links_and_commands_at_all() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(LINK.findall(text)) > 20
    assert len(_commands(text)) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    unknown = [words for words in _commands(page.read_text(encoding="utf-8")) if not _exists(words.split())]
    assert unknown == []


def _commands(text: str) -> list[str]:
    return [words for block, span in CODE.findall(text) for words in COMMAND.findall(block or span)]


def _exists(words: list[str]) -> bool:
    context = click.Context(connector)
    command: click.Command | None = connector.get_command(context, words[0])
    if isinstance(command, click.Group) and len(words) > 1:
        return command.get_command(context, words[1]) is not None
    return command is not None


@pytest.mark.parametrize("kind", KINDS)
def test_the_common_model_is_documented_field_by_field(kind: str) -> None:
    text = (ROOT / "docs/vendor/common-model.md").read_text(encoding="utf-8")
    section = re.search(rf"^### `?{kind}`?\b.*?(?=^### |^## )", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    for field in field_names(KINDS[kind]):
        if field == "vendor":
            continue
        assert re.search(rf"`{field}`", section.group()), field
        for value in closed_values(KINDS[kind], field) or ():
            assert value in text, f"{field}: {value}"


def test_the_dialect_of_the_language_page_can_be_read() -> None:
    example = re.search(r"```toml\n(.*?)```", language.__doc__ or "", re.DOTALL)
    assert example is not None
    read = read_dialect(example.group(1) + NOMENCLATURE, "the docstring of the language")
    assert read.id == "vega-texte-a"
    assert [record.kind for record in read.table("seances").records] == ["act"]


def test_the_rule_of_the_vendor_page_needs_what_it_reads(tmp_path: Path) -> None:
    page = (ROOT / "docs/vendor/index.md").read_text(encoding="utf-8")
    plugin, its_test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "MYSOFTWARE-LABEL.toml").write_text(LABEL_CASE, encoding="utf-8")
    names: dict[str, Any] = {}
    exec(plugin + its_test, names)  # what the page says a vendor writes
    with contextlib.chdir(tmp_path):
        names["test_the_rule_names_what_it_reads"]()
    (case,) = load_cases(tmp_path / "MYSOFTWARE-LABEL.toml")
    base = RuleBase([names["without_label"]], load_parameters(), load_tariffs(), case.covers)
    found = [finding for subject in subjects(case.records, case.as_of, case.covers) for finding in _said(base, subject)]
    assert found == ["L'acte du 02/03/2026 n'a pas de libellé."]


def _said(base: RuleBase, subject: Subject) -> list[str]:
    return [finding.message for finding in base.ask(subject, date(2026, 3, 2)).findings]


def test_the_changelog_names_every_area() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for area in ("Model", "Parameters", "Rules", "Plugins", "Store", "Report", "Commands", "Documentation"):
        assert f"- {area}:" in text
