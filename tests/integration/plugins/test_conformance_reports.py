"""The conformance reports that our plugins ship are of the files that are shipped, and say gold.

After a change of a plugin or of its samples: `pytest plugins -m kit --certify`, with the source installed in place.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from connector_core import __version__
from connector_core.plugins.conformance import standing_of
from connector_core.testing.conformance.candidate import Candidate
from connector_core.testing.conformance.examination import CODES
from connector_core.testing.conformance.exhibit import Exhibit

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
OURS = ("banque", "kine4000", "kinemax", "teletransmission", "vega")


@pytest.mark.parametrize("name", OURS)
def test_holds_gold(name: str) -> None:
    standing = standing_of(f"connector_{name}")
    assert standing is not None
    assert standing.is_of_these_files, "the plugin changed: certify it again"
    report = standing.report
    assert (report.connector, report.level, report.core) == (name, "gold", __version__)
    assert report.version == version(f"connector-{name}")
    assert sorted(report.checks) == sorted(CODES)
    assert set(report.checks.values()) <= {"passed", "exempt", "not applicable", "open"}


@pytest.mark.parametrize("name", OURS)
def test_was_tried_on_the_samples_that_lie_here(name: str) -> None:
    standing = standing_of(f"connector_{name}")
    assert standing is not None
    candidate = Candidate(name, FIXTURES / name)
    assert standing.report.samples == {sample: Exhibit(candidate, sample).digest for sample in standing.report.samples}
    assert len(standing.report.samples) == len(list((FIXTURES / name).glob("*/scenario.toml")))
