"""What a person decided about extensions, kept in a small JSON file beside the configuration.

`connector plugins disable` must work when an extension breaks everything else, and must not rewrite the file that the
technician wrote by hand; that is why this is a file of its own. What it switches off is added to `[plugins] block`.
What was enabled stands there as it was then: version, digest of its files, what it offers, so that it is known without
running it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from connector_core.errors import ConfigurationError
from connector_core.plugins.isolation.messages import Offer
from connector_core.plugins.names import CORE, CORE_DISTRIBUTION, canonical

FILE_NAME = "plugins.json"
"""Name of the file in the configuration folder."""


class Enabled(msgspec.Struct, frozen=True):
    """A distribution as it was when a person enabled it. `at` is the moment, in ISO form; `in_process` says that what
    it offers beside connectors may run in connector itself; `plugins` is what each of its entry points offers."""

    version: str
    digest: str
    at: str
    in_process: bool
    plugins: Mapping[str, Offer]


class PluginState(msgspec.Struct, frozen=True):
    """The extensions switched off, by entry point or distribution, and those enabled, by distribution."""

    disabled: frozenset[str] = frozenset()
    enabled: Mapping[str, Enabled] = {}

    def block(self, configured: Iterable[str] = ()) -> tuple[str, ...]:
        """Everything to block: what the configuration blocks, and what was switched off."""
        return tuple(sorted(self.disabled.union(map(canonical, configured))))


class _File(msgspec.Struct, omit_defaults=True):
    disabled: list[str]
    enabled: dict[str, Enabled] = {}


def read_state(path: Path) -> PluginState:
    """What the file says; nothing is switched off or enabled when there is none.

    A damaged file is refused: reading it as empty would switch a bad extension on again.
    """
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return PluginState()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    return PluginState(
        frozenset(map(canonical, content.disabled)),
        {canonical(name): each for name, each in content.enabled.items()},
    )


def set_disabled(path: Path, name: str) -> PluginState:
    """Switch an extension off, atomically; gives the new state."""
    name = canonical(name)
    if name in {CORE, CORE_DISTRIBUTION}:
        raise ConfigurationError("le cœur de connector ne peut pas être désactivé")
    before = read_state(path)
    return _replaced(path, before, PluginState(before.disabled | {name}, before.enabled))


def set_active(path: Path, names: Iterable[str]) -> PluginState:
    """Switch an extension on again, atomically, under every name that it has; gives the new state."""
    before = read_state(path)
    return _replaced(path, before, PluginState(before.disabled.difference(map(canonical, names)), before.enabled))


def set_enabled(path: Path, distribution: str, names: Iterable[str], enabled: Enabled) -> PluginState:
    """Note that a person enabled a distribution, which is switched off under none of its names any more."""
    before = read_state(path)
    records = {**before.enabled, canonical(distribution): enabled}
    return _replaced(path, before, PluginState(before.disabled.difference(map(canonical, names)), records))


def _replaced(path: Path, before: PluginState, after: PluginState) -> PluginState:
    if after != before:
        content = _File(sorted(after.disabled), dict(sorted(after.enabled.items())))
        _write(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return after


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            "la liste des extensions ne peut pas être écrite",
            where=str(path),
            remedy="Vérifiez les droits sur ce dossier et la place sur le disque",
        ) from error


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "la liste des extensions est illisible",
        where=str(path),
        remedy="Supprimez ce fichier, puis désactivez et activez de nouveau les extensions voulues",
    )
