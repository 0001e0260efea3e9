"""Connector as the daemon puts it together: encrypted store and spool, the Vega plugin, shared rules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.outcome import Outcome
from connector_core.plugins.connector import Registered
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.process import Isolated
from connector_core.plugins.isolation.proxy import proxy_of
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.names import Origin
from connector_core.rules.kernel import AnyRule
from connector_core.sources.spool import Spool
from connector_core.store.store import Store

SOURCE = "vega"
FAMILIES = frozenset({"KINE-BILAN", "KINE-NOM", "KINE-CUMUL", "SUIVI"})
"""The families of rules that the comparisons with other tools are made with, so that they stay comparable."""
EVERY = "every"
"""The argument of a contender that asks every shared rule instead."""
SHARED = "shared"
"""The argument of a contender that asks only what pandera can express too."""
NONE = "none"
"""The argument of a contender that asks no rule, so that nothing was answered yet."""
AS_PANDERA = frozenset({"KINE-CUMUL-DOUBLON", "KINE-NOM-PAIRE", "KINE-NOM-MONTANT"})
TODAY = date(2026, 11, 20)


@dataclass(frozen=True, slots=True)
class Practice:
    """The store, the spool and the pipeline of one practice, in a folder."""

    store: Store
    spool: Spool
    pipeline: Pipeline
    rules: Rules

    def take(self, export: Path) -> list[Input]:
        """Copy an export into the spool and leave out, as the daemon does, what was taken before."""
        copies = [self.spool.take(SOURCE, path) for path in sorted(export.glob("*.txt"))]
        taken = self.store.files.taken(SOURCE)
        return [Input(SOURCE, copy, (SOURCE,)) for copy in copies if copy.sha256 not in taken]

    def ingest(self, export: Path, as_of: date = TODAY) -> Outcome:
        """From an export folder to committed findings."""
        return self.pipeline.attempt(self.take(export), as_of)

    def ask_everything_again(self, as_of: date = TODAY) -> Outcome:
        """What happens when a rule has changed: every dossier is loaded, put together, judged, compared and written."""
        with self.store.transaction():
            self.store.set_fact("rules", "")
        return self.pipeline.day_passes(as_of)


@contextmanager
def opened(folder: Path, which: str = "", *, isolated: bool = False) -> Iterator[Practice]:
    """The practice that lives in a folder, made when it is new. Its key lies beside it: nobody's data is in there.

    Asked are the rules of `FAMILIES`; all shared rules where `which` is `EVERY`, three where it is `SHARED`, none where
    it is `NONE`. The connector runs in a process of its own where it is `isolated`, as a third party's does.
    """
    folder.mkdir(exist_ok=True)
    key_file = folder / "key"
    if not key_file.exists():
        key_file.write_bytes(os.urandom(32))
    key = key_file.read_bytes()
    host = load_plugins(entry_points=[EntryPoint("vega", "connector_vega", ENTRY_POINT_GROUP)], strict=True)
    host.rules = tuple(rule for rule in host.rules if _asked(rule, which))
    with ExitStack() as stack:
        if isolated:
            host = host.with_connectors([stack.enter_context(elsewhere("vega", "connector_vega"))])
        rules = Rules(host, load_parameters(), load_tariffs())
        store = stack.enter_context(Store(folder / "connector.db", key))
        pipeline = Pipeline(store, rules, lambda: datetime.now(UTC), (SOURCE,))
        yield Practice(store, Spool(folder / "depot", key), pipeline, rules)


def _asked(rule: AnyRule, which: str) -> bool:
    if which == SHARED:
        return rule.code in AS_PANDERA
    return which == EVERY or (which != NONE and rule.family in FAMILIES)


@contextmanager
def elsewhere(name: str, module: str) -> Iterator[Registered]:
    """The one connector of a plugin, in a process of its own."""
    isolated = Isolated(Origin(name), module, Limits())
    try:
        (offered,) = isolated.offer().connectors
        yield Registered(proxy_of(isolated, offered), "", "")
    finally:
        isolated.close()


def counts(outcome: Outcome) -> dict[str, int]:
    """The rows of each list that was read; raise when a row or a file was refused."""
    wrong = [file for file in outcome.files if file.rejects or file.state != "committed"]
    if wrong:
        raise SystemExit(f"refused: {wrong}")
    return {file.name.split("_")[1]: file.rows for file in outcome.files}
