"""The program as a process: what it starts, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = '{"record": "pivot", "model_version": 1, "practice": "Été", "exported_at": "2026-03-02T10:00:00+01:00"}'
GOOD = (
    '{"record": "practitioner", "id": "mk1", "profession": "MK"}',
    '{"record": "patient", "id": "p1", "family_name": "LEGRAND-SECRET"}',
    '{"record": "act", "id": "a1", "patient_id": "p1", "practitioner_id": "mk1", "performed_on": "2026-03-02", '
    '"letter": "RAM", "coefficient": "8.09", "amount": "16.00"}',
)
BAD = (
    '{"record": "patient", "id": "p2", "surnom": "SECRET"}',
    '{"record": "consultation", "id": "SECRET"}',
    '{"record": "act", "id": "a2", "patient_id": "p1", "practitioner_id": "mk1", "performed_on": "2026-02-30", '
    '"letter": "RAM", "coefficient": "8.09"}',
)
HEAVY = ("pydantic", "msgspec", "lxml", "sqlcipher3", "rich", "watchdog", "keyring", "cryptography", "jinja2", "pluggy")


def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "connector_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=50, check=False, **options)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An account without configuration."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("CONNECTOR_DEBUG", "PYTHONIOENCODING", "PYTHONUTF8"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def faulty(home):
    path = home / "export.ndjson"
    path.write_text("\n".join((HEADER, *GOOD, *BAD)) + '\n{"record": "act", "id": "a3", "pati', encoding="utf-8")
    return path


def test_exactly_the_bad_rows_are_rejected(faulty):
    done = run("--no-plugins", "check", faulty, "--as-of", "2026-03-02", "--json")
    assert done.returncode == 4
    answer = json.loads(done.stdout)
    assert [each["provenance"]["locator"] for each in answer["rejects"]] == ["line 5", "line 6", "line 7", "line 8"]
    assert answer["counts"]["acts"] == 1
    assert [each["subject"]["id"] for each in answer["findings"]] == ["a1"]
    assert done.stderr == b""
    assert b"SECRET" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp850", "latin-1", "utf-8"])
def test_any_console_gets_its_text(faulty, encoding):
    done = run("--no-plugins", "check", faulty, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == 4
    assert "€" in done.stdout.decode("utf-8")
    assert "données" in done.stdout.decode("utf-8")
    refused = run("check", "absent-é", env={**os.environ, "PYTHONIOENCODING": encoding})
    assert refused.returncode == 2
    assert "n'existe pas" in refused.stderr.decode("utf-8")


def test_only_the_explanation_of_an_error_is_printed(home):
    done = run("--config", home / "absent.toml", "status")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_nobody_reads_what_is_printed(faulty):
    """A reader that goes away, as `head` does, is no error."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "connector_core", "--no-plugins", "check", str(faulty), "--json"]
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=50, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_is_free_imports_nothing_heavy(option):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "connector_core", option],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "click" in imported
    assert not imported.intersection(HEAVY)
    assert "connector_core.settings" not in imported
