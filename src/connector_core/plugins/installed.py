"""Which extensions are installed, from metadata alone: nothing of theirs is imported here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.names import Origin, canonical
from connector_core.plugins.report import LoadReport

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint


@dataclass(frozen=True, slots=True)
class Extension:
    """An entry point of our group."""

    origin: Origin
    entry_point: EntryPoint


@dataclass(frozen=True, slots=True)
class Installed:
    """The extensions, in an order that does not depend on the disk, and the distributions whose metadata is damaged."""

    extensions: tuple[Extension, ...]
    unreadable: tuple[LoadReport, ...] = ()


def installed(path: Sequence[str] | None = None) -> Installed:
    """The extensions on `path`, by default where Python imports from.

    Distributions are read one at a time, so that one with damaged metadata hides no other.
    """
    import sys
    from importlib.metadata import distributions

    found: dict[str, list[EntryPoint]] = {}
    unreadable: dict[str, LoadReport] = {}
    for distribution in distributions(path=list(sys.path if path is None else path)):
        text = guarded(partial(distribution.read_text, "entry_points.txt"))
        if not isinstance(text, str) or ENTRY_POINT_GROUP not in text:
            continue
        name, version = _identity(distribution)
        if name in found or name in unreadable:  # the first on the path hides the others, as for imports
            continue
        declared = guarded(partial(_declared, distribution))
        if isinstance(declared, Raised):
            unreadable[name] = LoadReport(
                name, name, version, "metadata", "failed", "ses métadonnées sont illisibles", "Réinstallez l'extension"
            )
        else:
            found[name] = declared
    entry_points = [each for declared in found.values() for each in declared]
    return Installed(extensions(entry_points), tuple(unreadable.values()))


def extensions(entry_points: Iterable[EntryPoint]) -> tuple[Extension, ...]:
    """Entry points with their distributions, in the order in which they are loaded."""
    known = [Extension(_origin(each), each) for each in entry_points]
    return tuple(sorted(known, key=lambda each: (canonical(each.origin.distribution), each.origin.name)))


def _origin(entry_point: EntryPoint) -> Origin:
    distribution = entry_point.dist
    return Origin(entry_point.name) if distribution is None else Origin(entry_point.name, *_identity(distribution))


def _declared(distribution: Distribution) -> list[EntryPoint]:
    return [each for each in distribution.entry_points if each.group == ENTRY_POINT_GROUP]


def _identity(distribution: Distribution) -> tuple[str, str]:
    name, version = (guarded(partial(_metadata, distribution, key)) for key in ("Name", "Version"))
    return (name if isinstance(name, str) else "", version if isinstance(version, str) else "")


def _metadata(distribution: Distribution, key: str) -> str:
    metadata = distribution.metadata
    if key not in metadata:
        return ""
    return metadata[key]
