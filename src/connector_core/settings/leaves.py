"""Settings as a list: every value under its dotted key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector_core.settings.model import Settings


def leaves(settings: Settings) -> Iterator[tuple[str, object]]:
    """Every value as JSON has it, by its key as the file writes it; a list of plain values is one."""
    return _below(settings.model_dump(mode="json", by_alias=True), "")


def _below(value: object, key: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and (value or not key):
        for name, each in value.items():
            yield from _below(each, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, each in enumerate(value):
            yield from _below(each, f"{key}[{number}]")
    else:
        yield key, value
