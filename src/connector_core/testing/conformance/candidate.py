"""The plugin that is examined: found by its metadata, observed in a process of its own, then loaded here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

from connector_core.plugins import hookspecs
from connector_core.plugins.conformance import package_folder
from connector_core.plugins.connector import Connector
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.host import PluginHost
from connector_core.plugins.installed import Extension, installed
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.names import CORE
from connector_core.testing.conformance.check import Broken, Check

if TYPE_CHECKING:
    from connector_core.plugins.report import LoadReport

_QUIET = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the kit tries, and what it lets pass: offsets per file, seconds, bytes."""

    cuts: int = 16
    flips: int = 24
    marks: int = 16
    import_seconds: float = 1.0
    read_seconds: float = 120.0
    giant_bytes: int = 20 * 1024 * 1024
    giant_seconds: float = 30.0
    giant_memory: int = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Observed:
    """What a fresh process saw while it imported the plugin and read its samples.

    `effects` are side effects of importing and registering, `escapes` what reading did beside reading, by kind;
    `digests` is what the records of each sample are, in their order.
    """

    seconds: float
    effects: Sequence[str]
    printed: bool
    escapes: Sequence[str]
    digests: Mapping[str, str]


@dataclass
class Candidate:
    """One connector, by its id. `path` is where distributions are looked for, by default where Python imports from."""

    connector: str
    samples: Path
    path: Sequence[str] | None = None
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def extension(self) -> Extension | None:
        """The entry point of the connector's name; None where no distribution declares one."""
        found = [each for each in installed(self.path).extensions if each.origin.name == self.connector]
        return found[0] if found else None

    @property
    def declared(self) -> Extension:
        if self.extension is None:
            raise Broken(
                f"no distribution declares « {self.connector} » in {hookspecs.ENTRY_POINT_GROUP}; install yours, in "
                "its folder: « python -m pip install -e . », and again where the entry point was changed"
            )
        return self.extension

    @cached_property
    def folder(self) -> Path | None:
        """The folder of the plugin's package; None for a single module."""
        return package_folder(self.declared.entry_point.value.partition(":")[0], self.path)

    @cached_property
    def module(self) -> object | Raised:
        """What the entry point names, imported here."""
        return guarded(self.declared.entry_point.load)

    @cached_property
    def host(self) -> PluginHost:
        return self.loaded()

    def loaded(self) -> PluginHost:
        """A fresh host of this plugin alone."""
        return load_plugins(entry_points=[self.declared.entry_point])

    @property
    def report(self) -> LoadReport:
        return next(each for each in self.host.reports if each.name != CORE)

    @cached_property
    def tested(self) -> Connector:
        return self.host.connectors[self.connector].connector

    def manager(self) -> pluggy.PluginManager:
        """pluggy with our hooks and nothing registered."""
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        return manager

    @cached_property
    def observed(self) -> Observed:
        return self._observe({"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"})

    @cached_property
    def observed_elsewhere(self) -> Observed:
        """The same under another hash seed, time zone and locale."""
        return self._observe({"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LC_ALL": "C"})

    def _observe(self, environment: Mapping[str, str]) -> Observed:
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder, "observed.json")
            asked = {
                "name": self.connector,
                "value": self.declared.entry_point.value,
                "samples": str(self.samples.resolve()),
                "told": str(told),
            }
            path = os.pathsep.join([*map(os.path.abspath, self.path or ()), *filter(None, sys.path)])
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "connector_core.testing.conformance.observer"],
                    input=json.dumps(asked),
                    capture_output=True,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    timeout=self.limits.read_seconds,
                    check=False,
                    cwd=folder,
                    env={**os.environ, **_QUIET, **environment, "PYTHONPATH": path},
                )
            except subprocess.TimeoutExpired:
                raise Broken(f"reading the samples did not end within {self.limits.read_seconds:g} s") from None
            if not told.exists():
                raise Broken(f"the process that read the samples ended with code {done.returncode}")
            content = json.loads(told.read_text(encoding="utf-8"))
        return Observed(**content, printed=bool(done.stdout or done.stderr))


PluginCheck = Check[Candidate]
