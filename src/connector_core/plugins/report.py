"""What became of each installed extension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connector_core.errors import ConnectorError

Stage = Literal["disabled", "metadata", "import", "register", "validate", "loaded"]
Status = Literal["ok", "disabled", "failed"]


class PluginRefused(ConnectorError):
    """A plugin, or one of its contributions, can't be used."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How far one extension came. `name` is its entry point; `reason` and `remedy` are French sentences.

    `connectors` are the ids it offers. `verified` is None without connectors, and False when the layouts of one of them
    have not been seen on an installation.
    """

    name: str
    distribution: str
    version: str
    stage: Stage
    status: Status
    reason: str = ""
    remedy: str = ""
    connectors: tuple[str, ...] = ()
    verified: bool | None = None
