"""Durations as a person writes them: `3s`, `10m`, `12h`, `1d`, `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta

from connector_core.errors import ConfigurationError

PATTERN = r"^(?=[0-9])([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,7}m)?([0-9]{1,8}s)?$"
"""Days, hours, minutes, seconds, in this order, each at most once and at least one of them."""

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_SHAPE = re.compile(PATTERN.removesuffix("$"))


def parse_duration(text: str) -> timedelta:
    """The duration written in `text`.

    Raises `ConfigurationError` when it can't be read; the text itself is not repeated.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(
            "durée illisible", remedy="Écrivez par exemple « 30s », « 10m », « 12h », « 1d » ou « 1d12h » (d : jours)"
        )
    counts = (int(group[:-1]) if group else 0 for group in match.groups())
    return timedelta(seconds=sum(count * seconds for count, (_, seconds) in zip(counts, _UNITS, strict=True)))


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as `duration`, whole seconds, not negative."""
    left = int(duration.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
