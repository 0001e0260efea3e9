"""No rule says that a payer will reject an act because of a text or a value that nobody has confirmed."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from connector_core.model.finding import Finding, ParameterRead
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules
from connector_core.testing.cases import load_cases, subjects

CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
RULES = {rule.code: rule for rule in core_rules()}
UNPROVEN = sorted(code for code, rule in RULES.items() if rule.confidence in ("T", "M", "U"))
UNCONFIRMED = frozenset({"third-party", "uncertain"})
SPARING = {
    ("FIN-TAUX", "fin.rate.exempt_scheme"),
    ("ID-EXO-RATE", "fin.rate.exempt_scheme"),
    ("IDE-BSI-AIS", "ide.ais.guard"),
    ("IDE-MAJ-DIM", "ide.sunday.local_days"),
    ("TT-SCOR", "tt.document.days"),
}
"""Unconfirmed values that only ever keep a rule from saying something, or have it wait: an insured of the mines, a
watch at home, a public holiday of Alsace-Moselle, the days that a prescription may take. What is then said rests on
other texts."""
DECIDED = {"FIN-DE-C2S"}
"""Rejected all the same by a decision of the catalogue, though its text was not read again: nothing may be charged
beyond the tariff of the C2S."""


@cache
def said(code: str) -> tuple[Finding, ...]:
    """What a rule alone says of its cases, with the values that are shipped."""
    found: list[Finding] = []
    for case in load_cases(CASES / f"{code}.toml"):
        base = RuleBase([RULES[code]], load_parameters(), load_tariffs(), case.covers)
        for subject in subjects(case.records, case.as_of, case.covers):
            found.extend(base.ask(subject, case.as_of).findings)
    return tuple(found)


def unconfirmed(read: ParameterRead) -> bool:
    if read.name not in load_parameters().names():
        return False
    values = load_parameters().parameter(read.name).values
    return any(each.since == read.since and each.confidence in UNCONFIRMED for each in values)


@pytest.mark.parametrize("code", UNPROVEN)
def test_a_rule_of_an_unconfirmed_text_announces_no_reject(code: str) -> None:
    rejects = [each for each in said(code) if each.severity == "reject"]
    assert (RULES[code].severity == "reject", rejects != []) == (code in DECIDED,) * 2


@pytest.mark.parametrize("code", sorted(RULES))
def test_no_reject_rests_on_an_unconfirmed_value(code: str) -> None:
    rejects = [each for each in said(code) if each.severity == "reject"]
    read = {(code, each.name) for finding in rejects for each in finding.parameters if unconfirmed(each)}
    assert read == {each for each in SPARING if each[0] == code}
