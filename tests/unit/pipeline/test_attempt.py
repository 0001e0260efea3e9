"""One attempt after another: what is read, what is kept, what is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector_core.errors import FileRefused, StoreError
from connector_core.model.records import (
    Act,
    Appointment,
    Assessment,
    BankCredit,
    Invoice,
    Lot,
    Patient,
    PayerReturn,
    Practitioner,
    Prescription,
    Record,
    Treatment,
)
from connector_core.parameters.motifs import OwnMotif
from connector_core.parameters.values import DatedValue
from connector_core.pipeline import recheck, rows
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.gather import bank_credits
from connector_core.pipeline.given import Input, Rules
from connector_core.rules.base import Adjustments
from connector_core.rules.kernel import Answer, Check, Flag, rule
from connector_core.sources.local import LocalFile
from connector_core.store.codec import KIND_INDEX

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MK = Practitioner(id="mk1", profession="MK")
ZOE = Patient(id="p1", family_name="Legrand", given_name="Zoé", birth_date=date(1980, 1, 1), nir="2800175123456")
LUC = Patient(id="p2", family_name="Petit", given_name="Luc", birth_date=date(1990, 1, 1))


def act(number: int, **values: object) -> Act:
    """An act at its right price."""
    given = {
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": DAY,
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
        "amount": Decimal("17.88"),
        **values,
    }
    return Act.model_validate(given)


def wrong(number: int, **values: object) -> Act:
    return act(number, **{"amount": Decimal("16.00"), **values})


def invoice(number: str, **values: object) -> Invoice:
    given = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": DAY,
        "total": Decimal("17.88"),
        **values,
    }
    return Invoice.model_validate(given)


def paid(number: str, **values: object) -> PayerReturn:
    given = {
        "id": f"r{number}",
        "invoice_number": number,
        "payer": "AMO",
        "state": "paid",
        "returned_on": DAY,
        **values,
    }
    return PayerReturn.model_validate(given)


@rule("TEST-DAY", subject="practitioner_day", severity="info", reference="aucune", confidence="S", needs={"act"})
def crowded(check) -> Iterator[Answer]:
    """Two acts or more on one day."""
    acts = check.subject.acts
    if len(acts) > 1:
        yield Flag(acts[0], f"{len(acts)} actes", "Voyez.", fault="crowded", evidence=acts)


@rule("TEST-RAISES", subject="dossier", severity="info", reference="aucune", confidence="S", needs={"act"})
def raises(check) -> Iterator[Answer]:
    """Always fails."""
    yield Flag(check.subject.acts[0], "avant", "Voyez.")
    raise KeyError("OZVRAY-SECRET")


@rule(
    "TEST-COUNT",
    subject="dossier",
    severity="reject",
    reference="aucune",
    confidence="S",
    needs={"act", "invoice", "payer_return"},
)
def counted(check: Check) -> Iterator[Answer]:
    """Tells how much there is of everything."""
    subject = check.subject
    sizes = len(subject.acts), len(subject.invoices), len(subject.payer_returns)
    yield Flag(subject.patient or subject.acts[0], f"{sizes}", "Voyez.", amount=Decimal(sizes[0]))


@pytest.fixture
def with_rule(core_rules: Rules) -> Callable[..., Rules]:
    """A rule base of these rules alone."""

    def only(*rules, **adjustments) -> Rules:
        from connector_core.plugins.loader import load_plugins

        host = load_plugins(no_plugins=True)
        host.rules = rules
        return replace(core_rules, host=host, adjustments=Adjustments(**adjustments))

    return only


def said(cabinet) -> list[str]:
    return sorted(finding.message for finding in cabinet.open())


# --- rows -----------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(cabinet) -> None:
    first = cabinet.export([MK, ZOE, wrong(1)])
    assert cabinet.attempt(first).files[0].new_rows == 3
    answers, asked = cabinet.answers(), cabinet.attempt(first)
    assert (asked.files[0].rows, asked.files[0].new_rows, asked.asked, asked.records) == (3, 0, 0, 0)
    assert not asked.changes
    assert cabinet.answers() == answers
    assert len(cabinet.store.files.list_files()) == 1


def test_a_renamed_file_is_the_same_file(cabinet) -> None:
    cabinet.attempt(cabinet.export([MK, ZOE, wrong(1)], name="one.ndjson"))
    cabinet.attempt(cabinet.export([MK, ZOE, wrong(1)], name="two.ndjson"))
    assert [file.name for file in cabinet.store.files.list_files()] == ["two.ndjson"]
    assert len(cabinet.records("act")) == 1


def test_a_superset_in_another_order_adds_what_is_new(cabinet) -> None:
    cabinet.take(MK, ZOE, wrong(1), act(2, performed_on=DAY - timedelta(days=3)))
    outcome = cabinet.take(
        wrong(3, performed_on=DAY - timedelta(days=7)), act(2, performed_on=DAY - timedelta(days=3)), wrong(1), ZOE, MK
    )
    assert (outcome.files[0].rows, outcome.files[0].new_rows) == (5, 1)
    assert len(outcome.changes.new) == 1
    assert sorted(each.id for each in cabinet.records("act")) == ["a:a1", "a:a2", "a:a3"]
    assert sorted(finding.subject.id for finding in cabinet.open()) == ["a:a1", "a:a3"]


def test_the_same_file_given_twice_at_once_is_read_as_one(cabinet) -> None:
    one, two = cabinet.export([MK, ZOE, wrong(1)]), cabinet.export([MK, ZOE, wrong(1)])
    outcome = cabinet.attempt(one, two)
    assert len(outcome.files) == len(cabinet.store.files.list_files()) == 1
    assert len(cabinet.records("act")) == 1
    assert len(cabinet.open()) == 1


def test_a_changed_row_replaces_what_it_said(cabinet) -> None:
    cabinet.take(MK, ZOE, wrong(1))
    outcome = cabinet.take(MK, ZOE, act(1))
    assert outcome.files[0].new_rows == 1
    assert len(outcome.changes.resolved) == 1
    assert cabinet.open() == []


def test_a_correction_that_is_taken_back_is_taken_back(cabinet) -> None:
    for amount in ("16.00", "17.88", "16.00", "17.88", "16.00"):
        outcome = cabinet.take(MK, ZOE, act(1, amount=Decimal(amount)))
        assert outcome.files[0].new_rows in (1, 3), amount
        assert len(cabinet.open()) == (amount == "16.00"), amount


def test_a_correction_of_a_professional_that_is_taken_back_is_taken_back(cabinet) -> None:
    for zone in ("METRO", "DROM", "METRO", "DROM"):
        cabinet.take(MK.model_copy(update={"zone": zone}), ZOE, act(1))
        (kept,) = cabinet.store.shared.of("practitioner")
        assert kept.zone == zone


def test_of_several_files_at_once_the_last_has_the_last_word(cabinet) -> None:
    cabinet.take(MK, ZOE, wrong(1))
    cabinet.attempt(cabinet.export([act(1)]), cabinet.export([wrong(1)]))
    assert len(cabinet.open()) == 1
    cabinet.attempt(cabinet.export([wrong(1), act(2)]), cabinet.export([act(1)]))
    assert cabinet.codes() == ["KINE-CUMUL-DOUBLON"]


def test_bad_rows_are_kept_aside_with_their_place_and_the_rest_is_read(cabinet) -> None:
    bad = ['{"record": "act"', '{"record": "visite"}', '{"record": "patient", "id": "p9", "nom": "SECRET"}']
    outcome = cabinet.take(MK, bad[0], ZOE, bad[1], wrong(1), bad[2])
    assert (outcome.files[0].state, outcome.files[0].new_rows, outcome.files[0].rejects) == ("committed", 3, 3)
    refused = cabinet.store.files.rejects()
    assert [each.place for each in refused] == ["line 3", "line 5", "line 7"]
    assert [each.raw for each in refused] == [each.encode() for each in bad]
    assert not any("SECRET" in each.reason for each in refused)
    assert len(cabinet.open()) == 1


def test_a_row_that_was_bad_and_is_now_right_is_read(cabinet) -> None:
    cabinet.take(MK, ZOE, '{"record": "act", "id": "a1"}')
    cabinet.take(MK, ZOE, wrong(1))
    assert len(cabinet.open()) == 1


def test_a_damaged_file_keeps_the_rows_before_the_damage(cabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = cabinet.export([MK, ZOE, wrong(1), wrong(2)])
    reading = type(cabinet.rules.host.connectors["pivot"].connector.read(damaged.file, None))
    whole = reading.rows

    def cut(self) -> Iterator[object]:
        for number, row in enumerate(whole(self)):
            if number == 3:
                raise FileRefused("le fichier est coupé", where="ligne 5")
            yield row

    with monkeypatch.context() as patched:
        patched.setattr(reading, "rows", cut)
        (file,) = cabinet.attempt(damaged).files
    assert (file.state, file.rows, file.new_rows, file.rejects) == ("incomplete", 3, 3, 1)
    assert [(each.place, each.reason) for each in cabinet.store.files.rejects()] == [
        ("ligne 5", "le fichier est coupé")
    ]
    assert [each.id for each in cabinet.records("act")] == ["a:a1"]
    (file,) = cabinet.take(MK, ZOE, wrong(1), wrong(2)).files
    assert (file.state, cabinet.store.files.rejects()) == ("committed", [])
    assert len(cabinet.records("act")) == 2


def test_a_file_of_another_version_of_the_model_is_refused_and_the_others_are_read(cabinet) -> None:
    newer = cabinet.export([ZOE])
    newer.file.path.write_text('{"record": "pivot", "model_version": 99}\n{"record": "patient", "id": "p7"}\n')
    outcome = cabinet.attempt(newer, cabinet.export([MK, ZOE, wrong(1)]))
    assert sorted(file.state for file in outcome.files) == ["committed", "incomplete"]
    assert len(cabinet.open()) == 1
    assert "a:p7" not in {each.id for each in cabinet.records("patient")}


def test_a_file_nobody_knows_is_told_and_the_others_are_read(cabinet) -> None:
    stranger = cabinet.export([])
    stranger.file.path.write_bytes(b"Nom;SECRET\n")
    outcome = cabinet.attempt(stranger, cabinet.export([MK, ZOE, wrong(1)]))
    assert sorted(file.state for file in outcome.files) == ["committed", "unknown"]
    assert "SECRET" not in str(cabinet.store.files.rejects()[0].reason)


def test_a_file_of_another_dialect_than_configured_is_refused(cabinet) -> None:
    given = cabinet.export([MK])
    outcome = cabinet.attempt(Input("a", given.file, dialect="vega-csv"))
    assert outcome.files[0].state == "unknown"
    assert "et non « vega-csv »" in (outcome.files[0].reason or "")


def test_what_fails_in_the_middle_of_an_attempt_leaves_nothing_even_in_memory(
    cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = cabinet.export([MK, ZOE, LUC, wrong(1), invoice("1"), paid("1")])
    with monkeypatch.context() as patched:

        def fail(*_arguments: object) -> None:
            raise StoreError("le disque est plein")

        patched.setattr("connector_core.pipeline.recheck.Recheck.flush", fail)
        with pytest.raises(StoreError):
            cabinet.attempt(given)
    assert cabinet.store.dossiers.count() == 0
    assert cabinet.store.files.list_files() == []
    assert cabinet.store.fact("as_of") is None
    cabinet.take(MK, LUC)
    (only,) = cabinet.store.dossiers.numbers()
    assert cabinet.store.dossiers.patient_id(only) == "a:p2"
    cabinet.attempt(given)
    assert len(cabinet.open()) == 1
    assert cabinet.store.dossiers.count() == 2


# --- what is asked again --------------------------------------------------------------------------------------------


def test_only_the_dossiers_that_changed_are_asked_again(cabinet) -> None:
    people = [Patient(id=f"p{n}") for n in range(50)]
    acts = [act(n, patient_id=f"p{n}", performed_on=DAY - timedelta(days=n)) for n in range(50)]
    assert cabinet.take(MK, *people, *acts).asked >= 100
    outcome = cabinet.take(MK, *people, *acts[:-1], wrong(49, patient_id="p49", performed_on=acts[49].performed_on))
    assert outcome.asked == 2, "a dossier and a day"


def test_a_professional_exported_again_unchanged_asks_nobody_again(cabinet) -> None:
    people = [Patient(id=f"p{n}") for n in range(50)]
    cabinet.take(MK, *people, source="a")
    spaced = '{"record":"practitioner",  "id": "mk1", "profession": "MK"}'
    outcome = cabinet.take(spaced, source="a")
    assert outcome.files[0].new_rows == 1
    assert outcome.asked == 0


def test_a_professional_whose_zone_changes_has_every_dossier_asked_again(cabinet) -> None:
    cabinet.take(MK, ZOE, LUC, act(1), act(2, patient_id="p2", performed_on=DAY - timedelta(days=3)))
    assert cabinet.open() == []
    outcome = cabinet.take(MK.model_copy(update={"zone": "DROM"}))
    assert outcome.asked >= 5
    assert cabinet.codes() == ["KINE-NOM-MONTANT", "KINE-NOM-MONTANT"]


def test_a_lot_that_changes_has_the_dossiers_of_its_invoices_asked_again(cabinet) -> None:
    lot = Lot(id="l1", number="1", created_on=DAY - timedelta(days=40), sent_on=DAY - timedelta(days=40))
    refused = paid("1", state="rejected", returned_on=DAY - timedelta(days=30), claimed=Decimal("17.88"))
    closed = invoice("1", lot_id="l1", closed_on=DAY - timedelta(days=45), third_party="AMO")
    cabinet.take(MK, ZOE, LUC, lot, closed, refused)
    assert cabinet.open("SUIVI-REJET")
    outcome = cabinet.take(lot.model_copy(update={"sent_on": DAY - timedelta(days=1)}))
    assert not cabinet.open("SUIVI-REJET")
    assert outcome.asked == 3, "one dossier, the lots and the practice"


def test_what_was_said_of_lots_is_gone_with_the_rules_about_them(cabinet, core_rules: Rules) -> None:
    """Where no rule is about lots they are not looked at, and what was open of them is settled."""
    sent = Lot(
        id="l1", number="1", created_on=DAY - timedelta(days=40), sent_on=DAY - timedelta(days=40), arl="negative"
    )
    cabinet.take(MK, ZOE, LUC, sent, invoice("1", lot_id="l1", closed_on=DAY - timedelta(days=45), third_party="AMO"))
    assert cabinet.open("TT-ARL")
    about_lots = {each.code for each in core_rules.host.rules if each.subject == "lot"}
    cabinet.rules = replace(core_rules, adjustments=Adjustments(off=frozenset(about_lots)))
    cabinet.pipeline.recheck(DAY)
    assert not cabinet.open("TT-ARL")


def test_a_lot_that_two_sources_tell_of_is_one(cabinet) -> None:
    """The vendor's export knows which invoices it holds, what comes back knows when it left."""
    day = DAY - timedelta(days=40)
    refused = paid("1", state="rejected", returned_on=DAY - timedelta(days=30), claimed=Decimal("17.88"))
    closed = invoice("1", lot_id="l1", closed_on=DAY - timedelta(days=45), third_party="AMO")
    cabinet.take(MK, ZOE, LUC, Lot(id="l1", number="012", created_on=day), closed, refused)
    assert cabinet.open("SUIVI-REJET")
    sent_again = Lot(id="x", number="12", created_on=day, sent_on=DAY - timedelta(days=1))
    cabinet.take(sent_again, source="b")
    assert not cabinet.open("SUIVI-REJET")


def test_a_return_of_another_source_finds_its_invoice_whatever_the_zeros(cabinet) -> None:
    """A list of the vendor's says 123, a payer's return 000000123; the return may come first."""
    refused = paid("000000123", state="rejected", returned_on=DAY - timedelta(days=30), claimed=Decimal("17.88"))
    cabinet.take(refused, source="b")
    assert not cabinet.open("SUIVI-REJET")
    cabinet.take(MK, ZOE, invoice("123", closed_on=DAY - timedelta(days=45), third_party="AMO"))
    assert len(cabinet.open("SUIVI-REJET")) == 1
    settled = paid("00123", returned_on=DAY - timedelta(days=2), paid=Decimal("17.88"))
    cabinet.take(settled.model_copy(update={"id": "later"}), source="b")
    assert not cabinet.open("SUIVI-REJET")


def test_a_colon_in_an_id_makes_no_second_source(cabinet) -> None:
    """Equal credits, returns and lots of one source are several, whatever their ids look like."""
    credits = [BankCredit(id=f"{name}:1", booked_on=DAY, amount=Decimal("20.00"), label="VIR") for name in "xy"]
    lots = [Lot(id=f"{name}:l", number="7", created_on=DAY) for name in "xy"]
    cabinet.attempt(replace(cabinet.export([MK, ZOE, *lots, *credits]), source=""))
    assert len(bank_credits(cabinet.store, DAY, DAY)) == 2
    assert len(PracticeView.of(cabinet.store, (), {}).cabinet.lots) == 2


def test_what_two_sources_tell_of_the_bank_counts_once(cabinet) -> None:
    credits = [BankCredit(id=f"k{n}", booked_on=DAY, amount=Decimal("20.00"), label="VIR") for n in (1, 2)]
    for source in ("a", "b"):
        cabinet.take(*credits, source=source)
    assert len(bank_credits(cabinet.store, DAY, DAY)) == 2


def test_a_lot_told_by_two_records_is_one_lot(cabinet) -> None:
    """An acknowledgement may be told under an id of its own: professional, number and day are what a lot is."""
    lot = Lot(id="l1", number="007", practitioner_id="mk1", created_on=DAY - timedelta(days=40))
    refused = paid("1", state="rejected", returned_on=DAY - timedelta(days=30), claimed=Decimal("17.88"))
    closed = invoice("1", lot_id="l1", closed_on=DAY - timedelta(days=45), third_party="AMO")
    cabinet.take(MK, ZOE, LUC, lot, closed, refused)
    assert cabinet.open("SUIVI-REJET")
    told = Lot(
        id="other", number="7", practitioner_id="mk1", created_on=lot.created_on, sent_on=DAY - timedelta(days=1)
    )
    outcome = cabinet.take(told)
    assert not cabinet.open("SUIVI-REJET")
    assert outcome.asked == 3, "one dossier, the lots and the practice"
    lots = PracticeView.of(cabinet.store, (), {}).cabinet.lots
    assert list(lots) == ["a:l1"]
    assert lots["a:other"] is lots["a:l1"]


def test_what_the_sources_come_to_cover_has_everything_asked_again(cabinet) -> None:
    cabinet.attempt(cabinet.export([MK, ZOE, LUC, act(1)], covers=("act", "patient", "practitioner")))
    uncovered = {gap.rule for gap in cabinet.store.answers.undetermined() if gap.subject.kind == "practice"}
    assert uncovered
    outcome = cabinet.attempt(cabinet.export([Patient(id="p3")]))
    assert outcome.asked >= 4
    assert uncovered - {gap.rule for gap in cabinet.store.answers.undetermined()}


def test_acts_that_reach_further_back_have_everything_asked_again(cabinet) -> None:
    """Whether a treatment without record began in what the sources give hangs on the first act they give."""
    covers = ("act", "patient", "practitioner")
    sessions = [act(n, performed_on=DAY - timedelta(days=20 - n)) for n in range(14)]
    cabinet.attempt(cabinet.export([MK, ZOE, LUC, *sessions], covers=covers))
    assert not cabinet.open("KINE-BILAN-INITIAL-MANQUANT")
    cabinet.attempt(cabinet.export([act(90, patient_id="p2", performed_on=DAY - timedelta(days=300))], covers=covers))
    assert cabinet.open("KINE-BILAN-INITIAL-MANQUANT")


def test_undetermined_answers_are_never_there_twice(cabinet) -> None:
    for n in range(3):
        cabinet.attempt(
            cabinet.export([MK, ZOE, act(1), act(n + 2, performed_on=date(2026, 1, n + 5))], covers=("act",))
        )
        _, gaps = cabinet.answers()
        assert gaps
        assert set(gaps.values()) == {1}


def test_an_act_moved_to_another_day_leaves_the_day_it_was_on(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    cabinet.take(MK, ZOE, LUC, act(1), act(2, patient_id="p2"))
    assert said(cabinet) == ["2 actes"]
    tuesday = DAY + timedelta(days=1)
    cabinet.take(act(3, performed_on=tuesday), act(2, patient_id="p2", performed_on=tuesday), on=tuesday)
    (finding,) = cabinet.open()
    assert {each.id for each in finding.evidence} == {"a:a2", "a:a3"}


def test_a_day_that_is_left_empty_has_nothing_to_answer_any_more(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    cabinet.take(MK, ZOE, act(1), act(2))
    assert len(cabinet.open()) == 1
    cabinet.take(*(act(n, performed_on=DAY - timedelta(days=n)) for n in (1, 2)))
    assert cabinet.open() == []


def test_days_of_which_no_rule_is_asked_answer_nothing_and_are_known_when_one_is_again(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    cabinet.take(MK, ZOE, *(act(n) for n in (1, 2, 3)))
    assert said(cabinet) == ["3 actes"]
    cabinet.rules = with_rule(counted)
    cabinet.pipeline.day_passes(DAY)
    assert cabinet.codes() == ["TEST-COUNT"]
    cabinet.take(act(3, performed_on=DAY - timedelta(days=31)))
    cabinet.rules = with_rule(crowded)
    cabinet.pipeline.day_passes(DAY)
    assert said(cabinet) == ["2 actes"]


def test_an_act_given_to_another_professional_leaves_the_day_of_the_first(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    other = Practitioner(id="mk2", profession="MK")
    cabinet.take(MK, other, ZOE, act(1), act(2))
    cabinet.take(act(2, practitioner_id="mk2"))
    assert cabinet.open() == []


def test_a_rule_that_raises_is_confined(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(raises, counted))
    cabinet.take(MK, ZOE, act(1))
    assert cabinet.codes() == ["TEST-COUNT", "TEST-RAISES"]
    (gap,) = cabinet.store.answers.undetermined()
    assert (gap.rule, gap.subject.kind) == ("TEST-RAISES", "patient")
    assert "KeyError" in gap.reason
    assert "SECRET" not in gap.reason


def test_a_rule_switched_off_resolves_its_findings_and_one_lowered_is_heard_so(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(counted, crowded))
    cabinet.take(MK, ZOE, act(1), act(2))
    assert {finding.rule: finding.severity for finding in cabinet.open()} == {
        "TEST-COUNT": "reject",
        "TEST-DAY": "info",
    }
    cabinet.rules = with_rule(counted, crowded, off=frozenset({"TEST-DAY"}), severities={"TEST-COUNT": "info"})
    outcome = cabinet.pipeline.day_passes(DAY)
    assert {finding.rule: finding.severity for finding in cabinet.open()} == {"TEST-COUNT": "info"}
    assert (len(outcome.changes.resolved), len(outcome.changes.changed)) == (1, 1)
    cabinet.rules = with_rule(counted, crowded)
    cabinet.pipeline.day_passes(DAY)
    assert cabinet.codes() == ["TEST-COUNT", "TEST-DAY"]


def test_a_motif_the_practice_explains_has_its_rejects_explained(new_cabinet, core_rules) -> None:
    cabinet = new_cabinet()
    refused = paid("1", state="rejected", returned_on=DAY - timedelta(days=30), reject_label="PLAFOND ATTEINT")
    cabinet.take(MK, ZOE, invoice("1", closed_on=DAY - timedelta(days=45), third_party="AMO"), refused)
    (before,) = cabinet.open("SUIVI-REJET")
    assert "Motif inconnu de connector, tel que reçu : « PLAFOND ATTEINT »" in before.message
    own = OwnMotif(refused.payer, None, "Plafond atteint", None, "plafond", "Attendez janvier.")
    cabinet.rules = replace(core_rules, motifs=core_rules.motifs.with_own(own))
    cabinet.pipeline.day_passes(DAY)
    (after,) = cabinet.open("SUIVI-REJET")
    assert after.fingerprint == before.fingerprint
    assert after.action == "Attendez janvier. Cause habituelle : plafond."


# --- days -----------------------------------------------------------------------------------------------------------


def follow_up() -> list[Record]:
    """Three patients whose follow-up changes as days pass."""
    return [
        MK,
        ZOE,
        LUC,
        Treatment(id="t1", patient_id="p1", practitioner_id="mk1", started_on=DAY - timedelta(days=60)),
        *(act(n, treatment_id="t1", performed_on=DAY - timedelta(days=60 - n)) for n in range(0, 28, 7)),
        Assessment(
            id="b1",
            patient_id="p1",
            treatment_id="t1",
            kind="final",
            performed_on=DAY - timedelta(days=30),
            act_id="a21",
        ),
        invoice("1", closed_on=DAY - timedelta(days=20), patient_share=Decimal("17.88"), third_party="NONE"),
        invoice("2", closed_on=DAY - timedelta(days=10), third_party="FULL", amo_claimed=Decimal("17.88")),
        paid("2", state="rejected", returned_on=DAY + timedelta(days=2)),
    ]


def test_days_that_pass_alone_give_what_a_full_check_of_that_day_gives(new_cabinet) -> None:
    cabinet = new_cabinet()
    cabinet.take(*follow_up())
    seen = set()
    for days in range(1, 75, 3):
        on = DAY + timedelta(days=days)
        cabinet.pipeline.day_passes(on)
        fresh = new_cabinet()
        fresh.take(*follow_up(), on=on)
        assert cabinet.answers() == fresh.answers(), on
        seen |= set(cabinet.codes())
    assert {code for code in seen if code.startswith("SUIVI-")}


def test_a_file_that_comes_first_on_a_new_day_does_not_hide_that_the_day_passed(new_cabinet) -> None:
    cabinet, on = new_cabinet(), DAY + timedelta(days=40)
    cabinet.take(*follow_up())
    cabinet.take(Patient(id="p9"), on=on)
    fresh = new_cabinet()
    fresh.take(*follow_up(), Patient(id="p9"), on=on)
    assert cabinet.answers() == fresh.answers()
    assert cabinet.pipeline.day_passes(on).asked == 0


def test_a_day_gone_back_to_gives_what_that_day_gave(new_cabinet) -> None:
    cabinet = new_cabinet()
    cabinet.take(*follow_up(), on=DAY + timedelta(days=40))
    cabinet.pipeline.day_passes(DAY)
    fresh = new_cabinet()
    fresh.take(*follow_up())
    assert cabinet.answers() == fresh.answers()


def test_acts_ahead_are_not_counted_before_their_day(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded, counted))
    ahead = DAY + timedelta(days=3)
    cabinet.take(MK, ZOE, act(1), act(2, performed_on=ahead), act(3, performed_on=ahead))
    assert said(cabinet) == ["(1, 0, 0)"]
    cabinet.pipeline.day_passes(DAY + timedelta(days=2))
    assert said(cabinet) == ["(1, 0, 0)"]
    cabinet.pipeline.day_passes(DAY + timedelta(days=4))
    assert said(cabinet) == ["(3, 0, 0)", "2 actes"]


def test_a_value_that_changes_on_a_day_that_passes_has_everything_asked_again(new_cabinet, with_rule) -> None:
    on = DAY + timedelta(days=10)

    @rule("TEST-VALUE", subject="dossier", severity="info", reference="aucune", confidence="S", needs=())
    def read(check: Check) -> Iterator[Answer]:
        """Tells a parameter of the day asked about."""
        yield Flag(check.subject.patient, str(check.number("suivi.reject.days")), "Voyez.")

    rules = with_rule(read)
    own = DatedValue(on, 99, "décision du cabinet", "practice")
    cabinet = new_cabinet(rules=replace(rules, parameters=rules.parameters.with_practice([("suivi.reject.days", own)])))
    cabinet.take(MK, ZOE)
    cabinet.pipeline.day_passes(on - timedelta(days=1))
    assert said(cabinet) != ["99"]
    cabinet.pipeline.day_passes(on + timedelta(days=1))
    assert said(cabinet) == ["99"]


def test_the_same_day_again_asks_nothing(cabinet) -> None:
    cabinet.take(MK, ZOE, act(1))
    assert cabinet.pipeline.day_passes(DAY).asked == 0


# --- findings' lives ------------------------------------------------------------------------------------------------


def dismiss(cabinet) -> str:
    (kept,) = cabinet.kept("open")
    with cabinet.store.transaction():
        cabinet.store.answers.set_state(kept.finding.fingerprint, "dismissed", DAY.isoformat(), "vu")
    return kept.finding.fingerprint


def test_what_was_dismissed_stays_so_until_what_it_says_changes(cabinet) -> None:
    cabinet.take(MK, ZOE, wrong(1))
    fingerprint = dismiss(cabinet)
    outcome = cabinet.take(act(2, performed_on=DAY - timedelta(days=3)))
    assert outcome.asked
    assert [kept.state for kept in cabinet.kept()] == ["dismissed"]
    assert cabinet.kept()[0].reason == "vu"
    outcome = cabinet.take(wrong(1, amount=Decimal("15.00")))
    assert outcome.changes.resurfaced == [fingerprint]
    assert [(kept.state, kept.reason) for kept in cabinet.kept()] == [("open", None)]


def test_what_was_dismissed_resurfaces_when_it_is_heard_at_another_severity(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(counted))
    cabinet.take(MK, ZOE, act(1))
    dismiss(cabinet)
    cabinet.rules = with_rule(counted, severities={"TEST-COUNT": "info"})
    cabinet.pipeline.day_passes(DAY)
    assert [kept.state for kept in cabinet.kept()] == ["open"]


def test_what_is_resolved_and_found_again_is_open_again_since_the_first_day(cabinet) -> None:
    cabinet.take(MK, ZOE, wrong(1))
    cabinet.take(act(1), on=DAY + timedelta(days=1))
    assert [kept.state for kept in cabinet.kept()] == ["resolved"]
    outcome = cabinet.take(wrong(1), on=DAY + timedelta(days=2))
    assert len(outcome.changes.resurfaced) == 1
    (kept,) = cabinet.kept()
    assert (kept.state, kept.opened_on, kept.changed_on) == ("open", "2026-03-02", "2026-03-04")


def test_a_finding_says_where_its_evidence_was_read(cabinet) -> None:
    given = cabinet.export([MK, ZOE, wrong(1)])
    cabinet.attempt(given)
    (finding,) = cabinet.open()
    (evidence,) = [each for each in finding.evidence if each.kind == "act"]
    assert evidence.provenance is not None
    assert (evidence.provenance.source, evidence.provenance.sha256) == ("a", given.file.sha256)
    assert evidence.provenance.locator == "line 4"


def test_a_finding_about_a_day_says_where_its_evidence_was_read(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    cabinet.take(MK, ZOE, act(1), act(2))
    (finding,) = cabinet.open()
    assert [each.provenance and each.provenance.locator for each in finding.evidence] == ["line 4", "line 5"]


# --- returns --------------------------------------------------------------------------------------------------------


def returned(cabinet) -> dict[str, int]:
    """How many returns each dossier has."""
    return {
        patient: len(records[KIND_INDEX["payer_return"]])
        for _, patient, records in cabinet.store.dossiers.iterate()
        if records[KIND_INDEX["payer_return"]]
    }


def test_a_return_that_comes_before_its_invoice_waits_and_is_taken_once(cabinet) -> None:
    cabinet.take(MK, ZOE, paid("1"))
    assert (cabinet.store.waiting.count(), returned(cabinet)) == (1, {})
    cabinet.take(paid("1"), ZOE)
    cabinet.take(invoice("1"))
    assert (cabinet.store.waiting.count(), returned(cabinet)) == (0, {"a:p1": 1})
    cabinet.take(invoice("1"), paid("1"), LUC)
    assert returned(cabinet) == {"a:p1": 1}


def test_a_return_read_twice_while_it_waits_is_one(cabinet) -> None:
    cabinet.take(paid("1"))
    cabinet.take(paid("1", paying_body="CPAM"))
    cabinet.take(MK, ZOE, invoice("1"))
    assert returned(cabinet) == {"a:p1": 1}


@pytest.mark.parametrize("first", ["returns", "invoices"])
def test_a_return_for_a_number_that_two_dossiers_have_is_given_to_neither(cabinet, first: str) -> None:
    other = Practitioner(id="mk2", profession="MK")
    invoices = [invoice("1"), invoice("1", id="g1", patient_id="p2", practitioner_id="mk2")]
    parts: list[list[Record]] = [[paid("1")], [MK, other, ZOE, LUC, *invoices]]
    for part in parts if first == "returns" else reversed(parts):
        cabinet.take(*part)
    assert (returned(cabinet), cabinet.store.waiting.count()) == ({}, 1)


# --- several sources ------------------------------------------------------------------------------------------------

RPPS = "10001234567"


def patients(cabinet) -> list[list[str]]:
    """The patients of each dossier."""
    return sorted(
        sorted(each.id for each in records[KIND_INDEX["patient"]]) for _, _, records in cabinet.store.dossiers.iterate()
    )


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        ({"nir": ZOE.nir, "family_name": None, "given_name": None}, True),
        ({"nir": ZOE.nir, "family_name": "Durand"}, True),
        ({"nir": None}, True),
        ({"nir": None, "family_name": "LEGRAND", "given_name": "Zoe"}, True),
        ({"nir": None, "family_name": "Le-Grand"}, False),
        ({"nir": "2800175999999"}, False),
        ({"nir": ZOE.nir, "birth_rank": 2, "given_name": "Ida"}, False),
        ({"nir": None, "birth_date": None}, False),
        ({"nir": None, "birth_date": date(1980, 1, 2)}, False),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_patients_of_two_sources_are_one_when_their_keys_agree(cabinet, other, joined: bool, at_once: bool) -> None:
    twin = ZOE.model_copy(update={"id": "z9", **other})
    if at_once:
        cabinet.attempt(cabinet.export([MK, ZOE, act(1)]), cabinet.export([act(9, patient_id="z9"), twin], source="b"))
    else:
        cabinet.take(MK, ZOE, act(1))
        cabinet.take(act(9, patient_id="z9"), source="b")
        cabinet.take(twin, source="b")
    assert patients(cabinet) == ([["a:p1", "b:z9"]] if joined else [["a:p1"], ["b:z9"]])


def test_two_patients_of_one_source_are_never_one(cabinet) -> None:
    twin = ZOE.model_copy(update={"id": "p9"})
    cabinet.take(MK, ZOE, twin)
    cabinet.attempt(
        cabinet.export([ZOE.model_copy(update={"id": "z1"}), ZOE.model_copy(update={"id": "z2"})], source="b")
    )
    assert ["b:z1", "b:z2"] not in patients(cabinet)
    assert sum(len(each) for each in patients(cabinet)) == 4
    assert all(len({name[0] for name in each}) == len(each) for each in patients(cabinet))


def test_a_chain_of_sources_ends_in_one_dossier(cabinet) -> None:
    nir = ZOE.model_copy(update={"family_name": None, "given_name": None})
    both = ZOE.model_copy(update={"id": "z2"})
    name = ZOE.model_copy(update={"id": "z3", "nir": None})
    cabinet.attempt(*(cabinet.export([each], source=source) for source, each in (("a", nir), ("b", both), ("c", name))))
    assert patients(cabinet) == [["a:p1", "b:z2", "c:z3"]]
    assert cabinet.store.dossiers.count() == 1


def test_the_same_data_from_two_sources_is_told_once(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(counted, crowded))
    for source in ("a", "b"):
        cabinet.take(MK.model_copy(update={"rpps": RPPS}), ZOE, act(1), invoice("1"), paid("1"), source=source)
    assert said(cabinet) == ["(1, 1, 1)"]


def test_a_return_goes_to_a_dossier_that_two_sources_share(cabinet) -> None:
    mk = MK.model_copy(update={"rpps": RPPS})
    cabinet.take(mk, ZOE, invoice("1"), source="a")
    cabinet.attempt(cabinet.export([mk, invoice("1"), ZOE, paid("1")], source="b"))
    assert cabinet.store.waiting.count() == 0
    assert returned(cabinet) == {"a:p1": 1}


def test_a_professional_known_to_two_sources_by_rpps_is_one(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    cabinet.take(MK.model_copy(update={"rpps": RPPS}), ZOE, act(1), source="a")
    cabinet.take(MK.model_copy(update={"rpps": RPPS}), LUC, act(2, patient_id="p2"), source="b")
    assert said(cabinet) == ["2 actes"]


def test_professionals_that_turn_out_to_be_one_leave_no_second_day(new_cabinet, with_rule) -> None:
    cabinet = new_cabinet(rules=with_rule(crowded))
    known = MK.model_copy(update={"rpps": RPPS})
    cabinet.take(known, ZOE, act(1), source="a")
    cabinet.take(MK, LUC, act(2, patient_id="p2"), act(3, patient_id="p2"), source="b")
    assert said(cabinet) == ["2 actes"]
    cabinet.take(known, source="b")
    assert said(cabinet) == ["3 actes"]


@pytest.mark.parametrize(
    ("order", "leaders", "amount"), [("ab", {}, "16.00"), ("ba", {}, "17.88"), ("ab", {"act": "b"}, "17.88")]
)
def test_a_contradiction_keeps_what_the_leading_source_says(new_cabinet, order, leaders, amount) -> None:
    cabinet = new_cabinet(order=tuple(order), leaders=leaders)
    mk = MK.model_copy(update={"rpps": RPPS})
    cabinet.take(mk, ZOE, wrong(1), source="a")
    cabinet.take(mk, ZOE, act(1), source="b")
    assert len(cabinet.open("KINE-NOM-MONTANT")) == (amount == "16.00")
    leader, other = ("a", "b") if amount == "16.00" else ("b", "a")
    (doubt,) = cabinet.store.answers.doubts()
    assert doubt.startswith("act ")
    assert doubt.endswith(f"« amount » n'est pas le même dans {leader} et dans {other} ; {leader} fait foi")
    cabinet.take(mk, ZOE, act(1), source="a")
    cabinet.take(mk, ZOE, act(1), source="b")
    assert cabinet.store.answers.doubts() == [], "nothing is left to tell once the sources agree"


def test_people_of_one_name_and_birth_date_are_told_and_not_joined(cabinet) -> None:
    cabinet.take(MK, ZOE, source="a")
    cabinet.take(ZOE.model_copy(update={"id": "z9", "nir": "2800175999999"}), source="b")
    assert patients(cabinet) == [["a:p1"], ["b:z9"]]
    assert cabinet.store.answers.doubts() == [
        "patients a:p1 et b:z9 : même nom et même naissance ; ils ne sont pas réunis"
    ]


def test_an_appointment_of_nobody_belongs_to_the_practice(cabinet) -> None:
    free = Appointment.model_validate(
        {"id": "v1", "practitioner_id": "mk1", "starts_at": "2026-03-02T10:00:00+01:00", "status": "booked"},
        strict=False,
    )
    cabinet.take(MK, free)
    assert [each.id for each in cabinet.store.shared.of("appointment")] == ["a:v1"]
    assert cabinet.store.dossiers.count() == 0


def test_an_attempt_says_how_far_it_is_with_each_file_its_rows_and_what_was_asked(cabinet, monkeypatch) -> None:
    monkeypatch.setattr(rows, "_TELL_EVERY", 2)
    monkeypatch.setattr(recheck, "_BATCH", 1)
    first = cabinet.export([MK, ZOE, LUC, wrong(1)], name="un.ndjson")
    (cabinet.folder / "autre.csv").write_bytes(b"?;?\n")
    nobodys = Input("a", LocalFile(cabinet.folder / "autre.csv"))
    told: list[tuple[str, int]] = []
    cabinet.pipeline.attempt([first, nobodys], DAY, lambda what, done: told.append((what, done)))
    files = [(what, done) for what, done in told if what != "règles"]
    assert files == [("un.ndjson", 0), ("autre.csv", 0), ("un.ndjson", 0), ("un.ndjson", 2), ("un.ndjson", 4)]
    asked = [done for what, done in told if what == "règles"]
    assert asked[0] == 0
    assert asked == sorted(asked)
    assert {1, 2} <= set(asked), "after each of two dossiers"


def test_who_watches_a_pipeline_is_told_of_whatever_it_does(cabinet) -> None:
    told: list[str] = []
    pipeline = Pipeline(cabinet.store, cabinet.rules, lambda: NOW, progress=lambda what, _done: told.append(what))
    pipeline.attempt([cabinet.export([MK, ZOE, wrong(1)], name="un.ndjson")], DAY)
    assert {"un.ndjson", "règles"} <= set(told)
    for ask in (lambda: pipeline.recheck(DAY), lambda: pipeline.day_passes(DAY + timedelta(days=1))):
        told.clear()
        ask()
        assert "règles" in told


def scor(number: int, sent_on: date | None = None) -> list[Record]:
    """A prescription whose first invoice left long ago."""
    lot = Lot(id="l1", number="1", sent_on=date(2026, 1, 6), created_on=date(2026, 1, 6))
    under = Prescription(id=f"o{number}", patient_id="p1", issued_on=date(2026, 1, 2), document_sent_on=sent_on)
    billed = Invoice(
        id=f"f{number}",
        patient_id="p1",
        practitioner_id="mk1",
        number=f"{number}",
        closed_on=date(2026, 1, 6),
        lot_id="l1",
        third_party="AMO",
        total=Decimal("17.88"),
        amo_claimed=Decimal("10.73"),
    )
    day = date(2026, 1, 5) + timedelta(number)
    return [lot, under, billed, act(number, performed_on=day, invoice_id=f"f{number}", prescription_id=f"o{number}")]


def unanswered(cabinet, rule: str) -> list[tuple[tuple[str, ...], str]]:
    return [(each.missing, each.reason) for each in cabinet.store.answers.undetermined() if each.rule == rule]


def test_what_no_row_of_the_practice_notes_is_told_once_until_one_does(cabinet) -> None:
    field = "prescription.document_sent_on"
    cabinet.take(MK, ZOE, *scor(1), *scor(2))
    assert cabinet.open("TT-SCOR") == []
    assert unanswered(cabinet, "TT-SCOR") == [((field,), f"la colonne est vide partout pour {field}")]
    cabinet.take(*scor(3, date(2026, 1, 7)))
    assert sorted(each.subject.id for each in cabinet.open("TT-SCOR")) == ["a:o1", "a:o2"]
    assert unanswered(cabinet, "TT-SCOR") == []
    cabinet.take(*scor(4))
    assert sorted(each.subject.id for each in cabinet.open("TT-SCOR")) == ["a:o1", "a:o2", "a:o4"]


def test_a_column_that_no_source_has_is_told_to_be_missing(cabinet) -> None:
    cabinet.attempt(
        cabinet.export([MK, ZOE, *scor(1)], covers=("act", "invoice", "lot", "patient", "prescription.issued_on"))
    )
    assert unanswered(cabinet, "TT-SCOR") == [
        (("prescription.document_sent_on",), "aucune source ne donne prescription.document_sent_on")
    ]


@pytest.mark.parametrize("sent_on", [None, date(2026, 1, 7)])
def test_in_a_store_of_an_earlier_version_what_is_noted_is_looked_for(cabinet, sent_on: date | None) -> None:
    cabinet.take(MK, ZOE, *scor(1), *scor(2, sent_on))
    cabinet.store._connection.execute("DELETE FROM fact WHERE name = 'noted'")
    cabinet.take(*scor(3))
    assert len(cabinet.open("TT-SCOR")) == (0 if sent_on is None else 2)
