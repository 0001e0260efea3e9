"""Every hook, from a plugin to the facade. `test_hooks_documented` requires one `test_hook_<name>` for each."""

from __future__ import annotations

import pytest

from connector_core.plugins.contributions import Event

HOOKIMPL = "from connector_core.plugins import hookimpl\n"


def test_hook_connector_register_connectors(site, connector_code):
    site.add("vega", connector_code("vega"))
    host = site.load()
    assert list(host.connectors) == ["pivot", "vega"]
    assert host.connectors["vega"].connector.info.vendor == "Editeur"
    with pytest.raises(TypeError):
        host.connectors["other"] = host.connectors["vega"]


def test_hook_connector_register_rules(site, core, report_of):
    code = """
from connector_core.plugins import hookimpl
from connector_core.rules.kernel import rule

@rule({code!r}, subject="dossier", severity="info", reference="aucune", confidence="S", needs=())
def mine(check):
    yield from ()

@hookimpl
def connector_register_rules(register):
    register(mine)
"""
    site.add("mine", code.format(code="MINE-1"))
    site.add("taken", code.format(code=core.code))
    host = site.load()
    assert [rule.code for rule in host.rules] == [core.code, "MINE-1"]
    assert report_of(host, "taken").reason == f"« core » et « taken » offrent tous deux la règle « {core.code} »"


def test_hook_connector_register_diagnostics(site):
    site.add(
        "doctor",
        HOOKIMPL
        + """
from connector_core.plugins.contributions import Diagnosis, Diagnostic

@hookimpl
def connector_register_diagnostics(register):
    register(Diagnostic("port", "Port ouvert", lambda: Diagnosis("port", "ok", "ouvert")))
""",
    )
    (diagnostic,) = site.load().diagnostics
    assert (diagnostic.id, diagnostic.run().found) == ("port", "ouvert")


def test_hook_connector_register_sensitive(site):
    site.add(
        "sensitive",
        HOOKIMPL
        + """
import re
from connector_core.plugins.contributions import SensitivePattern

@hookimpl
def connector_register_sensitive(register):
    register(SensitivePattern("dossier", re.compile(r"VG[0-9]{6}")))
""",
    )
    (sensitive,) = site.load().sensitive
    assert sensitive.pattern.sub("#", "dossier VG123456") == "dossier #"


def test_hook_connector_register_deliveries(site, tmp_path):
    site.add(
        "agenda",
        HOOKIMPL
        + """
from connector_core.plugins.contributions import Delivery

@hookimpl
def connector_register_deliveries(register):
    register(Delivery("agenda", "Agenda", lambda data, folder: [folder / "agenda.ics"]))
""",
    )
    *ours, delivery = site.load().deliveries
    assert [each.id for each in ours] == ["report-html", "report-json", "report-xlsx"]
    assert delivery.deliver([], tmp_path) == [tmp_path / "agenda.ics"]


def secret_code(body: str) -> str:
    return HOOKIMPL + f"import sys\n@hookimpl\ndef connector_secret(reference):\n    {body}\n"


def test_hook_connector_secret(site):
    site.add("a", secret_code("raise ValueError('the secret itself')"))
    site.add("b", secret_code("return None"))
    site.add("c", secret_code("return 12"))
    site.add("d", secret_code("return 'first' if reference == 'kine4000-db' else None"))
    site.add("e", secret_code("return 'second'"))
    host = site.load()
    assert host.secret("kine4000-db") == "first"
    assert host.secret("other") == "second"
    assert host.failures == {("a", "connector_secret"): 2, ("c", "connector_secret"): 2}


def test_a_secret_that_nobody_knows(site):
    assert site.load().secret("kine4000-db") is None


def test_hook_connector_event(site):
    listener = HOOKIMPL + "seen = []\n@hookimpl\ndef connector_event(event):\n    seen.append(event)\n"
    site.add("a", listener)
    site.add("b", HOOKIMPL + "@hookimpl\ndef connector_event(event): raise ValueError")
    site.add("c", HOOKIMPL + "import sys\n@hookimpl\ndef connector_event(): sys.exit()")
    site.add("d", listener)
    host = site.load()
    event = Event("file_committed", {"source": "vega", "records": 3})
    host.event(event)
    host.event(event)
    import sys

    assert [sys.modules[name].seen for name in site.modules if hasattr(sys.modules[name], "seen")] == [[event] * 2] * 2
    assert host.failures == {("b", "connector_event"): 2, ("c", "connector_event"): 2}
