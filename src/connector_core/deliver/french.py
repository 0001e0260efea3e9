"""How the report writes French: amounts, dates, plurals, and the spaces that French typography wants.

Rules write plain text (`connector_core.rules.french`); `typographic` gives it the no-break spaces of a printed page.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

from connector_core.rules import french as plain

NARROW = "\u202f"
"""Narrow no-break space (espace fine insécable): inside numbers, before « € », « ; », « ! », « ? » and « % »."""
WIDE = "\u00a0"
"""No-break space: before « : » and inside guillemets."""

_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_SHORT_MONTHS = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()
_DAYS = "lundi mardi mercredi jeudi vendredi samedi dimanche".split()

_AMOUNT = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})*(?:,\d+)?[ \u00a0][€%]")
_AROUND = (
    (re.compile(r" ([;!?])(?=\s|$)"), NARROW + r"\1"),
    (re.compile(r" :(?=\s|$)"), WIDE + ":"),
    (re.compile(r"« "), "«" + WIDE),
    (re.compile(r" »"), WIDE + "»"),
    (re.compile(r"n° (?=\S)"), "n°" + WIDE),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
)


def euros(amount: Decimal) -> str:
    """« 1 234,56 € », with narrow no-break spaces."""
    return plain.euros(amount).replace(" ", NARROW)


def day(value: date) -> str:
    """« 2 mars 2026 », « 1er avril 2026 »."""
    number = "1er" if value.day == 1 else str(value.day)
    return f"{number}{WIDE}{_MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """« mars 2026 »."""
    return f"{_MONTHS[value.month - 1]}{WIDE}{value.year}"


def short_month(value: date) -> str:
    """« mars », « févr. », under a plot."""
    return _SHORT_MONTHS[value.month - 1]


def weekday(value: date) -> str:
    """« lundi 2 mars 2026 »."""
    return f"{_DAYS[value.weekday()]} {day(value)}"


def short_day(value: date) -> str:
    """« 02/03/2026 », for tables."""
    return plain.jour(value)


def clock(value: time) -> str:
    """« 8 h 05 »."""
    return f"{value.hour}{NARROW}h{NARROW}{value.minute:02d}"


def moment(value: datetime) -> str:
    """« 2 mars 2026 à 8 h 05 »."""
    return f"{day(value.date())} à {clock(value.time())}"


def number(value: int) -> str:
    """« 12 345 »."""
    return f"{value:,}".replace(",", NARROW)


def count(value: int, singular: str, plural: str | None = None) -> str:
    """« 1 bilan », « 2 bilans », « 0 bilan »: in French zero is singular."""
    word = singular if abs(value) < 2 else plural or f"{singular}s"
    return f"{number(value)}{WIDE}{word}"


def typographic(text: str) -> str:
    """A rule's sentence with the spaces and apostrophes of a printed page; the words are left alone."""
    text = _AMOUNT.sub(lambda found: found[0].replace(" ", NARROW).replace(WIDE, NARROW), text)
    for pattern, replacement in _AROUND:
        text = pattern.sub(replacement, text)
    return text


def place(locator: str) -> str:
    """A place in a file as a person reads it: `line 31` is « ligne 31 »."""
    head, _, tail = locator.partition(" ")
    return f"ligne{WIDE}{tail}" if head == "line" and tail.isdecimal() else locator
