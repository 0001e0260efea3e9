"""How an extension is named: by its entry point or by its distribution, spelled as a person likes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connector_core.nearest import nearest

CORE = "core"
"""The entry point of our own contributions."""
CORE_DISTRIBUTION = "connector-core"
_PREFIX = "connector-"


def canonical(name: str) -> str:
    """`Connector_Vega` and `connector-vega` are one name, as for every Python distribution."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The nearest of the known names, written as fully as the one given; None where none is near. That most
    distributions are called `connector-…` makes none of them near."""
    full = canonical(name).startswith(_PREFIX)
    by_stem = {_stem(each): each for each in sorted(known, key=lambda each: each.startswith(_PREFIX) == full)}
    near = nearest(_stem(canonical(name)), by_stem)
    return None if near is None else by_stem[near]


def _stem(name: str) -> str:
    return name.removeprefix(_PREFIX)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where contributions come from: an entry point's name and its distribution, which may be unknown (empty)."""

    name: str
    distribution: str = ""
    version: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What a person may call it."""
        return frozenset({canonical(self.name), canonical(self.distribution)} - {""})
