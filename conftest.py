"""What holds for every test of the project."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.logged_people"]

# Every test has its time limit; beside that, a slow computer is no failure.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_UNIT = Path(__file__).parent / "tests" / "unit"
_COUNTED = tuple(_UNIT / room for room in ("dialects", "model", "parameters", "rules"))


def pytest_configure(config: pytest.Config) -> None:
    """In a worker of xdist, pytest-cov starts to count twice, and whenever `no_cover` stops the second count the first
    one, which nobody reads, goes on in its place."""
    if hasattr(config, "workerinput") and config.pluginmanager.hasplugin("_cov"):
        from coverage import Coverage

        if unread := Coverage.current():
            unread.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count lines and branches in the tests of the rooms they are counted of: they cover these by themselves, and the
    others take half as long uncounted."""
    for item in items:
        if not any(item.path.is_relative_to(room) for room in _COUNTED):
            item.add_marker("no_cover")
