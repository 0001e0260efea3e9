"""`connector plugins`: what is installed, what became of it, switching one off."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

SENSITIVE = """
import re
from connector_core.plugins import hookimpl
from connector_core.plugins.contributions import SensitivePattern

@hookimpl
def connector_register_sensitive(register):
    register(SensitivePattern("acme-dossier", re.compile("ac-[0-9]{2}", re.IGNORECASE)))
"""


@pytest.fixture
def plugged(practice, site):
    site("essai", named="essai", claims="None")
    site("bad", "raise RuntimeError('LEGRAND-SECRET')")
    practice.configure()
    practice.no_plugins = False
    return practice


def reports(practice, code):
    return {each["name"]: each for each in practice.json("plugins", "list", code=code)["plugins"]}


def test_one_bad_plugin_stops_nothing(plugged):
    listed = reports(plugged, 1)
    assert listed["core"]["status"] == "ok"
    assert listed["essai"]["connectors"] == ["essai"]
    assert listed["essai"]["verified"] is False
    assert (listed["bad"]["status"], listed["bad"]["stage"]) == ("failed", "import")
    text = plugged.text("plugins", code=1)
    assert "essai  chargée  (connector-essai 1.2)" in text
    assert "dialecte de référence, non vérifié sur une installation" in text
    assert "bad  en échec" in text
    assert "connector plugins disable bad" in text
    assert "SECRET" not in text


def test_what_a_plugin_calls_sensitive_is_listed_for_the_support_bundle(practice, site):
    site("motif", SENSITIVE)
    practice.configure()
    practice.no_plugins = False
    listed = practice.json("plugins", "list")["sensitive"]
    assert [(each["id"], each["pattern"]) for each in listed] == [("acme-dossier", "ac-[0-9]{2}")]
    assert re.compile(listed[0]["pattern"], listed[0]["flags"]).search("AC-12")


def test_disabled_then_enabled(plugged):
    assert "« bad » est désactivée" in plugged.text("plugins", "disable", "bad")
    assert json.loads((plugged.folder / "plugins.json").read_text(encoding="utf-8")) == {"disabled": ["bad"]}
    assert reports(plugged, 0)["bad"]["status"] == "disabled"
    assert "désactivée\n  désactivée" not in plugged.text("plugins", "list", code=0)
    assert "« bad » était déjà désactivée.\n" in plugged.text("plugins", "disable", "bad")
    assert plugged.json("plugins", "enable", "bad")["disabled"] == []
    assert "« bad » était déjà active.\n" in plugged.text("plugins", "enable", "bad")
    assert reports(plugged, 1)["bad"]["status"] == "failed"


def test_enabled_under_another_of_its_names(practice):
    practice.configure()
    practice.no_plugins = False
    for off, on in (("vega", "Connector_Vega"), ("connector-vega", "vega")):
        practice.text("plugins", "disable", off)
        assert reports(practice, 0)["vega"]["status"] == "disabled"
        assert f"« {on.lower().replace('_', '-')} » est active." in practice.text("plugins", "enable", on)
        assert reports(practice, 0)["vega"]["status"] == "ok"


def test_the_sources_that_switching_off_leaves_unread_are_told(practice, site):
    site("essai", named="essai", claims="None")
    site("autre", named="autre", claims="None")
    practice.configure()
    practice.no_plugins = False
    with practice.config.open("a", encoding="utf-8") as file:
        file.write("[[source]]\nid = 'bureau'\nconnector = 'essai'\nfolder = '/bureau'\n")
    assert "À vérifier" not in practice.text("plugins", "disable", "autre")
    (told,) = practice.json("plugins", "disable", "essai")["warnings"]
    assert told["what"] == "la source « bureau » ne peut pas être lue : son connecteur « essai » n'est pas chargé"
    assert told["where"].startswith(f"{practice.config}:")
    assert "la source « bureau » ne peut pas être lue" in practice.text("plugins", "enable", "autre")
    assert practice.json("plugins", "enable", "essai")["warnings"] == []


def test_what_another_s_plugin_leaves_unread_is_told_when_it_is_enabled(practice, site):
    site("essai", stranger=True, named="essai", claims="None")
    practice.configure()
    practice.no_plugins = False
    with practice.config.open("a", encoding="utf-8") as file:
        for name in ("essai", "essay"):
            file.write(f"[[source]]\nid = 's-{name}'\nconnector = '{name}'\nfolder = '/{name}'\n")
    (told,) = practice.json("plugins", "enable", "essai")["warnings"]
    assert told["what"].startswith("la source « s-essay » ne peut pas être lue")
    assert "« s-essay » ne peut pas" in practice.text("plugins", "enable", "essai")


def test_a_dialect_of_the_site_that_switching_off_leaves_without_connector_is_told(practice):
    practice.configure()
    practice.no_plugins = False
    shipped = files("connector_vega") / "dialects" / "texte-a.toml"
    (practice.folder / "dialects").mkdir()
    (practice.folder / "dialects" / "mine.toml").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    (told,) = practice.json("plugins", "disable", "vega")["warnings"]
    assert told["what"] == "le dialecte « vega-texte-a » n'est celui d'aucune extension chargée"
    assert told["where"] == str(practice.folder / "dialects" / "mine.toml")
    assert practice.json("plugins", "list")["warnings"] == [told]
    assert practice.json("config", "check")["warnings"] == [told]
    assert practice.json("plugins", "enable", "vega")["warnings"] == []


def test_a_blocked_name_that_is_not_installed_is_told_with_the_nearest(practice, site):
    site("essai", named="essai", claims="None")
    practice.configure('[plugins]\nblock = ["Connector_Essay", "connector-acme", "connector-vega"]\n')
    practice.no_plugins = False
    near, far = practice.json("plugins", "list")["warnings"]
    assert near["what"] == "l'extension « Connector_Essay », à bloquer, n'est pas installée"
    assert near["remedy"] == "Vouliez-vous dire « connector-essai » ?"
    assert far["remedy"] == "Sans effet tant qu'elle ne l'est pas"
    assert near["where"].startswith(f"{practice.config}:")
    assert "À vérifier" in practice.text("plugins", "list")
    checked = practice.json("config", "check")
    assert (checked["valid"], checked["warnings"]) == (True, [near, far])
    said = practice.text("config", "check")
    assert "« connector-essai » ?" in said
    assert "la configuration est bonne" in said
    (told,) = [each for each in practice.json("doctor", code=1)["checks"] if each["id"] == "configuration"]
    assert (told["status"], told["remedy"]) == ("warning", near["remedy"])


def test_disabling_works_when_the_configuration_is_broken(plugged):
    plugged.config.write_text("[", encoding="utf-8")
    plugged.text("plugins", "disable", "connector-bad")


def test_without_any_plugin(plugged):
    plugged.no_plugins = True
    listed = reports(plugged, 0)
    assert listed["bad"]["status"] == listed["essai"]["status"] == "disabled"


def test_an_unknown_name(plugged):
    assert "Vouliez-vous dire « essai » ?" in plugged.refused("plugins", "disable", "esai")


def test_the_core_stays(plugged):
    assert "ne peut pas être désactivé" in plugged.refused("plugins", "disable", "connector-core")


def test_anothers_plugin_waits_for_a_person(practice, site):
    site("autre", stranger=True, named="autre", claims="None")
    practice.configure()
    practice.no_plugins = False
    listed = reports(practice, 0)["autre"]
    assert (listed["status"], listed["trust"], listed["isolated"]) == ("disabled", "new", False)
    assert "jamais activée ; vient de : PyPI ou un autre dépôt" in practice.text("plugins")
    (told,) = [each for each in practice.json("doctor", code=1)["checks"] if each["id"] == "plugins"]
    assert told["status"] == "warning"
    assert "« autre » (connector-autre 1.2, PyPI ou un autre dépôt" in told["found"]
    assert "connector plugins enable autre" in told["remedy"]
    done = practice.json("plugins", "enable", "autre")["enabled"]
    assert (done["distribution"], done["version"], done["connectors"]) == ("connector-autre", "1.2", ["autre"])
    assert "connecteurs, dans un processus à eux : autre" in practice.text("plugins")
    assert reports(practice, 0)["autre"]["trust"] == "enabled"


def test_enabling_says_what_is_not_loaded(practice, site):
    secret = (
        "from connector_core.plugins import hookimpl\n\n@hookimpl\ndef connector_secret(reference):\n    return None\n"
    )
    site("autre", secret, stranger=True)
    practice.configure()
    practice.no_plugins = False
    left = "le reste n'est pas chargé ; pour qu'il le soit : « connector plugins enable autre --in-process »"
    assert left in practice.text("plugins", "enable", "autre")
    assert "n'est pas chargé" not in practice.text("plugins", "enable", "autre", "--in-process")


def test_ours_need_no_more_trust(plugged):
    assert "n'est pas une extension d'un autre éditeur" in plugged.refused("plugins", "enable", "essai", "--in-process")
