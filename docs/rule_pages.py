"""A hook of mkdocs: adds a page for every rule, and their catalogue, made from the rules as they are."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from connector_core.diagnose.pages import index_page, page_name, rule_page
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages; called by mkdocs."""
    rules, parameters = core_rules(), load_parameters()
    pages = {page_name(rule.code): rule_page(rule, parameters) for rule in rules}
    pages["catalogue.md"] = index_page(rules)
    for name, content in pages.items():
        file = File.generated(config, f"rules/{name}", content=content)
        file.inclusion = file.inclusion.NOT_IN_NAV if name != "catalogue.md" else file.inclusion
        files.append(file)
    return files
