"""Findings as a terminal shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from connector_core.cli import listing
from connector_core.model.finding import Finding, SubjectRef

TODAY = date(2026, 3, 2)


def finding(rule: str, amount: str, **more: object) -> Finding:
    made = Finding(rule, "reject", SubjectRef("act", "a1"), "p1", "…", "Corrigez.", None, None, None, (), (), rule)
    return replace(made, amount=Decimal(amount), **more)  # type: ignore[arg-type]  # the fields that a test changes


def test_the_summary_says_the_sum_of_the_report():
    found = [
        finding("KINE-NOM-PAIRE", "17.92"),
        finding("KINE-NOM-MONTANT", "0.64"),
        finding("TT-FORCLUSION-27", "49.80", subject=SubjectRef("invoice", "f1")),
        finding("SUIVI-IMPAYE", "70.72", severity="info", subject=SubjectRef("patient", "p1")),
        finding("SUIVI-FACTURE-RETARD", "23.65", severity="revenue", subject=SubjectRef("act", "a2")),
    ]
    told = listing.summary(found, TODAY)
    assert "41,57\u202f€ en jeu" in told
    assert told.startswith("5\u00a0constats")
    assert "en jeu" not in listing.summary(found[2:4], TODAY)


def test_a_transfer_is_named_in_french():
    about = SubjectRef("transfer", "2026-03-02/990000001/VIR A")
    head = next(listing.finding_text(finding("TT-RAPPROCHEMENT", "10.72", subject=about, patient_id=None), {}, TODAY))
    assert " · virement 2026-03-02/990000001/VIR A · " in head


def test_a_deadline_that_has_passed_is_said_to_have_passed():
    for day, said in ((TODAY, "au plus tard le"), (date(2026, 3, 3), "échéance passée :")):
        head = next(listing.finding_text(finding("KINE-NOM-PAIRE", "17.92", deadline=TODAY), {}, day))
        assert f"{said} 02/03/2026" in head


def test_what_is_too_old_to_be_billed_anew_is_counted_apart():
    late, other = (finding("KINE-NOM-PAIRE", "17.92", claimable_until=day) for day in (date(2026, 3, 1), TODAY))
    assert listing.summary([late, other], TODAY) == (
        "2\u00a0constats\u00a0: 1\u00a0rejet à éviter, 1\u00a0erreur ancienne\u202f; 17,92\u202f€ en jeu."
    )
    assert "Rien à refacturer" in "".join(listing.finding_text(late, {}, TODAY))
    assert "Corrigez." in "".join(listing.finding_text(other, {}, TODAY))
