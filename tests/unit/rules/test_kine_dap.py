"""KINE-DAP: the table of référentiels, whose row each pair is, and what the precedence chain says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.errors import ConfigurationError
from connector_core.model.coverage import Covers
from connector_core.model.records import Act, PriorAgreement, Record, Treatment
from connector_core.parameters.referentials import Referential, load_referentials, read_referentials
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.catalogue.kine_dap_demands import LETTERS
from connector_core.testing.cases import answers

DAY = date(2026, 3, 2)
CHAIN = {"KINE-DAP-CARPIEN", "KINE-DAP-INCOMPLETE", "KINE-DAP-TACITE", "KINE-DAP-12MOIS", "KINE-DAP-SEUIL"}
HEADER = (
    "code,label,since,until,habitual,ap_from,doubt_from,year_sessions,operated,adult,words,confidence,reference,note"
)
PRINTED = {  # NGAP, version of 2026-06-21, title XIV chapter II article 1
    ("RAM", "8.09"): 16,
    ("RAM", "8.07"): 16,
    ("RAM", "8.08"): 16,
    ("RSC", "8.09"): 1,
    ("RSM", "8.11"): 26,
    ("RSC", "8.1"): 26,
    ("RSM", "8.12"): 31,
    ("RSC", "8.12"): 31,
    ("RSM", "8.09"): 26,
    ("RSC", "8.11"): 51,
    ("RSM", "8.1"): 31,
    ("RIM", "8.1"): 11,
    ("RIC", "8.11"): None,
    ("RIC", "8.12"): 26,
    ("RIC", "8.08"): 41,
    ("RIC", "8.09"): 16,
    ("RIC", "8.1"): 16,
}


def row_of(letter: str, coefficient: str, day: date) -> Referential | None:
    codes = load_tariffs().codes_on(letter, Decimal(coefficient), day)
    assert len(codes) == 1
    return load_referentials().on(next(iter(codes)), day)


@pytest.mark.parametrize(("pair", "ap_from"), PRINTED.items())
def test_each_pair_under_referential_bills_one_affection_with_the_printed_threshold(
    pair: tuple[str, str], ap_from: int | None
) -> None:
    row = row_of(*pair, DAY)
    assert row is not None
    assert row.ap_from == ap_from
    assert row.reference.endswith(row.code[8])


def test_every_row_is_an_act_of_the_tariff_table_and_no_other_pair_has_one() -> None:
    rows = [each for each in load_referentials().rows if each.holds_on(DAY)]
    assert len(rows) == len(PRINTED) == len({each.code for each in rows})
    for letter, coefficient in [("RAM", "8.11"), ("RAM", "8.12"), ("VIM", "8.12"), ("VSC", "8.1")]:
        assert row_of(letter, coefficient, DAY) is None


def test_no_row_holds_before_the_letters_exist() -> None:
    assert load_referentials().on("MK-art1-C-lca", date(2024, 2, 21)) is None
    assert load_referentials().on("MK-art1-C-lca", date(2024, 2, 22)) is not None
    assert load_referentials().on(None, DAY) is None


@pytest.mark.parametrize(
    "line",
    [
        "X,x,2026-13-01,,1,2,,,,,,confirmed,r,",
        "X,x,2026-01-01,,a,2,,,,,,confirmed,r,",
        "X,x,2026-01-01,,1,2,,,oui,,,confirmed,r,",
    ],
)
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(ConfigurationError, match="ligne 2"):
        read_referentials([HEADER, line], "referentials.csv")


def told(*agreements: PriorAgreement, letter: str = "RIM", coefficient: str = "8.1", sessions: int = 11) -> list[str]:
    """The codes of the chain told of the last session, that winning first."""
    records: list[Record] = [Treatment(id="t1", patient_id="p1", started_on=DAY), *agreements]
    for number in range(1, sessions + 1):
        records.append(
            Act(
                id=f"a{number}",
                patient_id="p1",
                practitioner_id="mk1",
                performed_on=DAY + timedelta(days=number),
                letter=letter,
                coefficient=Decimal(coefficient),
                treatment_id="t1",
                session_id=f"s{number}",
            )
        )
    found = answers(records, date(2026, 11, 22), Covers.all()).findings
    about = [each for each in found if each.subject.id == f"a{sessions}" and each.rule in CHAIN]
    assert len(about) <= 1
    return [code for each in about for code in (each.rule, *each.also)]


def agreement(**fields: object) -> PriorAgreement:
    given: dict[str, object] = {"id": "d1", "patient_id": "p1", "treatment_id": "t1", "sent_on": DAY}
    return PriorAgreement.model_validate({**given, **fields})


def test_the_most_specific_rule_speaks_and_names_the_others() -> None:
    reached = DAY + timedelta(days=11)
    pending = agreement(received_on=reached - timedelta(days=2), sent_on=reached - timedelta(days=2))
    asked = pending.model_copy(update={"documents_asked_on": reached - timedelta(days=1)})
    assert told() == ["KINE-DAP-SEUIL"]
    assert told(pending) == ["KINE-DAP-TACITE", "KINE-DAP-SEUIL"]
    assert told(asked) == ["KINE-DAP-INCOMPLETE", "KINE-DAP-TACITE", "KINE-DAP-SEUIL"]
    assert told(letter="RSC", coefficient="8.09", sessions=1) == ["KINE-DAP-CARPIEN"]
    assert told(letter="RAM", coefficient="8.09", sessions=31) == ["KINE-DAP-12MOIS", "KINE-DAP-SEUIL"]


@given(st.integers(0, 40))
def test_silence_is_worth_acceptance_from_the_sixteenth_day(days: int) -> None:
    reached = DAY + timedelta(days=11)
    received = reached - timedelta(days=days)
    found = told(agreement(sent_on=received, received_on=received))
    assert found == ([] if days >= 16 else ["KINE-DAP-TACITE", "KINE-DAP-SEUIL"])


def test_sessions_granted_are_counted_from_the_threshold_over_all_agreements() -> None:
    early = {"sent_on": DAY, "reply": "accepted", "replied_on": DAY}
    first = agreement(sessions_granted=2, **early)
    second = agreement(id="d2", sessions_granted=3, **early)
    assert told(first, sessions=12) == []
    assert told(first, sessions=13) == ["KINE-DAP-SEUIL"]
    assert told(first, second, sessions=15) == []
    assert told(first, second, sessions=16) == ["KINE-DAP-SEUIL"]


def test_every_letter_of_the_table_is_named_by_the_rules() -> None:
    assert {letter for letter, _ in PRINTED} == set(LETTERS)
