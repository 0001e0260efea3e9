"""Every rule names the fields that it reads (`needs`): no fewer, and no more."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import TypeVar, cast

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier, HouseholdDay, Practice, PractitionerDay, SentLot, Subject
from connector_core.model.records import (
    Act,
    Assessment,
    Invoice,
    Lot,
    Patient,
    PayerReturn,
    Practitioner,
    Quote,
    Record,
    field_names,
)
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.batches import BATCHES, batches
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import Answer, AnyRule, Check, Rule, SubjectKind, judge, rule, subject_kind
from connector_core.testing.cases import Case, load_cases, subjects
from connector_core.testing.needs import NeedsTrace

CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
RULES = core_rules()
AS_OF = date(2026, 3, 10)
PARAMETERS, TARIFFS = load_parameters(), load_tariffs()
DAY, HOME = {"act.performed_on", "act.practitioner_id"}, {"act.performed_on", "patient.household"}
"""What makes the day of a practitioner, and that of a home."""
T = TypeVar("T")


@pytest.mark.timeout(300)
@pytest.mark.no_cover  # the cases, which are run for themselves, cover the rules; counting lines triples this
def test_a_rule_reads_what_it_needs_and_nothing_else() -> None:
    """Every rule asked about every case of its profession, its own and those of the others. One test, since tracing
    takes a while."""
    trace = NeedsTrace()
    by_profession: dict[str, list[AnyRule]] = {}
    for each in RULES:
        by_profession.setdefault(_profession(each.code), []).append(each)
    for path in sorted(CASES.glob("*.toml")):
        for case in load_cases(path):
            trace.ask(by_profession[_profession(path.stem)], case)
    unnamed = {each.code: sorted(trace.read(each) - each.needs) for each in RULES if trace.read(each) - each.needs}
    unread = {each.code: sorted(each.needs - trace.read(each)) for each in RULES if each.needs - trace.read(each)}
    assert (unnamed, unread) == ({}, {}), "read and not named in needs; named in needs and read in no case"
    _the_needs_of_a_shared_fact_are_what_it_reads(trace)


def _the_needs_of_a_shared_fact_are_what_it_reads(trace: NeedsTrace) -> None:
    """A constant beside a fact, of its name in capitals, says what the fact reads."""
    named = {
        fact: needs
        for fact in trace.facts()
        if isinstance(needs := getattr(inspect.getmodule(fact), fact.__name__.upper(), None), frozenset)
    }
    assert len(named) > 20
    read = {fact: {name for name in trace.read_by(fact) if "." in name} for fact in named}
    assert {fact.__name__: sorted(read[fact] ^ needs) for fact, needs in named.items() if read[fact] != needs} == {}


def _profession(code: str) -> str:
    head = code.partition("-")[0]
    return head if head in ("KINE", "IDE") else "both"


@pytest.mark.parametrize("each", RULES, ids=lambda rule: str(rule.code))
def test_what_a_rule_rests_on_is_what_it_reads(each: AnyRule) -> None:
    kinds = {name.partition(".")[0] for name in each.needs}
    named = {name.partition(".")[2].removesuffix("_id") for name in each.needs if name.endswith("_id")}
    assert {name for name in each.rests_on if name not in each.needs | kinds | named} == set()


@pytest.mark.parametrize("each", RULES, ids=lambda rule: str(rule.code))
def test_a_rule_answers_alike_without_what_it_does_not_need(each: AnyRule) -> None:
    for case in load_cases(CASES / f"{each.code}.toml"):
        for subject in subjects(case.records, case.as_of, case.covers):
            if subject_kind(subject) == each.subject:
                bare = _without(subject, each.needs)
                assert _answered(each, bare, case) == _answered(each, subject, case), case.name


def _answered(each: AnyRule, subject: Subject, case: Case) -> object:
    return judge([cast(Rule[Dossier], each)], Check(cast(Dossier, subject), case.as_of, PARAMETERS, TARIFFS), {})


def _without(value: T, needs: frozenset[str]) -> T:
    """The same subject, each field that may be left out and is not needed left out."""
    match value:
        case Record():
            optional = {name: field for name, field in type(value).model_fields.items() if not field.is_required()}
            left = {name: f.get_default() for name, f in optional.items() if f"{value.record}.{name}" not in needs}
            return cast(T, value.model_copy(update=left))
        case tuple():
            return cast(T, tuple(_without(each, needs) for each in value))
        case Mapping():
            return cast(T, {key: _without(each, needs) for key, each in value.items()})
        case Cabinet() | Dossier() | PractitionerDay() | HouseholdDay() | SentLot() | Practice():
            return replace(value, **{each.name: _without(getattr(value, each.name), needs) for each in fields(value)})
        case _:
            return value


# --- the trace ------------------------------------------------------------------------------------------------------


def made(function: Callable[[Check], object], needs: tuple[str, ...] = (), **about) -> AnyRule:
    about = {"subject": "dossier", "severity": "info", "reference": "texte", "confidence": "C", **about}

    def said(check: Check) -> Iterator[Answer]:
        function(check)
        yield from ()

    return rule("CODE", needs=needs, **about)(said)


def act(id: str, **values) -> Act:
    given = {"patient_id": "p1", "practitioner_id": "mk1", "performed_on": date(2026, 3, 2), "letter": "RAM"}
    return Act(id=id, coefficient=Decimal("8.09"), **{**given, **values})


CASE = Case(
    rule="CODE",
    name="un dossier",
    as_of=AS_OF,
    flags=(),
    gaps=(),
    covers=Covers.all(),
    records=(
        Practitioner(id="mk1", profession="MK"),
        Patient(id="p1", household="h1"),
        Patient(id="p2", household="h1"),
        act("a1", session_id="s1"),
        act("a2", letter="RAO"),
        act("a3", patient_id="p2"),
        Assessment(id="b1", patient_id="p1", kind="initial", performed_on=date(2026, 3, 2), summary_sent_on=AS_OF),
        Invoice(
            id="f1",
            patient_id="p1",
            practitioner_id="mk1",
            number="F1",
            closed_on=date(2026, 3, 3),
            lot_id="l1",
            total=Decimal("17.88"),
        ),
        PayerReturn(id="r1", invoice_number="F1", payer="AMO", state="paid", returned_on=date(2026, 3, 9)),
        Lot(id="l1", number="1", sent_on=date(2026, 3, 4)),
        Quote(id="q1", patient_id="p1", issued_on=date(2026, 3, 1), amount=Decimal("30.00")),
    ),
)


def read_by(each: AnyRule) -> frozenset[str]:
    trace = NeedsTrace()
    trace.ask([each], CASE)
    return trace.read(each)


def test_an_undeclared_field_is_seen() -> None:
    each = made(lambda check: [each.summary_sent_on for each in check.subject.assessments], needs=("assessment.kind",))
    assert read_by(each) - each.needs == {"assessment.summary_sent_on"}
    assert each.needs - read_by(each) == {"assessment.kind"}


@pytest.mark.parametrize(
    ("look", "read"),
    [
        (lambda check: check.subject.acts[0].letter, {"act.letter"}),
        (lambda check: list(map(attrgetter("letter", "amount"), check.subject.acts)), {"act.letter", "act.amount"}),
        (lambda check: getattr(check.subject.acts[0], "quantity", None), {"act.quantity"}),
        (lambda check: [1 for each in check.subject.acts if _is_ram(each)], {"act.letter", "act.kind"}),
        (lambda check: check.subject.patient.household, {"patient.household"}),
        (lambda check: check.subject.cabinet.practitioners["mk1"].zone, {"practitioner.zone"}),
        (lambda check: check.subject.cabinet.lots["l1"].sent_on, {"lot.sent_on"}),
        (lambda check: check.subject.appointments, {"appointment"}),
        (lambda check: bool(check.subject.quotes), {"quote"}),
        (lambda check: [each.amount for each in check.subject.quotes], {"quote.amount"}),
        (lambda check: (check.subject.acts[0].id, check.subject.acts[0].provenance), {"act"}),
        (lambda check: check.subject.acts[0] in check.subject.acts[1:], {"act"}),
        (lambda check: len({*check.subject.acts, *check.subject.acts}), {"act"}),
        (lambda check: (check.subject.patient_id, check.subject.patient), set()),
        (lambda check: check.derive(batches), BATCHES),
    ],
)
def test_reads_are_seen_however_they_are_made(look: Callable[[Check], object], read: set[str]) -> None:
    assert read_by(made(look)) == read


def _is_ram(record: Record) -> bool:
    match record:
        case Act(letter="RAM", kind=None):
            return True
        case _:
            return False


@pytest.mark.parametrize("whole", [lambda act: act.model_dump(), vars])
def test_a_record_taken_as_a_whole_is_read_in_full(whole: Callable[[Act], object]) -> None:
    read = read_by(made(lambda check: whole(check.subject.acts[0])))
    assert read == {f"act.{name}" for name in field_names(Act) if name != "id"}


def test_of_a_copy_it_is_noted_what_is_read() -> None:
    assert read_by(made(lambda check: check.subject.acts[0].model_copy(update={"label": "x"}))) == {"act"}
    assert read_by(made(lambda check: check.subject.acts[0].model_copy(update={"label": "x"}).letter)) == {"act.letter"}


@pytest.mark.parametrize(
    ("about", "look", "read"),
    [
        ("practitioner_day", lambda check: check.subject.acts[0].patient_id, {"act.patient_id", *DAY}),
        ("practitioner_day", lambda check: (check.subject.practitioner_id, check.subject.day), DAY),
        (
            "household_day",
            lambda check: [each.acts[0].letter for each in check.subject.dossiers],
            {"act.letter", *HOME},
        ),
        ("household_day", lambda check: check.about(check.subject.dossiers[0]).derive(batches), BATCHES | HOME),
        ("practice", lambda check: check.subject.invoices[0].total, {"invoice.total"}),
        ("practice", lambda check: check.subject.payer_returns[0].state, {"payer_return.state"}),
    ],
)
def test_every_kind_of_subject_is_traced(about: SubjectKind, look: Callable[[Check], object], read: set[str]) -> None:
    letters = ("RAM",) if about == "household_day" else ()
    assert read_by(made(look, subject=about, letters=letters)) == read


def test_a_rule_reads_what_its_facts_read_whoever_made_them_read_it() -> None:
    def by_prescription(check: Check) -> object:
        return [each.prescription_id for each in check.subject.acts if each.letter == "RAO"]

    def fact(check: Check) -> object:
        return check.derive(by_prescription)

    only_a_bilan = replace(CASE, records=tuple(each for each in CASE.records if each.record != "act"))
    first, second = made(lambda check: check.derive(fact)), made(lambda check: check.derive(fact))
    trace = NeedsTrace()
    trace.ask([first], only_a_bilan)
    assert trace.read(first) == {"act"}
    trace.ask([replace(second, code="OTHER")], CASE)
    assert trace.read(first) == trace.read_by(fact) == {"act.prescription_id", "act.letter"}
    assert trace.facts() == {fact, by_prescription}


def test_a_rule_is_spared_dossiers_without_its_letters() -> None:
    assert read_by(made(lambda check: check.subject.acts[0].place, letters=("NMI",))) == set()
    assert read_by(made(lambda check: check.subject.acts[0].place, letters=("RAM",))) == {"act.place"}


def test_an_unknown_parameter_ends_an_answer_and_a_fault_of_the_rule_is_heard() -> None:
    def unknown(check: Check) -> None:
        check.number("kine.bdk.first_window", check.subject.acts[0].performed_on.replace(year=1990))
        raise AssertionError

    assert read_by(made(unknown)) == {"act.performed_on"}
    with pytest.raises(IndexError):
        read_by(made(lambda check: check.subject.acts[9]))


@pytest.mark.parametrize("name", ["act.leter", "acts", "act.id", "act.provenance", "letter"])
def test_a_need_is_a_field_of_the_model(name: str) -> None:
    with pytest.raises(ValueError, match=f"CODE.*{name}"):
        made(lambda _: None, needs=("act.letter", name))
