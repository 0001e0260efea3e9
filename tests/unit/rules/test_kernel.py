"""What the kernel promises: confinement, traceability, one fault one finding, stable fingerprints, wake days."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.finding import ParameterRead, SubjectRef
from connector_core.model.records import Act
from connector_core.model.vocabulary import Severity
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.parameters.values import DatedValue, Parameter
from connector_core.rules.base import Adjustments, RuleBase
from connector_core.rules.kernel import Answer, Check, Flag, Gap, Rule, Verdict, fingerprint, judge, rule

TODAY = date(2026, 3, 2)
ACT = Act(
    id="a1", patient_id="p1", practitioner_id="mk1", performed_on=TODAY, letter="RAM", coefficient=Decimal("8.09")
)
CHAINS: Mapping[str, tuple[int, int]] = {"SPECIFIC": (0, 0), "BROAD": (0, 1), "BROADEST": (0, 2)}
PARAMETERS = ParameterSet(
    [
        Parameter("kine.treatment.gap_days", "Jours", "jours", TODAY, (DatedValue(date(2020, 1, 1), 90, "texte"),)),
        Parameter("test.days", "Jours", "jours", TODAY, (DatedValue(date(2020, 1, 1), 30, "texte A"),)),
        Parameter(
            "test.unsure",
            "Date",
            "jours",
            TODAY,
            (DatedValue(date(2020, 1, 1), 1, "texte B"), DatedValue(date(2026, 1, 1), 2, "texte C", "uncertain")),
        ),
    ]
)


def made(code: str, function: Callable[[Check[Dossier]], Iterator[Answer]], rests_on: tuple[str, ...] = ()) -> Rule:
    decorate = rule(
        code, subject="dossier", severity="reject", reference="texte", confidence="C", needs=(), rests_on=rests_on
    )
    return decorate(function)


def check(as_of: date = TODAY) -> Check[Dossier]:
    return Check(Dossier("p1", Cabinet(Covers.all()), acts=(ACT,)), as_of, PARAMETERS, Tariffs([]))


def ask(*rules: Rule, as_of: date = TODAY) -> Verdict:
    return judge(rules, check(as_of), CHAINS)


def flagged(_: Check[Dossier]) -> Iterator[Answer]:
    yield Flag(ACT, "message", "action", amount=Decimal("1.00"), evidence=(ACT,))


def test_a_flag_becomes_a_finding_with_its_evidence() -> None:
    (finding,) = ask(made("CODE", flagged)).findings
    assert (finding.rule, finding.severity, finding.subject) == ("CODE", "reject", SubjectRef("act", "a1"))
    assert finding.patient_id == "p1"
    assert [(each.kind, each.id) for each in finding.evidence] == [("act", "a1")]


def test_an_exception_is_confined_to_its_rule_and_subject() -> None:
    def broken(_: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, "avant la panne", "action")
        raise KeyError("un nom qui ne doit pas sortir")

    verdict = ask(made("BROKEN", broken), made("CODE", flagged))
    assert [finding.rule for finding in verdict.findings] == ["BROKEN", "CODE"]
    (gap,) = verdict.undetermined
    assert (gap.rule, gap.subject) == ("BROKEN", SubjectRef("patient", "p1"))
    assert "KeyError" in gap.reason
    assert "nom" not in gap.reason


def test_an_unknown_parameter_value_is_an_undetermined_answer() -> None:
    def asking(each: Check[Dossier]) -> Iterator[Answer]:
        each.number("test.unsure")
        yield Flag(ACT, "jamais dit", "action")

    verdict = ask(made("CODE", asking))
    assert verdict.findings == ()
    assert [gap.missing for gap in verdict.undetermined] == [("test.unsure",)]
    assert ask(made("CODE", asking), as_of=date(2025, 12, 31)).undetermined == ()


def test_a_gap_names_what_is_missing() -> None:
    def lacking(_: Check[Dossier]) -> Iterator[Answer]:
        yield Gap(ACT, ("act.amount",), "le montant n'est pas connu")

    (gap,) = ask(made("CODE", lacking)).undetermined
    assert (gap.rule, gap.subject, gap.missing) == ("CODE", SubjectRef("act", "a1"), ("act.amount",))


def test_a_finding_names_every_parameter_its_own_rule_read() -> None:
    def reading(each: Check[Dossier]) -> Iterator[Answer]:
        each.number("test.days")
        each.cite(ParameterRead("tariff.X", "1.00", TODAY, "table"))
        yield from flagged(each)

    first, second = ask(made("READING", reading), made("CODE", flagged)).findings
    read = [(each.name, each.reference) for each in first.parameters]
    assert read == [("tariff.X", "table"), ("test.days", "texte A")]
    assert second.parameters == ()


@pytest.mark.parametrize("order", [("SPECIFIC", "BROAD", "BROADEST"), ("BROADEST", "BROAD", "SPECIFIC")])
def test_one_fault_gives_the_most_specific_finding_only(order: tuple[str, ...]) -> None:
    (finding,) = ask(*(made(code, flagged) for code in order)).findings
    assert finding.rule == "SPECIFIC"
    assert set(finding.also) == {"BROAD", "BROADEST"}


def test_two_faults_of_one_chain_are_two_findings() -> None:
    def other(_: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, "autre", "action", fault="autre")

    verdict = ask(made("SPECIFIC", flagged), made("BROAD", other), made("CODE", flagged))
    assert [finding.rule for finding in verdict.findings] == ["SPECIFIC", "BROAD", "CODE"]
    assert all(finding.also == () for finding in verdict.findings)


def test_a_fingerprint_depends_on_the_rule_the_subject_and_the_fault_only() -> None:
    def said_otherwise(_: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, "un autre texte", "une autre action", amount=Decimal("9.99"), severity="info")

    one = ask(made("CODE", flagged)).findings[0].fingerprint
    assert one == ask(made("CODE", said_otherwise), as_of=date(2027, 1, 1)).findings[0].fingerprint
    assert one == fingerprint("CODE", SubjectRef("act", "a1"), "")
    others = {
        fingerprint("CODE2", SubjectRef("act", "a1"), ""),
        fingerprint("CODE", SubjectRef("act", "a2"), ""),
        fingerprint("CODE", SubjectRef("invoice", "a1"), ""),
        fingerprint("CODE", SubjectRef("act", "a1"), "x"),
        fingerprint("CODE", SubjectRef("acta", "1"), ""),
    }
    assert len(others | {one}) == 6


def test_the_next_day_that_changes_the_answers_is_returned() -> None:
    def later(each: Check[Dossier]) -> Iterator[Answer]:
        if each.reached(date(2026, 4, 1)):
            yield Flag(ACT, "échu", "action")

    def sooner(each: Check[Dossier]) -> Iterator[Answer]:
        each.reached(date(2026, 3, 20))
        yield from ()

    assert ask(made("LATER", later)).wake_on == date(2026, 4, 1)
    assert ask(made("LATER", later), made("SOONER", sooner)).wake_on == date(2026, 3, 20)
    reached = ask(made("LATER", later), as_of=date(2026, 4, 1))
    assert (len(reached.findings), reached.wake_on) == (1, None)


def test_a_derived_fact_is_computed_once() -> None:
    calls: list[int] = []

    def fact(each: Check[Dossier]) -> int:
        calls.append(1)
        return len(each.subject.acts)

    def using(each: Check[Dossier]) -> Iterator[Answer]:
        assert each.derive(fact) == 1
        yield from ()

    verdict = ask(made("ONE", using), made("TWO", using))
    assert (len(calls), verdict.undetermined) == (1, ())


def test_a_rule_that_rests_on_nothing_covered_is_undetermined_once_for_the_practice() -> None:
    rules = [made("CODE", flagged, rests_on=("appointment", "act.created_at")), made("OTHER", flagged)]
    covers = Covers.of(["appointment", "act.letter"])
    base = RuleBase(rules, PARAMETERS, Tariffs([]), covers)
    (gap,) = base.uncovered
    assert (gap.rule, gap.subject.kind, gap.missing) == ("CODE", "practice", ("act.created_at",))
    verdict = base.ask(Dossier("p1", Cabinet(covers), acts=(ACT,)), TODAY)
    assert [finding.rule for finding in verdict.findings] == ["OTHER"]


def test_a_practice_may_switch_a_rule_off_or_hear_it_lower() -> None:
    adjustments = Adjustments(off=frozenset({"CODE"}), severities={"OTHER": "info"})
    base = RuleBase([made("CODE", flagged), made("OTHER", flagged)], PARAMETERS, Tariffs([]), Covers.all(), adjustments)
    verdict = base.ask(Dossier("p1", Cabinet(Covers.all()), acts=(ACT,)), TODAY)
    assert [(finding.rule, finding.severity) for finding in verdict.findings] == [("OTHER", "info")]


@pytest.mark.parametrize(
    ("code", "family"),
    [("KINE-BILAN-30", "KINE-BILAN"), ("SUIVI-PERDU", "SUIVI"), ("TT-ARL-NEG", "TT"), ("IDE-BSI-MAU", "IDE-BSI")],
)
def test_the_family_follows_from_the_code(code: str, family: str) -> None:
    assert made(code, flagged).family == family


def test_a_fingerprint_stays_what_it_was() -> None:
    """What a practice dismissed is kept by it, from version to version."""
    assert fingerprint("KINE-BILAN-30", SubjectRef("treatment", "t1"), "seuil-30") == "74548fb7a088f863e2fa"


def test_a_rule_is_of_the_first_version_and_bears_the_first_line_of_its_text() -> None:
    def told(_: Check[Dossier]) -> Iterator[Answer]:
        """Le titre.

        Vérifie : rien.
        """
        yield from ()

    told_rule = made("CODE", told)
    assert (told_rule.version, told_rule.title) == (1, "Le titre.")
    bare = Rule("CODE", "dossier", "reject", "texte", "C", told, frozenset())
    assert bare.version == 1


def test_what_a_derived_fact_read_is_named_by_each_rule_that_asks_for_it() -> None:
    def days(each: Check[Dossier]) -> int:
        return each.number("test.days")

    def late(each: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, f"{each.derive(days)} jours", "action")

    findings = ask(made("ONE", late), made("OTHER", late)).findings
    assert [[read.name for read in each.parameters] for each in findings] == [["test.days"], ["test.days"]]


def test_of_one_rule_s_answers_about_one_fault_the_first_is_kept() -> None:
    def twice(_: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, "premier", "action")
        yield Flag(ACT, "second", "action")

    (finding,) = ask(made("SPECIFIC", twice)).findings
    assert (finding.message, finding.also) == ("premier", ())


@pytest.mark.parametrize(
    ("severity", "last"), [("reject", date(2028, 3, 31)), ("revenue", date(2028, 3, 31)), ("info", None)]
)
def test_a_finding_about_billed_care_says_until_when_payment_may_be_asked_for(
    severity: Severity, last: date | None
) -> None:
    limit = Parameter("tt.limit.years", "Années", "années", TODAY, (DatedValue(date(2020, 1, 1), 2, "texte"),))

    def flagging(_: Check[Dossier]) -> Iterator[Answer]:
        yield Flag(ACT, "message", "action", severity=severity)

    asked = Check(Dossier("p1", Cabinet(Covers.all()), acts=(ACT,)), TODAY, ParameterSet([limit]), Tariffs([]))
    (finding,) = judge([made("CODE", flagging)], asked, CHAINS).findings
    assert finding.claimable_until == last
