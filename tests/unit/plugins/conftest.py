"""Throwaway plugins: real modules beside real distribution metadata, in a folder that only the test sees."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.host import PluginHost
from connector_core.plugins.installed import installed
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.report import LoadReport
from connector_core.rules.kernel import Rule, rule

CONNECTOR = """
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Claim, ConnectorInfo

class Connector:
    info = ConnectorInfo(id={id!r}, vendor="Editeur", product="Logiciel", version="1.0", verified={verified})

    def identify(self, probe):
        {identify}

    def is_complete(self, probe):
        return True

    def read(self, file, claim):
        raise NotImplementedError

@hookimpl
def connector_register_connectors(register):
    register(Connector())
"""


def connector_code(id: str, identify: str = "return None", verified: bool = False) -> str:
    return CONNECTOR.format(id=id, identify=identify, verified=verified)


@rule("TEST-CORE", subject="practice", severity="info", reference="aucune", confidence="S", needs=())
def core_rule(check):
    """Une règle du cœur, pour les essais."""
    yield from ()


class Pivot:
    info = ConnectorInfo(id="pivot", vendor="connector", product="pivot", version="1", verified=True)

    def identify(self, probe):
        return None

    def is_complete(self, probe):
        return True

    def read(self, file, claim):
        raise NotImplementedError


@dataclass
class Site:
    """A folder on `sys.path` into which plugins are put as an installer would."""

    folder: Path
    modules: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        code: str,
        *,
        distribution: str | None = None,
        version: str = "1.2",
        requires: Sequence[str] = (),
        value: str | None = None,
    ) -> None:
        distribution = distribution or f"connector-{name}"
        if value is None:
            value = f"throwaway_{distribution}_{name}".replace("-", "_")
            self.modules.append(value)
            (self.folder / f"{value}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        metadata = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        metadata.extend(f"Requires-Dist: {line}" for line in requires)
        self.dist_info(
            distribution, metadata="\n".join(metadata), entry_points=f"[{ENTRY_POINT_GROUP}]\n{name} = {value}"
        )

    def dist_info(self, distribution: str, metadata: str, entry_points: str) -> Path:
        folder = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(metadata + "\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(entry_points + "\n", encoding="utf-8")
        return folder

    def load(self, **options) -> PluginHost:
        """Load what is in this folder, and nothing that happens to be installed where the tests run."""
        found = installed([str(self.folder)])
        assert not found.unreadable
        return load_plugins(entry_points=[each.entry_point for each in found.extensions], **options)


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """A small core: one rule and one connector."""
    pivot = ModuleType("connector_core.plugins.pivot")
    pivot.__dict__["PivotConnector"] = Pivot
    monkeypatch.setitem(sys.modules, pivot.__name__, pivot)
    monkeypatch.setattr("connector_core.rules.catalogue.core_rules", lambda: (core_rule,))
    return core_rule


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: Rule) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    site = Site(folder)
    yield site
    for name in site.modules:
        sys.modules.pop(name, None)


@pytest.fixture(name="connector_code")
def connector_code_fixture() -> Callable[..., str]:
    return connector_code


@pytest.fixture
def report_of() -> Callable[[PluginHost, str], LoadReport]:
    def find(host: PluginHost, name: str) -> LoadReport:
        (found,) = (report for report in host.reports if report.name == name)
        return found

    return find
