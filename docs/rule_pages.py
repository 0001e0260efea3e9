"""A hook of mkdocs: adds a page for every rule, and their catalogue, made from the rules as they are."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from connector_core.diagnose.markdown import index_markdown, page_name, rule_markdown
from connector_core.diagnose.pages import rule_pages
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages; called by mkdocs."""
    pages = rule_pages(core_rules(), load_parameters())
    texts = {page_name(page.code): rule_markdown(page) for page in pages}
    texts["catalogue.md"] = index_markdown(pages)
    for name, content in texts.items():
        file = File.generated(config, f"rules/{name}", content=content)
        file.inclusion = file.inclusion.NOT_IN_NAV if name != "catalogue.md" else file.inclusion
        files.append(file)
    return files
