"""Enabling another's extension: it is run once, apart, to see what it offers, and noted as it is now."""

from __future__ import annotations

from datetime import datetime

from connector_core.errors import ConfigurationError, ConnectorBroke, reason_of
from connector_core.plugins.compatibility import check_requirements
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.installed import Extension
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.messages import Offer
from connector_core.plugins.isolation.process import Isolated
from connector_core.plugins.names import Origin
from connector_core.plugins.provenance import digest_of
from connector_core.plugins.state import Enabled
from connector_core.plugins.trust import entry_points_of


def enabled_now(extension: Extension, at: datetime, limits: Limits, *, in_process: bool) -> Enabled:
    """The record of a distribution as it is now, with all its entry points. Raise ConfigurationError when it can't be
    used, with why."""
    distribution = extension.entry_point.dist
    origin = extension.origin
    if distribution is None or not origin.distribution or not origin.version:
        raise ConfigurationError(
            f"l'extension « {origin.name} » n'a ni nom ni version de distribution",
            remedy="Réinstallez-la, ou signalez-le à son éditeur",
        )
    requires = guarded(lambda: distribution.requires or [])
    check_requirements([] if isinstance(requires, Raised) else requires)
    try:
        digest = digest_of(distribution, entry_points_of(extension))
    except OSError as error:
        raise ConfigurationError(
            f"les fichiers de « {origin.distribution} » ne se lisent pas ({reason_of(error)})", remedy="Réinstallez-la"
        ) from error
    offers = {
        each.name: _offer(Origin(each.name, origin.distribution, origin.version), each.value, limits)
        for each in entry_points_of(extension)
    }
    return Enabled(origin.version, digest, at.isoformat(timespec="seconds"), in_process, offers)


def _offer(origin: Origin, value: str, limits: Limits) -> Offer:
    isolated = Isolated(origin, value, limits)
    try:
        return isolated.offer()
    except ConnectorBroke as error:
        raise ConfigurationError(
            f"l'extension ne se charge pas : {error.what}",
            where=origin.name,
            remedy="Signalez-le à l'éditeur de l'extension",
        ) from error
    finally:
        isolated.close()
