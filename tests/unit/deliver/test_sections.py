from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connector_core.deliver.sections import as_told, by_urgency, section_of, sections_of, urgency, urgent
from connector_core.deliver.stake import at_stake
from connector_core.model.finding import Evidence, Finding, SubjectRef
from connector_core.rules import catalogue
from connector_core.rules.catalogue import core_rules
from connector_core.testing.cases import answers, load_cases

TODAY = date(2026, 3, 2)
SESSION = Evidence("act", "a30")
CLINICAL = Evidence("assessment", "b1")


def finding(rule="KINE-NOM-MONTANT", severity="reject", action="Corrigez.", **more) -> Finding:
    made = Finding(rule, severity, SubjectRef("act", "a1"), "p1", "…", action, None, None, None, (SESSION,), (), "f")
    return replace(made, **more)


@pytest.mark.parametrize(
    ("given", "section"),
    [
        (finding("KINE-BILAN-30", "revenue", "Faites et facturez le bilan."), "bilan_todo"),
        (finding("KINE-BILAN-60", "revenue", "Bilan fait", evidence=(SESSION, CLINICAL)), "bilan_to_bill"),
        (finding("KINE-BILAN-30", "revenue", "Ne le facturez pas : perdu pour ce seuil."), "bilan_lost"),
        (finding("KINE-BILAN-INITIAL-MANQUANT", "revenue", "Perdu pour le bilan initial."), "bilan_lost"),
        (finding("KINE-BILAN-30", "info", "Prévoyez le bilan.", amount=Decimal("23.65")), "soon"),
        (finding("KINE-BILAN-30", "info", "Rien à corriger.", due_on=TODAY), "verify"),
        (finding("KINE-BILAN-HORS-SEUIL"), "coding"),
        (finding("KINE-CUMUL-2JOUR"), "coding"),
        (finding("SUIVI-REJET-NONTRAITE"), "payer_reject"),
        (finding("SUIVI-IMPAYE", "info"), "unpaid"),
        (finding("SUIVI-PERDU", "revenue"), "lost_sight"),
        (finding("SUIVI-PERDU", "info"), "verify"),
        (finding("SUIVI-FACTURE-RETARD", "revenue"), "to_invoice"),
        (finding("SUIVI-TAUX-REJET", "info"), "verify"),
        (finding("TT-ARL-ABSENT"), "payment"),
        (finding("TT-RAPPROCHEMENT", "info"), "payment"),
        (finding("TT-FORCLUSION-ALERTE", "info", deadline=TODAY), "payment"),
        (finding("TT-FORCLUSION-27", due_on=TODAY), "claim_lost"),
        (finding("VENDOR-1", "reject"), "coding"),
        (finding("VENDOR-1", "info"), "verify"),
    ],
)
def test_every_finding_has_its_section(given, section):
    assert section_of(given, TODAY) == section


def test_urgency_is_deadline_then_severity_then_money():
    tomorrow, far = TODAY + timedelta(days=1), TODAY + timedelta(days=60)
    expected = [
        finding("KINE-BILAN-30", "revenue", "Faites", fingerprint="next session"),
        finding(deadline=tomorrow, severity="info", rule="SUIVI-ORDO-FIN", fingerprint="tomorrow"),
        finding(amount=Decimal(50), fingerprint="large reject"),
        finding(amount=Decimal(5), deadline=far, fingerprint="reject, far deadline"),
        finding("SUIVI-FACTURE-RETARD", "revenue", amount=Decimal(500), fingerprint="revenue"),
    ]
    shuffled = [expected[n] for n in (3, 0, 4, 2, 1)]
    found = sorted(shuffled, key=lambda each: urgency(each, TODAY))
    assert [each.fingerprint for each in found] == [each.fingerprint for each in expected]


def test_what_is_lost_is_never_urgent_and_one_rule_speaks_once_of_a_patient():
    found = [
        finding("KINE-BILAN-30", "revenue", "perdu pour ce seuil", deadline=TODAY, fingerprint="lost"),
        finding(fingerprint="one", amount=Decimal(9)),
        finding(fingerprint="two", amount=Decimal(8)),
        finding(fingerprint="other patient", patient_id="p2"),
    ]
    assert [each.fingerprint for each in urgent(found, 5, TODAY)] == ["one", "other patient"]
    assert len(urgent(found, 1, TODAY)) == 1


def test_what_is_lost_comes_after_what_can_be_done():
    found = [
        finding("TT-FORCLUSION-27", deadline=TODAY - timedelta(days=30), amount=Decimal(900), fingerprint="gone"),
        finding("KINE-BILAN-30", "revenue", "perdu pour ce seuil", deadline=TODAY, fingerprint="lost"),
        finding("SUIVI-TAUX-REJET", "info", fingerprint="to look at"),
    ]
    assert [each.fingerprint for each in by_urgency(found, TODAY)] == ["to look at", "gone", "lost"]


def test_one_rule_does_not_hide_the_others():
    def many(rule: str, count: int, amount: int) -> list[Finding]:
        of = [finding(rule, fingerprint=f"{rule} {n}", patient_id=f"{rule}{n}") for n in range(count)]
        return [replace(each, amount=Decimal(amount - n)) for n, each in enumerate(of)]

    found = [*many("TT-SCOR", 9, 900), *many("KINE-NOM-PAIRE", 3, 50), *many("KINE-CUMUL-2JOUR", 1, 20)]
    first = [each.fingerprint for each in urgent(found, 6, TODAY)]
    assert first == [
        "TT-SCOR 0",
        "TT-SCOR 1",
        "TT-SCOR 2",
        "KINE-NOM-PAIRE 0",
        "KINE-NOM-PAIRE 1",
        "KINE-CUMUL-2JOUR 0",
    ]
    assert len(urgent(many("TT-SCOR", 9, 900), 6, TODAY)) == 6


def test_what_rules_find_is_shown_where_their_page_says() -> None:
    said = {rule.code: {*sections_of(rule.code, rule.severity)} for rule in core_rules()}
    shown = set()
    for path in sorted((Path(catalogue.__file__).parent / "cases").glob("*.toml")):
        for case in load_cases(path):
            for found in answers(case.records, case.as_of, case.covers).findings:
                section = section_of(found, case.as_of)
                assert section in said[found.rule] or section == "verify", (found.rule, case.name)
                assert section != "verify" or found.severity == "info"
                shown.add(section)
    assert shown == set().union(*said.values())


YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "section"),
    [
        (finding(claimable_until=TODAY), "coding"),
        (finding(claimable_until=YESTERDAY), "past"),
        (finding(claimable_until=YESTERDAY, deadline=TODAY), "coding"),
        (
            finding("KINE-BILAN-60", "revenue", evidence=(CLINICAL,), claimable_until=TODAY),
            "bilan_to_bill",
        ),
        (
            finding("KINE-BILAN-60", "revenue", evidence=(CLINICAL,), claimable_until=YESTERDAY),
            "bilan_lost",
        ),
        (
            finding("KINE-BILAN-30", "revenue", "Facturez le bilan s'il a été fait.", claimable_until=YESTERDAY),
            "bilan_lost",
        ),
    ],
)
def test_what_can_no_longer_be_billed_is_told_apart_and_asks_for_no_bill(given, section):
    told = as_told(given, TODAY)
    assert section_of(given, TODAY) == section_of(told, TODAY) == section
    late = section in ("past", "bilan_lost")
    assert ("le dernier jour pour demander le paiement de ces soins (01/03/2026) est passé" in told.action) == late
    assert (given.action in told.action) != late
    assert bool(urgent([given], 1, TODAY)) != late
    worth = replace(given, amount=Decimal("12.00"))
    assert sum(at_stake([(worth, section)]).values()) == (0 if late else Decimal("12.00"))
