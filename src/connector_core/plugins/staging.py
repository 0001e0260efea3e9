"""What plugins contributed, and the stage on which one plugin's contributions wait until it has finished.

A plugin that raises in the middle contributes nothing; a plugin whose contribution was refused contributes nothing,
even when it swallows the refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from connector_core.plugins.checks import (
    checked_delivery,
    checked_diagnostic,
    checked_info,
    checked_rule,
    checked_sensitive,
)
from connector_core.plugins.connector import Registered
from connector_core.plugins.names import Origin
from connector_core.plugins.report import PluginRefused

if TYPE_CHECKING:
    from connector_core.plugins.connector import Connector, ConnectorInfo
    from connector_core.plugins.contributions import Delivery, Diagnostic, SensitivePattern
    from connector_core.rules.kernel import AnyRule

T = TypeVar("T")
C = TypeVar("C")
_LABELS = {
    "connector": "le connecteur",
    "rule": "la règle",
    "diagnostic": "le diagnostic",
    "sensitive": "le motif sensible",
    "delivery": "la livraison",
}


@dataclass(slots=True)
class Contributions:
    """Everything accepted so far, by id. `owners` says which plugin brought (kind, id)."""

    connectors: dict[str, Registered] = field(default_factory=dict)
    infos: dict[str, ConnectorInfo] = field(default_factory=dict)
    rules: dict[str, AnyRule] = field(default_factory=dict)
    diagnostics: dict[str, Diagnostic] = field(default_factory=dict)
    sensitive: dict[str, SensitivePattern] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, other: Contributions) -> None:
        self.connectors |= other.connectors
        self.infos |= other.infos
        self.rules |= other.rules
        self.diagnostics |= other.diagnostics
        self.sensitive |= other.sensitive
        self.deliveries |= other.deliveries
        self.owners |= other.owners


class Staging:
    """The stage of one plugin, whose files have `digest` where that is known. Its five methods are the `register`
    arguments of the five registering hooks."""

    def __init__(self, origin: Origin, accepted: Contributions, digest: str = "") -> None:
        self.staged = Contributions()
        self._origin = origin
        self._accepted = accepted
        self._digest = digest
        self._refusal: PluginRefused | None = None
        self._finished = False

    def connector(self, connector: Connector) -> None:
        info = self._checked("connector", connector, checked_info, lambda info: info.id)
        self.staged.infos[info.id] = info
        self.staged.connectors[info.id] = Registered(
            connector, self._origin.distribution, self._origin.version, self._digest
        )

    def rule(self, rule: AnyRule) -> None:
        self.staged.rules[self._named("rule", rule, checked_rule)] = rule

    def diagnostic(self, diagnostic: Diagnostic) -> None:
        self.staged.diagnostics[self._named("diagnostic", diagnostic, checked_diagnostic)] = diagnostic

    def sensitive(self, sensitive: SensitivePattern) -> None:
        self.staged.sensitive[self._named("sensitive", sensitive, checked_sensitive)] = sensitive

    def delivery(self, delivery: Delivery) -> None:
        self.staged.deliveries[self._named("delivery", delivery, checked_delivery)] = delivery

    def finish(self) -> Contributions:
        """What the plugin contributes, now that all its hooks have returned; raises what was refused on the way."""
        self._finished = True
        if self._refusal is not None:
            raise self._refusal
        return self.staged

    def _named(self, kind: str, given: T, check: Callable[[T], str]) -> str:
        return self._checked(kind, given, check, str)

    def _checked(self, kind: str, given: T, check: Callable[[T], C], name: Callable[[C], str]) -> C:
        try:
            if self._finished:
                raise PluginRefused(
                    "l'enregistrement est terminé", remedy="Enregistrez tout pendant l'appel du crochet"
                )
            checked = check(given)
            key = kind, name(checked)
            self._check_free(key)
        except PluginRefused as refusal:
            self._refusal = self._refusal or refusal
            raise
        self.staged.owners[key] = self._origin.name
        return checked

    def _check_free(self, key: tuple[str, str]) -> None:
        kind, name = key
        thing = f"{_LABELS[kind]} « {name} »"
        if key in self.staged.owners:
            raise PluginRefused(
                f"« {self._origin.name} » offre deux fois {thing}", remedy="Signalez-le à l'éditeur de l'extension"
            )
        owner = self._accepted.owners.get(key)
        if owner is not None:
            raise PluginRefused(
                f"« {owner} » et « {self._origin.name} » offrent tous deux {thing}",
                remedy="Gardez l'une des deux : « connector plugins disable <nom> »",
            )
