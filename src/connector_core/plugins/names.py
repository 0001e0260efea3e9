"""How an extension is named: by its entry point or by its distribution, spelled as a person likes."""

from __future__ import annotations

import re
from dataclasses import dataclass

CORE = "core"
"""The entry point of our own contributions."""
CORE_DISTRIBUTION = "connector-core"


def canonical(name: str) -> str:
    """`Connector_Vega` and `connector-vega` are one name, as for every Python distribution."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


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
