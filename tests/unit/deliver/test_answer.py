from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connector_core.deliver.answer import Size, answer
from connector_core.deliver.json_report import Answered, render_json
from connector_core.model.finding import Evidence, Finding, ParameterRead, Reject, SubjectRef, Undetermined
from connector_core.model.values import Provenance

FINDING = Finding(
    rule="KINE-BILAN-30",
    severity="revenue",
    subject=SubjectRef("treatment", "t1"),
    patient_id="p1",
    message="Dû.",
    action="Faites-le.",
    amount=Decimal("23.65"),
    due_on=date(2026, 3, 2),
    deadline=None,
    evidence=(Evidence("act", "a30", Provenance("vega", "abc", "line 31")),),
    parameters=(ParameterRead("kine.bdk.general.threshold", 30, date(2018, 7, 1), "NGAP titre XIV"),),
    fingerprint="f1",
)


def written_findings(findings):
    made: Any = answer(date(2026, 3, 2), findings, [], [], Size(0, 0))
    return made["findings"]


def test_the_object_is_the_documented_one():
    undetermined = Undetermined("KINE-NOM-MONTANT", SubjectRef("act", "a1"), ("act.letter",), "Inconnue.")
    reject = Reject(Provenance("vega", "abc", "line 12"), "Date illisible.")
    assert answer(date(2026, 3, 2), [FINDING], [undetermined], [reject], Size(2, 40)) == {
        "schema": 1,
        "as_of": "2026-03-02",
        "findings": [
            {
                "rule": "KINE-BILAN-30",
                "severity": "revenue",
                "subject": {"kind": "treatment", "id": "t1"},
                "patient_id": "p1",
                "message": "Dû.",
                "action": "Faites-le.",
                "amount": "23.65",
                "due_on": "2026-03-02",
                "deadline": None,
                "evidence": [
                    {
                        "kind": "act",
                        "id": "a30",
                        "provenance": {"source": "vega", "sha256": "abc", "locator": "line 31"},
                    }
                ],
                "parameters": [
                    {
                        "name": "kine.bdk.general.threshold",
                        "value": 30,
                        "since": "2018-07-01",
                        "reference": "NGAP titre XIV",
                    }
                ],
                "fingerprint": "f1",
                "also": [],
                "counted": [],
                "derived": [],
                "claimable_until": None,
            }
        ],
        "undetermined": [
            {
                "rule": "KINE-NOM-MONTANT",
                "subject": {"kind": "act", "id": "a1"},
                "missing": ["act.letter"],
                "reason": "Inconnue.",
            }
        ],
        "rejects": [
            {"provenance": {"source": "vega", "sha256": "abc", "locator": "line 12"}, "reason": "Date illisible."}
        ],
        "reject_motifs": [],
        "counts": {"patients": 2, "acts": 40, "findings": 1, "undetermined": 1, "rejects": 1},
    }


def test_order_is_severity_then_day_then_money_whatever_came_first():
    found = [
        replace(FINDING, fingerprint="info", severity="info"),
        replace(FINDING, fingerprint="no day", due_on=None),
        replace(FINDING, fingerprint="small", amount=Decimal(1)),
        replace(FINDING, fingerprint="large", amount=Decimal(100)),
        replace(FINDING, fingerprint="early", due_on=date(2026, 1, 1), amount=None),
        replace(FINDING, fingerprint="reject", severity="reject", due_on=None),
    ]
    expected = ["reject", "early", "large", "small", "no day", "info"]
    for given in (found, found[::-1]):
        assert [each["fingerprint"] for each in written_findings(given)] == expected


def test_amounts_are_text_with_cents():
    (written,) = written_findings([replace(FINDING, amount=Decimal("100"))])
    assert written["amount"] == "100.00"


def test_a_store_gives_the_same_object(store, data):
    written = json.loads(render_json(data.answered))
    assert written == json.loads(render_json(Answered.of(store, data.as_of)))
    assert {each["fingerprint"] for each in written["findings"]} == {item.finding.fingerprint for item in data.items}
    assert written["counts"]["findings"] == len(data.items)
    assert written["counts"]["rejects"] == 1
    assert written["counts"]["acts"] > 1000
    assert written["rejects"][0]["provenance"]["locator"].startswith("line ")


def test_the_json_names_nobody(data):
    text = render_json(data.answered)
    for part in data.patients:
        assert part.person.name not in text
