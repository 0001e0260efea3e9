"""A hostile plugin in a process of its own, with little patience."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.integration.isolation.installation import HOSTILE, Installation

from connector_core.dialects.drafts import Draft, Lookup, NoLookup, Waiting
from connector_core.errors import RowRefused
from connector_core.formats.document import probe_of
from connector_core.plugins.connector import Claim, Reading
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.process import Isolated
from connector_core.plugins.isolation.proxy import DescribingConnector, proxy_of
from connector_core.plugins.names import Origin
from connector_core.sources.local import LocalFile


@dataclass
class Hostile:
    """The connector of the hostile plugin, elsewhere, and files for it."""

    folder: Path
    isolated: Isolated
    connector: DescribingConnector

    def file(self, *lines: str, name: str = "file.txt") -> LocalFile:
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return LocalFile(path)

    def claim(self, file: LocalFile) -> Claim:
        claim = self.connector.identify(probe_of(file))
        assert claim is not None
        return claim

    def opened(self, file: LocalFile) -> Reading:
        return self.connector.read(file, self.claim(file))

    def ids(self, file: LocalFile, lookup: Lookup | None = None) -> list[str]:
        """What a file gives: ids of patients, `refused` and `waits` for the rest."""
        given: list[str] = []
        reading = self.opened(file)
        for row in reading.rows():
            try:
                drafts: Sequence[Draft] | Waiting = reading.records(row, lookup or NoLookup())
            except RowRefused:
                given.append("refused")
                continue
            given += ["waits"] if isinstance(drafts, Waiting) else [str(values["id"]) for _, values in drafts]
        return given


@pytest.fixture(scope="package")
def hostile_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HOSTILE))
        yield


def started(isolated: Isolated, folder: Path) -> Hostile:
    (offered,) = isolated.offer().connectors
    connector = proxy_of(isolated, offered)
    assert isinstance(connector, DescribingConnector)
    return Hostile(folder, isolated, connector)


def plugin(**limits) -> Isolated:
    return Isolated(Origin("hostile", "connector-hostile", "3.1"), "connector_hostile", Limits(**limits))


@pytest.fixture
def new_hostile(tmp_path: Path, hostile_on_the_path: None) -> Iterator[Callable[..., Hostile]]:
    """Starts the plugin with limits of its own."""
    made: list[Isolated] = []

    def make(**limits) -> Hostile:
        made.append(plugin(**limits))
        return started(made[-1], tmp_path)

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="package")
def shared(hostile_on_the_path: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    isolated = plugin(message=2.0, memory=400 << 20)
    yield started(isolated, tmp_path_factory.mktemp("hostile"))
    isolated.close()


@pytest.fixture
def hostile(shared: Hostile, tmp_path: Path) -> Hostile:
    """The plugin, which is started once for all tests, and again by those that break it."""
    return replace(shared, folder=tmp_path)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    folder = tmp_path / "site"
    shutil.copytree(HOSTILE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    info = folder / "connector_hostile-3.1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[connector.plugins.v1]\nhostile = connector_hostile\n", "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop("connector_hostile", None)
    made = Installation(folder, tmp_path / "plugins.json")
    made.change("3.1")
    yield made
    sys.modules.pop("connector_hostile", None)
