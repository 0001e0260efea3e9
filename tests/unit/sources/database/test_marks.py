"""Marks: they come back as the values that they were, and are only compared where every database agrees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector_core.sources.database.marks import is_below, mark_of, value_of

MOMENT = datetime(2026, 3, 2, 10, 0, 0, 123400)  # noqa: DTZ001  # as most databases keep it


@pytest.mark.parametrize(
    "value",
    [0, -7, 2**80, 1.5, 1e-300, Decimal("12.50"), "", "l'été ", MOMENT, MOMENT.replace(tzinfo=UTC), date(2026, 3, 2)],
    ids=repr,
)
def test_a_mark_is_the_value_that_it_was_made_of(value):
    again = value_of(mark_of(value))
    assert (type(again), again) == (type(value), value)


def test_bytes_are_a_mark():
    assert value_of(mark_of(b"\0\0\7\xd1")) == b"\0\0\7\xd1"


@pytest.mark.parametrize("value", [True, "a\nb", "\udce9", object, [1]], ids=ascii)
def test_what_rows_are_not_asked_by_is_only_known_to_be_another(value):
    assert mark_of(value) is not None
    assert value_of(mark_of(value)) is None


def test_no_value_is_no_mark():
    assert mark_of(None) is None
    assert value_of(None) is None


@pytest.mark.parametrize(
    ("one", "other", "below"),
    [
        (9, 10, True),
        (10, 10, False),
        (10, Decimal("9.5"), False),
        (MOMENT, MOMENT.replace(year=2027), True),
        (MOMENT.replace(year=2027), MOMENT, False),
        (MOMENT, MOMENT.replace(tzinfo=UTC), None),
        ("a", "b", None),
        (9, "10", None),
    ],
)
def test_texts_are_left_to_the_database(one, other, below):
    one, other = mark_of(one), mark_of(other)
    assert is_below(one, other) is below
