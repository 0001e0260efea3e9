"""The program itself: help, usage errors, and the boundary where errors become words."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import pytest

from connector_core import __version__
from connector_core.cli import boundary, run
from connector_core.cli.boundary import LOG_NAME, guarded
from connector_core.cli.main import connector
from connector_core.errors import ConfigurationError, FileRefused, SourceError, StoreError
from connector_core.service.messages import FileRead, Work


def group(name: str) -> bool:
    return isinstance(connector.get_command(click.Context(connector), name), click.Group)


def test_version(practice):
    assert practice.text("--version") == f"connector {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_is_in_french(practice, arguments):
    text = practice.text(*arguments)
    assert text.startswith("Utilisation : connector [OPTIONS] COMMANDE …")
    assert "Vérifie ou montre la configuration." in text
    assert "Affiche cette aide." in text
    for english in ("Usage", "Show", "Commands"):
        assert english not in text
    assert "\n  work" not in text, "it is for the daemon, not for people"


@pytest.mark.parametrize("name", sorted(connector.table))
def test_each_command_has_french_help(practice, name):
    text = practice.text(name, "--help")
    assert text.startswith(f"Utilisation : connector {name}")
    assert "Affiche cette aide." in text
    assert "Show this" not in text
    assert "[required]" not in text
    assert "default:" not in text


@pytest.mark.parametrize("name", [name for name in sorted(connector.table) if group(name)])
def test_the_commands_of_a_group_are_told_in_whole_sentences(practice, name):
    listed = practice.text(name, "--help").partition("Commandes :\n")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chekc"], "Commande inconnue « chekc ». Vouliez-vous dire « check » ? Voyez « connector --help »."),
        (["check"], "Il manque l'argument « CHEMIN… ». Voyez « connector check --help »."),
        (["check", "x", "--asof", "1"], "Option inconnue « --asof »"),
        (["check", "x", "--as-of", "demain"], "L'option « --as-of » : une date est attendue, par exemple 2026-03-02."),
        (["check", "x", "--as-of"], "L'option « --as-of » attend une valeur."),
        (["status", "--json=1"], "L'option « --json » ne prend pas de valeur."),
        (["status", "encore"], "Un argument de trop."),
        (["findings", "--severity", "grave"], "L'option « --severity » : valeurs possibles : reject, revenue, info."),
        (["config"], "Il manque une commande."),
        (["config", "foo"], "Commande inconnue « foo ». Noms connus : check, schema, show."),
        (["parameters", "liste"], "Commande inconnue « liste ». Vouliez-vous dire « list » ?"),
        (["rules", "KINE-BILAN-30"], "Commande inconnue « KINE-BILAN-30 »."),
        (["forecast", "--days", "0"], "L'option « --days » : un nombre entier de 1 à 366 est attendu."),
        (["forecast", "--days", "dix"], "L'option « --days » : un nombre entier de 1 à 366 est attendu."),
        (["recheck", "--limit", "-1"], "L'option « --limit » : un nombre entier à partir de 0 est attendu."),
        (["report", "--on", "hier"], "L'option « --on » : une date est attendue, par exemple 2026-03-02."),
        (["run", "--on", "2026-02-30"], "L'option « --on » : une date est attendue, par exemple 2026-03-02."),
        (["forecast", "--on", "02/03/26"], "L'option « --on » : une année de 1900 à 2099 est attendue"),
        (["simulate", "--at", "9999-12-31"], "L'option « --at » : une année de 1900 à 2099 est attendue"),
        (
            ["report", "--folder", __file__],
            f"L'option « --folder » : {__file__} est un fichier, un dossier est attendu.",
        ),
        (["export", str(Path(__file__).parent)], f"L'argument « FICHIER » : {Path(__file__).parent} est un dossier"),
        (
            ["plugin", "new", "x", "--kind", "csv", "--sample", "absent.csv"],
            "L'option « --sample » : ce chemin n'existe pas. Voyez",
        ),
        (["price", "--letter", "RAN", "--coefficient", "8"], "Lettre-clé inconnue « RAN ». Vouliez-vous dire « RA"),
        (["price", "--letter", "", "--coefficient", "8"], "Lettre-clé inconnue «  »."),
    ],
)
def test_usage_errors_are_french(practice, arguments, said):
    result = practice.runner.invoke(connector, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(said), result.stderr
    assert result.stdout == ""


def test_a_file_of_somebody_else_is_told_in_french(practice, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_arguments: False)
    said = practice.refused("inspect", practice.export(practice.act(1)))
    assert said.startswith("L'argument « CHEMIN » : ce compte n'a pas le droit de lire ce chemin.")


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "export.csv : 0 ligne, 0 nouvelle, 0 rejet"),
        (1, "export.csv : 1 ligne, 1 nouvelle, 1 rejet 1 constat ouvert, 1 résolu"),
        (2, "export.csv : 2 lignes, 2 nouvelles, 2 rejets 2 constats ouverts, 2 résolus"),
    ],
)
def test_what_run_did_is_told_in_the_singular_up_to_one(capsys, number: int, told: str) -> None:
    run._tell(Work((FileRead("vega", "export.csv", number, number, number),), 0, number, number))
    assert " ".join(capsys.readouterr().out.split()) == f"vega · {told}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("faux", where="[rules]", remedy="Corrigez"), 2),
        (SourceError("absent"), 3),
        (StoreError("fermé"), 3),
        (FileRefused("coupé"), 4),
    ],
)
def test_known_errors_have_their_exit_code(capsys, error, code):
    def run() -> None:
        raise error

    assert guarded(run) == code
    said = capsys.readouterr().err
    assert said.strip().casefold() == str(error).casefold()


@pytest.mark.parametrize(
    ("where", "begins"),
    [
        ("practice.toml, ligne 2", "practice.toml, ligne 2 :"),
        ("magasin", "Magasin :"),
        ("/data/a.csv", "/data/a.csv :"),
    ],
)
def test_a_sentence_begins_with_a_capital_and_a_file_with_its_own_name(capsys, where, begins):
    def run() -> None:
        raise ConfigurationError("faux", where=where)

    guarded(run)
    assert capsys.readouterr().err.startswith(begins)


def test_a_file_without_an_ending_keeps_the_name_that_was_typed(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["connector", "check", "export"])

    def run() -> None:
        raise ConfigurationError("ce fichier n'existe pas", where="export")

    guarded(run)
    assert capsys.readouterr().err.startswith("export :")


def test_interrupting_is_130(capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    def aborted() -> None:
        raise click.Abort from KeyboardInterrupt()

    assert guarded(interrupted) == guarded(aborted) == 130


@pytest.fixture
def broken(practice, monkeypatch):
    """A practice whose every check fails in a way that nobody foresaw."""

    def fail(*_arguments: object) -> None:
        raise KeyError("LEGRAND-SECRET 285019999912345")

    monkeypatch.setattr("connector_core.service.assembly.rules_of", fail)
    practice.configure()
    return practice


def test_an_unforeseen_error_is_one_sentence_and_a_log_without_values(broken):
    said = broken.refused("check", broken.config)
    assert said.startswith("Erreur inattendue (KeyError)")
    assert str(broken.data / LOG_NAME) in said
    log = (broken.data / LOG_NAME).read_text(encoding="utf-8")
    assert "KeyError" in log
    assert "connector_core.cli.check:" in log
    assert "SECRET" not in log + said
    assert "click" not in log


def test_the_log_may_be_impossible(broken):
    broken.data.write_text("a file where a folder should be", encoding="utf-8")
    assert "le journal n'a pas pu être écrit" in broken.refused("check", broken.config)


def test_an_unforeseen_error_is_logged_even_when_the_configuration_is_broken(practice, monkeypatch):
    practice.configure("[practice]\nnom = 1")
    monkeypatch.setattr("connector_core.cli.context.Context.loaded", property(lambda self: 1 // 0))
    assert "ZeroDivisionError" in practice.refused("config", "show")


def test_developers_see_the_traceback(broken, monkeypatch):
    monkeypatch.setenv("CONNECTOR_DEBUG", "1")
    result = broken.run("check", broken.config)
    assert isinstance(result.exception, KeyError)


def test_a_closed_pipe_is_no_error(tmp_path):
    assert boundary.unforeseen(OSError(errno.EPIPE, "Broken pipe"), lambda: tmp_path, "check") is None
    assert not (tmp_path / LOG_NAME).exists()


def test_a_wrong_configuration_tells_every_fault(practice):
    practice.configure("[practice]\nnom = 'x'\n[rules]\noff = ['kine']")
    said = practice.refused("findings")
    assert "clé inconnue « nom »" in said
    assert "code de règle invalide" in said


def test_each_command_has_the_name_the_table_gives_it():
    """The table is there so that help imports nothing; it must not drift."""
    context = click.Context(connector)
    for name in connector.list_commands(context):
        command = connector.get_command(context, name)
        assert command is not None
        assert command.name == name
