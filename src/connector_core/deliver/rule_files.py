"""Writing the pages of the rules where the report leads: a folder beside it, on the same computer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from connector_core.deliver.names import RULES_INDEX, rule_file
from connector_core.deliver.replace import forget_partial, replace_file
from connector_core.deliver.rule_html import digest_line, render_rules
from connector_core.deliver.rule_page import RulePage


def write_rules(pages: Sequence[RulePage], folder: Path) -> None:
    """Write the page of each rule, and their index, unless they are there already.

    The index, which names what all were made of, is written last: what a run that was killed has left out, or a power
    cut has emptied, is written by the next. OSError passes.
    """
    if not pages or _current(pages, folder):
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    forget_partial(folder)
    for name, content in render_rules(pages).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            replace_file(path, content, durable=False)


def _current(pages: Sequence[RulePage], folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        there = {entry.name for entry in entries if entry.stat().st_size}
    if RULES_INDEX not in there or not there.issuperset(rule_file(page.code) for page in pages):
        return False
    return digest_line(pages).encode() in (folder / RULES_INDEX).read_bytes()
