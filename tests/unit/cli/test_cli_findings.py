"""`connector findings`: listing, dismissing, reopening."""

from __future__ import annotations

import pytest

from connector_core.secrets import StoreKeys
from connector_core.service.assembly import secrets_of
from connector_core.service.places import Places
from connector_core.service.queued import taken
from connector_core.service.rotation import rotate
from connector_core.settings.load import load
from connector_core.store.decisions import Decisions


@pytest.fixture
def fingerprints(found):
    return [each["fingerprint"] for each in found.json("findings", code=1)["findings"]]


def test_listed_most_urgent_first_with_their_life(found):
    listed = found.json("findings", code=1)["findings"]
    assert {each["rule"] for each in listed} >= {"KINE-NOM-MONTANT", "KINE-NOM-PAIRE"}
    assert all(each["state"] == "open" and each["opened_on"] == "2026-03-02" for each in listed)
    text = found.text("findings", "list", code=1)
    assert "KINE-NOM-PAIRE" in text
    assert "Ouvert depuis le 02/03/2026." in text
    assert "patient LEGRAND-SECRET Zoé, né(e) le " in text
    assert " · acte cabinet:" in text


def test_filters(found):
    def rules(*options, code=1):
        return {each["rule"] for each in found.json("findings", *options, code=code)["findings"]}

    assert rules("--rule", "kine-nom-paire") == {"KINE-NOM-PAIRE"}
    assert rules("--rule", "KINE-NOM") == rules()
    assert rules("--severity", "info", code=0) == set()
    assert rules("--patient", "p1") == rules("--patient", "cabinet:p1") == rules()
    assert rules("--patient", "p2", code=0) == set()
    assert rules("--state", "dismissed", code=0) == set()
    assert found.text("findings", "--patient", "p2") == "Aucun constat.\n"


def test_a_rule_that_nobody_knows_is_not_a_rule_without_findings(found):
    said = found.refused("findings", "--rule", "KINE-BILN-30")
    assert "« KINE-BILN-30 »" in said
    assert "Vouliez-vous dire « KINE-BILAN-30 » ?" in said
    for rule in ("source-silence", "KINE-BILAN-30", "ide"):
        assert found.text("findings", "--rule", rule) == "Aucun constat.\n"


def test_dismissed_then_reopened(found, fingerprints):
    first = fingerprints[0]
    said = found.text("findings", "dismiss", first[:8], "--reason", "Corrigé à la main, déjà renvoyé.")
    assert f"{first} : écarté" in said
    (kept,) = found.json("findings", "list", "--state", "dismissed", code=1)["findings"]
    assert (kept["fingerprint"], kept["reason"]) == (first, "Corrigé à la main, déjà renvoyé.")
    assert "en jeu" not in found.text("findings", "list", "--state", "dismissed", code=1)
    at_stake = found.text("findings", code=1).partition("\n")[0].partition(" ; ")[2]
    assert found.text("findings", "--state", "all", code=1).partition("\n")[0].partition(" ; ")[2] == at_stake
    assert len(found.json("findings", code=1)["findings"]) == len(fingerprints) - 1
    assert "Motif : Corrigé à la main, déjà renvoyé." in found.text("explain", first)
    reopened = found.json("findings", "reopen", first.upper()[:10])["finding"]
    assert (reopened["state"], reopened["reason"]) == ("open", None)


@pytest.mark.parametrize("command", [("dismiss", "--reason", "Vu"), ("reopen",), ()])
def test_the_report_without_what_was_decided_waits_for_the_daemon(found, fingerprints, command):
    if command == ("reopen",):
        found.json("findings", "dismiss", fingerprints[0], "--reason", "Vu")
        taken(Places(found.data).queued)
    if command:
        found.json("findings", command[0], fingerprints[0], *command[1:])
    assert taken(Places(found.data).queued) is bool(command)
    waiting = [each for each in found.json("outbox")["deliveries"] if each["state"] == "waiting"]
    assert bool(waiting) is bool(command)


def test_what_is_dismissed_stays_so_when_the_same_data_comes_again(found, fingerprints):
    found.json("findings", "dismiss", fingerprints[0], "--reason", "Vu")
    found.take(found.folder / "export.ndjson")
    assert len(found.json("findings", "--state", "dismissed", code=1)["findings"]) == 1


def test_an_ambiguous_beginning_lists_the_candidates(found, fingerprints, monkeypatch):
    from connector_core.store.answers import Answers

    monkeypatch.setattr(Answers, "find", lambda self, prefix: self.findings()[:2])
    said = found.refused("findings", "dismiss", "0", "--reason", "Vu")
    assert "plusieurs constats" in said.lower()
    assert all(each in said for each in sorted(fingerprints)[:2])


@pytest.mark.parametrize("prefix", ["", "*", "zz", "ffffffffffffffffffff"])
def test_an_unknown_beginning(found, prefix):
    assert "Aucun constat n'a d'empreinte" in found.refused("findings", "reopen", prefix)


def test_a_reason_is_needed(found, fingerprints):
    assert "Il manque l'option « --reason »" in found.refused("findings", "dismiss", fingerprints[0])
    assert "le motif est vide" in found.refused("findings", "dismiss", fingerprints[0], "--reason", " ").lower()


def test_nothing_is_to_be_decided_about_a_resolved_finding(found, fingerprints):
    found.take(found.export(found.act(1), found.act(2), name="next.ndjson"))
    listed = found.json("findings", "--state", "resolved", code=1)["findings"]
    assert "ce constat est résolu" in found.refused("findings", "dismiss", listed[0]["fingerprint"], "--reason", "Vu")


def test_nothing_was_read_yet(practice):
    practice.configure()
    assert "rien n'a encore été lu" in practice.refused("findings", code=3)


class _Killed(Exception):
    pass


@pytest.mark.parametrize("step", ["store", "copies", "promoted"])
def test_a_decision_while_the_key_is_being_changed_has_the_key_that_lasts(found, fingerprints, step: str) -> None:
    """Once decisions were encrypted again nothing does so a second time: one with the former key would be lost."""
    settings = load(found.config, {})
    places, keys = Places(settings.data_folder()), StoreKeys(secrets_of(settings))

    def killed(reached: str) -> None:
        if reached == step:
            raise _Killed

    with pytest.raises(_Killed):
        rotate(places, keys, killed)
    found.text("findings", "dismiss", fingerprints[0], "--reason", "vu")
    lasting = keys.following() or keys.to_try()[0]
    assert [each.fingerprint for _, each in Decisions(places.decisions, lasting).newest()] == [fingerprints[0]]
