"""What spares time changes no answer: rules left out by letter, look-ups by period, acts looked at in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier, HouseholdDay, PractitionerDay
from connector_core.model.records import Act, Lot, Practitioner, Record
from connector_core.parameters.registry import ParameterSet, load_parameters
from connector_core.parameters.tariffs import Tariffs, load_tariffs
from connector_core.parameters.values import DatedValue, Parameter
from connector_core.rules.base import RuleBase
from connector_core.rules.batches import Batches, is_credit
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, ParameterUnknown, rule
from connector_core.testing.anomalies import plant
from connector_core.testing.cases import load_cases
from connector_core.testing.practice import make_practice

TODAY = date(2026, 11, 20)
DAY = date(2026, 3, 2)
CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
TARIFFS = load_tariffs()
PARAMETERS = load_parameters()


@cache
def dossiers() -> tuple[Dossier, ...]:
    """The dossiers of a practice with every fault planted."""
    return _dossiers(plant(make_practice(1, 60, 8, today=TODAY), 1).records, TODAY)


def case_dossiers() -> Iterator[tuple[Dossier, date]]:
    """The dossiers of every case, each on its day: not every rule has a fault in the synthetic practice."""
    for path in sorted(CASES.glob("*.toml")):
        for case in load_cases(path):
            yield from ((each, case.as_of) for each in _dossiers(case.records, case.as_of))


def _dossiers(records: Sequence[Record], as_of: date) -> tuple[Dossier, ...]:
    cabinet = Cabinet(
        Covers.all(),
        {each.id: each for each in records if isinstance(each, Practitioner)},
        {each.id: each for each in records if isinstance(each, Lot)},
    )
    by_patient: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        patient_id = record.id if record.record == "patient" else getattr(record, "patient_id", None)
        if patient_id is not None:
            by_patient.setdefault(patient_id, {}).setdefault(record.record, []).append(record)
    return tuple(
        assemble_dossier(patient_id, found, cabinet, as_of).dossier for patient_id, found in by_patient.items()
    )


def act(number: int, letter: str = "RAM", coefficient: str = "8.09", **fields: object) -> Act:
    given: dict[str, object] = {
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": DAY + timedelta(days=number),
        "letter": letter,
        "coefficient": Decimal(coefficient),
    }
    return Act.model_validate({**given, **fields})


def without_letters(each: AnyRule) -> AnyRule:
    return replace(each, letters=frozenset())


@pytest.mark.no_cover  # the cases, which are run for themselves, cover the rules; counting lines triples this
def test_a_rule_with_letters_answers_as_without() -> None:
    rules = [each for each in core_rules() if each.subject == "dossier"]
    assert any(each.letters for each in rules)
    spared = RuleBase(rules, PARAMETERS, TARIFFS, Covers.all())
    asked = RuleBase([without_letters(each) for each in rules], PARAMETERS, TARIFFS, Covers.all())
    found: set[str] = set()
    for dossier, as_of in (*((each, TODAY) for each in dossiers()), *case_dossiers()):
        verdict = spared.ask(dossier, as_of)
        assert verdict == asked.ask(dossier, as_of)
        found.update(each.rule for each in verdict.findings)
    assert {each.code for each in rules if each.letters} - found <= {"KINE-BILAN-FRAGILITE"}


def test_a_rule_is_asked_about_dossiers_that_have_one_of_its_letters() -> None:
    @rule(
        "CODE",
        subject="dossier",
        severity="info",
        reference="texte",
        confidence="C",
        needs={"act"},
        letters=("TER", "PLL"),
    )
    def seen(check: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(check.subject.acts[0], "vu", "action")

    base = RuleBase([seen], PARAMETERS, TARIFFS, Covers.all())

    def findings(*acts: Act) -> int:
        return len(base.ask(Dossier("p1", Cabinet(Covers.all()), acts=acts), TODAY).findings)

    assert findings(act(1), act(2, "PLL", "12")) == 1
    assert findings(act(1)) == 0
    assert findings() == 0


def test_only_a_rule_about_dossiers_may_name_letters() -> None:
    def none(_: Check[PractitionerDay]) -> Iterator[Answer]:
        yield from ()

    with pytest.raises(ValueError, match="letters"):
        rule(
            "CODE",
            subject="practitioner_day",
            severity="info",
            reference="texte",
            confidence="C",
            needs=(),
            letters=("PLL",),
        )(none)


def test_a_rule_about_households_must_name_letters() -> None:
    def none(_: Check[HouseholdDay]) -> Iterator[Answer]:
        yield from ()

    with pytest.raises(ValueError, match="letters"):
        rule("CODE", subject="household_day", severity="info", reference="texte", confidence="C", needs=())(none)


def test_batches_hold_every_act_once_in_order() -> None:
    for dossier in dossiers():
        found = Batches.of(dossier.acts)
        assert found.acts_of(found.batches) == list(dossier.acts)
        assert found.letters == {each.letter for each in dossier.acts}
        for batch in found.batches:
            assert batch.places == sorted(batch.places)
            lines = {
                (each.letter, each.coefficient, each.amount, each.quantity, each.treatment_id)
                for each in found.acts_of([batch])
            }
            assert lines == {(batch.letter, batch.coefficient, batch.amount, batch.quantity, batch.treatment_id)}


@pytest.mark.parametrize(
    ("fields", "credit"),
    [
        ({}, False),
        ({"amount": Decimal("17.88")}, False),
        ({"amount": Decimal("-0.00")}, False),
        ({"amount": Decimal("-17.88")}, True),
        ({"quantity": 0}, True),
        ({"quantity": -1}, True),
    ],
)
def test_a_credited_line_is_told_by_its_sign(fields: dict[str, object], credit: bool) -> None:
    (batch,) = Batches.of((act(1).model_copy(update=fields),)).batches
    assert is_credit(batch) is credit


@pytest.mark.parametrize(
    ("letter", "coefficient"),
    [("RAM", "8.09"), ("AMK", "10.7"), ("AMS", "7.5"), ("NMI", "9"), ("TER", "16"), ("Z", "1")],
)
def test_what_the_table_says_holds_all_along_a_spell(letter: str, coefficient: str) -> None:
    number = Decimal(coefficient)
    first, last = date(2015, 1, 1), date(2027, 12, 31)
    spells = TARIFFS.spells(letter, number, first, last)
    starts = [*(spell.first for spell in spells), last + timedelta(days=1)]
    for spell, following in zip(spells, starts[1:], strict=True):
        for day in (max(spell.first, first), following - timedelta(days=1)):
            fresh = Tariffs([])
            fresh._pairs, fresh._codes, fresh._keys = TARIFFS._pairs, TARIFFS._codes, TARIFFS._keys
            assert spell.standing == TARIFFS.standing(letter, number, day) == fresh._find_standing(letter, number, day)
            price = fresh._find_price(letter, number, day, "METRO")
            assert TARIFFS.price(letter, number, day, "METRO") == price
            assert TARIFFS.price_in(spell, letter, number, "METRO") == price
            assert TARIFFS.rows_on(letter, number, day, "METRO") == fresh._find_rows(letter, number, day, "METRO")


def test_parameters_read_together_are_those_read_one_by_one() -> None:
    names = ("test.days", "test.carried")
    values = (DatedValue(date(2020, 1, 1), 30, "texte A"), DatedValue(date(2026, 1, 1), 40, "texte B"))
    parameters = ParameterSet(
        [
            Parameter("test.days", "Jours", "jours", date.max, values),
            Parameter("test.carried", "Jours", "jours", date(2026, 2, 1), values[:1]),
            Parameter("test.text", "Texte", "", date.max, (DatedValue(date(2020, 1, 1), "x", "texte C"),)),
        ]
    )
    for day in (date(2020, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 2)):
        one, other = (Check(Dossier("p1", Cabinet(Covers.all())), day, parameters, TARIFFS) for _ in range(2))
        assert one.numbers(names, day) == tuple(other.number(name, day) for name in names)
        assert one.reads() == other.reads()
        assert one.peek("test.days", day) == other.number("test.days", day)
    early = date(2019, 12, 31)
    check = Check(Dossier("p1", Cabinet(Covers.all())), early, parameters, TARIFFS)
    assert check.peek("test.days", early) is None
    with pytest.raises(ParameterUnknown):
        check.numbers(names, early)
    with pytest.raises(TypeError):
        check.numbers(("test.days", "test.text"), DAY)


def test_what_was_read_is_named_in_one_order_whatever_the_order_of_reading() -> None:
    carried = Parameter("test.days", "Jours", "jours", DAY, (DatedValue(date(2020, 1, 1), 30, "texte A"),))
    days = (DAY, DAY + timedelta(days=1))
    read = []
    for order in (days, days[::-1]):
        check = Check(Dossier("p1", Cabinet(Covers.all())), DAY, ParameterSet([carried]), TARIFFS)
        for day in order:
            check.number("test.days", day)
        read.append(check.reads())
    assert [each.note is None for each in read[0]] == [True, False]
    assert read[0] == read[1]
