"""The list of extensions that the person switched off."""

from __future__ import annotations

import pytest

from connector_core.errors import ConfigurationError
from connector_core.plugins.state import PluginState, read_state, set_active, set_disabled


@pytest.fixture
def path(tmp_path):
    return tmp_path / "configuration" / "plugins.json"


def test_without_a_file_nothing_is_off(path):
    assert read_state(path) == PluginState()
    assert not path.exists()


def test_off_and_on_again(path):
    assert set_disabled(path, "Connector_Vega").disabled == {"connector-vega"}
    set_disabled(path, "kinemax")
    assert read_state(path).disabled == {"connector-vega", "kinemax"}
    assert set_active(path, ["Connector_Vega", "vega"]) == read_state(path) == PluginState(frozenset({"kinemax"}))
    assert [each.name for each in path.parent.iterdir()] == ["plugins.json"]


def test_enabling_what_was_never_off_writes_nothing(path):
    set_active(path, ["vega"])
    assert not path.exists()


def test_it_is_added_to_what_the_configuration_blocks():
    state = PluginState(frozenset({"vega"}))
    assert state.block() == ("vega",)
    assert state.block(["Connector_Essai", "vega"]) == ("connector-essai", "vega")


def test_it_keeps_a_plugin_from_loading(path, site):
    site.add("bad", "raise AssertionError('imported')")
    host = site.load(block=set_disabled(path, "connector-bad").block())
    assert [report.status for report in host.reports] == ["ok", "disabled"]


@pytest.mark.parametrize("name", ["core", "connector_core"])
def test_the_core_can_not_be_switched_off(path, name):
    with pytest.raises(ConfigurationError):
        set_disabled(path, name)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"disabled": "vega"}', b'{"disabled": [1]}', b"{}", b"\xff"])
def test_a_damaged_file_is_refused_and_kept(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (lambda: read_state(path), lambda: set_disabled(path, "vega")):
        with pytest.raises(ConfigurationError) as raised:
            use()
        assert raised.value.where == str(path)
        assert raised.value.remedy
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_old_list(path, monkeypatch):
    set_disabled(path, "vega")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("connector_core.plugins.state.os.fsync", full)
    with pytest.raises(ConfigurationError):
        set_disabled(path, "kinemax")
    assert read_state(path).disabled == {"vega"}
    assert [each.name for each in path.parent.iterdir()] == ["plugins.json"]
