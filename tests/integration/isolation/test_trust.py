"""Another's plugin runs when a person enabled it, as it was then, and apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError, ConnectorRests
from connector_core.formats.document import probe_of
from connector_core.plugins.isolation.proxy import IsolatedConnector
from connector_core.plugins.state import set_disabled
from connector_core.plugins.trust import OURS
from connector_core.service.assembly import apart_sources, with_site_dialects
from connector_core.settings.model import Settings
from connector_core.sources.local import LocalFile

WITH_A_SECRET = """
from connector_core.plugins import hookimpl

@hookimpl
def connector_secret(reference):
    return reference.upper()
"""


def test_what_comes_with_connector_is_named_as_its_folders_are():
    root = Path(__file__).parents[3]
    assert {"connector-core", *(each.parent.name for each in root.glob("plugins/*/pyproject.toml"))} == OURS


def test_nothing_of_it_is_imported_before_it_is_enabled(installation):
    installation.module.write_text("raise AssertionError('imported')", encoding="utf-8")
    report = installation.report()
    assert (report.stage, report.status, report.trust) == ("trust", "disabled", "new")
    assert "connector plugins enable hostile" in report.remedy
    assert "hostile" not in installation.host().connectors


def test_enabled_it_is_asked_elsewhere(installation, tmp_path):
    installation.enable()
    host = installation.host()
    report = host.reports[-1]
    assert (report.status, report.trust, report.isolated, report.connectors) == ("ok", "enabled", True, ("hostile",))
    registered = host.connectors["hostile"]
    assert isinstance(registered.connector, IsolatedConnector)
    path = tmp_path / "file.txt"
    path.write_bytes(b"hostile\na\n")
    assert host.identify(probe_of(LocalFile(path))).status == "known"
    assert "connector_hostile" not in sys.modules


WITH_DIALECTS = """
from connector_core.dialects.language import read_dialect
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector

INFO = ConnectorInfo(id="hostile", vendor="Hostile SARL", product="Logiciel", version="3.1")

@hookimpl
def connector_register_connectors(register):
    register(DialectConnector(INFO, [read_dialect(DIALECT, "shipped")]))
"""
DIALECT = """
[dialect]
id = "liste"
title = "Liste"
version = "1"

[format]
kind = "delimited"
separator = ";"

[[table]]
name = "people"
file = "liste*.csv"

[[table.record]]
kind = "patient"

[table.record.fields]
id = "CODE"
"""


def test_a_sites_own_dialect_is_laid_over_one_of_another_process(installation, tmp_path):
    installation.module.write_text(f"DIALECT = {DIALECT!r}\n{WITH_DIALECTS}", encoding="utf-8")
    installation.enable()
    dialects = tmp_path / "dialects"
    dialects.mkdir()
    (dialects / "liste.toml").write_text(DIALECT.replace("CODE", "NUMERO"), encoding="utf-8")
    path = tmp_path / "liste.csv"
    path.write_text("NUMERO\np1\n", encoding="utf-8")
    host = installation.host()
    assert host.identify(probe_of(LocalFile(path))).status == "unknown"
    assert with_site_dialects(host, dialects).identify(probe_of(LocalFile(path))).status == "known"


JOINING = f"""{DIALECT}birth_date = {{ join = "births", on = "CODE", from = "BORN", as = "date_iso" }}

[[table]]
name = "births"
file = "naissances*.csv"
remember = {{ key = "CODE", columns = ["BORN"] }}
"""


def _apart(host):
    source = {"connector": "hostile", "folder": "/exports"}
    sources = [{**source, "id": "any"}, *({**source, "id": each, "dialect": each} for each in ("liste", "autre"))]
    return apart_sources(Settings.model_validate({"source": sources}), host)


@pytest.mark.parametrize(("shipped", "of_the_site"), [(DIALECT, JOINING), (JOINING, DIALECT)])
def test_whether_files_are_joined_is_known_of_another_process(installation, tmp_path, shipped, of_the_site):
    other = DIALECT.replace("liste", "autre")
    made = WITH_DIALECTS.replace("[read_dialect", "[read_dialect(OTHER, 'shipped'), read_dialect")
    installation.module.write_text(f"DIALECT = {shipped!r}\nOTHER = {other!r}\n{made}", encoding="utf-8")
    installation.enable()
    dialects = tmp_path / "dialects"
    dialects.mkdir()
    (dialects / "liste.toml").write_text(of_the_site, encoding="utf-8")
    apart = {DIALECT: ("any", "liste", "autre"), JOINING: ("autre",)}
    assert _apart(installation.host()) == apart[shipped]
    assert _apart(with_site_dialects(installation.host(), dialects)) == apart[of_the_site]


def test_a_changed_file_needs_enabling_again(installation):
    installation.enable()
    host = installation.host()
    with installation.module.open("a", encoding="utf-8") as module:
        module.write("# changed")
    report = installation.report()
    assert (report.stage, report.status, report.trust) == ("trust", "failed", "changed")
    assert "ses fichiers ne sont plus les mêmes" in report.reason
    connector = host.connectors["hostile"].connector
    with pytest.raises(ConnectorRests, match="a changé depuis qu'elle a été activée"):
        connector.identify(probe_of(LocalFile(installation.module)))
    installation.enable()
    assert installation.report().status == "ok"


def test_another_version_needs_enabling_again(installation):
    installation.enable()
    installation.change("3.2")
    report = installation.report()
    assert (report.status, report.trust) == ("failed", "changed")
    assert "version 3.1, puis 3.2" in report.reason


def test_a_new_file_counts_and_a_compiled_one_does_not(installation):
    installation.enable()
    package = installation.module.parent
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "other.cpython-311.pyc").write_bytes(b"compiled")
    assert installation.report().trust == "enabled"
    (package / "other.py").write_text("", encoding="utf-8")
    assert installation.report().trust == "changed"


def test_switching_it_off_wins_and_enabling_undoes_it(installation):
    installation.enable()
    set_disabled(installation.state, "connector_hostile")
    report = installation.report()
    assert (report.stage, report.status, report.trust) == ("disabled", "disabled", "enabled")
    installation.enable()
    assert installation.report().status == "ok"


def test_no_plugins_starts_nothing_and_says_where_it_stands(installation):
    installation.enable()
    report = installation.report(no_plugins=True)
    assert (report.status, report.trust) == ("disabled", "enabled")


def test_what_would_run_here_waits_for_more_trust(installation):
    with installation.module.open("a", encoding="utf-8") as module:
        module.write(WITH_A_SECRET)
    installation.enable()
    host = installation.host()
    assert host.secret("abc") is None
    assert "ses secrets" in host.reports[-1].reason
    assert "--in-process" in host.reports[-1].remedy
    assert "connector_hostile" not in sys.modules
    installation.enable(in_process=True)
    host = installation.host()
    assert host.secret("abc") == "ABC"
    assert isinstance(host.connectors["hostile"].connector, IsolatedConnector)


def test_a_plugin_that_does_not_load_is_not_enabled(installation):
    installation.module.write_text("import os\nos._exit(3)", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"s'est arrêté \(code 3\)"):
        installation.enable()
    installation.module.write_text("import nowhere_to_be_found", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="il manque le module « nowhere_to_be_found »"):
        installation.enable()
    assert not installation.state.exists()


@pytest.mark.parametrize(
    ("told", "source"),
    [
        (None, "PyPI ou un autre dépôt, par pip"),
        ({"url": "file:///home/dev/acme", "dir_info": {"editable": True}}, "dossier de développement /home/dev/acme"),
        ({"url": "file:///home/dev/acme", "dir_info": {}}, "dossier /home/dev/acme"),
        (
            {"url": "file:///acme-1.0-py3-none-any.whl", "archive_info": {}},
            "fichier /acme-1.0-py3-none-any.whl",
        ),
        (
            {
                "url": "https://user:secret@example.org/acme.git",
                "vcs_info": {"commit_id": "0123456789abcdef"},
            },
            "https://example.org/acme.git, état 0123456789ab",
        ),
    ],
)
def test_where_it_was_installed_from(installation, told, source):
    (info,) = installation.folder.glob("*.dist-info")
    (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    if told is not None:
        (info / "direct_url.json").write_text(json.dumps(told), encoding="utf-8")
    assert installation.report().source == source
