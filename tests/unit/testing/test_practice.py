"""The synthetic practice, what is planted in it, and its exports in the reference layouts."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from lxml import etree

from connector_core.model.coverage import Covers
from connector_core.model.pivot import record_from_json, record_to_json
from connector_core.model.records import Act, Appointment, Invoice, Lot, Patient, PatientPayment, Practitioner, Record
from connector_core.rules.catalogue import core_rules
from connector_core.testing.anomalies import plant
from connector_core.testing.cases import answers
from connector_core.testing.exports import (
    kine4000,
    kine4000_agenda,
    kinemax,
    kinemax_dbase,
    layout,
    pivot,
    vega,
    vega_xml,
)
from connector_core.testing.next_day import next_day, write_day_two
from connector_core.testing.people import People, luhn_digit, nir_key
from connector_core.testing.practice import Synthetic, make_practice

TODAY = date(2026, 11, 20)
R = TypeVar("R", bound=Record)
EXPORTED_AT = datetime(2026, 11, 20, 19, tzinfo=UTC)


@cache
def clean(seed: int, patients: int) -> Synthetic:
    return make_practice(seed, patients, 3, today=TODAY)


@cache
def faulty(seed: int, patients: int) -> Synthetic:
    return plant(clean(seed, patients), seed)


def of(kind: type[R], synthetic: Synthetic) -> list[R]:
    return [record for record in synthetic.records if isinstance(record, kind)]


def test_the_same_seed_gives_the_same_practice() -> None:
    again = plant(make_practice(1, 60, 3, today=TODAY), 1)
    assert again.records == faulty(1, 60).records
    assert again.planted == faulty(1, 60).planted
    assert make_practice(2, 60, 3, today=TODAY).records != clean(1, 60).records


@pytest.mark.parametrize("patients", [60, 300])
def test_it_is_busy(patients: int) -> None:
    synthetic = clean(1, patients)
    assert len(synthetic.patients) == patients
    assert len(of(Act, synthetic)) > 12 * patients
    assert len(of(Invoice, synthetic)) > 3 * patients
    assert max(act.performed_on for act in of(Act, synthetic)) <= TODAY


def test_records_are_valid_and_their_ids_unique() -> None:
    records = faulty(1, 60).records
    assert [record_from_json(record_to_json(record)) for record in records] == list(records)
    assert max(Counter((record.record, record.id) for record in records).values()) == 1


def test_people_have_right_keys_and_cannot_exist() -> None:
    synthetic = faulty(1, 300)
    mistaken = {(each.rule, each.subject_id) for each in synthetic.planted}
    for patient in synthetic.patients:
        assert patient.nir is not None
        assert (patient.nir_key == nir_key(patient.nir)) is (("ID-NIR-CLE", patient.id) not in mistaken)
        first = "[78]" if ("ID-NIR-PROV", patient.id) in mistaken else "[12]"
        assert re.fullmatch(rf"{first}\d{{4}}999999\d\d", patient.nir)
    assert len({patient.nir for patient in synthetic.patients}) == len(synthetic.patients)
    for practitioner in of(Practitioner, synthetic):
        assert practitioner.rpps is not None
        assert practitioner.rpps.startswith("10999")
        right = luhn_digit(practitioner.rpps[:-1]) == practitioner.rpps[-1]
        assert right is (("ID-RPPS", practitioner.id) not in mistaken)


def test_money_adds_up() -> None:
    synthetic = clean(2, 300)
    billed: Counter[str] = Counter()
    for act in of(Act, synthetic):
        if act.invoice_id is not None:
            billed[act.invoice_id] += int((act.amount or Decimal(0)) * 100)
    paid: Counter[str] = Counter()
    for payment in of(PatientPayment, synthetic):
        paid[payment.invoice_id or ""] += int(payment.amount * 100)
    in_lots: Counter[str] = Counter()
    for invoice in of(Invoice, synthetic):
        share = invoice.patient_share or Decimal(0)
        assert invoice.total * 100 == billed[invoice.id]
        assert invoice.total == share + (invoice.amo_claimed or 0) + (invoice.amc_claimed or 0)
        assert share * 100 == paid[invoice.id]
        in_lots[invoice.lot_id or ""] += 1
    assert all(lot.invoice_count == in_lots[lot.id] for lot in of(Lot, synthetic))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("patients", [60, 300])
def test_nothing_is_found_in_a_clean_practice(seed: int, patients: int) -> None:
    found = answers(clean(seed, patients).records, TODAY, Covers.all())
    assert found.findings == ()
    assert {each.missing for each in found.undetermined} <= {("tariff",)}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("patients", [60, 300])
def test_what_is_found_is_what_was_planted(seed: int, patients: int) -> None:
    synthetic = faulty(seed, patients)
    assert _found(synthetic.records, synthetic, Covers.all()) == _planted(synthetic)


@pytest.mark.parametrize(
    ("seed", "patients", "years", "today"),
    [
        pytest.param(110, 160, 1, date(2026, 4, 2), id="acts of March just billed"),
        pytest.param(254, 160, 2, date(2026, 3, 19), id="acts of March not billed yet"),
        pytest.param(571, 60, 0.5, date(2025, 8, 4), id="sessions put off together by a holiday"),
        pytest.param(7, 60, 2, date(2028, 2, 29), id="a leap day"),
        pytest.param(7, 60, 2, date(2027, 1, 1), id="New Year"),
    ],
)
def test_the_day_on_which_it_is_planted_changes_nothing(seed: int, patients: int, years: float, today: date) -> None:
    synthetic = plant(make_practice(seed, patients, years, today=today), seed)
    assert _found(synthetic.records, synthetic, Covers.all()) == _planted(synthetic)


def test_no_two_people_share_a_home_by_chance() -> None:
    people = People(Random(1))
    homes = [people.patient(f"P{n}", on=TODAY, ages=(30, 64)).household for n in range(2000)]
    assert len(set(homes)) == 2000


def test_every_rule_has_a_fault() -> None:
    synthetic = plant(clean(1, 60), 1, complete=True)
    codes = {each.code for each in core_rules() if not each.code.startswith("IDE-")}  # no nurse works there
    assert codes <= {each.rule for each in synthetic.planted}
    assert _found(synthetic.records, synthetic, Covers.all()) == _planted(synthetic)


@pytest.mark.parametrize("covers", [vega.covers, kinemax.covers], ids=["vega", "kinemax"])
def test_layouts_carry_what_the_rules_need(covers: tuple[str, ...]) -> None:
    synthetic = plant(clean(1, 60), 1)
    assert _found(layout.twin(synthetic.records, covers), synthetic, Covers.of(covers)) == _planted(synthetic)


def test_vega_variants(tmp_path: Path) -> None:
    records = faulty(1, 60).records
    (tmp_path / "b").mkdir()
    first = vega.write_vega(records, tmp_path, on=TODAY)
    second = vega.write_vega(records, tmp_path / "b", on=TODAY, variant="B")
    assert [path.name for path in first] == [path.name for path in second]
    acts = (tmp_path / "vega_seances_20261120.txt").read_bytes()
    assert acts.startswith('"N° acte";"N° patient"'.encode("cp1252"))
    assert acts.count(b"\r\n") == acts.count(b"\n") == len(of(Act, faulty(1, 60))) + 1
    other = (tmp_path / "b" / "vega_seances_20261120.txt").read_bytes()
    assert other.startswith(b"\xef\xbb\xbfDate acte;Heure acte;")
    assert "17,88 €".encode() in other
    assert all(path.stat().st_size for path in (*first, *second))


def test_vega_xml_holds_everything(tmp_path: Path) -> None:
    synthetic = faulty(1, 60)
    (path,) = vega_xml.write_vega_xml(synthetic.records, tmp_path, on=TODAY)
    root = etree.parse(path).getroot()
    for kind, table in vega_xml.ELEMENTS.items():
        found = {each.get("numero") if table.name != "lot" else each.get("ref") for each in root.iter(table.name)}
        if kind == "invoice":
            found = {each.get("ref") for each in root.iter(table.name)}
        assert found == {record.id for record in synthetic.records if record.record == kind}, kind
    assert len(list(root.iter("seance"))) == len(of(Act, synthetic))


def test_kine4000_joins(tmp_path: Path) -> None:
    synthetic = faulty(1, 60)
    kine4000.write_kine4000(synthetic.records, tmp_path)
    kine4000.write_kine4000(synthetic.records, tmp_path, variant="tsv")
    tables = {
        path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in tmp_path.glob("*.csv")
    }
    codes = {row["code_acte"]: row for row in tables["nomenclature"]}
    owners = {row["id_prise_en_charge"]: row["id_patient"] for row in tables["prises_en_charge"]}
    acts = {record.id: record for record in kine4000.twin(synthetic.records) if isinstance(record, Act)}
    assert len(tables["actes"]) == len(acts)
    for row in tables["actes"]:
        act = acts[row["id_acte"]]
        assert owners[row["id_prise_en_charge"]] == act.patient_id
        code = codes[row["code_acte"]]
        assert (code["lettre"], Decimal(code["coefficient"])) == (act.letter, act.coefficient)


def test_kine4000_receipts(tmp_path: Path) -> None:
    synthetic = faulty(1, 60)
    (path,) = kine4000.write_receipts(synthetic.records, tmp_path, on=TODAY)
    lines = path.read_bytes().decode("cp1252").split("\r\n")
    assert lines[2] == "Date;Patient;Acte;Montant;Mode"
    twin = kine4000.receipts_twin(synthetic.records)
    assert len(lines) - 4 == sum(isinstance(record, Act) for record in twin)
    assert re.fullmatch(r"\d\d/\d\d/\d{4};[^;]+;[A-Z]{3} [\d,]+;\d+,\d\d;[\w ]+", lines[3])


def test_agenda(tmp_path: Path) -> None:
    from icalendar import Calendar

    synthetic = faulty(1, 60)
    (path,) = kine4000_agenda.write_agenda(synthetic.records, tmp_path, stamp=EXPORTED_AT)
    events = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    starts = {
        record.id: record.starts_at
        for record in layout.twin(synthetic.records, kine4000_agenda.covers)
        if isinstance(record, Appointment)
    }
    assert {str(event["UID"]): event.decoded("DTSTART") for event in events} == starts


def test_kinemax_lines_have_one_length(tmp_path: Path) -> None:
    records = faulty(1, 60).records
    (tmp_path / "one").mkdir()
    written = kinemax.write_fixed(records, tmp_path)
    (single,) = kinemax.write_single(records, tmp_path / "one")
    for path in written:
        lengths = {len(line) for line in path.read_bytes().decode("cp850").split("\r\n")[:-1]}
        assert len(lengths) == 1, path.name
    whole = b"".join(path.read_bytes() for path in written)
    lines = single.read_bytes().split(b"\r\n")[:-1]
    assert b"".join(line[2:] + b"\r\n" for line in lines) == whole


@pytest.mark.parametrize("code_page", ["cp1252", "cp850"])
def test_dbase(tmp_path: Path, code_page: kinemax_dbase.CodePage) -> None:
    from dbfread import DBF

    synthetic = clean(1, 60)
    kinemax_dbase.write_dbase(synthetic.records, tmp_path, code_page=code_page)
    people = {row["PATIENT"]: row for row in DBF(tmp_path / "PATIENTS.DBF")}
    acts = {row["ACTE"]: row for row in DBF(tmp_path / "SEANCES.DBF")}
    for patient in of(Patient, synthetic):
        assert people[patient.id]["NOM"] == patient.family_name
        assert people[patient.id]["NAISSANCE"] == patient.birth_date
        assert people[patient.id]["ARCHIVE"] is False
    for act in of(Act, synthetic):
        row = acts[act.id]
        assert Decimal(str(row["MONTANT"])) == act.amount
        assert Decimal(str(row["COEFF"])) == act.coefficient
        assert row["GROUPE"] is None


def test_pivot_round_trip(tmp_path: Path) -> None:
    records = layout.twin(faulty(1, 60).records, vega.covers)
    (path,) = pivot.write_pivot(records, tmp_path / "pivot.ndjson", exported_at=EXPORTED_AT, covers=vega.covers)
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(head)["covers"] == list(vega.covers)
    assert [record_from_json(json.loads(line)) for line in lines] == records


def test_day_two(tmp_path: Path) -> None:
    synthetic = faulty(1, 300)
    following = next_day(synthetic)
    before = {(record.record, record.id): record for record in synthetic.records}
    after = {(record.record, record.id): record for record in following.records}
    assert before.keys() < after.keys()
    assert any(after[key] != record for key, record in before.items())
    assert len(of(Act, following)) > len(of(Act, synthetic))
    gone = {(each.rule, each.subject_id) for each in synthetic.planted} - {
        (each.rule, each.subject_id) for each in following.planted
    }
    found = answers(following.records, following.today, Covers.all()).findings
    assert gone
    assert not gone & {(each.rule, each.subject.id) for each in found}
    assert len(write_day_two(synthetic, tmp_path, _write_vega)) == 12


def _write_vega(records: Sequence[Record], folder: Path, on: date) -> list[Path]:
    return vega.write_vega(records, folder, on=on)


Told = tuple[str, str, str, str, str | None, Decimal | None]


def _planted(synthetic: Synthetic) -> Counter[Told]:
    return Counter(
        (each.rule, each.severity, each.subject_kind, each.subject_id, each.patient_id, each.amount)
        for each in synthetic.planted
    )


def _found(records: Sequence[Record], synthetic: Synthetic, covers: Covers) -> Counter[Told]:
    """What is found, amounts left out where none was planted."""
    silent = {(each.rule, each.subject_id) for each in synthetic.planted if each.amount is None}
    found = answers(records, synthetic.today, covers).findings
    return Counter(
        (
            each.rule,
            each.severity,
            each.subject.kind,
            each.subject.id,
            each.patient_id,
            None if (each.rule, each.subject.id) in silent else each.amount,
        )
        for each in found
    )
