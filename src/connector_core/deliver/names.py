"""What the files of a report and their deliveries are called, and how one leads to another: by relative links, on the
same computer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Format = Literal["html", "json", "xlsx"]

FORMATS: Mapping[Format, str] = {
    "html": "Rapport, page à lire et à imprimer",
    "json": "Rapport, pour un autre programme",
    "xlsx": "Rapport, classeur",
}
"""What each format is for."""
CALENDAR = "calendar"
"""The delivery of what is due as a calendar."""
NAME = "rapport"
PAGE = f"{NAME}.html"
RULES_FOLDER = "regles"
"""Beside the report: one page for each rule, and their index."""
RULES_INDEX = "index.html"


def report_delivery(name: Format) -> str:
    """The delivery of the report in a format."""
    return f"report-{name}"


DELIVERIES: Mapping[str, str] = {
    CALENDAR: "Calendrier des échéances",
    **{report_delivery(name): title for name, title in FORMATS.items()},
}
"""Our own deliveries of files: what each brings, by its id."""


def rule_file(code: str) -> str:
    """The page of a rule, in the folder of the rules; a code has nothing that a file's name or a link can't hold."""
    return f"{code}.html"


def rule_link(code: str) -> str:
    """The way from the report to the page of a rule."""
    return f"{RULES_FOLDER}/{rule_file(code)}"
