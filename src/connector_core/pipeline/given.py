"""What an attempt is given: files, those read before that can still be had, and the rules to ask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from connector_core import __version__
from connector_core.formats.document import SpooledFile
from connector_core.parameters.motifs import RejectMotifs, load_motifs
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.plugins.host import PluginHost
from connector_core.rules.base import Adjustments


@dataclass(frozen=True, slots=True)
class Input:
    """A spooled file and the configured source it came from (`""` for a dry check).

    `connectors` limits who may claim it, `dialect` as what.
    """

    source: str
    file: SpooledFile
    connectors: tuple[str, ...] | None = None
    dialect: str | None = None


Lying = Callable[[str, Collection[str]], Iterable[Input]]
"""Told a source and the digests of its files in an attempt, gives those read before that can still be had, the oldest
first."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked: the plugins' rules with the parameters of the day and what the practice decided about them."""

    host: PluginHost
    parameters: ParameterSet
    tariffs: Tariffs
    adjustments: Adjustments = field(default_factory=Adjustments)
    motifs: RejectMotifs = field(default_factory=load_motifs)

    def digest(self) -> str:
        """Changes whenever the same data might be answered otherwise."""
        rules = ",".join(sorted(f"{rule.code}:{rule.version}" for rule in self.host.rules))
        values = ";".join(
            f"{name}={value.since}:{value.value}:{value.confidence}"
            for name in self.parameters.names()
            for value in self.parameters.parameter(name).values
        )
        severities = sorted((self.adjustments.severities or {}).items())
        text = f"{__version__}|{rules}|{values}|{sorted(self.adjustments.off)}|{severities}|{self.motifs.stamp()}"
        return hashlib.sha256(text.encode()).hexdigest()
