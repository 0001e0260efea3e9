from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from lxml import html as lxml_html

from connector_core.deliver.html import render_html
from connector_core.deliver.report_data import ExpectedSource, money_of, report_data
from connector_core.deliver.report_model import SourceAlert
from connector_core.deliver.stake import NOT_AT_STAKE
from connector_core.model.finding import Finding, SubjectRef
from connector_core.model.records import Practitioner
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input
from connector_core.rules.silence import Awaited
from connector_core.sources.local import LocalFile
from connector_core.store.answers import FindingRow, encode_finding
from connector_core.store.store import Store
from connector_core.testing.exports.pivot import write_pivot

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_every_open_finding_is_there_once(store, data):
    kept = [each.finding.fingerprint for each in store.answers.findings("open")]
    assert sorted(item.finding.fingerprint for item in data.items) == sorted(kept)
    in_parts = [item for part in data.patients for item in part.items] + list(data.unnamed())
    assert len(in_parts) == len(data.items)


def test_every_part_of_the_report_is_met(data):
    met = {item.section for item in data.items}
    assert met == {
        "bilan_todo",
        "bilan_to_bill",
        "bilan_lost",
        "coding",
        "payer_reject",
        "payment",
        "to_invoice",
        "soon",
        "unpaid",
        "lost_sight",
        "verify",
        "claim_lost",
        "past",
    }


def test_a_bilan_done_and_not_billed_is_to_bill(data):
    (item,) = data.section("bilan_to_bill")
    assert item.person is not None
    assert item.person.patient_id == "vega:evil"
    assert item.person.born == "née"
    assert {line.what for line in item.evidence} >= {"Bilan clinique intermédiaire"}


def test_evidence_says_what_and_where(data):
    item = next(item for item in data.items if item.finding.rule == "KINE-NOM-MONTANT")
    line = item.evidence[0]
    assert line.what.startswith("Séance ")
    assert (line.on, line.file) == (line.on, "export.ndjson")
    assert line.on is not None
    assert line.letter is not None
    assert line.coefficient is not None
    assert line.place is not None
    assert line.place.startswith("ligne\u00a0")
    assert all(basis.reference for basis in item.basis)
    assert item.reference


def test_the_proof_of_a_day_names_the_patients(data):
    day = next(item for item in data.unnamed() if item.finding.subject.kind == "practitioner_day")
    names = {part.person.name for part in data.patients} | {line.patient for line in day.evidence}
    assert all(line.patient in names and line.patient for line in day.evidence if line.what.startswith("Séance"))
    assert any(line.patient for line in day.evidence)
    of_one = next(item for item in data.items if item.person is not None and item.evidence)
    assert not any(line.patient for line in of_one.evidence)


def test_values_that_were_read_are_told_in_words(data):
    texts = [value for item in data.items for text in item.basis for value in text.values]
    assert not [label for label, _ in texts if ".METRO" in label or label.startswith(("tariff", "kine.", "tt."))]
    assert ("Tarif AMK 10,7 (métropole)", "23,65\u202f€") in texts
    assert ("Jours laissés pour renvoyer une facture rejetée", "15\u00a0jours") in texts


def test_hours_are_told_as_they_are_written(data):
    said = [line.what for item in data.items for line in item.evidence if " à " in line.what]
    assert said
    assert all(re.search(r" à \d{1,2}\u202fh\u202f\d\d$", each) for each in said)


def test_findings_across_dossiers_have_their_evidence_too(data):
    day = next(item for item in data.unnamed() if item.finding.subject.kind == "practitioner_day")
    assert day.evidence[0].file == "export.ndjson"
    assert day.practitioner


def test_money_adds_up(data):
    money = data.money
    assert money.at_stake == money.reject + money.revenue
    lines = [line for line in money.by_section if line.name not in NOT_AT_STAKE]
    assert money.at_stake == sum((line.reject + line.revenue for line in lines), Decimal(0))
    assert money.expired == sum((item.amount for item in data.section("claim_lost")), Decimal(0)) > 0
    assert money.owed == sum((item.amount for item in data.section("unpaid")), Decimal(0)) > 0
    of_nobody = money_of(data.unnamed()).at_stake
    assert of_nobody > 0, "a lot that was lost"
    assert money.at_stake == of_nobody + sum((part.at_stake for part in data.patients), Decimal(0))
    assert sum(line.count for line in money.by_section) == len(data.items)


def test_an_act_flagged_twice_counts_once(data):
    item = next(item for item in data.section("coding") if item.finding.subject.kind == "act" and item.amount)
    again = replace(item, finding=replace(item.finding, fingerprint="again", amount=item.amount - Decimal("0.01")))
    assert money_of([item]).at_stake == money_of([item, again]).at_stake == item.amount


def test_what_was_refused_is_placed_and_never_quoted(sample, data):
    (group,) = data.refused
    assert group.file == "export.ndjson"
    assert group.places[0].startswith("ligne")
    assert sample.secret not in repr(replace(data, answered=None))


def test_a_silent_source_is_told(data):
    fresh, silent = data.sources
    assert (fresh.alert, fresh.state, fresh.files) == (None, "committed", 1)
    assert fresh.last_at is not None
    assert (fresh.last_at.hour, fresh.last_at.minute) == (8, 12)
    assert (silent.alert, silent.last_at) == ("silent", None)


def test_a_source_falls_silent_with_time(sample, store):
    later = sample.made_at + timedelta(days=5)
    vega = Awaited("vega", "Vega", timedelta(days=1), sample.made_at)

    def alert(made_at: datetime) -> SourceAlert | None:
        told = [ExpectedSource("vega", "Vega")]
        return report_data(store, "C", sample.today, made_at, sources=told, awaited=[vega]).sources[0].alert

    assert alert(vega.silent_from - timedelta(seconds=1)) is None
    assert alert(vega.silent_from) == "silent"
    assert vega.silent_from < later


def test_a_dismissed_finding_is_only_counted(sample):
    finding = Finding(
        "VENDOR-1", "info", SubjectRef("practice", "practice"), None, "m", "a", None, None, None, (), (), "f1"
    )
    row: FindingRow = (
        "f1",
        "p",
        "VENDOR-1",
        "info",
        "dismissed",
        "d",
        "2026-01-01",
        "2026-01-01",
        "vu",
        encode_finding(finding),
    )
    with Store.in_memory() as opened:
        opened.answers.write([row])
        made = report_data(opened, "C", sample.today, sample.made_at)
    assert (made.items, made.dismissed) == ((), 1)


@pytest.mark.parametrize("family_name", ["Durand", None])
@pytest.mark.parametrize("staff", [1, 2])
def test_a_finding_about_a_professional_names_them(rules, tmp_path, family_name, staff):
    wrong = Practitioner(id="mk1", profession="MK", rpps="10000000018", given_name="Marie", family_name=family_name)
    if family_name is None:
        wrong = wrong.model_copy(update={"given_name": None})
    right = Practitioner(id="mk2", profession="MK", rpps="10000000017", given_name="Paul", family_name="Petit")
    write_pivot([wrong, right][:staff], tmp_path / "export.ndjson", exported_at=NOW)
    with Store.in_memory() as store:
        Pipeline(store, rules, lambda: NOW).attempt([Input("vega", LocalFile(tmp_path / "export.ndjson"))], NOW.date())
        made = report_data(store, "Cabinet", NOW.date(), NOW, rules=rules.host.rules)
    (item,) = (item for item in made.items if item.finding.rule == "ID-RPPS")
    name = "Marie Durand" if family_name else "Professionnel sans nom (vega:mk1)"
    assert (item.person, item.practitioner) == (None, name)
    (line,) = item.evidence
    assert (line.what, line.file, line.place) == ("Praticien", "export.ndjson", "ligne\u00a02")
    assert name in str(lxml_html.document_fromstring(render_html(made)).xpath("string(//main)"))
