"""A notice: what a person is told in a few words, whatever the way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A title and a few words, in French."""

    title: str
    text: str
