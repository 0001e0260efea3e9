"""What the parts of a practice make of its configuration."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from connector_core.dialects.mappings import Dialect
from connector_core.errors import ConfigurationError
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import apart_sources, waiting_dialects, with_site_dialects
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


def _site(folder: Path, content: bytes) -> Path:
    (folder / "mine.toml").write_bytes(content)
    return folder


def _shipped(**changed: str) -> bytes:
    text = (files("connector_vega") / "dialects" / "texte-a.toml").read_text(encoding="utf-8")
    for before, now in changed.items():
        text = text.replace(before, now)
    return text.encode()


def _known(host: PluginHost) -> Dialect:
    connector = host.connectors["vega"].connector
    assert isinstance(connector, ReadsDialects)
    return connector.dialects["vega-texte-a"]


def test_a_dialect_of_the_site_lies_over_the_shipped_one(host: PluginHost, tmp_path: Path) -> None:
    site = _site(tmp_path, _shipped() + b"\n# d'ici\n")
    over = with_site_dialects(host, site)
    assert list(waiting_dialects(over, site)) == []
    before, now = _known(host), _known(over)
    assert (now.place, now.digest != before.digest) == (str(site / "mine.toml"), True)


def test_a_dialect_of_the_site_waits_for_the_extension_that_is_switched_off(tmp_path: Path) -> None:
    site = _site(tmp_path, _shipped())
    without = load_plugins(block=("vega",))
    over = with_site_dialects(without, site)
    assert over.connectors.keys() == without.connectors.keys()
    assert [each.id for each in waiting_dialects(over, site)] == ["vega-texte-a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_shipped(**{'"vega-texte-a"': '"vega-texte-aa"'}), "vega-texte-aa"),
        (_shipped().replace("N°".encode(), "N°".encode("cp1252")), "UTF-8"),
        (b"[dialect", "TOML"),
    ],
)
def test_a_wrong_dialect_of_the_site_is_an_error_that_names_it(
    host: PluginHost, tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        with_site_dialects(host, _site(tmp_path, content))
    assert str(tmp_path / "mine.toml") in str(raised.value)
