"""IDE-BSI (acts, travel, surcharges) and IDE-CUMUL: what can't be said case by case."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.finding import Finding
from connector_core.model.records import Act, Bsi, Patient, Practitioner, Prescription, Record
from connector_core.parameters.tariffs import CENT, load_tariffs
from connector_core.rules.catalogue import ide_bsi_acts, ide_bsi_travel, ide_cumul
from connector_core.testing.cases import Answers, answers

CODES = frozenset(each.code for each in (*ide_bsi_acts.RULES, *ide_bsi_travel.RULES, *ide_cumul.RULES))
AS_OF = date(2026, 11, 1)
DAY = date(2026, 3, 2)
STAFF: tuple[Record, ...] = (Practitioner(id="ide1", profession="IDE"), Practitioner(id="ide2", profession="IDE"))

Line = tuple[str, str] | tuple[str, str, str]
"""Letter, coefficient, and the share billed or the act's code."""


def _asked(records: list[Record]) -> Answers:
    found = answers([*STAFF, *records], AS_OF, Covers.all())
    return Answers(
        tuple(each for each in found.findings if each.rule in CODES),
        tuple(each for each in found.undetermined if each.rule in CODES),
    )


def _act(name: str, line: Line, day: date, at: time, *, patient: str = "p1", **fields: object) -> Act:
    letter, coefficient, *rest = line
    rate = rest[0] if rest and rest[0] in ("0.5", "0") else "1"
    price = load_tariffs().price(letter, Decimal(coefficient), day, "METRO")
    values: dict[str, object] = {
        "id": name,
        "patient_id": patient,
        "practitioner_id": "ide1",
        "performed_on": day,
        "started_at": at,
        "letter": letter,
        "coefficient": Decimal(coefficient),
        "rate": rate,
        "amount": None if price is None else (price[0] * Decimal(rate)).quantize(CENT, ROUND_HALF_UP),
        "act_code": rest[0] if rest and rest[0].startswith("IDE-") else None,
        **fields,
    }
    return Act.model_validate(values)


def _visit(lines: tuple[Line, ...], day: date, at: time, patient: str = "p1", **fields: object) -> list[Record]:
    return [
        _act(f"{patient}-{day:%j%y}-{at:%H%M}-{number}", line, day, at, patient=patient, **fields)
        for number, line in enumerate(lines)
    ]


INSULIN: Line = ("AMI", "1", "IDE-diab-insuline")
CHECK: Line = ("AMI", "1", "IDE-diab-surveillance")


def _practice() -> list[Record]:
    """A year of a busy nurse whose lines are all in order."""
    records: list[Record] = [
        *(Patient(id=f"p{number}", birth_date=date(1940, 5, number)) for number in range(1, 6)),
        *(
            Prescription(id=f"o{number}", patient_id=f"p{number}", issued_on=date(2025, 7, 1), palliative=number == 2)
            for number in range(1, 6)
        ),
        *(
            Bsi(id=f"b{patient}", patient_id=patient, kind="initial", entered_on=date(2025, 7, 1), status="closed")
            for patient in ("p1", "p2")
        ),
    ]
    for number in range(365):
        day = date(2025, 7, 1) + timedelta(days=number)
        sunday: tuple[Line, ...] = (("MD", "1"),) if day.weekday() == 6 else ()
        weekly: tuple[Line, ...] = (("AMX", "1.5"),) if day.weekday() == 1 else ()
        at_home = {"place": "DOMICILE"}
        morning: tuple[Line, ...] = (("BSC", "1"), ("IFI", "1"), ("AMX", "1", "0.5"), *weekly, *sunday)
        records += _visit(morning, day, time(8), **at_home)
        records += _visit((("IFI", "1"), ("AMX", "1", "0.5"), *sunday), day, time(18), **at_home)
        records += _visit((("BSB", "1"), ("IFI", "0.01"), ("MCI", "1")), day, time(8, 40), "p2", **at_home)
        records += _visit((("AMX", "14"), ("IFI", "1")), day, time(10), "p2", **at_home)
        records += _visit((("AMX", "4.1"), ("IFI", "1")), day, time(20), "p2", **at_home)
        records += _visit((INSULIN, CHECK, ("IFD", "1"), *sunday), day, time(7), "p3", **at_home)
        records += _visit((INSULIN, CHECK, ("IFD", "1"), *sunday), day, time(19), "p3", **at_home)
        if number % 3 == 0:
            records += _visit((("AMI", "4"), ("AMI", "1.1"), ("MCI", "1"), ("IFD", "1")), day, time(11), "p4")
            records += _visit((("AMI", "1"), ("MAU", "1")), day, time(17), "p4", place="CABINET")
        if number % 30 == 0:
            records += _visit((("AMI", "4"), ("AMI", "3", "0.5"), ("AMI", "1.5"), ("IFD", "1")), day, time(9), "p5")
        if number == 100:
            records += _visit((("AMI", "4"), ("AMI", "2.4"), ("IFD", "1")), day, time(15), "p5", place="DOMICILE")
        if 200 <= number < 203:
            records += _visit((("AMI", "3.9"), ("AMI", "2.8"), ("IFD", "1")), day, time(16), "p5")
    return records


def test_a_busy_practice_in_order_is_silent() -> None:
    found = _asked(_practice())
    assert found.findings == ()
    assert {(each.rule, each.missing) for each in found.undetermined} == set()


AM, PM = time(8), time(18)
FAULTS: tuple[tuple[str, tuple[Line, ...], tuple[Line, ...], set[str]], ...] = (
    ("injection in AMI", (("BSA", "1"), ("IFI", "1"), ("AMI", "1")), (), {"IDE-BSI-AMX-LETTRE"}),
    ("medicines", (("BSB", "1"), ("AMI", "1.2")), (), {"IDE-BSI-AMX-LISTE"}),
    ("medicines in AMX", (("BSB", "1"), ("AMX", "1.2")), (), {"IDE-BSI-AMX-LISTE"}),
    ("injection in full", (("BSC", "1"), ("AMX", "1")), (), {"IDE-BSI-AMX-50"}),
    ("infusion halved", (("BSB", "1"), ("AMX", "14", "0.5")), (), {"IDE-BSI-AMX-100"}),
    ("two long infusions", (("BSB", "1"), ("AMX", "14")), (("AMX", "14"), ("IFI", "1")), {"IDE-CUMUL-PERF-JOUR"}),
    ("travel", (("BSB", "1"), ("IFD", "1")), (), {"IDE-BSI-IFI-CODE"}),
    ("travel of the evening", (("BSB", "1"), ("IFI", "1")), (("IFD", "1"),), {"IDE-BSI-IFI-CODE"}),
    ("single act", (("BSA", "1"), ("MAU", "1")), (), {"IDE-BSI-MAU"}),
    ("coordination", (("BSA", "1"), ("MCI", "1")), (), {"IDE-BSI-MCI"}),
    ("no package", (("IFI", "1"), ("AMX", "1", "0.5")), (), {"IDE-BSI-IFI-JOUR"}),
    ("weekly visit", (("BSA", "1"), ("AMI", "4", "IDE-diab-hebdo-gt75")), (), {"IDE-BSI-HEBDO75"}),
    ("both in full", (("AMI", "4"), ("AMI", "2")), (), {"IDE-CUMUL-11B"}),
    ("the wrong one in full", (("AMI", "1"), ("AMI", "4", "0.5")), (), {"IDE-CUMUL-11B-ORDRE"}),
    ("a third", (("AMI", "4"), ("AMI", "3", "0.5"), ("AMI", "1.25")), (), {"IDE-CUMUL-11B-3"}),
    ("blood test halved", (("AMI", "4"), ("AMI", "1.5", "0.5")), (), {"IDE-CUMUL-PRISESANG"}),
    ("analgesia halved", (("AMI", "4"), ("AMI", "1.1", "0.5")), (), {"IDE-CUMUL-EXC"}),
    ("dressing halved", (("AMI", "4", "0.5"), ("AMI", "1.1")), (), {"IDE-CUMUL-EXC"}),
    ("the evening halved", (("AMI", "4"),), (("AMI", "1", "0.5"),), {"IDE-CUMUL-2PASSAGES"}),
    ("two kinds of infusion", (("AMI", "14"),), (("AMI", "15"),), {"IDE-CUMUL-PERF-1415"}),
)


def _faulty(morning: tuple[Line, ...], evening: tuple[Line, ...]) -> list[Record]:
    return [
        Patient(id="p1", birth_date=date(1940, 5, 1)),
        Prescription(id="o1", patient_id="p1", issued_on=date(2026, 1, 2), palliative=False),
        Bsi(id="b1", patient_id="p1", kind="initial", entered_on=date(2026, 1, 2), status="closed"),
        *_visit(morning, DAY, AM),
        *_visit(evening, DAY, PM),
    ]


@pytest.mark.parametrize(
    ("morning", "evening", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS]
)
def test_one_fault_is_one_finding(morning: tuple[Line, ...], evening: tuple[Line, ...], codes: set[str]) -> None:
    findings = _asked(_faulty(morning, evening)).findings
    assert [each.rule for each in findings] == sorted(codes)


@pytest.mark.parametrize(("morning", "evening"), [each[1:3] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_the_order_of_lines_changes_nothing(morning: tuple[Line, ...], evening: tuple[Line, ...]) -> None:
    def facts(found: Answers) -> list[tuple[str, str, Decimal | None]]:
        return [_fact(each) for each in found.findings]

    records = _faulty(morning, evening)
    head, lines = records[:3], records[3:]
    expected = facts(_asked(records))
    for order in permutations(lines):
        assert facts(_asked([*head, *order])) == expected


def _fact(finding: Finding) -> tuple[str, str, Decimal | None]:
    return finding.rule, finding.subject.id, finding.amount
