"""Every rule against its cases, and what every rule promises about itself."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.finding import Finding
from connector_core.model.records import Lot, Practitioner, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import AnyRule
from connector_core.store.codec import array_header, as_record, encode_record, list_decoder
from connector_core.testing.cases import Case, answers, differences, load_case_file, load_cases, subjects

CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
RULES = {rule.code: rule for rule in core_rules()}
HEADINGS = ("Vérifie :", "Pourquoi :", "Ne s'applique pas :", "Exemple :", "Paramètres :")
TABLES = ("tariff", "referential")
"""What a rule may name under « Paramètres » beside the parameters: the tables."""
PUTTING_TOGETHER = "kine.treatment.gap_days"
"""Read where a dossier's treatments are put together, before any rule is asked."""


@cache
def cases_of(code: str) -> tuple[Case, ...]:
    return tuple(load_cases(CASES / f"{code}.toml"))


def _cases() -> Iterator[object]:
    for path in sorted(CASES.glob("*.toml")):
        for case in cases_of(path.stem):
            yield pytest.param(case, id=f"{case.rule}: {case.name}")


@pytest.mark.parametrize("case", list(_cases()))
def test_the_rule_answers_as_the_case_says(case: Case) -> None:
    assert case.rule in RULES
    assert differences(case) == []


@pytest.mark.no_cover  # the test above counts the lines of the same rules on the same cases
@pytest.mark.parametrize("code", sorted(RULES))
def test_stored_records_are_answered_as_the_model_s_own(code: str) -> None:
    """Not only the case's rule: every rule of the base, about the records of every case."""
    for case in cases_of(code):
        of_stored = answers([_stored(each) for each in case.records], case.as_of, case.covers)
        assert of_stored == answers(case.records, case.as_of, case.covers), case.name


def _stored(record: Record) -> Record:
    encoded = encode_record(record, "", 1, 1, b"row")
    return as_record(list_decoder(record.record)(array_header(1) + encoded)[0])


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_has_cases_on_both_sides(code: str) -> None:
    cases = cases_of(code)
    assert len({case.name for case in cases}) == len(cases)
    assert sum(bool(case.flags) for case in cases) >= 2, "at least two cases must be flagged"
    assert sum(not case.flags for case in cases) >= 2, "at least two cases must not be flagged"


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_says_what_it_can_t_tell(code: str) -> None:
    """A case without an answer, or why there can be none; never both."""
    found = load_case_file(CASES / f"{code}.toml")
    undetermined = any(case.gaps for case in found.cases)
    assert undetermined is (found.never_undetermined is None)


def test_a_case_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "KINE-TEST.toml"
    path.write_text('never = "raison"\ncase = []\n', encoding="utf-8")
    with pytest.raises(ValueError, match="unknown keys"):
        load_case_file(path)


def test_a_case_file_must_give_its_reason_in_words(tmp_path: Path) -> None:
    path = tmp_path / "KINE-TEST.toml"
    path.write_text('never_undetermined = " "\ncase = []\n', encoding="utf-8")
    with pytest.raises(ValueError, match="never_undetermined"):
        load_case_file(path)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: str(rule.code))
def test_a_rule_explains_itself_under_the_fixed_headings(rule: AnyRule) -> None:
    paragraphs = re.split(r"\n\s*\n", rule.documentation.strip())
    title = paragraphs[0]
    assert title.endswith(".")
    assert "\n" not in title
    assert tuple(_heading(each) for each in paragraphs[1:]) == HEADINGS
    assert rule.reference.strip()


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: str(rule.code))
def test_a_rule_names_parameters_that_exist(rule: AnyRule) -> None:
    named = " ".join(rule.documentation.strip().rpartition("Paramètres :")[2].split()).rstrip(".")
    if named == "aucun":
        return
    known = {*load_parameters().names(), *TABLES}
    assert {name.strip() for name in named.split(",")} <= known


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_names_every_parameter_it_reads(code: str) -> None:
    named = set(re.findall(r"[\w.]+", RULES[code].documentation.rpartition("Paramètres :")[2]))
    read = {
        table if (table := parameter.name.partition(".")[0]) in TABLES else parameter.name
        for case in cases_of(code)
        for finding in _said_of(case, code)
        for parameter in finding.parameters
    }
    assert read - {PUTTING_TOGETHER} <= named


def _said_of(case: Case, code: str) -> Iterator[Finding]:
    """What a rule finds in a case, asked alone: what a more specific rule would say in its place is there too."""
    base = _alone(code, case.covers)
    for subject in subjects(case.records, case.as_of, case.covers):
        yield from base.ask(subject, case.as_of).findings


@cache
def _alone(code: str, covers: Covers) -> RuleBase:
    return RuleBase([RULES[code]], load_parameters(), load_tariffs(), covers)


@pytest.mark.parametrize("code", sorted(RULES))
def test_what_a_rule_answers_changes_on_wake_days_only(code: str) -> None:
    for case in cases_of(code):
        first, wake_on = _asked(case, case.as_of)
        for days in (1, 2, 9, 30, 366):
            day = case.as_of + timedelta(days=days)
            if wake_on is not None and day >= wake_on:
                break
            assert _asked(case, day)[0] == first, f"{case.name}, {days} days later"


def _asked(case: Case, as_of: date) -> tuple[list[tuple[object, ...]], date | None]:
    """What one rule answers about the first patient of a case, and the next day on which that may change."""
    cabinet = Cabinet(
        Covers.all(),
        {each.id: each for each in case.records if isinstance(each, Practitioner)},
        {each.id: each for each in case.records if isinstance(each, Lot)},
    )
    by_kind: dict[str, list[Record]] = {}
    for record in case.records:
        if record.record == "payer_return" or "p1" in (record.id, getattr(record, "patient_id", None)):
            by_kind.setdefault(record.record, []).append(record)
    assembled = assemble_dossier("p1", by_kind, cabinet, as_of)
    verdict = _alone(case.rule, Covers.all()).ask(assembled.dossier, as_of)
    said = [
        (each.fingerprint, each.severity, each.message, each.action, each.amount, each.due_on, each.deadline)
        for each in verdict.findings
    ]
    wakes = [day for day in (assembled.wake_on, verdict.wake_on) if day is not None]
    return [*said, *((gap.subject, gap.missing) for gap in verdict.undetermined)], min(wakes, default=None)


def _heading(paragraph: str) -> str:
    return next((heading for heading in HEADINGS if paragraph.strip().startswith(heading)), paragraph)
