"""The tariff table: the catalogue's worked amounts, its completeness, and the table against itself."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

import pytest

from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.parameters.tariffs import CENT, TariffRow, load_tariffs, read_rows

TARIFFS = load_tariffs()
ROWS = read_rows(
    files("connector_core.parameters").joinpath("data/tariffs.csv").read_text(encoding="utf-8").splitlines(),
    "tariffs.csv",
)
NEW_LETTERS = sorted(KINE_SESSION_LETTERS - {"AMK", "AMS", "AMC", "TMK"})
OPEN = date(9999, 12, 31)


@pytest.mark.parametrize(
    ("letter", "coefficient", "day", "amount"),
    [
        ("RAM", "8.09", date(2026, 3, 2), "17.88"),
        ("RAM", "7.49", date(2025, 9, 1), "16.55"),
        ("TER", "9.79", date(2026, 6, 10), "21.64"),
        ("TER", "9.49", date(2026, 4, 10), "20.97"),
        ("AMK", "10.7", date(2026, 3, 2), "23.65"),
        ("AMK", "10.8", date(2026, 3, 2), "23.87"),
        ("AMK", "10.7", date(2024, 2, 22), "23.65"),
        ("AMK", "10.7", date(2024, 2, 21), "23.01"),
        ("AMK", "10.8", date(2024, 2, 21), "23.22"),
        ("RIM", "8.10", date(2026, 3, 2), "17.90"),
        ("RPE", "6", date(2025, 12, 31), "13.26"),
        ("TER", "16", date(2024, 4, 5), "35.36"),
    ],
)
def test_worked_amounts_of_the_catalogue(letter: str, coefficient: str, day: date, amount: str) -> None:
    price = TARIFFS.price(letter, Decimal(coefficient), day, "METRO")
    assert price is not None
    assert price[0] == Decimal(amount)


def test_the_amounts_of_the_overseas_departments() -> None:
    day = date(2026, 3, 2)
    assert [TARIFFS.price("RAM", Decimal("8.09"), day, zone) for zone in ("METRO", "DROM")] != [None, None]
    overseas = TARIFFS.price("RAM", Decimal("8.09"), day, "DROM")
    assert overseas is not None
    assert overseas[0] == Decimal("19.66")


@pytest.mark.parametrize("letter", NEW_LETTERS)
def test_every_new_letter_is_complete_from_its_first_day(letter: str) -> None:
    assert not TARIFFS.complete(letter, date(2024, 2, 21))
    assert TARIFFS.complete(letter, date(2024, 2, 22))


@pytest.mark.parametrize("letter", ["AMS", "AMC", "TMK", "FRD", "FAD", "AIS"])
def test_other_letters_are_never_complete(letter: str) -> None:
    assert not TARIFFS.complete(letter, date(2026, 11, 22))
    assert TARIFFS.standing(letter, Decimal("3.14"), date(2026, 11, 22)) == "undetermined"


def test_amk_is_complete_from_june_2024() -> None:
    assert not TARIFFS.complete("AMK", date(2024, 5, 31))
    assert TARIFFS.complete("AMK", date(2024, 6, 1))


@pytest.mark.parametrize("coefficient", ["10", "10.01", "10.99", "11", "11.01"])
def test_article_4_is_undetermined_from_september_2026(coefficient: str) -> None:
    assert TARIFFS.standing("NMI", Decimal(coefficient), date(2026, 8, 31)) == "valid"
    assert TARIFFS.standing("NMI", Decimal(coefficient), date(2026, 9, 1)) == "undetermined"


@pytest.mark.parametrize("coefficient", ["11.99", "12", "12.01"])
def test_announced_coefficients_are_refused_before_and_undetermined_after(coefficient: str) -> None:
    assert TARIFFS.standing("NMI", Decimal(coefficient), date(2026, 8, 31)) == "other_period"
    assert TARIFFS.standing("NMI", Decimal(coefficient), date(2026, 9, 1)) == "undetermined"


@pytest.mark.parametrize(
    ("letter", "before", "after", "day"),
    [
        ("RAM", "7.49", "8.09", date(2026, 1, 1)),
        ("VIC", "7.52", "8.12", date(2026, 1, 1)),
        ("TER", "9.49", "9.79", date(2026, 5, 28)),
        ("APM", "9.50", "9.80", date(2026, 5, 28)),
        ("AMK", "1.2", "2.5", date(2026, 1, 1)),
    ],
)
def test_each_increase_begins_on_its_day(letter: str, before: str, after: str, day: date) -> None:
    eve = day - timedelta(days=1)
    assert TARIFFS.standing(letter, Decimal(before), eve) == "valid"
    assert TARIFFS.standing(letter, Decimal(before), day) == "other_period"
    assert TARIFFS.standing(letter, Decimal(after), eve) == "other_period"
    assert TARIFFS.standing(letter, Decimal(after), day) == "valid"


def test_coefficients_are_compared_exactly() -> None:
    day = date(2026, 3, 2)
    assert TARIFFS.standing("RAM", Decimal("8.1"), day) == TARIFFS.standing("RAM", Decimal("8.10"), day) == "valid"
    assert TARIFFS.standing("RAM", Decimal("8.5"), day) == "unknown"


def test_periods_of_one_act_do_not_overlap() -> None:
    by_act: dict[tuple[str, str, str], list[TariffRow]] = defaultdict(list)
    for row in ROWS:
        by_act[row.code, row.letter, row.zone].append(row)
    overlapping = [
        (one.code, one.zone, one.since, other.since)
        for rows in by_act.values()
        for number, one in enumerate(rows)
        for other in rows[:number]
        if one.since <= (other.until or OPEN) and other.since <= (one.until or OPEN)
    ]
    assert overlapping == []


def test_every_row_gives_its_reference_and_an_ordered_period() -> None:
    assert [row for row in ROWS if not row.reference.strip()] == []
    assert [row for row in ROWS if row.until is not None and row.until < row.since] == []


def test_amounts_follow_from_coefficient_and_key_value() -> None:
    wrong = [
        (row.code, row.zone, row.since)
        for row in ROWS
        if row.key_value is not None
        and row.amount is not None
        and row.amount != (row.coefficient * row.key_value).quantize(CENT, ROUND_HALF_UP)
    ]
    assert wrong == []


def test_every_kine_act_is_priced_in_both_zones() -> None:
    metro, overseas = (
        {(row.code, row.letter, row.coefficient, row.since, row.until) for row in ROWS if _kine(row, zone)}
        for zone in ("METRO", "DROM")
    )
    assert metro == overseas


def _kine(row: TariffRow, zone: str) -> bool:
    return row.zone == zone and (row.code.startswith("MK-") or row.letter in KINE_SESSION_LETTERS)


def test_what_a_row_says_to_people_is_french() -> None:
    slips = re.compile(
        r"\b(official|third-party|not read|found|arrete|decision|deplacement|indemnite|majoree?|reeducation|regles?"
        r"|prelevement|seances?|specifique|supprimee?|telesoin|ulcere)\b",
        re.IGNORECASE,
    )
    said = {text for row in ROWS for text in (row.label, row.reference, row.ngap)}
    assert [text for text in said if slips.search(text)] == []
