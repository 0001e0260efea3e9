"""What the page of a rule says, before any format: plain French texts, made once and written as Markdown and as HTML.

A page holds nothing of the practice but its own decisions on values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector_core.deliver.sections import Section
from connector_core.model.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading and the text under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a rule's card."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One dated value of a parameter, and the text that it comes from."""

    since: date
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ParameterPart:
    """A parameter that the rule reads, with every value it has had."""

    name: str
    label: str
    values: tuple[ValueLine, ...]


@dataclass(frozen=True, slots=True)
class RulePage:
    """The page of one rule. `parts` are the parts of the report in which its findings are mostly shown."""

    code: str
    title: str
    family: str
    severity: Severity
    parts: tuple[Section, ...]
    passages: tuple[Passage, ...]
    facts: tuple[Fact, ...]
    parameters: tuple[ParameterPart, ...]
    notes: tuple[str, ...]
