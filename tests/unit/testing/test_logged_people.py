"""The search of the logs finds what must not be in them, and fails a run over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest
from tests.logged_people import KINDS, leaks, without_accents

from connector_core.model.records import Patient
from connector_core.testing.people import People
from connector_core.testing.rehearsal import rehearse

ROOT = Path(__file__).parents[3]
ON = date(2026, 11, 20)
CLEAN = {"at": "2026-03-02T10:00:00.000+00:00", "level": "info", "event": "work", "files": 2, "rows": 1980, "asked": 12}


@pytest.fixture
def planted() -> Iterator[Path]:
    """A folder that is gone when the run ends, so that what is planted here does not fail it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def log(folder: Path, line: object, name: str = "connector.log") -> None:
    text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    (folder / name).write_text(f"{json.dumps(CLEAN)}\n{text}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MALTIGNOL", "a family name"),
        ("le patient D'Ozvray attend", "a family name"),
        ("valsagne-prétier", "a family name"),
        ("Zoé", "a given name"),
        ("ZOE", "a given name"),
        ("2800399999901", "a NIR"),
        ("2 80 03 99 999 901 12", "a NIR"),
        ("né le 02/03/1980", "a date"),
        ("1980-03-02", "a date"),
        ("19800302", "a date"),
        ("OZVRAY-SECRET", "what a test calls secret"),
    ],
)
def test_each_kind_is_found_wherever_it_stands(planted: Path, text: str, kind: str) -> None:
    (planted / "data").mkdir()
    log(planted / "data", {**CLEAN, "reason": text}, "worker.log.2")
    assert f"{planted / 'data' / 'worker.log.2'}:2: {kind}" in list(leaks(planted))


def test_every_person_of_the_synthetic_practice_would_be_found() -> None:
    patients = [each for each in rehearse(7, 160, ON).first.records if isinstance(each, Patient)]
    drawn = People(Random(3))
    patients += [drawn.patient(f"p{number}", on=ON, ages=(5, 90)) for number in range(200)]
    assert len(patients) > 300
    for patient in patients:
        for told, kind in (
            (patient.family_name, "a family name"),
            (patient.given_name, "a given name"),
            (patient.nir, "a NIR"),
            (patient.birth_date, "a date"),
        ):
            assert told is None or KINDS[kind].search(without_accents(str(told))), kind


def test_what_a_log_may_hold_is_no_leak(tmp_path: Path) -> None:
    log(tmp_path, {**CLEAN, "source": "vega", "reason": "le fichier « … » est illisible", "place": "a.b:12"})
    log(tmp_path, "2026-03-02T10:00:00Z connector 0.1, Python 3.11.7, linux, run", "erreurs.log")
    log(tmp_path, "Ozvray Zoé", "autre.txt")
    assert list(leaks(tmp_path)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "leaking"),
    [(["-p", "xdist", "-n", "2"], True), ([], True), ([], False)],
    ids=["xdist", "alone", "none"],
)
def test_a_leak_fails_a_run_whose_tests_pass(planted: Path, options: list[str], leaking: bool) -> None:
    (planted / "test_planted.py").write_text(
        "def test_logs(tmp_path):\n"
        f"    (tmp_path / 'connector.log').write_text('{'Maltignol' if leaking else 'rien'}', 'utf-8')\n",
        encoding="utf-8",
    )
    places = [
        "-c",
        os.devnull,
        f"--rootdir={planted}",
        f"--basetemp={planted / 'base'}",
        str(planted / "test_planted.py"),
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.logged_people", *options, *places]
    path = os.pathsep.join([".", *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == int(leaking), done.stdout
    assert ("a family name" in done.stdout) is leaking
    assert "Maltignol" not in done.stdout
