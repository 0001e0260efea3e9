"""What the sources of a practice cover: where absence means "has not happened".

A source covers the record kinds it makes and the fields it fills. What no source covers is unknown, and a rule that
rests on it is undetermined for the practice as a whole rather than once per invoice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Covers:
    """What is covered: whole record kinds (`"act"`), single fields (`"lot.arl"`), or `everything` of the model."""

    kinds: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def all(cls) -> Covers:
        return cls(everything=True)

    @classmethod
    def of(cls, names: Iterable[str]) -> Covers:
        """Covers the names given; a field also covers the existence of its record, but no other field of it."""
        given = frozenset(names)
        fields = frozenset(name for name in given if "." in name)
        return cls(kinds=given - fields, fields=fields)

    def __or__(self, other: Covers) -> Covers:
        return Covers(self.kinds | other.kinds, self.fields | other.fields, self.everything or other.everything)

    def __contains__(self, name: str) -> bool:
        if self.everything or name in self.fields:
            return True
        kind, dot, _ = name.partition(".")
        if kind in self.kinds:
            return True
        return not dot and any(field.startswith(f"{kind}.") for field in self.fields)

    def names(self) -> tuple[str, ...]:
        """The names that `of` would rebuild this from, sorted; `("*",)` for everything."""
        return ("*",) if self.everything else tuple(sorted(self.kinds | self.fields))
