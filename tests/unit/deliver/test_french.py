from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from connector_core.deliver import french


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234.56", "1\u202f234,56\u202f€"),
        ("0", "0,00\u202f€"),
        ("-12.5", "-12,50\u202f€"),
        ("1234567", "1\u202f234\u202f567,00\u202f€"),
    ],
)
def test_amounts_have_narrow_spaces(amount, text):
    assert french.euros(Decimal(amount)) == text


def test_days_are_written_out():
    assert french.day(date(2026, 3, 2)) == "2\u00a0mars 2026"
    assert french.day(date(2026, 4, 1)) == "1er\u00a0avril 2026"
    assert french.weekday(date(2026, 3, 2)) == "lundi 2\u00a0mars 2026"
    assert french.moment(datetime(2026, 3, 2, 8, 5)) == "2\u00a0mars 2026 à 8\u202fh\u202f05"  # noqa: DTZ001


@pytest.mark.parametrize(("value", "text"), [(0, "0\u00a0bilan"), (1, "1\u00a0bilan"), (2, "2\u00a0bilans")])
def test_zero_is_singular(value, text):
    assert french.count(value, "bilan") == text


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ("Doit 1 234,50 € : relancez ; vite !", "Doit 1\u202f234,50\u202f€\u00a0: relancez\u202f; vite\u202f!"),
        ("« à la 30e »", "«\u00a0à la 30e\u00a0»"),
        ("rejetée par l'AMO, 6,0 %", "rejetée par l’AMO, 6,0\u202f%"),
        ("la 33e séance 120 fois", "la 33e séance 120 fois"),
        ("https://a.b/c?d=1;e", "https://a.b/c?d=1;e"),
    ],
)
def test_typography_touches_spaces_and_apostrophes_only(plain, printed):
    assert french.typographic(plain) == printed


def test_places_are_translated():
    assert french.place("line 31") == "ligne\u00a031"
    assert french.place("/export/patient[3]") == "/export/patient[3]"
