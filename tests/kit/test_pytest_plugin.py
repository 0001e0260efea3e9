"""What a vendor runs: three lines, or one command; what they read when it fails; what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from connector_core.plugins.conformance import read_report
from connector_core.testing.conformance.mutants import MUTANTS, PACKAGE

pytestmark = pytest.mark.kit


@pytest.fixture
def run(installed):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(installed.source), *filter(None, sys.path)])
        loaded = [] if _is_installed() else ["-p", "connector_core.testing.pytest_plugin"]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", *loaded, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=installed.folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
            check=False,
            timeout=120,
        )

    return run


def _is_installed() -> bool:
    """Whether pytest finds the plugin by itself, as where connector-core was installed since it has one."""
    from importlib.metadata import entry_points

    return any(each.value == "connector_core.testing.pytest_plugin" for each in entry_points(group="pytest11"))


NEVER = """
[[table.record]]
kind = "practitioner"
when = { column = "Lieu", is = ["Thermes"] }
[table.record.fields]
id = "Praticien"
profession = { value = "MK" }
"""
KIT = ("--pyargs", "connector_core.testing", "--connector", "mutant", "--samples", "samples")


def test_three_lines_are_enough_and_certifying_leaves_a_report(installed, run) -> None:
    installed.put()
    done = run("tests", "--certify")
    assert done.returncode == 0, done.stdout
    assert "mutant 0.1.0: gold" in done.stdout
    assert "C4-BOMB: the sample has no XML files" in done.stdout
    assert "no row of a sample fills" not in done.stdout
    report = read_report(installed.source / PACKAGE)
    assert report is not None
    assert (report.level, report.connector) == ("gold", "mutant")
    assert set(report.samples) == {"csv"}


def test_a_field_that_no_row_of_a_sample_fills_is_told_and_holds_no_level_back(installed, run) -> None:
    installed.put()
    installed.edit(f"src/{PACKAGE}/dialects/*.toml", lambda text: text + NEVER)
    more = '"covers": ["practitioner.id", "practitioner.profession", '
    installed.edit("samples/csv/expected.ndjson", lambda text: text.replace('"covers": [', more))
    done = run("tests", "--certify", "-k", "test_level")
    assert done.returncode == 0, done.stdout
    told = "mutant 0.1.0: gold\n  mutant-csv: no row of a sample fills practitioner.id, practitioner.profession\n"
    assert told in done.stdout
    report = read_report(installed.source / PACKAGE)
    assert report is not None
    assert report.unseen == {"mutant-csv": ("practitioner.id", "practitioner.profession")}


def test_a_failure_names_the_check_what_why_and_where_to_read(installed, run) -> None:
    installed.put(next(mutant for mutant in MUTANTS if mutant.check == "C4-FLIP"))
    done = run(*KIT, "--conformance-report", "told.json")
    assert done.returncode == 1, done.stdout
    assert "C4-FLIP on sample « csv »: One damaged byte never silently costs more than the row" in done.stdout
    for line in ("  what: « mutant_seances_20260310.csv » bit", "  why:  Memory sticks", "checks.md#c4-flip"):
        assert line in done.stdout
    assert "Traceback" not in done.stdout
    assert "mutant 0.1.0: bronze (silver needs C4-FLIP)" in done.stdout
    assert json.loads((installed.folder / "told.json").read_text(encoding="utf-8"))["level"] == "bronze"
    assert not (installed.source / PACKAGE / "conformance.json").exists()


@pytest.mark.parametrize("check", ["C6-LOG", "C6-MESSAGE"])
def test_a_failure_shows_nothing_that_was_read(installed, run, check: str) -> None:
    installed.put(next(mutant for mutant in MUTANTS if mutant.check == check))
    done = run(*KIT, "-k", check)
    assert done.returncode == 1
    assert f"{check} on sample « csv »" in done.stdout
    for word in ("EXEMPL", "Anne-Laure", "P0001", "12/04/1955"):
        assert word not in done.stdout


def test_a_level_that_is_claimed_and_not_reached_fails(installed, run) -> None:
    installed.put()
    (installed.folder / "samples/csv/expected.ndjson").unlink()
    installed.edit("tests/test_conformance.py", lambda text: text + '    level = "gold"\n')
    done = run("tests", "-k", "level")
    assert done.returncode == 1
    assert "gold is not reached." in done.stdout
    assert "C4-GOLDEN on sample « csv »" in done.stdout


def test_an_unknown_connector_fails_one_check(installed, run) -> None:
    installed.put()
    done = run("--pyargs", "connector_core.testing", "--connector", "nobody", "--samples", "samples", "-k", "C1")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "no distribution declares « nobody »" in done.stdout
    assert "python -m pip install -e ." in done.stdout


def test_the_level_of_an_unknown_connector_fails_as_its_check_does(installed, run) -> None:
    installed.put()
    done = run("--pyargs", "connector_core.testing", "--connector", "nobody", "--samples", "samples", "-k", "level")
    assert done.returncode == 1
    assert "C1-DECLARED: " in done.stdout
    assert "contract.py" not in done.stdout.partition("short test summary")[0]


def test_a_level_that_is_not_reached_names_what_failed_and_not_what_was_not_run(installed, run) -> None:
    installed.put()
    installed.edit(f"src/{PACKAGE}/dialects/*.toml", lambda text: text.replace('"Coefficient"', '"Coeff"'))
    done = run("tests", "-k", "level")
    assert done.returncode == 1
    assert "bronze is not reached.\nC4-CLAIM on sample « csv »" in done.stdout
    assert "has no column « Coeff »" in done.stdout
    assert "not run: " not in done.stdout
    assert "mutant 0.1.0: no level (bronze needs C4-CLAIM)" in done.stdout


def test_without_a_name_it_says_what_to_give(installed, run) -> None:
    done = run("--pyargs", "connector_core.testing")
    assert done.returncode != 0
    assert "--connector ID --samples DIR" in done.stdout + done.stderr


def test_loading_the_plugin_imports_nothing_of_the_rest() -> None:
    code = (
        "import sys, connector_core.testing.pytest_plugin\n"
        "print(sorted(name for name in sys.modules if name.startswith('connector_core')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        ["connector_core", "connector_core.testing", "connector_core.testing.pytest_plugin"]
    )
