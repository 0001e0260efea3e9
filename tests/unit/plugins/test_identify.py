"""Whose file is it: every connector is asked, none is believed blindly, and ties are told."""

from __future__ import annotations

import pytest

from connector_core.plugins.connector import Probe
from connector_core.plugins.host import Skipped

PROBE = Probe("export.csv", 3, b"a;b")


def claim(id: str, score: str) -> str:
    return f"return Claim({id!r}, 'csv', {score}, 'en-tête reconnu')"


@pytest.fixture
def connectors(site, connector_code):
    def load(**bodies):
        for id, body in bodies.items():
            site.add(id, connector_code(id, body))
        return site.load()

    return load


def test_the_best_claim_wins(connectors):
    host = connectors(low=claim("low", "0.4"), none="return None", high=claim("high", "0.9"))
    found = host.identify(PROBE)
    assert found.status == "known"
    assert found.claim is not None
    assert found.claim.connector == "high"
    assert found.reason == "en-tête reconnu"
    assert [each.connector for each in found.claims] == ["high", "low"]
    assert found.skipped == ()


@pytest.mark.parametrize("other", ["0.3", "0.1 + 0.2"])
def test_equal_best_claims_are_ambiguous(connectors, other):
    found = connectors(one=claim("one", "0.3"), two=claim("two", other), low=claim("low", "0.1")).identify(PROBE)
    assert found.status == "ambiguous"
    assert found.claim is None
    assert "« one »" in found.reason
    assert "« two »" in found.reason
    assert "low" not in found.reason


def test_nobody_knows(connectors):
    found = connectors(one="return None", zero=claim("zero", "0.0")).identify(PROBE)
    assert (found.status, found.claim, found.claims) == ("unknown", None, ())
    assert found.reason == "aucun connecteur ne reconnaît ce fichier"


def test_only_some_are_asked(connectors):
    host = connectors(one=claim("one", "0.9"), two=claim("two", "0.9"))
    found = host.identify(PROBE, among={"two"})
    assert found.claim is not None
    assert found.claim.connector == "two"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError(probe.head)", "échec inattendu (ValueError)"),
        ("raise SystemExit", "a demandé l'arrêt du programme"),
        ("return 'yes'", "sa réponse n'est pas celle d'un connecteur"),
        (claim("good", "1.0"), "sa réponse porte le nom d'un autre connecteur"),
        (claim("bad", "1.5"), "sa réponse est incomplète, ou son score n'est pas entre 0 et 1"),
        (claim("bad", "float('nan')"), "sa réponse est incomplète, ou son score n'est pas entre 0 et 1"),
        (claim("bad", "None"), "sa réponse est incomplète, ou son score n'est pas entre 0 et 1"),
    ],
)
def test_a_connector_that_fails_is_recorded_and_skipped(connectors, body, reason):
    host = connectors(bad=body, good=claim("good", "0.5"))
    found = host.identify(PROBE)
    assert found.claim is not None
    assert found.claim.connector == "good"
    assert found.skipped == (Skipped("bad", reason),)
    assert host.failures == {("bad", "identify"): 1}
