"""What is to be looked at among the dated values: announced and unconfirmed, read long ago, decided by the practice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.values import DatedValue, Parameter

_OLD_MONTHS = 12
"""Months after which a text is to be read again."""

Remark = Literal["unconfirmed", "unknown", "old", "practice"]
"""unconfirmed: announced, no text confirms it yet; unknown: no value on the day; old: the text was read long ago;
practice: the practice's own value."""


@dataclass(frozen=True, slots=True)
class ValueRemark:
    """One thing to look at; `text` is a French sentence."""

    name: str
    label: str
    remark: Remark
    text: str


def remarks(parameters: ParameterSet, on: date) -> list[ValueRemark]:
    """What is to be looked at on a day, parameter by parameter."""
    return [
        ValueRemark(name, parameter.label, remark, text)
        for name in parameters.names()
        for parameter in (parameters.parameter(name),)
        for remark, text in _remarks(parameter, on)
    ]


def _remarks(parameter: Parameter, on: date) -> Iterator[tuple[Remark, str]]:
    for value in parameter.values:
        if value.confidence == "uncertain":
            yield "unconfirmed", f"valeur du {_day(value.since)} annoncée, non confirmée ({value.reference})"
        elif value.confidence == "practice":
            yield "practice", f"valeur du cabinet depuis le {_day(value.since)}{_note(value)}"
    if on < parameter.values[0].since:
        yield "unknown", f"aucune valeur avant le {_day(parameter.values[0].since)}"
    elif _months_between(parameter.known_through, on) >= _OLD_MONTHS:
        yield "old", f"texte lu au {_day(parameter.known_through)} : à relire"


def _note(value: DatedValue) -> str:
    return f" : {value.note}" if value.note else ""


def _months_between(first: date, last: date) -> int:
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if last.day >= first.day else months - 1


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
