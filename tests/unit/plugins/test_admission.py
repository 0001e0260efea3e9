"""Which extensions are loaded at all: allowed, blocked, compatible by their metadata, readable."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from connector_core.plugins.installed import installed
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.report import PluginRefused

FORBIDDEN = "raise AssertionError('imported')"


def statuses(host):
    return {report.name: (report.stage, report.status) for report in host.reports}


@pytest.mark.parametrize("name", ["bad", "connector-bad", "Connector_Bad", " BAD "])
def test_a_blocked_plugin_is_not_imported(site, connector_code, name, report_of):
    site.add("bad", FORBIDDEN)
    site.add("good", connector_code("good"))
    host = site.load(block=[name])
    assert statuses(host)["bad"] == ("disabled", "disabled")
    assert report_of(host, "bad").reason == "désactivée"
    assert "good" in host.connectors


@pytest.mark.parametrize("name", ["good", "connector.good"])
def test_only_what_is_allowed_is_imported(site, connector_code, name, report_of):
    site.add("bad", FORBIDDEN)
    site.add("good", connector_code("good"))
    host = site.load(allow=[name])
    assert report_of(host, "bad").reason == "absente de la liste des extensions admises"
    assert set(host.connectors) == {"pivot", "good"}


def test_an_empty_allow_list_allows_nothing_but_the_core(site):
    site.add("bad", FORBIDDEN)
    assert statuses(site.load(allow=())) == {"core": ("loaded", "ok"), "bad": ("disabled", "disabled")}


def test_blocked_wins_over_allowed(site):
    site.add("bad", FORBIDDEN)
    assert statuses(site.load(allow=["bad"], block=["bad"]))["bad"] == ("disabled", "disabled")


def test_the_core_can_not_be_blocked(site):
    host = site.load(allow=(), block=["core", "connector-core"])
    assert statuses(host) == {"core": ("loaded", "ok")}
    assert "pivot" in host.connectors


def test_what_is_allowed_and_missing_is_told(site, report_of):
    report = report_of(site.load(allow=["connector-vgea", "connector-core"]), "connector-vgea")
    assert (report.stage, report.status, report.reason) == ("metadata", "failed", "admise, mais pas installée")
    assert report.remedy == "Installez-la, ou retirez-la de [plugins] allow"


def test_what_is_allowed_by_a_mistyped_name_is_told_the_nearest(site, connector_code, report_of):
    site.add("good", connector_code("good"))
    report = report_of(site.load(allow=["connector-godo"]), "connector-godo")
    assert report.remedy == "Vouliez-vous dire « connector-good » ?"


def test_no_plugins_imports_none_and_lists_all(site, connector_code, core):
    site.add("bad", FORBIDDEN)
    site.add("good", connector_code("good"))
    host = site.load(no_plugins=True)
    assert statuses(host) == {
        "core": ("loaded", "ok"),
        "bad": ("disabled", "disabled"),
        "good": ("disabled", "disabled"),
    }
    assert not set(site.modules) & set(sys.modules)
    assert host.rules == (core,)


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("connector-core>=99", "demande un connector-core plus récent (>=99 ; ici "),
        ("Connector_Core (>=99)", "demande un connector-core plus récent (>=99 ; ici "),
        ("connector-core~=99.1", "demande un connector-core plus récent (~=99.1 ; ici "),
        ("connector-core==99.*", "demande un connector-core plus récent (==99.* ; ici "),
        ("connector-core<0.0.1", "demande un connector-core plus ancien (<0.0.1 ; ici "),
        ("connector-core!=0.*,!=1.*,!=2.*", "demande un autre connector-core ("),
        ("connector-core===other", "demande un autre connector-core (===other ; ici "),
        ("connector-core >= banana", "la version de connector-core qu'elle demande est illisible"),
    ],
)
def test_an_incompatible_plugin_is_not_imported(site, report_of, requirement, reason):
    site.add("bad", FORBIDDEN, requires=["pydantic>=2", requirement])
    report = report_of(site.load(), "bad")
    assert (report.stage, report.status) == ("metadata", "failed")
    assert report.reason.startswith(reason)
    assert report.remedy


@pytest.mark.parametrize(
    "requirement",
    [
        "connector-core",
        "connector-core>=0.0.1,<99",
        "connector-core>=99; extra == 'later'",
        "connector-core>=99; python_version < '3'",
        "connector-core-of-another>=99",
        "something>=banana",
    ],
)
def test_a_compatible_plugin_is_loaded(site, connector_code, requirement):
    site.add("good", connector_code("good"), requires=[requirement])
    assert "good" in site.load().connectors


def test_strict_raises_what_went_wrong(site, connector_code):
    site.add("bad", "raise LookupError('detail')")
    with pytest.raises(PluginRefused) as raised:
        site.load(strict=True)
    assert raised.value.where == "bad"
    assert isinstance(raised.value.__cause__, LookupError)


def test_strict_accepts_what_is_disabled(site, connector_code):
    site.add("bad", FORBIDDEN)
    site.add("good", connector_code("good"))
    assert "good" in site.load(strict=True, block=["bad"]).connectors


def test_strict_refuses_a_missing_plugin(site):
    with pytest.raises(PluginRefused, match="pas installée"):
        site.load(strict=True, allow=["nowhere"])


@pytest.fixture
def all_ours(monkeypatch):
    """Throwaway plugins count as those that come with connector."""
    names = {"connector-found-on-path", "connector-good"}
    monkeypatch.setattr("connector_core.plugins.trust.OURS", names)


def test_installed_distributions_are_found_on_the_path(site, connector_code, all_ours):
    site.add("found-on-path", connector_code("found-on-path"))
    host = load_plugins(allow=["found-on-path"])
    assert set(host.connectors) == {"pivot", "found-on-path"}


def test_damaged_metadata_hides_no_other_plugin(site, connector_code, all_ours, monkeypatch):
    site.add("good", connector_code("good"))
    damaged = site.dist_info("connector-damaged", "Name: connector-damaged", "")
    (damaged / "entry_points.txt").write_text("[connector.plugins.v1]\nneither name nor value\n")
    undecodable = site.dist_info("connector-bytes", "Name: connector-bytes", "")
    (undecodable / "entry_points.txt").write_bytes(b"[connector.plugins.v1]\nx = \xff\xfe\n")
    monkeypatch.setattr(sys, "path", [str(site.folder), *(each for each in sys.path if "site-packages" not in each)])
    host = load_plugins(allow=["good", "connector-damaged"])
    assert "good" in host.connectors
    (report,) = (each for each in host.reports if each.name == "connector-damaged")
    assert (report.stage, report.status, report.reason) == ("metadata", "failed", "ses métadonnées sont illisibles")


def test_a_distribution_without_metadata_is_still_named_by_its_entry_point(site, connector_code, report_of):
    site.add("bare", connector_code("bare"))
    (site.folder / "connector_bare-1.2.dist-info" / "METADATA").unlink()
    report = report_of(site.load(), "bare")
    assert (report.status, report.distribution, report.version) == ("ok", "", "")


def test_the_first_of_two_copies_counts(site, tmp_path, connector_code):
    site.add("twice", connector_code("twice"))
    other = tmp_path / "other" / "connector_twice-9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Name: connector-twice\nVersion: 9\n")
    (other / "entry_points.txt").write_text("[connector.plugins.v1]\nstale = nowhere\n")
    found = installed([str(site.folder), str(other.parent)])
    assert [each.origin.name for each in found.extensions] == ["twice"]


def test_a_distribution_that_another_finder_describes_without_metadata_requires_nothing(site, connector_code):
    class Bare(importlib.metadata.Distribution):
        def read_text(self, filename):
            return "[connector.plugins.v1]\nbare = throwaway_connector_bare_bare\n" if "entry" in filename else None

        def locate_file(self, path):
            return path

        @property
        def requires(self):
            raise FileNotFoundError("METADATA")

    site.add("bare", connector_code("bare"))
    (entry_point,) = Bare().entry_points
    host = load_plugins(allow=["bare"], entry_points=[entry_point])
    assert "bare" in host.connectors
