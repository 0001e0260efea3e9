"""The report that a plugin ships: read without importing the plugin, and worth nothing for other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.plugins.conformance import (
    FILE_NAME,
    ConformanceReport,
    Exemption,
    code_digest,
    package_folder,
    read_report,
    standing_of,
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "connector_lab"
    (folder / "dialects").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (folder / "dialects/lab.toml").write_bytes(b"a = 1\nb = 2\n")
    return folder


def certified(package: Path) -> ConformanceReport:
    report = ConformanceReport(
        connector="lab",
        distribution="connector-lab",
        version="1.0",
        core="0.1.0",
        level="silver",
        code=code_digest(package),
        checks={"C1-TYPED": "passed"},
        samples={"csv": "00"},
        exemptions=(Exemption("C4-CUT", "csv", "la liste n'a pas de total"),),
        unseen={"lab-csv": ("act.rate", "act.label"), "lab-xml": ("*",)},
    )
    (package / FILE_NAME).write_text(report.to_json(), encoding="utf-8")
    return report


def test_comes_back_as_it_was_written(package: Path, tmp_path: Path) -> None:
    report = certified(package)
    standing = standing_of("connector_lab.plugin", [str(tmp_path)])
    assert standing is not None
    assert standing.report == report
    assert standing.is_of_these_files


def test_one_that_was_written_before_unseen_fields_were_told_is_read(package: Path) -> None:
    certified(package)
    path = package / FILE_NAME
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["unseen"]
    path.write_text(json.dumps(content), encoding="utf-8")
    report = read_report(package)
    assert report is not None
    assert report.unseen == {}


@pytest.mark.parametrize("change", ["edited", "added", "removed", "renamed"])
def test_is_of_no_other_files(package: Path, tmp_path: Path, change: str) -> None:
    certified(package)
    dialect = package / "dialects/lab.toml"
    match change:
        case "edited":
            dialect.write_bytes(b"a = 1\nb = 3\n")
        case "added":
            (package / "more.py").touch()
        case "removed":
            dialect.unlink()
        case _:
            dialect.rename(package / "dialects/other.toml")
    standing = standing_of("connector_lab", [str(tmp_path)])
    assert standing is not None
    assert not standing.is_of_these_files


def test_line_ends_and_what_python_leaves_do_not_count(package: Path) -> None:
    before = code_digest(package)
    (package / "dialects/lab.toml").write_bytes(b"a = 1\r\nb = 2\r\n")
    (package / "__pycache__").mkdir()
    (package / "__pycache__/x.pyc").write_bytes(b"1")
    assert code_digest(package) == before


def test_without_a_report_or_a_package(package: Path, tmp_path: Path) -> None:
    (tmp_path / "connector_single.py").touch()
    assert standing_of("connector_lab", [str(tmp_path)]) is None
    assert package_folder("connector_single", [str(tmp_path)]) is None
    assert standing_of("connector_single", [str(tmp_path)]) is None
    assert standing_of("connector_nowhere", [str(tmp_path)]) is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"format": 1}', '{"format": 2}', json.dumps({"format": 1, "level": "platinum"})],
)
def test_a_damaged_report_is_refused(package: Path, content: str) -> None:
    (package / FILE_NAME).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="rapport de conformité"):
        read_report(package)
