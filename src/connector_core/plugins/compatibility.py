"""Whether a plugin wants this version of connector-core, known from its metadata before any of its code runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from connector_core import __version__
from connector_core.plugins.names import CORE_DISTRIBUTION, canonical
from connector_core.plugins.report import PluginRefused

if TYPE_CHECKING:
    from packaging.specifiers import Specifier, SpecifierSet
    from packaging.version import Version

_PROJECT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_AT_LEAST = {">=", ">", "==", "~="}
_AT_MOST = {"<=", "<", "==", "~="}


def check_requirements(requirements: Iterable[str]) -> None:
    """Refuse a distribution whose `Requires-Dist` lines exclude this connector-core."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in requirements:
        project = _PROJECT.match(line)
        if project is None or canonical(project[1]) != CORE_DISTRIBUTION:
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            raise _illegible() from None
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            _check(requirement.specifier)


def check_specifier(text: str) -> None:
    """Refuse a connector whose `requires_core` excludes this connector-core."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier:
        raise _illegible() from None
    _check(specifier)


def _check(wanted: SpecifierSet) -> None:
    from packaging.version import Version

    ours = Version(__version__)
    if wanted.contains(ours, prereleases=True):
        return
    failing = [each for each in wanted if not each.contains(ours, prereleases=True) and each.operator != "==="]
    if any(each.operator in _AT_LEAST and _version(each) >= ours for each in failing):
        raise PluginRefused(
            f"demande un connector-core plus récent ({wanted} ; ici {ours})",
            remedy="Mettez connector-core à jour, ou installez une version plus ancienne de l'extension",
        )
    if any(each.operator in _AT_MOST and _version(each) <= ours for each in failing):
        raise PluginRefused(
            f"demande un connector-core plus ancien ({wanted} ; ici {ours})",
            remedy="Installez une version plus récente de l'extension",
        )
    raise PluginRefused(
        f"demande un autre connector-core ({wanted} ; ici {ours})", remedy="Installez une autre version de l'extension"
    )


def _version(specifier: Specifier) -> Version:
    from packaging.version import Version

    return Version(specifier.version.removesuffix(".*"))


def _illegible() -> PluginRefused:
    return PluginRefused(
        "la version de connector-core qu'elle demande est illisible", remedy="Signalez-le à l'éditeur de l'extension"
    )
