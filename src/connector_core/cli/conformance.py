"""What `connector plugins list` says of a plugin's conformance, from the report that the plugin ships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_core.plugins.conformance import Standing

_LEVELS = {"bronze": "bronze", "silver": "argent", "gold": "or"}


def standings() -> Mapping[str, Standing | None]:
    """The standing of every installed plugin but the core's own, by its entry point. No plugin is imported; a damaged
    report counts as none."""
    from connector_core.errors import ConfigurationError
    from connector_core.plugins.conformance import standing_of
    from connector_core.plugins.installed import installed
    from connector_core.plugins.names import CORE

    found: dict[str, Standing | None] = {}
    for extension in installed().extensions:
        if extension.origin.name == CORE:
            continue
        try:
            found[extension.origin.name] = standing_of(extension.entry_point.value.partition(":")[0])
        except ConfigurationError:
            found[extension.origin.name] = None
    return found


def standing_text(standing: Standing | None) -> str:
    """One line, in French."""
    if standing is None:
        return "conformité : aucun rapport fourni"
    report = standing.report
    if not standing.is_of_these_files:
        return "conformité : le rapport fourni n'est pas celui de ces fichiers ; il ne prouve rien"
    if report.level is None:
        return "conformité : aucun niveau atteint"
    count = len(report.exemptions)
    exempt = f", {count} exemption{'s' * (count > 1)} motivée{'s' * (count > 1)}" if count else ""
    return f"conformité : {_LEVELS[report.level]}, vérifiée avec connector-core {report.core}{exempt}"


def standing_json(standing: Standing | None) -> Mapping[str, object] | None:
    """The same for a machine; `level` is null where the report does not speak of the files that are installed."""
    if standing is None:
        return None
    report = standing.report
    return {
        "level": report.level if standing.is_of_these_files else None,
        "core": report.core,
        "version": report.version,
        "is_of_these_files": standing.is_of_these_files,
        "exemptions": [
            {"check": each.check, "sample": each.sample, "reason": each.reason} for each in report.exemptions
        ],
        "unseen": {name: list(fields) for name, fields in report.unseen.items()},
    }
