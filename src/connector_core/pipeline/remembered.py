"""What the rows of a source's tables say to those that join on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector_core.store.files import Files

_SOUGHT = 200
"""Look-ups that are sought one by one before all are loaded."""


@dataclass(slots=True)
class Remembered:
    """The look-ups of one source: what the store remembers and what is being read now.

    A few are sought where they lie, which is what a small file needs; more than that are worth having them all.
    """

    files: Files
    source: int
    added: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    """The tables that say something else than before."""
    forgotten: set[str] = field(default_factory=set)
    """The tables some of whose rows are gone: what they said is to be said anew."""
    _known: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    _sought: int = 0
    _complete: bool = False

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        known = self._known.get((table, key))
        if known is not None or self._complete:
            return known
        self._sought += 1
        if self._sought > _SOUGHT:
            return self._all().get((table, key))
        found = self.files.looked_up(self.source, table, key)
        if found is not None:
            self._known[table, key] = found
        return found

    def table(self, name: str) -> dict[str, Mapping[str, str]]:
        return {key: content for (table, key), content in self._all().items() if table == name}

    def entries(self) -> list[tuple[str, str, Mapping[str, str]]]:
        return [(table, key, content) for (table, key), content in self.added.items()]

    def add(self, table: str, key: str, content: Mapping[str, str]) -> None:
        had = self.find(table, key)
        if had != content:
            if had is not None:
                self.changed.add(table)
            self._known[table, key] = self.added[table, key] = content

    def lose(self, table: str) -> None:
        """Some rows of a table are gone: of one that others join on nothing holds until it is said anew."""
        lost = [each for each in self._all() if each[0] == table]
        for each in lost:
            del self._known[each]
            self.added.pop(each, None)
        if lost:
            self.changed.add(table)
            self.forgotten.add(table)

    def _all(self) -> dict[tuple[str, str], Mapping[str, str]]:
        if not self._complete:
            self._known = {**self.files.remembered(self.source), **self._known}
            self._complete = True
        return self._known
