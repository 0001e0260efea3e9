"""What commands share: the configuration, the plugins, the store, each made when a command first asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from connector_core.plugins.host import PluginHost
    from connector_core.service.places import Places
    from connector_core.settings.load import Loaded
    from connector_core.settings.model import Settings
    from connector_core.store.decisions import Decisions
    from connector_core.store.store import Store


@dataclass
class Context:
    """One call of the program, as its general options say. Importing this module is free."""

    config: Path | None = None
    no_plugins: bool = False

    @cached_property
    def loaded(self) -> Loaded:
        """The configuration in force, with the origin of each value."""
        from connector_core.settings.load import load_with_origins

        return load_with_origins(self.config, os.environ)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def configuration_folder(self) -> Path:
        """Where `connector.toml` and the list of switched-off plugins lie."""
        if self.config is not None:
            return self.config.absolute().parent
        from connector_core.settings.places import configuration_folder

        return configuration_folder()

    def options(self) -> tuple[str, ...]:
        """The general options with which another process serves the same practice."""
        config = () if self.config is None else ("--config", str(self.config.absolute()))
        return (*config, "--no-plugins") if self.no_plugins else config

    @cached_property
    def host(self) -> PluginHost:
        """The plugins that this practice admits."""
        from connector_core.service.assembly import plugin_host

        return plugin_host(self.settings, self.configuration_folder, no_plugins=self.no_plugins)

    def host_without_settings(self) -> PluginHost:
        """The plugins that are installed and trusted, for what is done before there is a valid configuration."""
        from connector_core.plugins.loader import load_plugins
        from connector_core.plugins.state import FILE_NAME, read_state
        from connector_core.plugins.trust import TrustedExtensions

        state = read_state(self.configuration_folder / FILE_NAME)
        return load_plugins(block=state.block(), no_plugins=self.no_plugins, trusted=TrustedExtensions(state.enabled))

    def known_connector(self, name: str) -> str:
        """The id of a connector that is here; ConfigurationError naming the nearest for any other."""
        from connector_core.errors import ConfigurationError
        from connector_core.nearest import suggestion

        known = self.host.connectors
        if name not in known:
            raise ConfigurationError(f"connecteur inconnu « {name} »", remedy=suggestion(name, known))
        return name

    @property
    def places(self) -> Places:
        from connector_core.service.places import Places

        return Places(self.settings.data_folder())

    def today(self) -> date:
        """The civil day of the practice."""
        from connector_core.service.places import today

        return today(self.settings)

    @contextmanager
    def store(self, *, write: bool = False) -> Iterator[Store]:
        """The practice's store; read-only unless `write`, since the daemon may be writing to it."""
        from connector_core.service.assembly import open_store
        from connector_core.store.connection import translated

        store, _ = open_store(self.settings, create=False, read_only=not write)
        with store, translated(store.path):
            yield store

    def decisions(self) -> Decisions:
        """What people decided since the oldest backup of the store. While the key is being changed they have the key
        that opens the store: those that had the former one were encrypted again by then, or are to be."""
        from connector_core.service.assembly import decisions_of, opening_key, secrets_of

        return decisions_of(self.settings, opening_key(secrets_of(self.settings), self.places.store))

    def log_folder(self) -> Path:
        """Where an unforeseen error is logged, whatever state the configuration is in."""
        from connector_core.errors import ConnectorError

        try:
            return self.settings.data_folder()
        except ConnectorError:
            from connector_core.settings.places import data_folder

            return data_folder()
