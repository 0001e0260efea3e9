"""What the files of a report are called, and how one leads to another: by relative links, on the same computer."""

from __future__ import annotations

NAME = "rapport"
PAGE = f"{NAME}.html"
RULES_FOLDER = "regles"
"""Beside the report: one page for each rule, and their index."""
RULES_INDEX = "index.html"


def rule_file(code: str) -> str:
    """The page of a rule, in the folder of the rules; a code has nothing that a file's name or a link can't hold."""
    return f"{code}.html"


def rule_link(code: str) -> str:
    """The way from the report to the page of a rule."""
    return f"{RULES_FOLDER}/{rule_file(code)}"
