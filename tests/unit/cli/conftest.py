"""A practice in a temporary folder, and the program called on it."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector_core.cli import console
from connector_core.cli.main import connector
from connector_core.pipeline.given import Input
from connector_core.plugins import trust
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile

HEADER = {"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"}
PEOPLE = (
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "LEGRAND-SECRET", "given_name": "Zoé", "birth_date": "1980-01-01"},
)
DAY = date(2026, 3, 2)


@dataclass
class Practice:
    """A configured practice. `run` calls the program as a person would; `take` reads files as the daemon would."""

    folder: Path
    runner: CliRunner = field(default_factory=CliRunner)
    no_plugins: bool = True

    @staticmethod
    def act(number: int, **values: object) -> dict[str, object]:
        """A correct act (RAM 8,09 at 17,88 €), or what `values` make of it."""
        return {
            "record": "act",
            "id": f"a{number}",
            "patient_id": "p1",
            "practitioner_id": "mk1",
            "performed_on": "2026-03-02",
            "letter": "RAM",
            "coefficient": "8.09",
            "amount": "17.88",
            **values,
        }

    def export(self, *records: dict[str, object], name: str = "export.ndjson", **header: object) -> Path:
        """A pivot file in the practice's folder."""
        path = self.folder / name
        lines = [json.dumps(each, ensure_ascii=False) for each in ({**HEADER, **header}, *PEOPLE, *records)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def wrong_export(self) -> Path:
        """An export with two wrong acts: an amount below the tariff, a cotation that does not exist."""
        wrong = self.act(1, amount="16.00"), self.act(2, coefficient="8.5", amount=None, performed_on="2026-02-27")
        return self.export(*wrong)

    @property
    def config(self) -> Path:
        return self.folder / "connector.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def configure(self, text: str = "", sources: Sequence[str] = ("cabinet",)) -> None:
        parts = [f"[data]\nfolder = '{self.data}'\n[secrets]\nkeyring = \"file\"\n", textwrap.dedent(text)]
        for source in sources:
            inbox = self.folder / source
            inbox.mkdir(exist_ok=True)
            parts.append(f'[[source]]\nid = "{source}"\nconnector = "pivot"\nfolder = \'{inbox}\'\n')
        self.config.write_text("\n".join(parts), encoding="utf-8")

    def take(self, *files: Path, source: str = "cabinet", as_of: date = DAY) -> None:
        settings = load(self.config, {})
        rules = rules_of(settings, load_plugins(no_plugins=True))
        store, _ = open_store(settings, create=True)
        with store:
            pipeline_of(settings, store, rules).attempt([Input(source, LocalFile(file)) for file in files], as_of)

    def run(self, *arguments: str | Path, input: str | None = None) -> Result:
        general = ["--config", str(self.config)] if self.config.exists() else []
        if self.no_plugins:
            general.append("--no-plugins")
        return self.runner.invoke(connector, [*general, *map(str, arguments)], input=input)

    def init(self, *options: str | Path, input: str | None = None) -> Result:
        """`connector init` for a configuration that may not be there yet."""
        arguments = ["--config", str(self.config), "--no-plugins", "init", *map(str, options)]
        return self.runner.invoke(connector, arguments, input=input)

    def json(self, *arguments: str | Path, code: int = 0) -> dict:
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.output
        answer = json.loads(result.stdout)
        assert answer["schema"] == 1
        assert result.stderr == ""
        return answer

    def text(self, *arguments: str | Path, code: int = 0, input: str | None = None) -> str:
        """Standard output; no-break spaces are plain ones."""
        result = self.run(*arguments, input=input)
        assert result.exit_code == code, result.output
        return _plain(result.stdout)

    def refused(self, *arguments: str | Path, code: int = 2, input: str | None = None) -> str:
        """Standard error of a call that fails."""
        result = self.run(*arguments, input=input)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return _plain(result.stderr)


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """A practice without configuration yet; nothing of the machine's own configuration is seen."""
    for name in ("load", "places"):
        monkeypatch.setattr(f"connector_core.settings.{name}.configuration_folder", lambda: tmp_path / "none")
    monkeypatch.setattr("connector_core.settings.places.data_folder", lambda: tmp_path / "platform-data")
    monkeypatch.delenv("CONNECTOR_DEBUG", raising=False)
    return Practice(tmp_path)


@pytest.fixture
def found(practice: Practice) -> Practice:
    """A practice in which two acts were found wrong."""
    practice.configure()
    practice.take(practice.wrong_export())
    return practice


CONNECTOR = """
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Claim, ConnectorInfo

class Connector:
    info = ConnectorInfo(id="NAMED", vendor="Éditeur", product="Logiciel", version="1")

    def identify(self, probe):
        return CLAIMS

    def is_complete(self, probe):
        return True

    def read(self, file, claim):
        raise KeyError("LEGRAND-SECRET")

@hookimpl
def connector_register_connectors(register):
    register(Connector())
"""
BREAKS = "Claim('casse', 'd', 0.5, 'tout') if probe.name.endswith('.bin') else None"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a bar would say, if somebody looked."""
    said: list[str] = []

    @contextmanager
    def recorded() -> Iterator[console.Tell]:
        yield lambda what, _done: said.append(what)

    monkeypatch.setattr(console, "progress", recorded)
    return said


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts throwaway plugins on `sys.path`, as an installer would; they count as ours unless they are a `stranger`."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def add(name: str, code: str = CONNECTOR, *, stranger: bool = False, **filled: str) -> None:
        if not stranger:
            monkeypatch.setattr(trust, "OURS", trust.OURS | {f"connector-{name}"})
        for key, text in filled.items():
            code = code.replace(key.upper(), text)
        module = f"throwaway_cli_{name}"
        (folder / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = folder / f"connector_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: connector-{name}\nVersion: 1.2\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{name} = {module}\n", "utf-8")

    yield add
    for module in [name for name in sys.modules if name.startswith("throwaway_cli_")]:
        del sys.modules[module]


@pytest.fixture
def broken_connector(site: Callable[..., None]) -> None:
    """A connector `casse` that claims `*.bin` and raises when it reads."""
    site("casse", named="casse", claims=BREAKS)
