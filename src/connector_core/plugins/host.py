"""The typed facade: the only way the rest of connector speaks to plugins.

Every call goes to one plugin at a time, behind a guard: what one raises never reaches the caller nor the next plugin.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from connector_core.errors import ConnectorBroke, ConnectorRests
from connector_core.plugins.connector import Claim, Probe, Registered
from connector_core.plugins.guard import Raised, guarded

if TYPE_CHECKING:
    from connector_core.plugins.contributions import Delivery, Diagnostic, Event, SensitivePattern
    from connector_core.plugins.report import LoadReport
    from connector_core.plugins.staging import Contributions
    from connector_core.rules.kernel import AnyRule

_EQUAL_SCORES = 1e-9
"""Scores are sums of weights: closer than this is equal."""

HookCalls = Mapping[str, Callable[..., object]]
"""For one hook, how to call it on each plugin alone, by the plugin's name, in the order in which they were loaded."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A connector that failed to answer, and why (French, without what it read); `error` is ours where its process is
    what failed."""

    connector: str
    reason: str
    error: ConnectorBroke | ConnectorRests | None = None


@dataclass(frozen=True, slots=True)
class Identification:
    """Whose file it is. `claims` are all that were made, best first; `reason` says in French what was concluded."""

    status: Literal["known", "ambiguous", "unknown"]
    reason: str
    claims: tuple[Claim, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def claim(self) -> Claim | None:
        """The claim to read the file with; None unless exactly one is best."""
        return self.claims[0] if self.status == "known" else None


class PluginHost:
    """What the loaded plugins contribute, and the two hooks that are called while connector runs.

    `connectors` are by id. `reports` tell of every extension, the core first. `failures` counts what was swallowed, by
    (plugin, hook or method).
    """

    def __init__(
        self, contributions: Contributions, reports: Iterable[LoadReport], secrets: HookCalls, events: HookCalls
    ) -> None:
        self.connectors: Mapping[str, Registered] = MappingProxyType(contributions.connectors)
        self.rules: tuple[AnyRule, ...] = tuple(contributions.rules.values())
        self.diagnostics: tuple[Diagnostic, ...] = tuple(contributions.diagnostics.values())
        self.sensitive: tuple[SensitivePattern, ...] = tuple(contributions.sensitive.values())
        self.deliveries: tuple[Delivery, ...] = tuple(contributions.deliveries.values())
        self.reports: tuple[LoadReport, ...] = tuple(reports)
        self._owners = contributions.owners
        self._secrets = secrets
        self._events = events
        self._failures: Counter[tuple[str, str]] = Counter()

    @property
    def failures(self) -> Mapping[tuple[str, str], int]:
        return MappingProxyType(self._failures)

    def secret(self, reference: str) -> str | None:
        """The value of a secret reference, from the first plugin that knows it."""
        for plugin, call in self._secrets.items():
            answer = guarded(partial(call, reference=reference))
            if isinstance(answer, str):
                return answer
            if answer is not None:
                self._failures[plugin, "connector_secret"] += 1
        return None

    def event(self, event: Event) -> None:
        """Tell every plugin that something happened."""
        for plugin, call in self._events.items():
            if isinstance(guarded(partial(call, event=event)), Raised):
                self._failures[plugin, "connector_event"] += 1

    def with_connectors(self, connectors: Iterable[Registered]) -> PluginHost:
        """The same host, with other connectors in the place of those of the same ids."""
        other = copy(self)
        other.connectors = MappingProxyType(
            {**self.connectors, **{each.connector.info.id: each for each in connectors}}
        )
        return other

    def identify(self, probe: Probe, among: Collection[str] | None = None) -> Identification:
        """Ask every connector, or those `among` the ids given, whether it knows a file."""
        claims: list[Claim] = []
        skipped: list[Skipped] = []
        for name, registered in self.connectors.items():
            if among is not None and name not in among:
                continue
            answer = guarded(partial(_ask, registered, probe))
            problem = _problem(answer, name)
            if problem:
                self._failures[self._owners["connector", name], "identify"] += 1
                error = answer.error if isinstance(answer, Raised) else None
                ours = error if isinstance(error, ConnectorBroke | ConnectorRests) else None
                skipped.append(Skipped(name, problem, ours))
            elif isinstance(answer, Claim) and answer.score > 0:
                claims.append(answer)
        claims.sort(key=lambda claim: (-claim.score, claim.connector))
        return _concluded(tuple(claims), tuple(skipped), empty=not probe.size)


def _ask(registered: Registered, probe: Probe) -> object:
    return registered.connector.identify(probe)


def _problem(answer: object, connector: str) -> str:
    match answer:
        case None:
            return ""
        case Raised(description=description):
            return description
        case Claim(connector=claimed) if claimed != connector:
            return "sa réponse porte le nom d'un autre connecteur"
        case Claim(score=float() | int() as score, reason=str(), dialect=str()) if 0 <= score <= 1:
            return ""
        case Claim():
            return "sa réponse est incomplète, ou son score n'est pas entre 0 et 1"
        case _:
            return "sa réponse n'est pas celle d'un connecteur"


def _concluded(claims: tuple[Claim, ...], skipped: tuple[Skipped, ...], *, empty: bool) -> Identification:
    if not claims:
        reason = "ce fichier est vide" if empty else "aucun connecteur ne reconnaît ce fichier"
        return Identification("unknown", reason, claims, skipped)
    best = [claim for claim in claims if math.isclose(claim.score, claims[0].score, abs_tol=_EQUAL_SCORES)]
    if len(best) == 1:
        return Identification("known", best[0].reason, claims, skipped)
    names = " et ".join(f"« {claim.connector} »" for claim in best)
    return Identification("ambiguous", f"{names} reconnaissent aussi bien ce fichier", claims, skipped)
