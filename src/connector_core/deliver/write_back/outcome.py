"""What became of flags that were to be written, withdrawn or undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector_core.store.write_back import Flag, FlagState, Intent

CHANGED = "quelqu'un l'a modifié depuis dans le logiciel ; il y reste"
DONE: Mapping[Intent, FlagState] = {
    "write": "written",
    "hand_over": "written",
    "withdraw": "withdrawn",
    "undo": "undone",
}
"""What a flag is after what was intended with it was done."""


@dataclass(slots=True)
class Outcome:
    """What was done: flags by what became of them, those that are left to others, those to be tried again later, and
    those that nothing can be done about before something changes; with the reasons (French, without data)."""

    done: list[tuple[Flag, FlagState]] = field(default_factory=list)
    left: list[tuple[Flag, str]] = field(default_factory=list)
    later: list[tuple[Flag, str]] = field(default_factory=list)
    problems: list[tuple[Flag, str]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.done += other.done
        self.left += other.left
        self.later += other.later
        self.problems += other.problems
