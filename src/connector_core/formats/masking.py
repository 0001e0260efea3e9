"""Showing the form of a value and nothing of what it says."""

from __future__ import annotations

_LONGEST = 30


def masked(text: str) -> str:
    """The form of a value: `99/99/9999`, `Aaaaa`; a long one is cut and its length told."""
    form = "".join(_class(character) for character in text[:_LONGEST])
    return f"{form}… ({len(text)} caractères)" if len(text) > _LONGEST else form


def _class(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isprintable() else "·"
