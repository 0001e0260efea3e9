"""IDE-BSI: the hundred combinations of the BSI, which BSI is in force on a day, and one fault told once."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Bsi, Invoice, Patient, Practitioner, Prescription, Record
from connector_core.parameters.hem import levels, read_levels, shipped_levels
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules
from connector_core.rules.catalogue.ide_bsi_facts import bsi_on, months_later
from connector_core.rules.kernel import Check
from connector_core.testing.cases import Case, answers, load_cases

AS_OF = date(2026, 11, 22)
CARE = date(2026, 3, 2)
PRICES = {"BSA": Decimal("13.00"), "BSB": Decimal("18.20"), "BSC": Decimal("28.70")}
CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
LEVEL = {"IDE-BSI-FORFAIT-NIVEAU", "IDE-BSI-FORFAIT-90"}
ROWS = list(
    csv.DictReader(
        files("connector_core.parameters").joinpath("data/bsi_hem.csv").read_text(encoding="utf-8").splitlines()
    )
)
NURSE = Practitioner(id="i1", profession="IDE")


def _bsi(number: int, on: date, **fields: object) -> Bsi:
    given: Mapping[str, object] = {
        "id": f"b{number}",
        "patient_id": "p1",
        "practitioner_id": "i1",
        "kind": "initial",
        "entered_on": on,
        "status": "closed",
        **fields,
    }
    return Bsi.model_validate(given)


def _package(letter: str, on: date = CARE) -> Act:
    return Act(
        id=f"a{on.isoformat()}",
        patient_id="p1",
        practitioner_id="i1",
        performed_on=on,
        letter=letter,
        coefficient=Decimal(1),
        amount=PRICES[letter],
    )


def _asked(*records: Record) -> list[tuple[str, str, Decimal | None]]:
    found = answers([NURSE, *records], AS_OF, Covers.all()).findings
    return [(each.rule, each.severity, each.amount) for each in found if each.rule in LEVEL]


def test_the_table_has_every_combination_once() -> None:
    """Hygiène has no group 2; élimination and mobilité have five levels each."""
    assert set(shipped_levels()) == {"".join(each) for each in product("0134", "01234", "01234")}
    assert sum(each.younger != each.aged for each in shipped_levels().values()) == 25
    assert levels("200") is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"H{row['H']}E{row['E']}M{row['M']}")
def test_each_combination_leads_to_its_package(row: dict[str, str]) -> None:
    """Billed at its level nothing is said; billed at another, what separates the two is."""
    hem = row["H"] + row["E"] + row["M"]
    for born, due in ((date(1936, 3, 3), row["forfait_lt90"]), (date(1935, 3, 2), row["forfait_ge90"])):
        patient = Patient(id="p1", birth_date=born)
        for letter in PRICES:
            said = _asked(patient, _bsi(1, date(2026, 2, 20), hem=hem), _package(letter))
            if letter == due:
                assert said == []
                continue
            old = due == row["forfait_ge90"] != row["forfait_lt90"] and letter == row["forfait_lt90"]
            code = "IDE-BSI-FORFAIT-90" if old and born.year == 1935 else "IDE-BSI-FORFAIT-NIVEAU"
            severity = "reject" if letter > due else "revenue"
            assert said == [(code, severity, abs(PRICES[letter] - PRICES[due]))]


@pytest.mark.parametrize(
    "line",
    [
        "0,0,5x,BSA,BSA,texte",
        "0,0,0,BSD,BSA,texte",
        "0,,0,BSA,BSA,texte",
        "0,0,0,BSA",
    ],
)
def test_a_wrong_line_of_the_table_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_levels(["H,E,M,forfait_lt90,forfait_ge90,source", line], "bsi_hem.csv")
    assert "bsi_hem.csv, ligne 2" in str(raised.value)


def test_a_combination_given_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        read_levels(["H,E,M,forfait_lt90,forfait_ge90,source", *["0,0,0,BSA,BSA,texte"] * 2], "bsi_hem.csv")


def _in_force(bsis: list[Bsi], day: date) -> str | None:
    dossier = Dossier("p1", Cabinet(Covers.all()), bsis=tuple(bsis))
    found = bsi_on(Check(dossier, AS_OF, load_parameters(), load_tariffs()), day)
    return None if found is None else found.id


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 3, 2), None),
        (date(2025, 3, 3), "b1"),
        (date(2025, 3, 10), "b1"),
        (date(2025, 9, 30), "b1"),
        (date(2025, 10, 1), "b2"),
        (date(2026, 2, 19), "b2"),
        (date(2026, 2, 20), "b4"),
        (date(2027, 2, 19), "b4"),
        (date(2027, 2, 20), None),
    ],
)
def test_the_bsi_in_force_on_a_day(day: date, expected: str | None) -> None:
    """The last entered by then, drafts left out; an intermédiaire counts until the term of the BSI before it."""
    bsis = [
        _bsi(1, date(2025, 3, 10)),
        _bsi(2, date(2025, 10, 1), kind="intermediate"),
        _bsi(3, date(2025, 12, 1), kind="intermediate", status="draft"),
        _bsi(4, date(2026, 2, 20), kind="renewal", status="open"),
    ]
    assert _in_force(bsis, day) == expected


def test_a_month_that_is_too_short_ends_on_its_last_day() -> None:
    assert months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_later(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert months_later(date(2025, 12, 10), 12) == date(2026, 12, 10)


def test_a_year_of_care_that_is_in_order_is_silent() -> None:
    """A BSI closed without the doctor's answer, packages every day, a renewal before the term with its prescription."""
    records: list[Record] = [NURSE, Patient(id="p1", birth_date=date(1940, 5, 5))]
    found = answers([*records, *_year()], AS_OF, Covers.all())
    assert [each for each in found.findings if each.rule.startswith("IDE-BSI")] == []
    assert [each for each in found.undetermined if each.rule.startswith("IDE-BSI")] == []


def _year() -> list[Record]:
    first, renewed = date(2025, 9, 10), date(2026, 8, 28)
    records: list[Record] = [
        Prescription(id="o1", patient_id="p1", issued_on=first - timedelta(days=3), dependency=True),
        Prescription(id="o2", patient_id="p1", issued_on=renewed - timedelta(days=3), dependency=True),
        _bsi(1, first, first_care_on=first - timedelta(days=2), prescription_id="o1", hem="321", package="BSB"),
        _bsi(2, date(2026, 2, 1), kind="intermediate", clinical_change=True, hem="444", package="BSC"),
        _bsi(3, renewed, kind="renewal", prescription_id="o2", hem="444", package="BSC"),
    ]
    for number, (on, coefficient, amount) in enumerate(
        [(first, "2.5", "25.00"), (date(2026, 2, 1), "1.2", "12.00"), (renewed, "1.2", "12.00")]
    ):
        records.append(_di(number, on, coefficient, amount))
        records.append(_invoice(f"d{number}", on + timedelta(days=6)))
    for days in range(-2, 425):
        on = first + timedelta(days=days)
        package = _package("BSB" if on < date(2026, 2, 1) else "BSC", on)
        records.append(package.model_copy(update={"invoice_id": f"f{days}"}))
        records.append(_invoice(f"f{days}", on + timedelta(days=10)))
    return records


def _di(number: int, on: date, coefficient: str, amount: str) -> Act:
    return Act(
        id=f"d{number}",
        patient_id="p1",
        practitioner_id="i1",
        performed_on=on,
        letter="DI",
        coefficient=Decimal(coefficient),
        amount=Decimal(amount),
        invoice_id=f"d{number}",
    )


def _invoice(number: str, on: date) -> Record:
    return Invoice(
        id=number, patient_id="p1", practitioner_id="i1", number=number, closed_on=on, total=Decimal("18.20")
    )


def test_the_letters_of_a_rule_spare_it_nothing() -> None:
    """The rules answer the cases as they would if they were asked about every dossier."""
    rules = [each for each in core_rules() if each.code.startswith("IDE-BSI") and each.subject == "dossier"]
    seen: set[str] = set()
    for path in sorted(CASES.glob("IDE-BSI-*.toml")):
        for case in load_cases(path):
            asked = [
                RuleBase(some, load_parameters(), load_tariffs(), Covers.all()).ask(_dossier(case), case.as_of)
                for some in (rules, [replace(each, letters=frozenset()) for each in rules])
            ]
            assert asked[0] == asked[1], f"{case.rule}: {case.name}"
            seen.update(each.rule for each in asked[0].findings)
    assert {each.code for each in rules if each.letters} <= seen


def _dossier(case: Case) -> Dossier:
    by_kind: dict[str, list[Record]] = {}
    for record in case.records:
        by_kind.setdefault(record.record, []).append(record)
    cabinet = Cabinet(Covers.all(), {each.id: each for each in case.records if isinstance(each, Practitioner)})
    return assemble_dossier("p1", by_kind, cabinet, case.as_of).dossier
