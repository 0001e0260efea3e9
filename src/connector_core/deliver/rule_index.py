"""The rules by family, by severity, and by the part of the report in which the practice sees what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from connector_core.deliver.french import typographic
from connector_core.deliver.rule_page import RulePage
from connector_core.deliver.wording import FAMILY_WORDS, SECTION_WORDS, SEVERITY_MEANS, SEVERITY_WORDS

By = Literal["family", "severity", "part"]


@dataclass(frozen=True, slots=True)
class IndexGroup:
    """Rules that have one thing in common; `anchor` is unique on the page of the index."""

    anchor: str
    heading: str
    about: str
    pages: tuple[RulePage, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """Every rule, in groups of one kind."""

    by: By
    heading: str
    intro: str
    groups: tuple[IndexGroup, ...]


def indexes(pages: Sequence[RulePage]) -> tuple[Index, ...]:
    """The three ways into the rules. A rule is in one group of the first two, and in all that fit of the third."""
    families = {page.family: (page.family, FAMILY_WORDS.get(page.family, "")) for page in pages}
    severities = {name: (word, SEVERITY_MEANS[name]) for name, word in SEVERITY_WORDS.items()}
    parts = {name: (words.title, words.intro) for name, words in SECTION_WORDS.items()}
    return (
        Index(
            "family",
            "Par famille",
            "Selon ce sur quoi la règle porte.",
            _groups(pages, "famille", families.items(), lambda page: (page.family,)),
        ),
        Index(
            "severity",
            "Par gravité",
            "Selon le plus grave que la règle puisse signaler.",
            _groups(pages, "gravite", severities.items(), lambda page: (page.severity,)),
        ),
        Index(
            "part",
            "Par partie du rapport",
            "Selon l’endroit du rapport où le cabinet voit ce que la règle trouve. Ce dont une règle n’est pas sûre "
            "est rangé dans « À vérifier, sans urgence ».",
            _groups(pages, "partie", parts.items(), lambda page: page.parts),
        ),
    )


def _groups(
    pages: Sequence[RulePage],
    prefix: str,
    named: Iterable[tuple[str, tuple[str, str]]],
    belongs: Callable[[RulePage], Sequence[str]],
) -> tuple[IndexGroup, ...]:
    groups = []
    for name, (heading, about) in named:
        found = tuple(page for page in pages if name in belongs(page))
        if found:
            groups.append(IndexGroup(f"{prefix}-{name}", typographic(heading), typographic(_sentence(about)), found))
    return tuple(groups)


def _sentence(text: str) -> str:
    """The text as a sentence of its own; nothing stays nothing."""
    return text and f"{text[0].upper()}{text[1:].rstrip('.')}."
