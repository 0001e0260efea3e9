"""One bad plugin never stops another, and its report says what is wrong."""

from __future__ import annotations

import pytest

from connector_core import __version__
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.report import LoadReport, PluginRefused

HOOKIMPL = "from connector_core.plugins import hookimpl\n"


@pytest.fixture
def good(site, connector_code):
    """Two plugins that must always be loaded: one is loaded before, the other after the bad one."""
    site.add("aaa", connector_code("before"))
    site.add("zzz", connector_code("after", verified=True))

    def check(host):
        assert {"pivot", "before", "after"} <= set(host.connectors)
        assert [report.status for report in host.reports if report.name in {"aaa", "zzz"}] == ["ok", "ok"]

    return check


SOURCE = "PyPI ou un autre dépôt, par un programme inconnu"


def test_what_is_loaded_is_reported(site, good, report_of):
    host = site.load()
    good(host)
    assert [report.name for report in host.reports] == ["core", "aaa", "zzz"]
    assert report_of(host, "core") == LoadReport(
        "core", "connector-core", __version__, "loaded", "ok", connectors=("pivot",), verified=True
    )
    assert report_of(host, "aaa") == LoadReport(
        "aaa",
        "connector-aaa",
        "1.2",
        "loaded",
        "ok",
        connectors=("before",),
        verified=False,
        trust="given",
        source=SOURCE,
    )
    assert host.connectors["after"].distribution == "connector-zzz"
    assert host.connectors["after"].distribution_version == "1.2"


BAD = {
    "raises on import": ("raise ValueError('DUPONT Jeanne')", "import", "à l'import : échec inattendu (ValueError)"),
    "misses a module": ("import no_such_module", "import", "à l'import : il manque le module « no_such_module »"),
    "is not Python": ("def", "import", "à l'import : échec inattendu (SyntaxError)"),
    "exits on import": ("import sys; sys.exit(0)", "import", "à l'import : a demandé l'arrêt du programme"),
    "raises when it registers": (
        HOOKIMPL + "@hookimpl\ndef connector_register_rules(register): 1 / 0",
        "register",
        "à l'enregistrement : échec inattendu (ZeroDivisionError)",
    ),
    "ships a dialect with a fault": (
        HOOKIMPL + "from connector_core.dialects.language import read_dialect\n@hookimpl\n"
        "def connector_register_connectors(register): read_dialect('[dialct]', 'bad.toml')",
        "register",
        "bad.toml, ligne 1 : clé inconnue « dialct »",
    ),
    "exits when it registers": (
        HOOKIMPL + "import sys\n@hookimpl\ndef connector_register_rules(register): sys.exit(3)",
        "register",
        "à l'enregistrement : a demandé l'arrêt du programme",
    ),
    "uses an unknown hook": (
        HOOKIMPL + "@hookimpl\ndef connector_register_robots(register): pass",
        "validate",
        "utilise des crochets que cette version n'offre pas : connector_register_robots",
    ),
    "asks for an unknown argument": (
        HOOKIMPL + "@hookimpl\ndef connector_event(event, planet): pass",
        "validate",
        "un de ses crochets demande un argument que cette version n'offre pas",
    ),
    "wraps the hooks of others": (
        HOOKIMPL + "@hookimpl(wrapper=True)\ndef connector_secret(reference): return (yield)",
        "validate",
        "enveloppe les crochets des autres extensions",
    ),
    "registers nonsense": (
        HOOKIMPL + "@hookimpl\ndef connector_register_connectors(register): register(None)",
        "validate",
        "un connecteur n'a pas d'« info »",
    ),
}


@pytest.mark.parametrize(("code", "stage", "reason"), BAD.values(), ids=BAD)
def test_a_bad_plugin_stops_no_other(site, good, report_of, code, stage, reason):
    site.add("bad", code)
    host = site.load()
    good(host)
    report = report_of(host, "bad")
    assert (report.status, report.reason) == ("failed", reason)
    assert report.remedy
    assert report.stage == stage
    assert "DUPONT" not in repr(host.reports)


def test_a_fault_in_a_dialect_is_told_as_the_dialect_tells_it(site, report_of):
    site.add("bad", BAD["ships a dialect with a fault"][0])
    assert report_of(site.load(), "bad").remedy == "Vouliez-vous dire « dialect » ?"


def test_all_bad_plugins_at_once(site, good):
    for index, (code, _, _) in enumerate(BAD.values()):
        site.add(f"bad{index}", code)
    host = site.load()
    good(host)
    assert sum(report.status == "failed" for report in host.reports) == len(BAD)


def test_the_person_at_the_keyboard_may_stop_it(site):
    site.add("bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.load()


def test_an_entry_point_that_names_nothing(site, good, report_of):
    site.add("bad", "", value="no_such_module_at_all")
    site.add("worse", "", value="json:no_such_attribute")
    host = site.load()
    good(host)
    assert report_of(host, "bad").reason == "à l'import : il manque le module « no_such_module_at_all »"
    assert report_of(host, "worse").reason == "à l'import : échec inattendu (AttributeError)"


def test_a_plugin_that_raises_in_the_middle_contributes_nothing(site, good, connector_code, report_of):
    site.add(
        "bad",
        connector_code("half") + "    raise ValueError\n\n@hookimpl\ndef connector_event(event): raise AssertionError",
    )
    host = site.load()
    good(host)
    assert "half" not in host.connectors
    assert report_of(host, "bad").connectors == ()


def test_what_an_earlier_hook_registered_is_dropped_when_a_later_one_raises(site, connector_code):
    site.add(
        "bad", connector_code("half") + "\n@hookimpl\ndef connector_register_sensitive(register): raise ValueError"
    )
    site.add("next", connector_code("half"))
    host = site.load()
    assert host.connectors["half"].distribution == "connector-next"


def test_two_plugins_with_one_connector_id(site, connector_code, report_of):
    site.add("first", connector_code("vega"))
    site.add("second", connector_code("vega"))
    host = site.load()
    assert host.connectors["vega"].distribution == "connector-first"
    report = report_of(host, "second")
    assert report.stage == "validate"
    assert report.reason == "« first » et « second » offrent tous deux le connecteur « vega »"
    assert "connector plugins disable" in report.remedy


def test_a_plugin_can_not_take_the_place_of_the_core(site, connector_code, report_of):
    site.add("bad", connector_code("pivot"))
    host = site.load()
    assert report_of(host, "bad").reason == "« core » et « bad » offrent tous deux le connecteur « pivot »"
    assert host.connectors["pivot"].distribution == "connector-core"


def test_the_name_of_the_core_is_taken(site, connector_code):
    site.add("core", connector_code("other"), distribution="connector-other")
    host = site.load()
    assert [(each.distribution, each.status) for each in host.reports] == [
        ("connector-core", "ok"),
        ("connector-other", "failed"),
    ]
    assert "« connector-core » et « connector-other »" in host.reports[1].reason


def test_the_core_is_not_loaded_twice(site):
    site.add("core", "", distribution="connector-core", value="connector_core.plugins.builtin")
    assert [report.name for report in site.load().reports] == ["core"]


def test_one_entry_point_name_in_two_distributions(site, connector_code):
    site.add("vega", connector_code("one"), distribution="connector-a")
    site.add("vega", connector_code("two"), distribution="connector-b")
    host = site.load()
    assert set(host.connectors) == {"pivot", "one"}
    assert host.reports[-1].reason == "« connector-a » et « connector-b » ont chacune une extension « vega »"


def test_two_entry_points_on_one_module(site, connector_code, report_of):
    site.add("one", connector_code("one"))
    site.add("two", "", value=site.modules[0])
    host = site.load()
    assert set(host.connectors) == {"pivot", "one"}
    assert report_of(host, "two").reason == "« one » et « two » désignent le même module"


def test_a_swallowed_refusal_is_still_a_refusal(site, report_of):
    site.add(
        "bad",
        HOOKIMPL
        + """
from connector_core.plugins.contributions import Diagnosis, Diagnostic

def run():
    return Diagnosis("one", "ok", "")

@hookimpl
def connector_register_diagnostics(register):
    register(Diagnostic("one", "Un", run))
    try:
        register(Diagnostic("one", "Encore un", run))
    except Exception:
        pass
""",
    )
    host = site.load()
    assert host.diagnostics == ()
    assert report_of(host, "bad").reason == "« bad » offre deux fois le diagnostic « one »"


def test_registering_later_is_refused(site):
    site.add(
        "late",
        HOOKIMPL
        + """
from connector_core.plugins.contributions import Diagnostic
kept = []

@hookimpl
def connector_register_diagnostics(register):
    kept.append(register)

@hookimpl
def connector_event(event):
    kept[0](Diagnostic("one", "Un", print))
""",
    )
    host = site.load()
    from connector_core.plugins.contributions import Event

    host.event(Event("file_committed"))
    assert host.failures == {("late", "connector_event"): 1}
    assert host.diagnostics == ()


def test_a_plugin_without_hooks_is_told_so(site, report_of):
    site.add("forgot", "def connector_register_connectors(register): raise AssertionError")
    report = report_of(site.load(), "forgot")
    assert report.status == "ok"
    assert "crochet" in report.reason
    assert "@hookimpl" in report.remedy


def test_a_plugin_may_be_an_object(site):
    site.add(
        "object",
        HOOKIMPL
        + """
class Plugin:
    __hash__ = None

    @hookimpl
    def connector_secret(self, reference):
        return reference.upper()

plugin = Plugin()
""",
    )
    module = site.modules[0]
    entry_points = site.folder / "connector_object-1.2.dist-info" / "entry_points.txt"
    entry_points.write_text(f"[connector.plugins.v1]\nobject = {module}:plugin\n")
    assert site.load().secret("abc") == "ABC"


def test_a_broken_core_is_told_and_not_survived(core, monkeypatch):
    def broken():
        raise LookupError

    monkeypatch.setattr("connector_core.rules.catalogue.core_rules", broken)
    with pytest.raises(PluginRefused) as raised:
        load_plugins(entry_points=())
    assert isinstance(raised.value.__cause__, LookupError)
    assert raised.value.remedy == "Réinstallez connector-core"
