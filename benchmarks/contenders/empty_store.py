"""An empty store that no rule asks anything of: what it costs to have rows in it, whichever way they come."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

from benchmarks.contenders.connector import TODAY
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.outcome import Outcome
from connector_core.plugins.connector import Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.sources.spool import Spool
from connector_core.store.store import Store

SOURCE = "base"


@dataclass(frozen=True, slots=True)
class EmptyStore:
    """A store with its spool, both encrypted, and a pipeline without rules."""

    store: Store
    spool: Spool
    host: PluginHost

    def take(self, inputs: list[Input]) -> Outcome:
        """Read files to their commit; raise SystemExit when anything was refused."""
        rules = Rules(self.host, load_parameters(), load_tariffs())
        outcome = Pipeline(self.store, rules, lambda: datetime.now(UTC), (SOURCE,)).attempt(inputs, TODAY)
        wrong = [file for file in outcome.files if file.rejects or file.state != "committed"]
        if wrong:
            raise SystemExit(f"refused: {wrong}")
        return outcome


@contextmanager
def empty_store(folder: Path, connector: str, dialects: DialectConnector | None = None) -> Iterator[EmptyStore]:
    """A new store in a folder, for a vendor's connector, or another one of the same id."""
    host = load_plugins(entry_points=[EntryPoint(connector, f"connector_{connector}", ENTRY_POINT_GROUP)], strict=True)
    if dialects is not None:
        host = host.with_connectors([Registered(dialects, "", "")])
    host.rules = ()
    key = os.urandom(32)
    with Store(folder / "connector.db", key) as store:
        yield EmptyStore(store, Spool(folder / "depot", key), host)
