"""The export that the tutorial for vendors shows is billed as the nomenclature has it: the first check is clean.

What the tutorial has a vendor type is run by `tests/scaffold/test_tutorial.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from connector_core.cli.main import connector
from connector_core.dialects.language import read_dialect
from connector_core.plugins.connector import ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.loader import load_plugins

PAGE = Path(__file__).parents[2] / "docs/vendor/tutorial.md"
SAVED = re.compile(r"[Ss]ave as\s+`(?P<path>[^`]+)`:\n\n```\w+\n(?P<content>.*?)```", re.DOTALL)


def test_the_first_check_of_the_tutorials_export_finds_nothing(tmp_path: Path, monkeypatch) -> None:
    saved = {each["path"]: each["content"] for each in SAVED.finditer(PAGE.read_text(encoding="utf-8"))}
    dialect = read_dialect(saved["src/connector_acme/dialects/acme-csv.toml"], "acme-csv.toml")
    made = DialectConnector(ConnectorInfo("acme", "Acme", "Acme", "1"), [dialect])
    host = load_plugins(no_plugins=True).with_connectors([Registered(made, "acme", "1")])
    monkeypatch.setattr("connector_core.service.assembly.load_plugins", lambda **_options: host)
    export, config = tmp_path / "seances.csv", tmp_path / "connector.toml"
    export.write_text(saved["seances.csv"], encoding="utf-8")
    config.write_text("", encoding="utf-8")
    answer = CliRunner().invoke(connector, ["--config", str(config), "check", str(export)])
    assert answer.exit_code == 0
    told = answer.stdout.replace("\u00a0", " ").replace("\u202f", " ")
    assert "3 patients, 4 actes" in told
    assert "Aucun constat" in told
