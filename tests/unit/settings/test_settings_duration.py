"""Durations as a person writes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.errors import ConfigurationError
from connector_core.settings.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("3s", timedelta(seconds=3)),
        ("10m", timedelta(minutes=10)),
        ("12h", timedelta(hours=12)),
        ("1d", timedelta(days=1)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        (" 90s ", timedelta(seconds=90)),
        ("0s", timedelta(0)),
    ],
)
def test_readable(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", " ", "10", "m", "-1d", "1.5h", "1h1d", "1d1d", "1j", "1 d", "PT3S", "٣s", "9" * 40 + "d", "3s\nx"]
)
def test_unreadable(text):
    with pytest.raises(ConfigurationError, match="durée illisible") as caught:
        parse_duration(text)
    assert "« 1d12h »" in str(caught.value)


def test_the_text_is_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        parse_duration("hunter2")
    assert "hunter2" not in str(caught.value)


@given(st.integers(min_value=0, max_value=10**9))
def test_round_trip(seconds):
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
