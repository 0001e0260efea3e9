"""IDE-ACT: what can't be said case by case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Act, Invoice, Patient, PayerReturn, Practitioner, Prescription, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_act_facts import meant
from connector_core.rules.kernel import Check
from connector_core.testing.cases import answers

AS_OF = date(2026, 11, 22)
DAY = date(2026, 3, 2)
NURSE = Practitioner(id="ide1", profession="IDE")


def _act(name: str, cotation: str, day: date, code: str | None = None, **fields: object) -> Act:
    letter, coefficient = cotation.split()
    values: dict[str, object] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "ide1",
        "performed_on": day,
        "letter": letter,
        "coefficient": Decimal(coefficient),
        "act_code": code and f"IDE-{code}",
        **fields,
    }
    return Act.model_validate(values)


def _said(records: list[Record]) -> list[tuple[str, str]]:
    """The findings and the undetermined answers of the family: the rule, and what it is about."""
    found = answers([NURSE, *records], AS_OF, Covers.all())
    said = [(each.rule, each.subject.id) for each in found.findings]
    said += [(each.rule, each.subject.id) for each in found.undetermined]
    return [each for each in said if each[0].startswith("IDE-ACT-")]


def _visit(patient: str, day: date, at: time, *cotations: str) -> Iterator[Act]:
    """One passage at home; a code may follow a cotation (`AMI 4 pansement-lourd-4`)."""
    name = f"{patient}-{day:%m%d}-{at:%H%M}"
    for number, each in enumerate(cotations):
        letter, coefficient, *code = each.split()
        yield _act(
            f"{name}-{number}",
            f"{letter} {coefficient}",
            day,
            *code,
            patient_id=patient,
            session_id=name,
            started_at=at,
            place="DOMICILE",
            prescription_id=f"o-{patient}",
        )


def _practice() -> list[Record]:
    """Five months of a nurse with everything in order."""
    names = ("diabete", "plaie", "perfusion", "psy", "postop", "coeur", "dialyse", "dependance", "courant")
    records: list[Record] = []
    for name in names:
        records.append(Patient(id=name))
        records.append(Prescription(id=f"o-{name}", patient_id=name, issued_on=DAY, discharged_on=DAY))
    morning, noon, evening, night = time(8), time(12), time(17), time(20)
    for number in range(150):
        day = DAY + timedelta(days=number)
        new = day >= date(2026, 6, 21)
        care = "AMI 2.02 pansement-non-chirurgical" if new else "AMI 2 pansement-autre"
        records += _visit("diabete", day, morning, "AMI 1", "IFD 1", "MAU 1")
        records += _visit("diabete", day, evening, "AMI 1", "IFD 1", "MAU 1")
        records += _visit("psy", day, morning, "AMI 1.2", "IFD 1")
        records += _visit("psy", day, evening, "AMI 1.2", "IFD 1")
        for at in (morning, noon, evening, night):
            records += _visit("dialyse", day, at, "AMI 4 dialyse-peritoneale", "IFD 1")
        records += _visit("dependance", day, morning, "BSB 1", "AMX 1 diab-insuline", "IFI 1")
        if number % 2 == 0:
            records += _visit("courant", day, noon, care, "IFD 1")
        if number < 30 and number % 2 == 0:
            first = ("AMI 11",) if number == 0 else ("AMI 1.1 analgesie-topique", "AMI 4 pansement-lourd-4", "MCI 1")
            records += _visit("plaie", day, noon, *first, "IFD 1")
        elif number in (33, 35, 37):
            records += _visit("plaie", day, noon, "TMI 1.6")
        if number % 7 == 2 and number < 105:
            records += _visit("coeur", day, noon, "AMI 5.8", "IFD 1")
        if number < 3:
            records += _visit("postop", day, noon, "AMI 3.9", *(("AMI 2.8",) if number < 2 else ()), "IFD 1")
        if number % 6 == 0:
            records += _visit("perfusion", day, morning, "AMI 14", "IFD 1")
        elif number % 6 == 5:
            records += _visit("perfusion", day, morning, "AMI 5 perf-retrait", "IFD 1")
        else:
            records += _visit("perfusion", day, morning, "AMI 4.1", "AMI 4 perf-organisation", "IFD 1")
    return records


def test_a_busy_correct_nurse_hears_nothing() -> None:
    assert _said(_practice()) == []


def test_a_line_rejected_and_billed_again_counts_once() -> None:
    first = Invoice(id="f1", patient_id="p1", practitioner_id="ide1", number="1", closed_on=DAY, total=Decimal("17.64"))
    again = Invoice(id="f2", patient_id="p1", practitioner_id="ide1", number="2", closed_on=DAY, total=Decimal("17.64"))
    acts = [
        _act(f"{invoice}{number}", "AMI 2.8", DAY + timedelta(days=number), invoice_id=invoice, prescription_id="o1")
        for invoice in ("f1", "f2")
        for number in (1, 2)
    ]
    back = PayerReturn(id="r1", invoice_number="1", payer="AMO", state="rejected", returned_on=date(2026, 3, 20))
    others: list[Record] = [Patient(id="p1"), Prescription(id="o1", patient_id="p1", issued_on=DAY), first, again]
    assert _said([*others, *acts]) == [("IDE-ACT-DRAIN", "f12"), ("IDE-ACT-DRAIN", "f22")]
    assert _said([*others, *acts, back]) == []


@pytest.mark.parametrize(
    ("cotation", "label", "codes"),
    [
        ("AMI 4", "Dialyse péritonéale par cycleur : organisation", {"cycleur-branchement", "cycleur-organisation"}),
        ("AMI 4", "Organisation de la surveillance d'une perfusion", {"perf-organisation", "immuno-perf-organisation"}),
        ("AMI 1", "Surveillance et observation d'un patient insulino-traité", {"diab-insuline", "diab-surveillance"}),
        ("AMI 1", "Surveillance et observation d'un traitement", {"surveillance-observation"}),
        ("AMI 1", "Pose isolée d'un étui pénien", {"etui-penien"}),
        ("AMI 3", "Changement de sonde urinaire", {"catheterisme-femme", "sonde-demeure-femme"}),
        ("AMI 5.1", "Pansement d'ulcère avec compression", {"pansement-ulcere-compression"}),
        ("AMI 3.9", "Injection", {"postop-surveillance"}),
    ],
)
def test_a_label_tells_acts_of_one_cotation_apart(cotation: str, label: str, codes: set[str]) -> None:
    act = _act("a1", cotation, DAY, label=label)
    cabinet = Cabinet(Covers.all(), {NURSE.id: NURSE}, {})
    dossier = assemble_dossier("p1", {"patient": [Patient(id="p1")], "act": [act]}, cabinet, AS_OF).dossier
    check = Check(dossier, AS_OF, load_parameters(), load_tariffs())
    assert {code.removeprefix("IDE-").removeprefix("dialyse-") for code in meant(check, act)} == codes


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 11, 30), 2, date(2026, 1, 30)),
        (date(2025, 12, 15), 12, date(2026, 12, 15)),
    ],
)
def test_months_end_on_the_month_s_last_day_at_the_latest(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
