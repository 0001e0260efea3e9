"""How days, ranks and sums are written in French."""

from datetime import date
from decimal import Decimal

import pytest

from connector_core.rules.french import euros, jour, nombre, ordinal


@pytest.mark.parametrize(("number", "text"), [(0, "0e"), (1, "1re"), (2, "2e"), (11, "11e")])
def test_only_the_first_is_written_otherwise(number: int, text: str) -> None:
    assert ordinal(number) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0,00 €"),
        ("17.88", "17,88 €"),
        ("1234.5", "1 234,50 €"),
        ("1234567.89", "1 234 567,89 €"),
        ("-8", "-8,00 €"),
        ("0.005", "0,01 €"),
        ("0.0049", "0,00 €"),
    ],
)
def test_a_sum_has_a_comma_two_decimals_and_its_thousands_apart(amount: str, text: str) -> None:
    assert euros(Decimal(amount)) == text


def test_a_day_is_written_with_its_zeros() -> None:
    assert jour(date(2026, 3, 2)) == "02/03/2026"


@pytest.mark.parametrize(("number", "text"), [(0, "0 ligne"), (1, "1 ligne"), (2, "2 lignes"), (12345, "12345 lignes")])
def test_zero_and_one_are_singular(number: int, text: str) -> None:
    assert nombre(number, "ligne") == text
    assert nombre(2, "demande (DRE)", "demandes (DRE)") == "2 demandes (DRE)"
