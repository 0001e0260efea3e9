"""What the sources of a practice cover: where absence means "has not happened".

A source covers the record kinds it makes and the fields it fills. What no source covers is unknown, and a rule that
rests on it is undetermined for the practice as a whole rather than once per invoice.

Some events happen outside the software, and only a practice that cares to notes them (`NOTED`). Their column is there
in every export and empty in many: it covers nothing until a row fills it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

NOTED = frozenset({"assessment.summary_sent_on", "prescription.document_sent_on"})
"""Events that are noted by hand."""


@dataclass(frozen=True, slots=True)
class Covers:
    """What is covered: whole record kinds (`"act"`), single fields (`"lot.arl"`), or `everything` of the model; of that
    not the fields that are left `empty`."""

    kinds: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    everything: bool = False
    empty: frozenset[str] = frozenset()

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
        return Covers(
            self.kinds | other.kinds,
            self.fields | other.fields,
            self.everything or other.everything,
            self.empty & other.empty,
        )

    def noting(self, filled: Iterable[str]) -> Covers:
        """The same where, of the events that are noted by hand, only those are that some row fills."""
        return replace(self, empty=frozenset(name for name in NOTED.difference(filled) if name in self))

    def __contains__(self, name: str) -> bool:
        if name in self.empty:
            return False
        if self.everything or name in self.fields:
            return True
        kind, dot, _ = name.partition(".")
        if kind in self.kinds:
            return True
        return not dot and any(field.startswith(f"{kind}.") for field in self.fields)

    def names(self) -> tuple[str, ...]:
        """The names that `of` would rebuild this from, sorted; `("*",)` for everything."""
        return ("*",) if self.everything else tuple(sorted(self.kinds | self.fields))
