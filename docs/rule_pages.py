"""A hook of mkdocs: adds a page for every rule, their catalogue and the motifs of rejects, made from what they are."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from connector_core.diagnose.pages import index_page, motifs_page, page_name, rule_page
from connector_core.parameters.motifs import load_motifs
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules

_IN_NAV = frozenset({"catalogue.md", "motifs.md"})


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages; called by mkdocs."""
    rules, parameters = core_rules(), load_parameters()
    pages = {page_name(rule.code): rule_page(rule, parameters) for rule in rules}
    pages["catalogue.md"] = index_page(rules)
    pages["motifs.md"] = motifs_page(load_motifs().shipped)
    for name, content in pages.items():
        file = File.generated(config, f"rules/{name}", content=content)
        file.inclusion = file.inclusion.NOT_IN_NAV if name not in _IN_NAV else file.inclusion
        files.append(file)
    return files
