"""Which extensions may run: those that come with connector, and those that a person enabled, as they were then.

The promise: nothing of another's extension is imported in a process of connector before a person enabled it, nor after
a file of it changed; enabled, its connectors run in a process of their own. Ours are known by the names of their
distributions. That is no weaker than what it protects: whoever can install a distribution under one of these names can
replace the core as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.names import CORE_DISTRIBUTION, Origin, canonical
from connector_core.plugins.provenance import digest_of
from connector_core.plugins.report import Trust

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from connector_core.plugins.installed import Extension
    from connector_core.plugins.state import Enabled

OURS = frozenset(
    {
        CORE_DISTRIBUTION,
        "connector-banque",
        "connector-kine4000",
        "connector-kinemax",
        "connector-teletransmission",
        "connector-vega",
    }
)
"""The distributions that come with connector."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an extension may run; `changed` says in French what did since it was enabled."""

    trust: Trust
    changed: str = ""


@dataclass(frozen=True, slots=True)
class TrustedExtensions:
    """What a person enabled, by distribution, and how much an isolated connector may take."""

    enabled: Mapping[str, Enabled] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def of(self, extension: Extension) -> Standing:
        """Where an extension stands now; its files are read."""
        if is_ours(extension.origin):
            return Standing("ours")
        record = self.record(extension)
        distribution = extension.entry_point.dist
        if record is None or distribution is None:
            return Standing("new")
        version = extension.origin.version
        if version != record.version:
            return Standing("changed", f"version {record.version}, puis {version}")
        digest = guarded(lambda: digest_of(distribution, entry_points_of(extension)))
        if isinstance(digest, Raised):
            return Standing("changed", "ses fichiers ne se lisent plus")
        if digest != record.digest or extension.origin.name not in record.plugins:
            return Standing("changed", f"ses fichiers ne sont plus les mêmes, version {version}")
        return Standing("enabled")

    def record(self, extension: Extension) -> Enabled | None:
        """What was noted when it was enabled."""
        return self.enabled.get(canonical(extension.origin.distribution))


def is_ours(origin: Origin) -> bool:
    """Whether a distribution comes with connector."""
    return canonical(origin.distribution) in OURS


def entry_points_of(extension: Extension) -> tuple[EntryPoint, ...]:
    """Every extension of the same distribution."""
    distribution = extension.entry_point.dist
    if distribution is None:
        return (extension.entry_point,)
    return tuple(each for each in distribution.entry_points if each.group == ENTRY_POINT_GROUP)
