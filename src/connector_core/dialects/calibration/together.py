"""Columns that are filled in the same rows say something of the same record.

In a table that bears several records a row, some of which are not in every row, this tells the day and the amount of a
payment from those of the invoice beside it. Where such columns belong is known by one of them: its texts are words of a
closed list of one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connector_core.dialects.calibration.enumerations import told_kinds
from connector_core.dialects.calibration.fits import Fit
from connector_core.dialects.calibration.shapes import Shape

_BESIDE = 0.12
_FEW = 0.05
"""Columns filled in nearly all rows, or in hardly any, go with anything."""


def with_those_beside(
    shapes: Sequence[Shape], fits: Mapping[tuple[str, str], Fit], wanted: Sequence[str]
) -> dict[tuple[str, str], Fit]:
    """The fits of a table read as several kinds, better for the kind of the columns that a column is filled with."""
    belongs = dict(_belonging(shapes, wanted))
    return {
        (name, target): replace(
            fit, score=fit.score + (_BESIDE if target.startswith(f"{belongs[name]}.") else -_BESIDE)
        )
        if name in belongs
        else fit
        for (name, target), fit in fits.items()
    }


def _belonging(shapes: Sequence[Shape], wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The columns that go with those of one kind, and that kind."""
    kinds: dict[tuple[bool, ...], str] = {}
    for shape in shapes:
        told = told_kinds(shape) & set(wanted)
        if len(told) == 1 and _FEW < shape.fill < 1 - _FEW:
            kinds[_filled(shape)] = min(told)
    for shape in shapes:
        kind = kinds.get(_filled(shape)) if kinds else None
        if kind is not None:
            yield shape.name, kind


def _filled(shape: Shape) -> tuple[bool, ...]:
    return tuple(map(bool, shape.column.cells))
