"""The transcript on the page of `connector calibrate` is what the command says."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from connector_core.cli.main import connector

ROOT = Path(__file__).parents[2]


def test_the_transcript_is_what_the_command_says(tmp_path):
    page = (ROOT / "docs/technician/calibrate.md").read_text(encoding="utf-8")
    transcript = next(block for block in page.split("```\n")[1::2] if block.startswith("recettes : "))
    config = tmp_path / "connector.toml"
    config.write_text(f"[data]\nfolder = '{tmp_path / 'data'}'\n", encoding="utf-8")
    export = ROOT / "fixtures/kine4000/recettes/export"
    target = tmp_path / "recettes.toml"
    arguments = ["--config", str(config), "calibrate", str(export), "--yes", "--output", str(target)]
    said = CliRunner().invoke(connector, arguments).stdout
    assert said.partition("\nDialecte écrit")[0].strip() == transcript.strip()
