"""`connector explain`: rules, parameters, findings."""

from __future__ import annotations

import pytest

from connector_core.diagnose.explain import RECORDS, RecordNeed, explain_rule, hex_like, needs_by_record
from connector_core.model.records import KINDS
from connector_core.parameters.registry import load_parameters
from connector_core.rules.catalogue import core_rules


def test_a_rule_with_its_dated_values(practice):
    answer = practice.json("explain", "kine-bilan-30", "--on", "2026-03-02")
    rule = answer["rule"]
    assert (rule["code"], rule["severity"], answer["switched_off"]) == ("KINE-BILAN-30", "revenue", False)
    assert all(rule[part] for part in ("title", "what", "why", "not_when", "example", "reference"))
    threshold = next(each for each in rule["parameters"] if each["name"] == "kine.bdk.general.threshold")
    assert threshold["current"]["value"] == 30
    assert threshold["current"]["since"] == "2018-07-01"
    assert "NGAP" in threshold["current"]["reference"]
    assert threshold["values"][0]["confidence"] == "confirmed"
    assert {"act.letter", "treatment.ended_on"} <= set(rule["needs"])


def test_a_day_before_the_text_is_unknown(practice):
    rule = practice.json("explain", "KINE-BILAN-30", "--on", "2017-01-01")["rule"]
    assert all(each["current"] is None and "n'est pas connu avant" in each["unknown"] for each in rule["parameters"])


def test_read_by_a_person(practice):
    text = practice.text("explain", "KINE-BILAN-30", "--on", "2026-03-02")
    for heading in ("Vérifie", "Pourquoi", "Ne s'applique pas", "Exemple", "Gravité", "Référence"):
        assert f"\n{heading}\n" in text
    read = " ".join(text.partition("\nLit dans vos données\n")[2].split())
    assert " Rendez-vous : l'heure des rendez-vous, l'issue des rendez-vous " in read.replace("’", "'")
    assert "au 02/03/2026 : 30 (séance)" in text
    assert "au 02/03/2026 : 10,7" in text


def test_what_a_rule_reads_is_told_kind_by_kind_in_the_order_of_the_model():
    assert needs_by_record({"act.letter", "act.performed_on", "bsi", "patient.nir"}) == (
        RecordNeed("patient", "Patient", ("nir",)),
        RecordNeed("act", "Acte", ("performed_on", "letter")),
        RecordNeed("bsi", "Bilan de soins infirmiers", ()),
    )
    assert set(RECORDS) == set(KINDS)


def test_what_the_practice_decided_is_shown(practice):
    practice.configure(
        """
        [rules]
        off = ["KINE-BILAN-30"]
        [[parameter]]
        name = "kine.bdk.general.threshold"
        since = 2026-01-01
        value = 31
        note = "Convenu avec la caisse"
        """
    )
    text = practice.text("explain", "KINE-BILAN-30", "--on", "2026-03-02")
    assert "écartée par la configuration" in text
    assert "31 (séance)" in text
    assert "Convenu avec la caisse" in text
    assert practice.json("explain", "KINE-BILAN-30")["switched_off"] is True


def test_a_motif_of_rejects(practice):
    text = practice.text("explain", "rej-amo-07")
    for said in ("REJ-AMO-07  Bénéficiaire inconnu en BDO", "« 0250 050 »", "Cause habituelle", "Que faire", "CPAM"):
        assert said in text
    assert "aucun code ni libellé connu" in practice.text("explain", "REJ-AMO-08")
    assert practice.json("explain", "REJ-AMO-07")["motif"]["codes"] == ["0250 050"]
    assert "« REJ-AMO-07 »" in practice.refused("explain", "REJ-AM0-07")


def test_a_motif_of_the_practice(practice):
    practice.configure(
        """
        [[reject_motif]]
        payer = "AMC"
        label = "CONTRAT RESILIE"
        cause = "le contrat a pris fin"
        action = "Demandez la carte en cours"
        """
    )
    text = practice.text("explain", "CABINET-1")
    assert "CONTRAT RESILIE" in text
    assert "Demandez la carte en cours." in text
    assert "décision du cabinet" in text


def test_a_parameter_alone(practice):
    answer = practice.json("explain", "kine.bdk.general.threshold", "--on", "2026-03-02")
    assert answer["parameter"]["current"]["value"] == 30
    assert "01/07/2018" in practice.text("explain", "kine.bdk.general.threshold")


def test_an_unknown_name_suggests_the_nearest(practice):
    assert "Vouliez-vous dire « KINE-BILAN-30 » ?" in practice.refused("explain", "KINE-BILAN-3O")
    assert "kine.bdk.general.threshold" in practice.refused("explain", "kine.bdk.general.treshold")


def test_a_finding(found):
    (finding,) = found.json("findings", "--rule", "KINE-NOM-MONTANT", code=1)["findings"][:1]
    text = found.text("explain", finding["fingerprint"][:10])
    assert finding["fingerprint"] in text
    assert "export.ndjson, ligne 4" in text
    assert "patient LEGRAND-SECRET Zoé, né(e) le 01/01/1980" in text
    read = text.partition("Valeurs lues")[2]
    assert "kine." not in read
    assert "tariff." not in read
    assert "Gravité :" in text
    answer = found.json("explain", finding["fingerprint"])["finding"]
    assert answer["message"] == finding["message"]
    assert answer["severity_reason"]


def test_the_sessions_that_were_counted(practice):
    days = [f"2026-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    treatment = {"record": "treatment", "id": "t1", "patient_id": "p1", "started_on": "2026-01-01"}
    acts = (practice.act(n, performed_on=day, treatment_id="t1") for n, day in enumerate(days[:40]))
    practice.configure()
    practice.take(practice.export(treatment, *acts))
    (first, *_) = practice.json("findings", "--rule", "KINE-BILAN-INITIAL-MANQUANT", code=1)["findings"]
    text = practice.text("explain", first["fingerprint"])
    assert "Ce qui a été compté" in text
    assert "   1  01/01/2026" in text
    assert "  10  10/01/2026" in text


def test_a_severity_that_the_practice_lowered(practice):
    practice.configure("[rules.lower]\nKINE-NOM-MONTANT = 'info'")
    practice.take(practice.wrong_export())
    (finding,) = practice.json("findings", "--severity", "info", code=1)["findings"][:1]
    assert "a abaissé la gravité" in practice.text("explain", finding["fingerprint"])


@pytest.mark.parametrize("rule", core_rules(), ids=lambda rule: rule.code)
def test_every_rule_is_explained(rule):
    from datetime import date

    answer = explain_rule(rule, load_parameters(), date(2026, 3, 2))
    assert answer.title
    assert answer.what
    assert answer.why
    assert answer.not_when
    assert answer.example
    assert set(answer.others) <= {"tariff", "referential"}, "a parameter that does not exist"


def test_what_may_be_a_fingerprint():
    assert hex_like("05df2a7b")
    assert not hex_like("05d")
    assert not hex_like("kine")
