"""The hostile plugin, installed as an installer would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connector_core.plugins.enabling import enabled_now
from connector_core.plugins.host import PluginHost
from connector_core.plugins.installed import Extension, installed
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.report import LoadReport
from connector_core.plugins.state import read_state, set_enabled
from connector_core.plugins.trust import TrustedExtensions

HOSTILE = Path(__file__).parent / "hostile"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@dataclass
class Installation:
    """The hostile plugin, installed in a folder as an installer would."""

    folder: Path
    state: Path

    @property
    def module(self) -> Path:
        return self.folder / "connector_hostile" / "__init__.py"

    @property
    def extension(self) -> Extension:
        (found,) = installed([str(self.folder)]).extensions
        return found

    def change(self, version: str) -> None:
        (info,) = self.folder.glob("*.dist-info")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: connector-hostile\nVersion: {version}\n", "utf-8")

    def enable(self, *, in_process: bool = False) -> None:
        extension = self.extension
        record = enabled_now(extension, NOW, Limits(), in_process=in_process)
        set_enabled(self.state, extension.origin.distribution, extension.origin.names, record)

    def host(self, **options) -> PluginHost:
        state = read_state(self.state)
        found = [self.extension.entry_point]
        trusted = TrustedExtensions(state.enabled)
        return load_plugins(entry_points=found, trusted=trusted, block=state.block(), **options)

    def report(self, **options) -> LoadReport:
        return self.host(**options).reports[-1]
