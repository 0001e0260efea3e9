"""KINE-NOM: what holds for every act of the tariff table, and the regions of the body."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.errors import ConfigurationError
from connector_core.model.coverage import Covers
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Practitioner, Record
from connector_core.model.vocabulary import Zone
from connector_core.parameters.regions import all_distinct, distinct, parts, read_regions, territory
from connector_core.parameters.tariffs import TariffRow, load_tariffs, read_rows
from connector_core.testing.cases import Answers, answers

AS_OF = date(2027, 12, 31)
ROWS = [
    row
    for row in read_rows(
        files("connector_core.parameters").joinpath("data/tariffs.csv").read_text(encoding="utf-8").splitlines(),
        "tariffs.csv",
    )
    if row.letter in KINE_SESSION_LETTERS and not row.code.startswith("KEY-")
]
CONFIRMED = [row for row in ROWS if row.confirmed]
COTATION = {"KINE-NOM-PAIRE", "KINE-NOM-DATE", "KINE-NOM-SOUSCOTE", "KINE-NOM-AMK-RESTE", "KINE-NOM-RPE6"}


def _act(number: int, row: TariffRow, day: date, amount: Decimal | None = None) -> Act:
    return Act(
        id=f"a{number}",
        patient_id=f"p{number}",
        practitioner_id=row.zone,
        performed_on=day,
        letter=row.letter,
        coefficient=row.coefficient,
        amount=amount,
    )


def _ask(acts: list[Act]) -> Answers:
    practitioners: list[Record] = [
        Practitioner(id="METRO", profession="MK", zone="METRO"),
        Practitioner(id="DROM", profession="MK", zone="DROM"),
    ]
    return answers([*practitioners, *acts], AS_OF, Covers.all())


def _bounds(row: TariffRow) -> set[date]:
    last = row.until or AS_OF
    return {row.since, row.since + (last - row.since) / 2, last}


def test_a_cotation_inside_its_period_is_never_refused() -> None:
    days = [(row, day) for row in CONFIRMED for day in _bounds(row)]
    found = _ask([_act(number, row, day) for number, (row, day) in enumerate(days)])
    assert [each for each in found.findings if each.rule in COTATION] == []


def test_an_act_at_its_tariff_is_never_flagged_for_its_amount() -> None:
    days = [(row, day) for row in CONFIRMED if row.amount is not None for day in _bounds(row)]
    found = _ask([_act(number, row, day, row.amount) for number, (row, day) in enumerate(days)])
    assert [each for each in found.findings if each.rule in {"KINE-NOM-MONTANT", *COTATION}] == []


def test_one_cent_off_is_always_flagged() -> None:
    rows = [row for row in CONFIRMED if row.amount is not None]
    for cent in (Decimal("0.01"), Decimal("-0.01")):
        found = _ask([_act(number, row, row.since, (row.amount or 0) + cent) for number, row in enumerate(rows)])
        flagged = [each for each in found.findings if "KINE-NOM-MONTANT" in (each.rule, *each.also)]
        assert len(flagged) == len(rows)
        assert {each.amount for each in flagged} == {Decimal("0.01")}
        assert {each.severity for each in flagged if each.rule == "KINE-NOM-MONTANT"} == {"reject"}


def test_an_unconfirmed_cotation_is_never_refused_inside_its_period() -> None:
    unsure = [row for row in ROWS if not row.confirmed]
    found = _ask([_act(number, row, row.since) for number, row in enumerate(unsure)])
    assert [each for each in found.findings if each.rule in COTATION] == []


@given(
    letter=st.sampled_from(sorted(KINE_SESSION_LETTERS)),
    coefficient=st.decimals(min_value=0, max_value=30, places=2),
    day=st.dates(min_value=date(2023, 1, 1), max_value=AS_OF),
    zone=st.sampled_from(("METRO", "DROM")),
    quantity=st.integers(min_value=1, max_value=3),
    excess=st.none() | st.decimals(min_value=0, max_value=50, places=2),
)
def test_an_amount_that_follows_from_any_coefficient_is_right(
    letter: str, coefficient: Decimal, day: date, zone: Zone, quantity: int, excess: Decimal | None
) -> None:
    price = load_tariffs().price(letter, coefficient, day, zone)
    if price is None:
        return
    act = Act(
        id="a1",
        patient_id="p1",
        practitioner_id=zone,
        performed_on=day,
        letter=letter,
        coefficient=coefficient,
        quantity=quantity,
        excess=excess,
        qualifier=None if not excess else "DE",
        amount=price[0] * quantity + (excess or 0),
    )
    assert [each for each in _ask([act]).findings if each.rule == "KINE-NOM-MONTANT"] == []


@given(
    letter=st.sampled_from(sorted(KINE_SESSION_LETTERS)),
    coefficient=st.decimals(min_value=0, max_value=30, places=2),
    day=st.dates(min_value=date(2023, 1, 1), max_value=AS_OF),
)
def test_one_wrong_cotation_gives_one_finding_and_names_what_it_stands_for(
    letter: str, coefficient: Decimal, day: date
) -> None:
    act = Act(
        id="a1", patient_id="p1", practitioner_id="METRO", performed_on=day, letter=letter, coefficient=coefficient
    )
    found = [each for each in _ask([act]).findings if each.rule in {*COTATION, "KINE-NOM-ANCIENNE"}]
    standing = load_tariffs().standing(letter, coefficient, day)
    assert len(found) <= 1
    if standing in ("unknown", "other_period"):
        halved = letter == "AMK" and coefficient in (Decimal("5.35"), Decimal("5.4"))
        assert len(found) == (0 if halved else 1)
        assert halved or "KINE-NOM-PAIRE" in (found[0].rule, *found[0].also)


def test_no_rule_fails_on_a_dossier_of_every_act() -> None:
    acts = [
        _act(number, row, row.since).model_copy(update={"patient_id": "p1"}) for number, row in enumerate(CONFIRMED)
    ]
    found = _ask(acts)
    assert [each for each in found.undetermined if "échoué" in each.reason and each.rule.startswith("KINE-")] == []


# The regions of the body.


def test_the_vocabulary_of_the_common_model_is_known() -> None:
    names = (
        "rachis, rachis cervical, rachis dorsal, rachis lombaire, rachis lombo-sacré, rachis dorso-lombaire, épaule, "
        "bras, coude, avant-bras, poignet, main, membre supérieur, hanche, cuisse, genou, jambe, deux jambes, "
        "cheville, pied, membre inférieur, membres inférieurs, plusieurs membres, hémicorps, bassin, thorax, abdomen, "
        "tronc, périnée, tête"
    ).split(", ")
    assert [name for name in names if parts(name) is None] == []
    for one, other in product(names, names):
        assert all_distinct(parts(one) or (), parts(other) or ()) == all_distinct(parts(other) or (), parts(one) or ())
    assert [name for name in names if all_distinct(parts(name) or (), parts(name) or ()) is not False] == []


@pytest.mark.parametrize("text", ["EPAULE ET GENOU", "Épaule et genou", "epaule  et  genou"])
def test_accents_case_and_spaces_do_not_matter(text: str) -> None:
    regions = parts(text)
    assert regions is not None
    assert [region.name for region in regions] == ["épaule", "genou"]
    assert [territory(region) for region in regions] == ["upper", "lower"]


@pytest.mark.parametrize("text", ["", "gonalgie", "genou et gonalgie", "genou droit"])
def test_other_text_is_unknown(text: str) -> None:
    assert parts(text) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("genou", "épaule", True),
        ("genou", "cheville", True),
        ("genou", "membre inférieur", False),
        ("genou", "membres inférieurs", False),
        ("genou", "deux jambes", False),
        ("genou", "hémicorps", False),
        ("genou", "plusieurs membres", None),
        ("thorax", "plusieurs membres", True),
        ("thorax", "hémicorps", None),
        ("rachis lombaire", "rachis", False),
        ("rachis lombo-sacré", "rachis dorso-lombaire", False),
        ("rachis cervical", "rachis lombaire", True),
        ("rachis lombaire", "tronc", False),
        ("bassin", "hanche", None),
        ("périnée", "rachis lombaire", True),
    ],
)
def test_what_contains_what(one: str, other: str, expected: bool | None) -> None:
    ((first,), (second,)) = parts(one) or (), parts(other) or ()
    assert distinct(first, second) is expected


@pytest.mark.parametrize(
    "line", ["genou,nulle part,,lower,1,x", "genou,,,nowhere,1,x", "genou,,,lower,1,", "genou,,,lower,un,x"]
)
def test_a_wrong_line_of_the_table_is_refused(line: str) -> None:
    with pytest.raises(ConfigurationError):
        read_regions(["region,part_of,may_touch,territory,limbs,source", line], "regions.csv")
