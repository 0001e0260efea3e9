"""IDE-MAJ, IDE-DEPL, IDE-ORD and IDE-DAP: what can't be said case by case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Patient, Practitioner, Prescription, PriorAgreement, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.calendar import is_holiday, is_sunday_or_holiday, months_later
from connector_core.rules.catalogue.ide_maj import RULES
from connector_core.rules.catalogue.ide_maj_mau import single_act
from connector_core.rules.catalogue.ide_visits import SURCHARGE
from connector_core.rules.kernel import Answer, Check, Flag, rule
from connector_core.testing.cases import Answers, Case, answers, load_cases

AS_OF = date(2026, 11, 22)
CODES = {each.code for each in RULES}
CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
NURSE = Practitioner(id="ide1", profession="IDE")


def _answers(records: list[Record]) -> Answers:
    found = answers([NURSE, *records], AS_OF, Covers.all())
    return Answers(
        tuple(each for each in found.findings if each.rule in CODES),
        tuple(each for each in found.undetermined if each.rule in CODES),
    )


def _act(name: str, letter: str, coefficient: str, day: date, **fields: object) -> Act:
    values: dict[str, object] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "ide1",
        "performed_on": day,
        "letter": letter,
        "coefficient": Decimal(coefficient),
        "place": "DOMICILE",
        **fields,
    }
    return Act.model_validate(values)


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2023, ["04-10", "05-18", "05-29"]),
        (2024, ["04-01", "05-09", "05-20"]),
        (2025, ["04-21", "05-29", "06-09"]),
        (2026, ["04-06", "05-14", "05-25"]),
        (2027, ["03-29", "05-06", "05-17"]),
        (2038, ["04-26", "06-03", "06-14"]),
    ],
)
def test_public_holidays_of_a_year(year: int, days: list[str]) -> None:
    fixed = ["01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"]
    expected = sorted(date.fromisoformat(f"{year}-{each}") for each in (*days, *fixed))
    every = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    assert [day for day in every if day.year == year and is_holiday(day)] == expected


def test_sundays_and_holidays() -> None:
    assert is_sunday_or_holiday(date(2026, 3, 1))
    assert is_sunday_or_holiday(date(2026, 7, 14))
    assert not is_sunday_or_holiday(date(2026, 2, 28))
    assert not is_sunday_or_holiday(date(2026, 4, 5) - timedelta(days=2)), "Good Friday is no public holiday"


def test_months_after_the_end_of_a_month() -> None:
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_later(date(2026, 12, 15), 1) == date(2027, 1, 15)
    assert months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)


def _visit(name: str, day: date, at: time, patient: str, prescription: str, *lines: dict[str, object]) -> list[Record]:
    """The lines of one visit, as correct software bills them."""
    common = {"patient_id": patient, "prescription_id": prescription, "session_id": name, "started_at": at}
    return [
        _act(f"{name}-{number}", **{**common, "coefficient": "1", "day": day, **line})  # type: ignore[arg-type]  # fields
        for number, line in enumerate(lines)
    ]


def _practice() -> list[Record]:
    """Three months of a nurse with everything in order: insulin, dressings, a child, an EHPAD, kilometres."""
    money = {"IFD": Decimal("2.75"), "IK": Decimal("2.10"), "MD": Decimal("8.50"), "MN": Decimal("9.15")}
    ifd: dict[str, object] = {"letter": "IFD", "amount": money["IFD"]}
    km: dict[str, object] = {
        "letter": "IK",
        "quantity": 6,
        "amount": money["IK"],
        "distance_km": Decimal(5),
        "same_agglomeration": False,
    }
    records: list[Record] = [
        Patient(id="p1", birth_date=date(1950, 1, 1)),
        Patient(id="p2", birth_date=date(1940, 1, 1)),
        Patient(id="p3", birth_date=date(2022, 1, 1)),
        Patient(id="p4", birth_date=date(1935, 1, 1)),
        Patient(id="p5", birth_date=date(1936, 1, 1)),
        PriorAgreement(id="d4", patient_id="p4", sent_on=date(2026, 7, 10), received_on=date(2026, 7, 12)),
    ]
    for patient in ("p1", "p2", "p3", "p4", "p5"):
        records.append(
            Prescription(
                id=f"o{patient}",
                patient_id=patient,
                issued_on=date(2026, 6, 30),
                ends_on=date(2026, 9, 30),
                at_home=True,
                daily=True,
                night=True,
                palliative=False,
            )
        )
    day = date(2026, 7, 1)
    while day < date(2026, 9, 30):
        sunday: list[dict[str, object]] = []
        if is_sunday_or_holiday(day):
            sunday = [{"letter": "MD", "amount": money["MD"]}]
        single: list[dict[str, object]] = [{"letter": "AMI"}, {"letter": "MAU"}]
        stamp = f"{day:%m%d}"
        records += _visit(f"{stamp}a", day, time(7, 30), "p1", "op1", *single, ifd, km, *sunday)
        night: list[dict[str, object]] = sunday or [{"letter": "MN", "amount": money["MN"]}]
        records += _visit(f"{stamp}b", day, time(20, 30), "p1", "op1", *single, ifd, km, *night)
        dressing: dict[str, object] = {"letter": "AMI", "coefficient": "4", "act_code": "IDE-pansement-lourd-4"}
        records += _visit(f"{stamp}c", day, time(9), "p2", "op2", dressing, {"letter": "MCI"}, ifd, *sunday)
        records += _visit(f"{stamp}d", day, time(10), "p3", "op3", *single, {"letter": "MIE"}, ifd)
        home: dict[str, object] = {"place": "EHPAD", "facility": "e1"}
        drugs: dict[str, object] = {"letter": "AMI", "coefficient": "1.2", "place": "DOMICILE"}
        records += _visit(f"{stamp}e", day, time(11), "p4", "op4", drugs, {"letter": "MAU"}, ifd)
        records += _visit(f"{stamp}f", day, time(11, 30), "p5", "op5", *({**line, **home} for line in (*single, ifd)))
        day += timedelta(days=1)
    return records


def test_a_nurse_who_bills_in_order_hears_nothing() -> None:
    found = _answers(_practice())
    assert found.findings == ()
    assert found.undetermined == ()


def test_the_rule_of_dependency_speaks_for_the_surcharge_of_a_single_act() -> None:
    @rule("IDE-BSI-MAU", subject="dossier", severity="reject", reference="texte", confidence="C", needs={"act"})
    def of_dependency(check: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(check.subject.acts[1], "vu", "action", fault=SURCHARGE)

    day = date(2026, 3, 2)
    acts = (_act("a1", "AMI", "2", day, session_id="s"), _act("a2", "MAU", "1", day, session_id="s"))
    cabinet = Cabinet(Covers.all(), {"ide1": NURSE})
    base = RuleBase((single_act, of_dependency), load_parameters(), load_tariffs(), Covers.all())
    (finding,) = base.ask(Dossier("p1", cabinet, acts=acts), AS_OF).findings
    assert (finding.rule, finding.also) == ("IDE-BSI-MAU", ("IDE-MAJ-MAU",))


def _cases() -> Iterator[Case]:
    for code in sorted(CODES):
        yield from load_cases(CASES / f"{code}.toml")


def test_the_letters_of_a_rule_spare_no_answer() -> None:
    spared = RuleBase(RULES, load_parameters(), load_tariffs(), Covers.all())
    every = [replace(each, letters=frozenset()) for each in RULES]
    asked = RuleBase(every, load_parameters(), load_tariffs(), Covers.all())
    for case in _cases():
        cabinet = Cabinet(Covers.all(), {each.id: each for each in case.records if isinstance(each, Practitioner)})
        by_kind: dict[str, list[Record]] = {}
        for record in case.records:
            if "p1" in (record.id, getattr(record, "patient_id", None)):
                by_kind.setdefault(record.record, []).append(record)
        dossier = assemble_dossier("p1", by_kind, cabinet, case.as_of).dossier
        assert spared.ask(dossier, case.as_of) == asked.ask(dossier, case.as_of), f"{case.rule}: {case.name}"


_LETTERS = "AMI AMX AIS TMI DI BSB IFD IFI IK IKM IKS MAU MCI MIE MD F MN MN23 N".split()
_LINES = st.fixed_dictionaries(
    {
        "letter": st.sampled_from(_LETTERS),
        "coefficient": st.sampled_from(["1", "1.2", "1.5", "2", "4", "5.1", "11"]),
        "day": st.dates(date(2019, 12, 1), date(2020, 2, 1)) | st.dates(date(2026, 2, 27), date(2026, 7, 16)),
        "started_at": st.none() | st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None)),
        "session_id": st.sampled_from([None, "s1", "s2"]),
        "prescription_id": st.sampled_from([None, "o1", "o2"]),
        "quantity": st.sampled_from([1, 1, 1, 2, 160, 0]),
        "amount": st.sampled_from([None, Decimal("2.75"), Decimal("9.15"), Decimal("18.30"), Decimal("-2.75")]),
        "place": st.sampled_from([None, "CABINET", "DOMICILE", "EHPAD", "ETABLISSEMENT"]),
        "facility": st.sampled_from([None, "e1"]),
        "distance_km": st.sampled_from([None, Decimal(0), Decimal("5.25")]),
        "terrain": st.sampled_from([None, "PLAINE", "MONTAGNE", "PIED"]),
        "call_at": st.sampled_from([None, time(20, 10), time(12)]),
        "urgent": st.sampled_from([None, True, False]),
        "patient_id": st.sampled_from(["p1", "p2"]),
        "same_agglomeration": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=60)
@given(st.lists(_LINES, max_size=12), st.booleans(), st.none() | st.just(False))
def test_no_rule_fails_whatever_is_billed(lines: list[dict[str, object]], described: bool, said: bool | None) -> None:
    records: list[Record] = [
        _act(f"a{number}", **line)  # type: ignore[arg-type]  # fields drawn above
        for number, line in enumerate(lines)
    ]
    records += [Patient(id="p1", birth_date=date(2021, 5, 1)), Patient(id="p2")]
    if described:
        first = Prescription(id="o1", patient_id="p1", issued_on=date(2019, 11, 1), sessions=2)
        records.append(first.model_copy(update=dict.fromkeys(("daily", "night", "palliative", "at_home"), said)))
        records.append(Prescription(id="o2", patient_id="p1", issued_on=date(2019, 11, 1), indication="cicatrisation"))
    for gap in _answers(records).undetermined:
        assert "a échoué" not in gap.reason, gap
