"""What was missed over a period: what counts, what does not, and what it sums up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from connector_core.diagnose.backtest import look_back
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier, HouseholdDay, Practice, PractitionerDay, Subject
from connector_core.model.finding import Evidence, Finding, SubjectRef
from connector_core.model.records import Act, Invoice

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 31)
ZERO = Decimal(0)
CABINET = Cabinet(Covers.all())


def act(name: str, day: date) -> Act:
    return Act(
        id=name, patient_id="p1", practitioner_id="mk1", performed_on=day, letter="RAM", coefficient=Decimal("8.09")
    )


DOSSIER = Dossier(
    "p1",
    CABINET,
    acts=(act("before", date(2026, 3, 1)), act("first", FIRST), act("last", LAST), act("after", date(2026, 4, 1))),
)


def finding(about: str = "first", amount: str | None = "5.00", **values: object) -> Finding:
    made = Finding(
        rule="KINE-NOM-MONTANT",
        severity="reject",
        subject=SubjectRef("act", about),
        patient_id="p1",
        message="…",
        action="…",
        amount=None if amount is None else Decimal(amount),
        due_on=None,
        deadline=None,
        evidence=(Evidence("act", about),),
        parameters=(),
        fingerprint=f"{about}-{sorted(values)}",
    )
    return replace(made, **values)  # type: ignore[arg-type]


def test_both_ends_of_the_period_are_in_it_and_the_days_around_are_not() -> None:
    found = look_back([(DOSSIER, [finding(each) for each in ("before", "first", "last", "after")])], FIRST, LAST)
    (missed,) = found.missed
    assert (missed.findings, missed.amount, found.reject) == (2, Decimal("10.00"), Decimal("10.00"))


def test_the_day_from_which_to_act_comes_before_the_records_shown() -> None:
    late = finding("after", due_on=LAST)
    early = finding("first", due_on=date(2026, 3, 1))
    assert look_back([(DOSSIER, [late])], FIRST, LAST).missed
    assert not look_back([(DOSSIER, [early])], FIRST, LAST).missed


def test_the_days_of_a_practitioner_and_of_a_home_count_on_their_day() -> None:
    about = finding(subject=SubjectRef("practitioner_day", "mk1/2026-03-02"), evidence=())
    at_home = replace(about, fingerprint="home", rule="IDE-BSI-IFI-COEF", subject=SubjectRef("act", "elsewhere"))
    for day, counted in ((FIRST, 2), (date(2026, 3, 1), 0)):
        asked: list[tuple[Subject, list[Finding]]] = [
            (PractitionerDay("mk1", day, CABINET, ()), [about]),
            (HouseholdDay("F1", day, CABINET, ()), [at_home]),
        ]
        assert len(look_back(asked, FIRST, LAST).missed) == counted


def test_what_is_said_of_the_practice_counts_on_the_day_of_the_invoice_shown() -> None:
    invoice = Invoice(
        id="f1", patient_id="p1", practitioner_id="mk1", number="1", closed_on=FIRST, total=Decimal("17.88")
    )
    said = finding(subject=SubjectRef("practice", "practice"), evidence=(Evidence("invoice", "f1"),))
    assert look_back([(Practice(CABINET, (invoice,)), [said])], FIRST, LAST).missed
    assert not look_back([(Practice(CABINET, (invoice,)), [said])], date(2026, 3, 3), LAST).missed


def test_what_nothing_ties_to_a_day_is_counted_apart() -> None:
    undated = finding(subject=SubjectRef("patient", "p1"), evidence=(Evidence("patient", "p1"),))
    found = look_back([(DOSSIER, [undated])], FIRST, LAST)
    assert (len(found.missed), found.reject, found.undated) == (0, ZERO, 1)


def test_information_loses_nothing() -> None:
    found = look_back([(DOSSIER, [finding(severity="info")])], FIRST, LAST)
    assert (len(found.missed), found.undated) == (0, 0)


def test_what_the_practice_has_set_aside_is_counted_apart() -> None:
    outside, inside = finding("before"), finding("first")
    dismissed = {outside.fingerprint, inside.fingerprint}
    found = look_back([(DOSSIER, [outside, inside])], FIRST, LAST, dismissed)
    assert (len(found.missed), found.reject, found.dismissed) == (0, ZERO, 1)


def test_an_act_that_several_rules_flag_counts_once_with_its_largest_amount() -> None:
    small, large = finding(amount="5.00"), finding(amount="17.88", rule="KINE-ORD-PRESENTE", fingerprint="large")
    lost = finding(amount="20.00", rule="KINE-CUMUL-2JOUR-TAUX", severity="revenue", fingerprint="lost")
    found = look_back([(DOSSIER, [small, large])], FIRST, LAST)
    assert [(each.rule, each.amount) for each in found.missed] == [
        ("KINE-ORD-PRESENTE", Decimal("17.88")),
        ("KINE-NOM-MONTANT", Decimal("5.00")),
    ]
    assert (found.reject, found.revenue) == (Decimal("17.88"), ZERO)
    both = look_back([(DOSSIER, [small, large]), (PractitionerDay("mk1", FIRST, CABINET, ()), [lost])], FIRST, LAST)
    assert (both.reject, both.revenue) == (ZERO, Decimal("20.00"))
    equal = replace(lost, amount=Decimal("17.88"))
    for order in ([equal, large], [large, equal]):
        found = look_back([(DOSSIER, order)], FIRST, LAST)
        assert (found.reject, found.revenue) == (Decimal("17.88"), ZERO)


def test_a_finding_without_an_amount_counts_without_one() -> None:
    found = look_back([(DOSSIER, [finding(amount=None)])], FIRST, LAST)
    assert [(each.findings, each.amount) for each in found.missed] == [(1, Decimal("0.00"))]


def test_what_is_found_of_two_subjects_counts_once() -> None:
    homes = [(HouseholdDay(home, FIRST, CABINET, ()), [finding()]) for home in ("a:F1", "b:F1")]
    (missed,) = look_back(homes, FIRST, LAST).missed
    assert (missed.findings, missed.amount) == (1, Decimal("5.00"))
