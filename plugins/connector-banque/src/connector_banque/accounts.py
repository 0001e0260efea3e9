"""Account numbers: needed to tell accounts apart, and nowhere else."""

from __future__ import annotations

import re

from stdnum import iban

from connector_core.dialects.converters import key_of

_START = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?= ?[A-Z0-9])")
_LENGTHS = range(15, 35)
"""Of an IBAN: Norway's has 15 characters, and none may have more than 34."""
_HIDDEN = "[IBAN]"


def account_key(*parts: str) -> str:
    """A stable name of an account, from which its number is not read."""
    return key_of("".join(part.split()).upper() for part in parts)


def without_ibans(text: str) -> str:
    """The text with each valid IBAN in it left out, printed in groups or not."""
    position = 0
    while (start := _START.search(text, position)) is not None:
        end = _end_of_iban(text, start.start())
        if end:
            text = text[: start.start()] + _HIDDEN + text[end:]
        position = start.start() + 1
    return text


def _end_of_iban(text: str, start: int) -> int:
    """Where the IBAN that begins at `start` ends; 0 when none does."""
    compact = ""
    for position in range(start, len(text)):
        character = text[position]
        if character == " " and text[position - 1] != " ":
            continue
        if not (character.isascii() and character.isalnum()):
            break
        compact += character
        if len(compact) in _LENGTHS and iban.is_valid(compact, check_country=False):
            return position + 1
        if len(compact) == _LENGTHS[-1]:
            break
    return 0
