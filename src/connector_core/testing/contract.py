"""The conformance tests of one connector, as a class that a vendor's tests inherit.

`samples` is a folder, beside the test unless it is absolute, of samples with their scenarios (see
`connector_core.testing.conformance.scenario`). `level` is what the vendor claims: the last test fails below it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from connector_core.plugins.conformance import FILE_NAME, LEVELS, Level
from connector_core.testing.conformance.check import Verdict
from connector_core.testing.conformance.examination import Examination, check_of
from connector_core.testing.conformance.unseen import unseen_text

LEVEL_TOLD = "conformance"
"""The property of a test's report that says which level was reached, and what no sample shows."""


class ConnectorContract:
    """Inherit this, name the connector and its samples, and run pytest."""

    connector: ClassVar[str] = ""
    samples: ClassVar[str | Path] = "samples"
    level: ClassVar[Level] = "bronze"

    def test_conforms(self, conformance: Examination, conformance_check: tuple[str, str]) -> None:
        """Each check, on the plugin or on one sample."""
        verdict = conformance.verdict(*conformance_check)
        match verdict.outcome:
            case "failed":
                pytest.fail(told(verdict), pytrace=False)
            case "blocked" | "open" | "not applicable":
                pytest.skip(f"{verdict.code}: {verdict.said}")
            case "passed" | "exempt":
                pass

    def test_level(
        self, conformance: Examination, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
    ) -> None:
        """The level that the checks add up to; written into the plugin's package with `--certify`."""
        declared = conformance.verdict("C1-DECLARED")
        if declared.outcome == "failed":
            pytest.fail(told(declared), pytrace=False)
        report = conformance.report()
        better = next((each for each in LEVELS if _rank(each) > _rank(report.level)), None)
        lacks = "" if better is None else ", ".join(sorted({each.code for each in _first(conformance, better)}))
        needs = f" ({better} needs {lacks or 'a sample'})" if better else ""
        level = f"{report.connector} {report.version}: {report.level or 'no level'}{needs}"
        record_property(LEVEL_TOLD, f"{level}{unseen_text(report.unseen)}")
        target = _target(conformance, pytestconfig)
        if target is not None:
            target.write_text(report.to_json(), encoding="utf-8", newline="\n")
        if _rank(report.level) < _rank(self.level):
            missing = _first(conformance, self.level)
            pytest.fail("\n".join([f"{self.level} is not reached.", *map(told, missing)]), pytrace=False)


def _first(conformance: Examination, level: Level) -> list[Verdict]:
    """What holds a level back, without the checks that were only not run because of it."""
    held_back = conformance.held_back(level)
    return [each for each in held_back if each.outcome != "blocked"] or held_back


def _rank(level: Level | None) -> int:
    return -1 if level is None else LEVELS.index(level)


def told(verdict: Verdict) -> str:
    """A verdict for the developer: which promise, what was seen, why it matters, where it is described."""
    check = check_of(verdict.code)
    where = f" on sample « {verdict.sample} »" if verdict.sample else ""
    return f"{verdict.code}{where}: {check.title}\n  what: {verdict.said}\n  why:  {check.why}\n  see:  {check.link}"


def _target(conformance: Examination, config: pytest.Config) -> Path | None:
    """Where the report goes, if anywhere."""
    named = config.getoption("--conformance-report")
    if named:
        return Path(str(named))
    folder = conformance.candidate.folder
    return folder / FILE_NAME if config.getoption("--certify") and folder is not None else None
