"""`connector config` and `connector init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector_core.settings.load import load


def test_a_good_configuration(practice):
    practice.configure()
    assert practice.text("config", "check") == f"{practice.config} : la configuration est bonne.\n"
    assert practice.json("config", "check") == {"schema": 1, "valid": True, "problems": [], "warnings": []}


def test_no_configuration_is_good_too(practice):
    assert "valeurs par défaut" in practice.text("config", "check")


def test_names_that_this_installation_does_not_know(practice):
    practice.configure(
        """
        [rules]
        off = ["KINE-BILAN-3O"]
        lower = { KINE-BILAN-99 = "info" }
        [[parameter]]
        name = "kine.bdk.general.treshold"
        since = 2026-01-01
        value = 30
        note = "n"
        [[parameter]]
        name = "kine.bdk.general.step"
        since = 2026-01-01
        value = "vingt"
        note = "n"
        """
    )
    practice.config.write_text(practice.config.read_text("utf-8").replace('"pivot"', '"pivott"'), "utf-8")
    said = practice.refused("config", "check").splitlines()
    assert len(said) == 5
    assert "connecteur inconnu « pivott »" in said[0]
    assert "Vouliez-vous dire « pivot » ?" in said[0]
    assert "règle inconnue « KINE-BILAN-3O »" in said[1]
    assert "Vouliez-vous dire « KINE-BILAN-30 » ?" in said[1]
    assert "règle inconnue « KINE-BILAN-99 »" in said[2]
    assert "paramètre inconnu « kine.bdk.general.treshold »" in said[3]
    assert "attend un nombre" in said[4]
    assert all(f"{practice.config}:" in line for line in said)
    assert len(practice.json("config", "check", code=2)["problems"]) == 5


def test_addresses_dialects_and_extensions_that_this_installation_does_not_know(practice):
    practice.no_plugins = False
    practice.configure("[plugins]\nallow = ['connector-vegga', 'connector-vega']\n", sources=())
    with practice.config.open("a", encoding="utf-8") as file:
        file.write("[[source]]\nid = 'a'\nconnector = 'vega'\nfolder = '/a'\ndialect = 'vega-texte-z'\n")
        file.write("[[source]]\nid = 'b'\nconnector = 'vega'\ndatabase = 'postgres://lecteur@hote/base'\n")
        file.write("[[source]]\nid = 'c'\nconnector = 'vega'\nfolder = '/c'\ndialect = 'vega-texte-a'\n")
    dialect, address, extension = practice.refused("config", "check").splitlines()
    assert "dialecte inconnu « vega-texte-z »" in dialect
    assert "Vouliez-vous dire « vega-texte-" in dialect
    assert "moteur de base inconnu. Vouliez-vous dire « postgresql » ?" in address
    assert "extension inconnue « connector-vegga ». Vouliez-vous dire « connector-vega » ?" in extension
    assert all(f"{practice.config}:" in line for line in (dialect, address, extension))


def test_motifs_of_rejects_that_can_not_be_used(practice):
    practice.configure(
        """
        [[reject_motif]]
        payer = "AMO"
        code = "0104"
        motif = "REJ-AMO-12"
        [[reject_motif]]
        payer = "AMO"
        label = "Doublon de facture"
        motif = "REJ-AM0-15"
        [[reject_motif]]
        payer = "AMO"
        code = "01 04"
        cause = "la même"
        action = "Rien."
        """
    )
    unknown, twice = practice.refused("config", "check").splitlines()
    assert "motif de rejet inconnu « REJ-AM0-15 »" in unknown
    assert "Vouliez-vous dire « REJ-AMO-15 » ?" in unknown
    assert "déjà décrit" in twice
    assert all(f"{practice.config}:" in line for line in (unknown, twice))
    refused = practice.refused("check", practice.export())
    assert "[[reject_motif]] n° 2" in refused


def test_a_file_that_can_not_be_read(practice):
    practice.config.write_text("[practice", encoding="utf-8")
    (problem,) = practice.json("config", "check", code=2)["problems"]
    assert "TOML" in problem["what"]


def test_each_value_with_its_origin(practice, monkeypatch):
    practice.configure("[practice]\nname = 'Été'")
    monkeypatch.setenv("CONNECTOR__PRACTICE__ZONE", "DROM")
    shown = practice.json("config", "show")["values"]
    assert shown["practice.zone"] == {"value": "DROM", "origin": "environnement CONNECTOR__PRACTICE__ZONE"}
    assert shown["practice.name"]["value"] == "Été"
    assert shown["practice.name"]["origin"].startswith(f"{practice.config}:")
    assert shown["source[0].id"]["value"] == "cabinet"
    assert shown["daemon.rescan"] == {"value": "1m", "origin": "défaut"}
    assert 'practice.name = "Été"' in practice.text("config", "show")


def test_the_schema(practice):
    schema = json.loads(practice.text("config", "schema"))
    assert schema["title"] == "Configuration de connector"


def test_four_questions(practice):
    inbox, report = practice.folder / "exports", practice.folder / "rapport"
    answers = ["Cabinet des Tilleuls", "sud", "drom", "pivot", str(inbox), str(report)]
    result = practice.init(input="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "Réponses possibles : METRO, DROM" in result.output
    assert f"Configuration écrite : {practice.config}" in result.output
    assert "n'existe pas encore" in result.output
    settings = load(practice.config, {})
    assert (settings.practice.name, settings.practice.zone) == ("Cabinet des Tilleuls", "DROM")
    assert (settings.sources[0].connector, settings.sources[0].folder) == ("pivot", inbox)
    assert settings.report.folder == report


def test_a_home_and_quotes_are_understood_as_a_person_means_them(practice, monkeypatch):
    monkeypatch.setenv("HOME", str(practice.folder))
    monkeypatch.setenv("USERPROFILE", str(practice.folder))
    (practice.folder / "exports").mkdir()
    options = ["--connector", "pivot", "--folder", '"~/exports"', "--report-folder", "~/rapport"]
    result = practice.init("--yes", *options)
    assert f"dans {practice.folder / 'rapport'}." in result.output
    settings = load(practice.config, {})
    assert settings.sources[0].folder == practice.folder / "exports"
    assert settings.report.folder == practice.folder / "rapport"


def test_unattended(practice):
    options = ["--name", "Été", "--folder", practice.folder, "--connector", "pivot", "--keyring", "file"]
    assert practice.init("--yes", *options).exit_code == 0
    assert load(practice.config, {}).secrets.keyring == "file"
    again = practice.init("--yes", "--name", "Autre")
    assert again.exit_code == 2
    assert "existe déjà" in again.stderr
    assert load(practice.config, {}).practice.name == "Été"
    assert practice.init("--yes", "--name", "Autre", "--force").exit_code == 0
    assert load(practice.config, {}).practice.name == "Autre"


def test_an_existing_file_is_replaced_after_a_yes(practice):
    practice.config.write_text("# à moi\n", encoding="utf-8")
    refused = practice.init(input="\n")
    assert refused.exit_code == 2
    assert "Abandonné" in refused.stderr
    assert practice.config.read_text(encoding="utf-8") == "# à moi\n"
    assert practice.init(input="oui\n\n\npivot\n\n\n").exit_code == 0
    assert "[practice]" in practice.config.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--folder", "x"], "demande un connecteur"),
        (["--folder", "x", "--connector", "pivott"], "Vouliez-vous dire « pivot » ?"),
    ],
)
def test_options_that_do_not_go(practice, options, said):
    result = practice.init("--yes", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not practice.config.exists()


def test_a_file_that_can_not_be_written(practice, monkeypatch):
    def refused(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    result = practice.init("--yes")
    assert result.exit_code == 2
    assert "ne peut pas être écrite" in result.stderr
    assert list(practice.folder.iterdir()) == []
