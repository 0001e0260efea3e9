"""The synthetic nurse's practice: lawful as it is, and every fault planted in it found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.pivot import record_from_json, record_to_json
from connector_core.model.records import Act, Bsi, Invoice
from connector_core.rules.catalogue import core_rules
from connector_core.testing.cases import Answers, answers
from connector_core.testing.faults_ide import plant_nurse
from connector_core.testing.nurse import make_nurse_practice
from connector_core.testing.people import nir_key
from connector_core.testing.practice import Synthetic, make_practice

SPRING, AUTUMN = date(2026, 6, 15), date(2026, 11, 1)
NEW_TARIFFS = date(2026, 11, 20)
"""After the tariffs of AMI and AMX changed, by a text that is not confirmed."""

WITHOUT_FAULT: frozenset[str] = frozenset()
"""The codes of rules of nurses for which nothing is planted yet."""

UNKNOWN_SHARE = {("FIN-TAUX", ("invoice.exemption_code",))}
"""What the caisse pays of RQD and TLS, no text read says."""

Told = tuple[str, str, str, str, str | None, Decimal | None]


@cache
def clean(seed: int, patients: int, months: int, today: date = AUTUMN) -> Synthetic:
    return make_nurse_practice(seed, patients, months, today=today)


@cache
def faulty(seed: int, today: date = AUTUMN) -> Synthetic:
    return plant_nurse(clean(seed, 20, 3, today), seed)


def test_the_same_seed_gives_the_same_practice() -> None:
    again = plant_nurse(make_nurse_practice(1, 20, 3, today=AUTUMN), 1)
    assert again.records == faulty(1).records
    assert again.planted == faulty(1).planted
    assert make_nurse_practice(2, 20, 3, today=AUTUMN).records != clean(1, 20, 3).records


def test_records_are_valid_and_their_ids_unique() -> None:
    records = faulty(1).records
    assert [record_from_json(record_to_json(record)) for record in records] == list(records)
    assert max(Counter((record.record, record.id) for record in records).values()) == 1


def test_people_have_right_keys_and_cannot_exist() -> None:
    for patient in faulty(1).patients:
        assert patient.nir is not None
        assert patient.nir_key == nir_key(patient.nir)
        assert re.fullmatch(r"[12]\d{4}999999\d\d", patient.nir)


def test_it_holds_what_nurses_bill() -> None:
    records = clean(1, 80, 12).records
    acts = [record for record in records if isinstance(record, Act)]
    letters = "AMI AMX TMI DI BSA BSB BSC IFI IFD IK MAU MCI MIE MD MN"
    assert set(letters.split()) <= {act.letter for act in acts}
    assert {bsi.kind for bsi in records if isinstance(bsi, Bsi)} == {"initial", "renewal", "intermediate"}
    assert {act.coefficient for act in acts if act.letter == "DI"} == {Decimal("2.5"), Decimal("1.2")}
    dressings = {(act.coefficient, act.performed_on >= date(2026, 6, 21)) for act in acts if _is_simple(act)}
    assert dressings == {(Decimal("2"), False), (Decimal("2.02"), True)}
    assert max(act.performed_on for act in acts) <= AUTUMN


def test_money_adds_up() -> None:
    records = clean(2, 80, 3).records
    billed: Counter[str] = Counter()
    for act in (record for record in records if isinstance(record, Act)):
        if act.invoice_id is not None:
            billed[act.invoice_id] += int((act.amount or Decimal(0)) * 100)
    for invoice in (record for record in records if isinstance(record, Invoice)):
        assert invoice.total * 100 == billed[invoice.id]
        assert invoice.total == (invoice.amo_claimed or 0) + (invoice.amc_claimed or 0)


@pytest.mark.parametrize("today", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("months", [3, 12])
@pytest.mark.parametrize("patients", [20, 80])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_found_in_a_clean_practice(seed: int, patients: int, months: int, today: date) -> None:
    found = answers(clean(seed, patients, months, today).records, today, Covers.all())
    assert found.findings == ()
    assert _gaps(found) <= UNKNOWN_SHARE


@pytest.mark.parametrize(
    "unknown",
    [
        {"act_code"},
        {"session_id"},
        {"session_id", "started_at"},
        {"prescription_id"},
        {"place", "facility"},
        {"act_code", "session_id", "started_at", "prescription_id", "place", "facility", "distance_km"},
    ],
    ids=lambda unknown: "+".join(sorted(unknown)),
)
def test_a_source_that_says_less_is_doubted_and_not_accused(unknown: set[str]) -> None:
    left_out = dict.fromkeys(unknown)
    records = [
        record.model_copy(update=left_out) if isinstance(record, Act) else record for record in clean(3, 80, 3).records
    ]
    assert answers(records, AUTUMN, Covers.all()).findings == ()


def test_nothing_is_found_overseas() -> None:
    overseas = make_nurse_practice(1, 80, 3, today=AUTUMN, zone="DROM")
    found = answers(overseas.records, AUTUMN, Covers.all())
    assert found.findings == ()
    assert _gaps(found) <= UNKNOWN_SHARE


def test_nothing_is_found_on_unconfirmed_tariffs() -> None:
    found = answers(clean(1, 80, 3, NEW_TARIFFS).records, NEW_TARIFFS, Covers.all())
    assert found.findings == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("today", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_what_is_found_is_what_was_planted(seed: int, today: date) -> None:
    synthetic = faulty(seed, today)
    found = answers(synthetic.records, today, Covers.all()).findings
    assert Counter(
        (each.rule, each.severity, each.subject.kind, each.subject.id, each.patient_id, each.amount) for each in found
    ) == _planted(synthetic)


def test_a_bsi_that_is_about_to_end_is_spoken_of_where_that_is_the_fault() -> None:
    synthetic = faulty(211, date(2026, 9, 30))
    found = answers(synthetic.records, synthetic.today, Covers.all()).findings
    assert Counter(each.rule for each in found) == Counter(each.rule for each in synthetic.planted)


def test_every_rule_has_a_fault_or_is_named_here() -> None:
    codes = {each.code for each in core_rules() if each.code.startswith("IDE-")}
    assert codes - {each.rule for each in faulty(1).planted} == WITHOUT_FAULT


@pytest.mark.parametrize("seed", [1, 2])
def test_physiotherapists_and_nurses_under_one_roof(seed: int) -> None:
    nurses = clean(seed, 40, 3)
    records = [*make_practice(seed, 40, 0.25, today=AUTUMN).records, *nurses.records]
    assert max(Counter((record.record, record.id) for record in records).values()) == 1
    found = answers(records, AUTUMN, Covers.all()).findings
    assert [each for each in found if each.severity != "info"] == []


def _gaps(found: Answers) -> set[tuple[str, tuple[str, ...]]]:
    return {(each.rule, each.missing) for each in found.undetermined}


def _is_simple(act: Act) -> bool:
    return act.act_code in ("IDE-pansement-autre", "IDE-pansement-non-chirurgical")


def _planted(synthetic: Synthetic) -> Counter[Told]:
    return Counter(_told(synthetic))


def _told(synthetic: Synthetic) -> Iterable[Told]:
    for each in synthetic.planted:
        yield each.rule, each.severity, each.subject_kind, each.subject_id, each.patient_id, each.amount
