"""A hook of mkdocs: adds a page for every rule, their catalogue and the motifs of rejects, made from what they are."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from connector_core.diagnose.markdown import index_markdown, motifs_markdown, page_name, rule_markdown
from connector_core.diagnose.pages import rule_pages
from connector_core.parameters.motifs import load_motifs
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules

_IN_NAV = frozenset({"catalogue.md", "motifs.md"})


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages; called by mkdocs."""
    pages = rule_pages(core_rules(), load_parameters())
    texts = {page_name(page.code): rule_markdown(page) for page in pages}
    texts["catalogue.md"] = index_markdown(pages)
    texts["motifs.md"] = motifs_markdown(load_motifs().shipped)
    for name, content in texts.items():
        file = File.generated(config, f"rules/{name}", content=content)
        file.inclusion = file.inclusion.NOT_IN_NAV if name not in _IN_NAV else file.inclusion
        files.append(file)
    return files
