"""What became of each installed extension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connector_core.errors import ConnectorError

Stage = Literal["disabled", "trust", "metadata", "import", "register", "validate", "loaded"]
Status = Literal["ok", "disabled", "failed"]
Trust = Literal["ours", "enabled", "new", "changed", "given"]
"""ours: it comes with connector; enabled: by a person, and unchanged since; new: by nobody; changed: since it was
enabled; given: by the program itself, as in tests."""


class PluginRefused(ConnectorError):
    """A plugin, or one of its contributions, can't be used."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How far one extension came. `name` is its entry point; `reason` and `remedy` are French sentences.

    `connectors` are the ids it offers. `verified` is None without connectors, and False when the layouts of one of them
    have not been seen on an installation. `source` says in French where it was installed from; `isolated`, that its
    connectors run in a process of their own.
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
    trust: Trust = "ours"
    source: str = ""
    isolated: bool = False
