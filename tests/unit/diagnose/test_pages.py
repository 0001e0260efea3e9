"""The pages of the rules, and what Markdown makes of them."""

from __future__ import annotations

import re

import pytest

from connector_core.deliver.field_words import FIELD_WORDS, missing_words
from connector_core.deliver.french import typographic
from connector_core.diagnose.markdown import index_markdown, motifs_markdown, page_name, rule_markdown
from connector_core.diagnose.pages import rule_pages
from connector_core.parameters.motifs import load_motifs
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import AnyRule

RULES = core_rules()
PAGES = {page.code: page for page in rule_pages(RULES, load_parameters())}


def test_every_rule_has_its_page() -> None:
    assert list(PAGES) == [rule.code for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))
def test_a_page_says_everything_about_its_rule(rule: AnyRule) -> None:
    page = PAGES[rule.code]
    headings = ["Ce qui est vérifié", "Pourquoi", "Ne s’applique pas", "Exemple"]
    assert [passage.heading for passage in page.passages] == headings
    assert all(passage.text for passage in page.passages)
    facts = {fact.label: fact for fact in page.facts}
    assert _plain(facts["Référence"].text) == rule.reference
    assumed = facts.get("Suppose qu’une source donne")
    assert (None if assumed is None else _plain(assumed.text)) == (missing_words(rule.rests_on) or None)
    read = ", ".join(_plain(fact.text) for label, fact in facts.items() if label.startswith("Lit"))
    assert all(FIELD_WORDS[name] in read for name in rule.needs if "." in name)
    named = rule.documentation.rpartition("Paramètres :")[2].split(",")
    names = {name.strip().rstrip(".") for name in named}
    assert {each.name for each in page.parameters} == names & set(load_parameters().names())
    assert all(each.values for each in page.parameters)
    assert len(page.notes) == len(names & {"tariff", "referential"})


@pytest.mark.parametrize("code", PAGES)
def test_markdown_leaves_nothing_out(code: str) -> None:
    page, text = PAGES[code], rule_markdown(PAGES[code])
    assert text.startswith(f"# {code}\n\n**{page.title}**\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [*(each.heading for each in page.passages), "Fiche"]
    assert re.findall(r"^### `([^`]+)`$", text, re.MULTILINE) == [each.name for each in page.parameters]
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    values = sum(len(each.values) + 1 for each in page.parameters)
    assert len(rows) == len(page.facts) + values
    assert all(line.replace("\\|", "").count("|") in (3, 4) for line in rows), "a cell of a table stays one"
    assert all(note in text for note in page.notes)


def test_the_page_of_motifs_says_everything_about_each() -> None:
    motifs = load_motifs().shipped
    page = motifs_markdown(motifs)
    sections = page.split("\n### ")[1:]
    assert [section.split("\u00a0")[0] for section in sections] == [motif.id for motif in motifs]
    for motif, section in zip(motifs, sections, strict=True):
        for text in (motif.name, motif.cause, motif.action, motif.reference, *motif.labels):
            assert typographic(text) in section
        assert all(f"`{code}`" in section for code in motif.codes)
        assert ("aucun code ni libellé officiel" in section) == (not motif.labels and not motif.codes)


def test_values_are_written_in_french() -> None:
    (coefficient,) = (each for each in PAGES["KINE-BILAN-30"].parameters if each.name.endswith("general.coefficient"))
    assert coefficient.values[0].value == "10,7 (coefficient)"
    written = [value.value for page in PAGES.values() for each in page.parameters for value in each.values]
    assert not [value for value in written if re.search(r"\d\.\d|\d{4}-\d\d-\d\d", value)]


def test_the_catalogue_leads_to_every_page_by_family_severity_and_part_of_the_report() -> None:
    text = index_markdown(tuple(PAGES.values()))
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0] for part in parts] == ["Par famille", "Par gravité", "Par partie du rapport"]
    for part in parts:
        links = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", part)
        assert {code for code, _ in links} == set(PAGES)
        assert all(target == page_name(code) for code, target in links)


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")
