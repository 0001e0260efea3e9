"""Check digits: the catalogue's own examples, and what a wrong digit does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.model.identifiers import (
    am_number_is_valid,
    finess_is_valid,
    nir_is_valid,
    nir_key,
    rpps_is_valid,
)


@pytest.mark.parametrize(
    ("nir", "key"),
    [("1850475999998", "07"), ("185042A999998", "64"), ("185042B999998", "91"), ("7850475999998", "95")],
)
def test_nir_keys_of_the_catalogue(nir: str, key: str) -> None:
    assert nir_key(nir) == key
    assert nir_is_valid(nir, key)
    assert not nir_is_valid(nir, "12")


@pytest.mark.parametrize("nir", ["", "185047599999", "18504759999980", "185042C999998", "18504X5999998"])
def test_malformed_nirs_have_no_key(nir: str) -> None:
    assert nir_key(nir) is None
    assert not nir_is_valid(nir, "00")


@given(st.integers(min_value=10**12, max_value=9 * 10**12 - 1), st.integers(min_value=1, max_value=96))
def test_any_other_key_is_wrong(nir: int, shift: int) -> None:
    key = nir_key(str(nir))
    assert key is not None
    other = (int(key) - 1 + shift) % 97 + 1
    assert nir_is_valid(str(nir), key)
    assert not nir_is_valid(str(nir), f"{other:02d}")


def test_rpps_and_finess_by_luhn() -> None:
    assert rpps_is_valid("10000000017")
    assert not rpps_is_valid("10000000018")
    assert not rpps_is_valid("1000000001")
    assert finess_is_valid("750000010")
    assert not finess_is_valid("750000011")
    assert finess_is_valid("2A0000006") == finess_is_valid("200000006")
    assert not finess_is_valid("7500000")
    assert am_number_is_valid("751234567")
    assert not am_number_is_valid("7512345")
