"""The pages of the rules."""

from __future__ import annotations

import re

import pytest

from connector_core.diagnose.pages import index_page, page_name, rule_page
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import AnyRule

RULES = core_rules()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_a_rule_has_a_page_that_says_everything_about_it(rule: AnyRule) -> None:
    page = rule_page(rule, load_parameters())
    assert page.startswith(f"# {rule.code}\n")
    for heading in ("Ce qui est vérifié", "Pourquoi", "Ne s’applique pas", "Exemple", "Fiche"):
        assert f"\n## {heading}\n" in page
    assert rule.reference.replace("|", "\\|") in page
    read = page.partition("\n## Ce qu’elle lit dans vos données\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+ \(`(\w+)`\) \| (.+) \|$", read, re.MULTILINE)
    names = {f"{kind}.{name}" for kind, fields in rows for name in re.findall(r"`(\w+)`", fields)}
    assert names | {kind for kind, fields in rows if "`" not in fields} == rule.needs
    named = rule.documentation.rpartition("Paramètres :")[2].split(",")
    names = {name.strip().rstrip(".") for name in named} & set(load_parameters().names())
    assert set(re.findall(r"^### `([^`]+)`$", page, re.MULTILINE)) == names


def test_the_catalogue_leads_to_every_page() -> None:
    page = index_page(RULES)
    links = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", page)
    assert {code for code, _ in links} == {rule.code for rule in RULES}
    assert all(target == page_name(code) for code, target in links)
    assert len(links) == 2 * len(RULES), "once by family, once by severity"


def test_a_cell_of_a_table_stays_one() -> None:
    for rule in RULES:
        for line in rule_page(rule, load_parameters()).splitlines():
            if line.startswith("| ") and not line.startswith("| |"):
                assert line.replace("\\|", "").count("|") in (3, 4)
