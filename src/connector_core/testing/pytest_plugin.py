"""The pytest plugin of the conformance kit, installed with connector-core.

Every pytest of who has connector installed loads it: so it imports nothing of connector before a test asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from connector_core.testing.conformance.examination import Examination

_CHECK = "conformance_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("connector", "conformance of connector plugins")
    group.addoption("--connector", default="", metavar="ID", help="the connector to examine, where no class names one")
    group.addoption("--samples", default="", metavar="DIR", help="its samples, where no class names them")
    group.addoption("--certify", action="store_true", help="write conformance.json into the plugin's package")
    group.addoption("--conformance-report", default="", metavar="FILE", help="write the report of one connector there")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if _CHECK not in metafunc.fixturenames:
        return
    from connector_core.testing.conformance.examination import PLUGIN_CHECKS, SAMPLE_CHECKS
    from connector_core.testing.conformance.scenario import samples_below

    _, samples = _asked(metafunc.cls, metafunc.config)
    cases = [(code, "") for code in PLUGIN_CHECKS]
    cases += [(code, sample) for sample in samples_below(samples) for code in SAMPLE_CHECKS]
    metafunc.parametrize(_CHECK, cases, ids=[f"{code}:{sample}" if sample else code for code, sample in cases])


@pytest.fixture(scope="class")
def conformance(request: pytest.FixtureRequest) -> Examination:
    """The examination of the class's connector, shared by its tests."""
    from connector_core.testing.conformance.candidate import Candidate
    from connector_core.testing.conformance.examination import Examination

    connector, samples = _asked(request.cls, request.config)
    return Examination(Candidate(connector, samples))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    levels = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "conformance" and getattr(report, "when", "") == "call"
    ]
    if levels:
        terminalreporter.section("conformance")
        for level in sorted(levels):
            terminalreporter.write_line(level)


def _asked(cls: type | None, config: pytest.Config) -> tuple[str, Path]:
    """The connector and the folder of its samples: what the class says, else what the command line says."""
    import inspect

    connector = getattr(cls, "connector", "") or config.getoption("--connector")
    if not connector:
        raise pytest.UsageError("name the connector to examine: --connector ID --samples DIR")
    if getattr(cls, "connector", ""):
        own = Path(getattr(cls, "samples", "samples"))
        return str(connector), Path(inspect.getfile(cls or object)).parent / own
    return str(connector), Path(str(config.getoption("--samples") or "samples")).absolute()
