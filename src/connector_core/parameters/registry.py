"""The parameters that ship with the project, and what a practice makes of them.

One TOML file per parameter under `data/`; its path gives its name (`kine/bdk.general.threshold.toml` is
`kine.bdk.general.threshold`). A practice may confirm or override a value from a date on; its note is then shown
wherever the value is read.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import NamedTuple

from connector_core.errors import ConfigurationError
from connector_core.model.finding import ParameterRead, ParameterValue
from connector_core.parameters.values import Confidence, DatedValue, Known, Parameter, Unknown

_CONFIDENCES: Mapping[str, Confidence] = {
    name: name for name in ("confirmed", "derived", "source", "third-party", "uncertain", "practice")
}


class Joint(NamedTuple):
    """The values of parameters that are read together, and what was read, by identity."""

    values: tuple[int, ...]
    reads: Mapping[int, ParameterRead]


class ParameterSet:
    """Parameters by name. `on` answers for a day; look-ups are cached by period, since rules ask by the thousand."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._single: dict[str, tuple[list[date], list[Known | Unknown]]] = {}
        self._joint: dict[tuple[str, ...], tuple[list[date], list[Joint | None]]] = {}
        self._starts: dict[tuple[str, ...], list[date]] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._parameters))

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def parameter(self, name: str) -> Parameter:
        try:
            return self._parameters[name]
        except KeyError:
            raise ConfigurationError(f"paramètre inconnu « {name} »") from None

    def on(self, name: str, day: date) -> Known | Unknown:
        """The value in force on a day, or why there is none. An unknown name is a programming error of the rule."""
        single = self._single.get(name)
        if single is None:
            starts = self.changes((name,))
            single = self._single[name] = (starts, [self._parameters[name].on(start) for start in starts])
        return single[1][bisect_right(single[0], day) - 1]

    def integers_on(self, names: tuple[str, ...], day: date) -> Joint | None:
        """The values of several integer parameters on a day; None where one of them is unknown or no integer."""
        joint = self._joint.get(names)
        if joint is None:
            starts = self.changes(names)
            joint = self._joint[names] = (starts, [self._join(names, start) for start in starts])
        return joint[1][bisect_right(joint[0], day) - 1]

    def _join(self, names: tuple[str, ...], day: date) -> Joint | None:
        answers = [answer for answer in (self.on(name, day) for name in names) if isinstance(answer, Known)]
        values = tuple(answer.value for answer in answers if isinstance(answer.value, int))
        return Joint(values, {id(each.read): each.read for each in answers}) if len(values) == len(names) else None

    def changes(self, names: tuple[str, ...]) -> list[date]:
        """The days from which on one of several parameters answers otherwise, in order; the first is the first of
        all days."""
        starts = self._starts.get(names)
        if starts is None:
            starts = self._starts[names] = self._find_changes(names)
        return starts

    def _find_changes(self, names: tuple[str, ...]) -> list[date]:
        days = {date.min}
        for parameter in (self._parameters[name] for name in names):
            days.update(value.since for value in parameter.values)
            if parameter.known_through < date.max:
                days.add(parameter.known_through + timedelta(days=1))
        return sorted(days)

    def with_practice(self, values: Iterable[tuple[str, DatedValue]]) -> ParameterSet:
        """The same set with the practice's own values laid over it, each from its `since` on."""
        parameters = dict(self._parameters)
        for name, value in values:
            known = self.parameter(name)
            kept = [each for each in parameters[name].values if each.since < value.since]
            parameters[name] = replace(known, values=(*kept, value))
        return ParameterSet(parameters.values())


def load_parameters() -> ParameterSet:
    """The parameters that ship with the project, read once per process."""
    return _shipped()


@cache
def _shipped() -> ParameterSet:
    root = files("connector_core.parameters").joinpath("data")
    return ParameterSet(sorted(_walk(root, ()), key=lambda parameter: parameter.name))


def _walk(folder: Traversable, path: tuple[str, ...]) -> Iterable[Parameter]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, (*path, entry.name))
        elif entry.name.endswith(".toml"):
            name = ".".join((*path, entry.name.removesuffix(".toml")))
            yield read_parameter(name, entry.read_text(encoding="utf-8"))


def read_parameter(name: str, text: str) -> Parameter:
    """Parse one parameter file. Unknown keys, a missing reference, equal or unordered dates are refused by name."""
    where = f"paramètre {name}"
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"TOML illisible ({error})", where=where) from error
    _only(content, {"label", "unit", "known_through", "value"}, where)
    entries = content.get("value", [])
    known_through = content.get("known_through")
    if not entries or not isinstance(known_through, date):
        raise ConfigurationError("« known_through » et au moins une valeur sont obligatoires", where=where)
    values = tuple(_dated(entry, f"{where}, valeur {number}") for number, entry in enumerate(entries, 1))
    if any(later.since <= earlier.since for earlier, later in pairwise(values)):
        raise ConfigurationError("dates égales ou dans le désordre", where=where, remedy="Classez les valeurs par date")
    return Parameter(name, str(content.get("label", name)), str(content.get("unit", "")), known_through, values)


def _dated(entry: Mapping[str, ParameterValue], where: str) -> DatedValue:
    _only(entry, {"since", "value", "reference", "confidence", "note"}, where)
    since, value, reference = entry.get("since"), entry.get("value"), entry.get("reference")
    if not isinstance(since, date) or value is None or not isinstance(reference, str) or not reference.strip():
        raise ConfigurationError("« since », « value » et « reference » sont obligatoires", where=where)
    confidence = _CONFIDENCES.get(str(entry.get("confidence", "confirmed")))
    if confidence is None:
        raise ConfigurationError(
            "confiance inconnue", where=where, remedy=f"Choisissez parmi {', '.join(_CONFIDENCES)}"
        )
    note = entry.get("note")
    return DatedValue(since, value, reference, confidence, None if note is None else str(note))


def _only(table: Mapping[str, object], allowed: set[str], where: str) -> None:
    unknown = sorted(set(table) - allowed)
    if unknown:
        raise ConfigurationError(
            f"clé inconnue « {unknown[0]} »", where=where, remedy=f"Clés admises : {', '.join(sorted(allowed))}"
        )
