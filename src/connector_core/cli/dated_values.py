"""A dated parameter as a person reads it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connector_core.diagnose.explain import ParameterAnswer, Value


def parameter_text(parameter: ParameterAnswer, day: date) -> Iterator[str]:
    from connector_core.deliver.french import short_day
    from connector_core.diagnose.explain import source_text, value_text

    yield f"{click.style(parameter.name, bold=True)}  {parameter.label}"
    if parameter.current is None:
        yield f"  au {short_day(day)} : inconnu. {parameter.unknown}"
    else:
        yield f"  au {short_day(day)} : {value_text(parameter.current, parameter.unit)}"
        yield f"    depuis le {short_day(parameter.current.since)}, {source_text(parameter.current)}"
        if parameter.current.note:
            yield f"    {parameter.current.note}"
    if len(parameter.values) > 1:
        yield "  toutes les valeurs :"
        for value in parameter.values:
            yield f"    {short_day(value.since)} : {value_text(value, parameter.unit)}, {source_text(value)}"


def parameter_json(parameter: ParameterAnswer) -> Mapping[str, object]:
    return {
        **asdict(parameter),
        "current": None if parameter.current is None else _value_json(parameter.current),
        "values": [_value_json(each) for each in parameter.values],
    }


def _value_json(value: Value) -> Mapping[str, object]:
    return {**asdict(value), "since": value.since.isoformat()}
