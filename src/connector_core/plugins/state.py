"""Which extensions the person switched off, kept in a small JSON file beside the configuration.

`connector plugins disable` must work when an extension breaks everything else, and must not rewrite the file that the
technician wrote by hand; that is why this is a file of its own. What it switches off is added to `[plugins] block`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.plugins.names import CORE, CORE_DISTRIBUTION, canonical

FILE_NAME = "plugins.json"
"""Name of the file in the configuration folder."""


@dataclass(frozen=True, slots=True)
class PluginState:
    """The extensions switched off, by entry point or distribution."""

    disabled: frozenset[str] = frozenset()

    def block(self, configured: Iterable[str] = ()) -> tuple[str, ...]:
        """Everything to block: what the configuration blocks, and what was switched off."""
        return tuple(sorted(self.disabled.union(map(canonical, configured))))


def read_state(path: Path) -> PluginState:
    """What the file says; nothing is switched off when there is none.

    A damaged file is refused: reading it as empty would switch a bad extension on again.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return PluginState()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _unreadable(path) from error
    disabled = content.get("disabled") if isinstance(content, dict) else None
    if not isinstance(disabled, list) or not all(isinstance(name, str) for name in disabled):
        raise _unreadable(path)
    return PluginState(frozenset(map(canonical, disabled)))


def set_disabled(path: Path, name: str, disabled: bool) -> PluginState:
    """Switch an extension off or on again, atomically; gives the new state."""
    name = canonical(name)
    if disabled and name in {CORE, CORE_DISTRIBUTION}:
        raise ConfigurationError("le cœur de connector ne peut pas être désactivé")
    before = read_state(path).disabled
    after = before | {name} if disabled else before - {name}
    if after != before:
        _write(path, json.dumps({"disabled": sorted(after)}, ensure_ascii=False, indent=2) + "\n")
    return PluginState(after)


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            "la liste des extensions désactivées ne peut pas être écrite",
            where=str(path),
            remedy="Vérifiez les droits sur ce dossier et la place sur le disque",
        ) from error


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "la liste des extensions désactivées est illisible",
        where=str(path),
        remedy="Supprimez ce fichier, puis désactivez de nouveau les extensions voulues",
    )
