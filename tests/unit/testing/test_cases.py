"""What a case may say of an answer, and that each of it counts."""

from collections.abc import Mapping
from datetime import date

import pytest

from connector_core.testing.cases import Case, differences, load_cases

CASE = """
[[case]]
name = "14 séances, aucun bilan"
as_of = 2026-02-01
{more}

[[case.record]]
record = "treatment"
id = "t1"
started_on = 2026-01-05
article = 1

[[case.record]]
record = "act"
repeat = 14
id = "s{{n}}"
performed_on = 2026-01-05
letter = "RAM"
coefficient = "8.09"
treatment_id = "t1"
"""
RIGHT: Mapping[str, str] = {
    "severity": '"revenue"',
    "due_on": "2026-01-14",
    "evidence": '["s10"]',
    "fault": '""',
    "says": '["14 séances faites", "Perdu pour le bilan initial"]',
    "counted": '{ lines = 10, first = "s1", last = "s10" }',
}
WRONG: Mapping[str, str] = {
    "severity": '"reject"',
    "due_on": "2026-01-15",
    "evidence": '["s9"]',
    "fault": '"seuil-10"',
    "says": '["14 séances faites", "Faites et facturez"]',
    "counted": '{ lines = 9, first = "s1", last = "s9" }',
}


def case_of(tmp_path_factory: pytest.TempPathFactory, more: str) -> Case:
    path = tmp_path_factory.mktemp("cases") / "KINE-BILAN-INITIAL-MANQUANT.toml"
    path.write_text(CASE.format(more=more), encoding="utf-8")
    (case,) = load_cases(path)
    return case


@pytest.mark.parametrize("key", RIGHT)
def test_each_part_of_an_answer_is_compared(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    for values, differing in ((RIGHT, False), (WRONG, True)):
        more = f'flags = [{{ subject = "treatment:t1", {key} = {values[key]} }}]'
        assert bool(differences(case_of(tmp_path_factory, more))) is differing


def test_a_practice_s_own_parameter_holds_from_its_day_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    flags = 'flags = [{ subject = "treatment:t1", says = "entre la 1re et la 12e séance" }]'
    for since, differing in ((date(2026, 1, 18), False), (date(2026, 1, 19), True)):
        more = f'parameters = [{{ name = "kine.bdk.first_window", since = {since}, value = 12 }}]\n{flags}'
        assert bool(differences(case_of(tmp_path_factory, more))) is differing


def test_what_a_case_does_not_know_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match="unknown keys"):
        case_of(tmp_path_factory, "flag = []")
