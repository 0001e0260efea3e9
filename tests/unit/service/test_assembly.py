"""What the parts of a practice make of its configuration."""

from __future__ import annotations

import pytest

from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import apart_sources
from connector_core.settings.model import Settings


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins()


@pytest.mark.parametrize(
    ("connector", "dialect", "apart"),
    [
        ("pivot", None, True),
        ("vega", None, True),
        ("vega", "vega-texte-a", True),
        ("kine4000", None, False),
        ("kine4000", "kine4000-jeu-csv", False),
        ("kine4000", "kine4000-recettes", True),
        ("nowhere", None, False),
    ],
)
def test_files_that_no_dialect_joins_make_sense_apart(
    host: PluginHost, connector: str, dialect: str | None, apart: bool
) -> None:
    source = {"id": "s", "connector": connector, "folder": "/exports", "dialect": dialect}
    assert apart_sources(Settings.model_validate({"source": [source]}), host) == (("s",) if apart else ())
