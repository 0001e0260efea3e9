"""Treatments put together from the sessions, where no source gives any."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Assessment, Prescription, PriorAgreement, Record, Treatment
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules
from connector_core.rules.counting import count
from connector_core.rules.kernel import Check
from connector_core.rules.treatments import with_treatments
from connector_core.testing.practice import make_practice

START = date(2026, 1, 5)
AS_OF = date(2026, 12, 31)
PARTLY = Covers.of(["act", "prescription"])


def act(name: str, day: int = 0, letter: str = "RAM", coefficient: str = "8.09", **fields: object) -> Act:
    given: dict[str, object] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": START + timedelta(days=day),
        "letter": letter,
        "coefficient": Decimal(coefficient),
    }
    return Act.model_validate({**given, **fields})


def bdk(name: str, day: int, **fields: object) -> Act:
    return act(name, day, "AMK", "10.7", **fields)


def ordonnance(name: str, day: int = -1, **fields: object) -> Prescription:
    return Prescription.model_validate(
        {"id": name, "patient_id": "p1", "issued_on": START + timedelta(days=day), **fields}
    )


def check(
    *records: Record, covers: Covers | None = None, since: date | None = None, as_of: date = AS_OF
) -> Check[Dossier]:
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.record, []).append(record)
    cabinet = Cabinet(covers or Covers.all(), acts_since=since)
    dossier = assemble_dossier("p1", by_kind, cabinet, as_of).dossier
    return Check(dossier, as_of, load_parameters(), load_tariffs())


def courses(asked: Check[Dossier]) -> list[list[str]]:
    """The acts of each treatment that was put together, bilans included, in order."""
    found = with_treatments(asked).subject
    return [[each.id for each in found.acts if each.treatment_id == treatment.id] for treatment in found.treatments]


@pytest.mark.parametrize(("silence", "treatments"), [(90, 1), (91, 2)])
def test_a_lettre_cle_goes_on_for_as_long_as_the_gap(silence: int, treatments: int) -> None:
    assert len(courses(check(act("a"), act("b", silence)))) == treatments


def test_another_lettre_cle_is_another_treatment() -> None:
    assert courses(check(act("a"), act("b", 1, "RSM"), act("c", 2), act("d", 3, "RSM"))) == [["a", "c"], ["b", "d"]]


def test_an_ordonnance_holds_a_treatment_together_whatever_its_letters_and_silences() -> None:
    found = courses(
        check(
            ordonnance("o1"),
            ordonnance("o2", 100, renewal_of="o1"),
            act("a", prescription_id="o1"),
            act("b", 2, "RAO", prescription_id="o1"),
            act("c", 200, "RSM", prescription_id="o2"),
        )
    )
    assert found == [["a", "b", "c"]]


def test_a_circle_of_renewals_is_one_chain() -> None:
    circle = (ordonnance("o1", renewal_of="o2"), ordonnance("o2", renewal_of="o1"))
    assert courses(check(*circle, act("a", prescription_id="o1"), act("b", 120, prescription_id="o2"))) == [["a", "b"]]


@pytest.mark.parametrize(
    ("first", "second", "treatments"),
    [
        ("genou droit", "genou gauche", 2),
        ("épaule droite", "Rééducation de l'épaule droite, suite", 1),
        ("rachis cervical", "genou", 2),
        ("genou", "membre inférieur", 1),
        ("rééducation", "genou gauche", 1),
        ("genoux droit et gauche", "genou gauche", 1),
        (None, "genou gauche", 1),
    ],
)
def test_two_ordonnances_of_one_letter_are_two_treatments_where_they_name_other_places(
    first: str | None, second: str, treatments: int
) -> None:
    found = courses(
        check(
            ordonnance("o1", indication=first),
            ordonnance("o2", 9, indication=second),
            act("a", prescription_id="o1"),
            act("b", 10, prescription_id="o2"),
        )
    )
    assert len(found) == treatments


def test_a_treatment_goes_on_across_the_new_letters_of_2024() -> None:
    before = (date(2024, 2, 20) - START).days
    assert courses(check(act("a", before, "AMS", "7.5"), act("b", before + 3, coefficient="7.49"))) == [["a", "b"]]
    assert courses(check(act("a", before), act("b", before + 9, "AMS", "7.5"), act("c", before + 99))) == [
        ["a", "b", "c"]
    ]


def test_a_session_that_two_treatments_claim_belongs_to_none() -> None:
    asked = check(act("a"), act("b", 0, "RSM"), act("t", 5, "TMK", "8"), act("c", 6))
    assert courses(asked) == [["a", "c"], ["b"]]
    counting = with_treatments(asked).derive(count)
    assert [each.id for each in counting.loose.sessions] == ["t"]
    assert all(series.doubtful for series in counting.series)


def test_a_bilan_that_two_treatments_claim_leaves_both_in_doubt() -> None:
    asked = with_treatments(check(bdk("x", -1), act("a"), act("b", 0, "RSM")))
    assert [each.started_on for each in asked.subject.treatments] == [START - timedelta(days=1)] * 2
    assert [[each.id for each in series.loose_bdks] for series in asked.derive(count).series] == [["x"], ["x"]]


def test_a_bilan_belongs_to_the_treatment_of_its_ordonnance_else_of_its_day_else_around_it() -> None:
    sessions = (act("a", prescription_id="o1"), act("b", 4, "RSM", prescription_id="o2"), act("c", 9))
    both = (ordonnance("o1"), ordonnance("o2"))
    assert courses(check(*both, *sessions, bdk("x", 0, prescription_id="o2")))[1] == ["x", "b"]
    assert courses(check(*both, *sessions, bdk("x", 4)))[1] == ["b", "x"]
    assert courses(check(*both, *sessions, bdk("x", 7)))[0] == ["a", "x", "c"]
    assert not any("x" in each for each in courses(check(*both, *sessions, bdk("x", 20))))
    assert courses(check(act("a"), bdk("x", 90))) == [["a", "x"]]
    assert courses(check(act("a"), bdk("x", 91))) == [["a"]]
    assert courses(check(act("a"), bdk("x", -90))) == [["x", "a"]]
    assert courses(check(act("a"), bdk("x", -91))) == [["a"]]


def test_credited_lines_and_other_acts_belong_to_no_treatment() -> None:
    found = check(act("a"), act("b", 1, amount=Decimal("-17.88")), act("c", 1, "IFD", "1"), act("d", 1, "AMI", "2"))
    assert courses(found) == [["a"]]
    assert courses(check(act("b", amount=Decimal("-17.88")), act("a", 1))) == [["a"]]


@pytest.mark.parametrize(
    "known",
    [
        Treatment(id="t1", patient_id="p1", started_on=START),
        Assessment(id="b1", patient_id="p1", treatment_id="t1", kind="initial", performed_on=START),
        PriorAgreement(id="d1", patient_id="p1", treatment_id="t1", sent_on=START),
        act("z", treatment_id="t1"),
    ],
    ids=lambda record: str(record.record),
)
def test_nothing_is_put_together_where_a_source_gives_treatments(known: Record) -> None:
    asked = check(act("a"), known)
    assert with_treatments(asked) is asked


def test_nothing_is_put_together_for_a_nurse_s_patient() -> None:
    asked = check(act("a", letter="AMI", coefficient="2"))
    assert with_treatments(asked) is asked


@pytest.mark.parametrize(
    ("records", "since", "known"),
    [
        ((), None, False),
        ((), START - timedelta(days=90), False),
        ((), START - timedelta(days=91), True),
        ((ordonnance("o1"),), None, True),
        ((ordonnance("o1", renewal_of="o0"),), None, False),
    ],
)
def test_a_treatment_whose_beginning_is_unknown_is_not_put_together(
    records: Sequence[Record], since: date | None, known: bool
) -> None:
    asked = check(*records, act("a", prescription_id="o1"), covers=PARTLY, since=since)
    assert courses(asked) == ([["a"]] if known else [])


@pytest.mark.parametrize(
    ("sessions", "days", "ended"),
    [(None, 90, False), (None, 91, True), (3, 91, False), (2, 91, False), (1, 91, True)],
)
def test_a_silent_treatment_has_ended_unless_prescribed_sessions_are_left(
    sessions: int | None, days: int, ended: bool
) -> None:
    found = with_treatments(
        check(ordonnance("o1", sessions=sessions), act("a", prescription_id="o1"), as_of=START + timedelta(days=days))
    ).subject
    assert (found.treatments[0].ended_on == START) is ended


def test_a_treatment_has_ended_when_its_letter_comes_back_after_the_gap() -> None:
    found = with_treatments(check(ordonnance("o1", sessions=9), act("a", prescription_id="o1"), act("b", 120))).subject
    assert found.treatments[0].ended_on == START
    assert found.derived["reconstitue/b"].steps[1] == (
        "Les séances RAM d'avant sont d'un autre traitement : 120 jours sans séance."
    )


def test_a_treatment_does_not_end_when_another_letter_comes_after_the_gap() -> None:
    found = with_treatments(
        check(ordonnance("o1", sessions=9), act("a", prescription_id="o1"), act("b", 120, "RSM"))
    ).subject
    assert found.treatments[0].ended_on is None


@pytest.mark.parametrize(("days", "ended"), [(90, False), (91, True)])
def test_a_letter_that_comes_back_for_another_place_ends_a_treatment_only_after_the_gap(days: int, ended: bool) -> None:
    found = with_treatments(
        check(
            ordonnance("o1", sessions=9, indication="genou droit"),
            ordonnance("o2", days - 1, sessions=9, indication="genou gauche"),
            act("a", prescription_id="o1"),
            act("b", days, prescription_id="o2"),
        )
    ).subject
    assert (found.treatments[0].ended_on == START) is ended


def test_sessions_beyond_one_ordonnance_are_not_those_left_of_another() -> None:
    ordonnances = (ordonnance("o1", sessions=1), ordonnance("o2", 3, sessions=2, renewal_of="o1"))
    sessions = [
        act(name, day, prescription_id=under) for name, day, under in (("a", 0, "o1"), ("b", 2, "o1"), ("c", 4, "o2"))
    ]
    (found,) = with_treatments(check(*ordonnances, *sessions)).subject.treatments
    assert found.ended_on is None


def test_the_silence_told_is_that_since_the_last_treatment_of_its_letter() -> None:
    found = with_treatments(check(act("a"), act("b", 100), act("c", 210))).subject
    assert "110 jours sans séance" in found.derived["reconstitue/c"].steps[1]


def test_an_ordonnance_that_comes_later_holds_its_treatment_together_too() -> None:
    sessions = (act("a"), act("b", 5, prescription_id="o1"), act("c", 150, prescription_id="o1"))
    assert courses(check(ordonnance("o1", 4), *sessions)) == [["a", "b", "c"]]


@pytest.mark.parametrize(
    "places",
    [
        ("rééducation", "genou droit", "genou gauche"),
        ("genou", "rééducation", "épaule"),
        ("côté droit", "rééducation", "côté gauche"),
    ],
)
def test_the_place_of_a_treatment_is_the_first_that_is_told(places: Sequence[str]) -> None:
    told = [ordonnance(f"o{n}", n, indication=place) for n, place in enumerate(places)]
    sessions = [act(f"s{n}", n + 5, prescription_id=f"o{n}") for n in range(3)]
    assert courses(check(*told, *sessions)) == [["s0", "s1"], ["s2"]]


@pytest.mark.parametrize("days", [9, 120])
def test_nothing_is_told_of_treatments_of_another_letter(days: int) -> None:
    found = with_treatments(check(act("a", letter="RSM"), act("b", days), as_of=START + timedelta(days=days))).subject
    assert len(found.derived["reconstitue/b"].steps) == 1


def test_what_is_told_of_a_treatment() -> None:
    found = with_treatments(
        check(
            ordonnance("o1", sessions=2),
            ordonnance("o2", 4, renewal_of="o1"),
            ordonnance("o3", 6, indication="genou gauche"),
            ordonnance("o4", 6, indication="genou droit"),
            act("a", prescription_id="o1"),
            act("b", 1, prescription_id="o1"),
            act("c", 5, prescription_id="o2"),
            act("d", 7, prescription_id="o3"),
            act("e", 8, prescription_id="o4"),
        )
    ).subject
    assert found.derived["reconstitue/a"].steps == (
        "Commence le 05/01/2026 (RAM 8,09), ordonnance du 04/01/2026.",
        "Se poursuit le 10/01/2026 (RAM 8,09), 4 jours après la séance d'avant : même ordonnance ou renouvellement.",
        "Se poursuit le 12/01/2026 (RAM 8,09), 2 jours après la séance d'avant : même lettre-clé RAM.",
        "Dit terminé le 12/01/2026 : plus de 90 jours sans séance.",
    )
    assert found.derived["reconstitue/e"].steps[:2] == (
        "Commence le 13/01/2026 (RAM 8,09), ordonnance du 11/01/2026.",
        "L'ordonnance nomme une autre région ou un autre côté que celle du traitement déjà en cours.",
    )


def test_an_open_treatment_is_asked_again_on_the_day_the_gap_has_passed() -> None:
    asked = with_treatments(check(act("a"), as_of=START + timedelta(days=10)))
    assert asked.wakes == {START + timedelta(days=91)}


def test_a_finding_says_how_its_treatment_was_put_together() -> None:
    records = [act(f"s{day}", day) for day in range(34)]
    base = RuleBase(core_rules(), load_parameters(), load_tariffs(), Covers.all())
    findings = base.ask(check(*records, bdk("b", 0), as_of=START + timedelta(days=40)).subject, AS_OF).findings
    (due,) = [each for each in findings if each.rule == "KINE-BILAN-30"]
    assert due.subject.id == "reconstitue/s0"
    assert due.derived[0] == "Commence le 05/01/2026 (RAM 8,09), sans ordonnance connue."
    assert "kine.treatment.gap_days" in {read.name for read in due.parameters}
    assert not any(each.derived for each in findings if each.subject.kind == "act" and not each.counted)


@pytest.mark.parametrize("ordonnances", [True, False])
def test_the_treatments_of_a_synthetic_practice_are_found_again(ordonnances: bool) -> None:
    """Most by letter and gap alone, every one with the ordonnances; what is not found again is doubted, never wrong."""
    synthetic = make_practice(5, 120, 3, today=AS_OF)
    by_patient: dict[str, list[Record]] = {}
    for record in synthetic.records:
        owner = getattr(record, "patient_id", None)
        if owner is not None and record.record in ("act", "prescription", "treatment"):
            by_patient.setdefault(owner, []).append(record)
    right = doubted = 0
    for records in by_patient.values():
        told = {
            each.id: series.treatment_id
            for series in check(*records).derive(count).series
            for each in (*series.sessions, *(bdk.act for bdk in series.bdks))
        }
        asked = check(*(each for record in records for each in _bare(record, ordonnances)))
        found = {each.id: each.treatment_id for each in with_treatments(asked).subject.acts if each.treatment_id}
        owners = {(told[name], treatment) for name, treatment in found.items()}
        assert len(owners) == len({one for one, _ in owners}) == len({other for _, other in owners})
        right += len(found.keys() & told.keys())
        doubted += len(told.keys() - found.keys())
    assert right > 1000
    assert doubted <= (0 if ordonnances else right // 100)


def _bare(record: Record, ordonnances: bool) -> list[Record]:
    """A record as a source gives it that knows no treatments (and no ordonnances)."""
    if record.record == "treatment" or (record.record == "prescription" and not ordonnances):
        return []
    if record.record != "act":
        return [record]
    gone = ("treatment_id",) if ordonnances else ("treatment_id", "prescription_id")
    return [record.model_copy(update=dict.fromkeys(gone))]
