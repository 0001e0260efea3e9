"""Column charts as numbers to draw: where each column, tick and label of an inline SVG stands, in its own units.

Pure geometry; `templates/figures.html` draws it. A plot is small enough to be read on a telephone, is told in a
sentence for who can't see it, and stands beside a table of the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from connector_core.deliver.french import NARROW, euros, number

WIDTH, HEIGHT = 480, 250
_RIGHT, _TOP = 14, 12
_ONE_LINE, _TWO_LINES = 32, 52
"""The room under the columns for a line of text, or two, as large as a narrow screen wants it."""
_BESIDE, _CHARACTER = 10, 10
"""The room beside the amounts of the ticks, and for each of their characters."""
_FILLED = Decimal("0.72")
"""How much of the room of a column is filled."""
_TICKS = 4
_NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_MANY, _EVERY = 8, 3
"""Where there are more columns, a narrow screen shows the label of every third alone; of long labels, a wide one shows
every second and a narrow one every fourth."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column shows: its label on one or two lines, its name in full, one amount in euros for each series."""

    label: str
    name: str
    amounts: tuple[Decimal, ...]
    below: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `series` says how it is filled, `told` what it stands for."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    series: int
    told: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text under a column; `minor` ones are left out where there is little room."""

    x: Decimal
    text: str
    below: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot with its amount."""

    y: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart ready to be drawn. `series` names what the columns are made of, none where there is only one."""

    id: str
    title: str
    told: str
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    ticks: tuple[Tick, ...]
    series: tuple[str, ...]
    left: int
    right: int
    floor: int


def plot(
    id_: str,
    title: str,
    columns: Sequence[Column],
    series: Sequence[str] = (),
    *,
    stacked: bool = False,
    long_labels: bool = False,
) -> Plot | None:
    """A chart of columns, side by side or stacked; None where there is nothing to see."""
    highest = max((_height(each.amounts, stacked) for each in columns), default=Decimal(0))
    if highest <= 0:
        return None
    step = _step(highest)
    steps = int((highest / step).to_integral_value(ROUND_CEILING))
    told = [f"{_amount(n * step)}{NARROW}€" for n in range(steps + 1)]
    left, right = _BESIDE + _CHARACTER * max(map(len, told)), WIDTH - _RIGHT
    floor = HEIGHT - (_TWO_LINES if any(each.below for each in columns) else _ONE_LINE)
    scale = (floor - _TOP) / (steps * step)
    room = Decimal(right - left) / len(columns)
    crowded, sparse = len(columns) > _MANY, 4 if long_labels else _EVERY
    return Plot(
        id=id_,
        title=title,
        told=_told(columns, stacked),
        bars=tuple(
            bar
            for n, each in enumerate(columns)
            for bar in _bars(each, left + n * room, room, floor, scale, series, stacked=stacked)
        ),
        labels=tuple(
            Label(_rounded(left + (n + Decimal("0.5")) * room), each.label, each.below, crowded and n % sparse > 0)
            for n, each in enumerate(columns)
            if not (crowded and long_labels and n % 2)
        ),
        ticks=tuple(Tick(_rounded(floor - n * step * scale), text) for n, text in enumerate(told)),
        series=tuple(series),
        left=left,
        right=right,
        floor=floor,
    )


def _height(amounts: Sequence[Decimal], stacked: bool) -> Decimal:
    return sum(amounts, Decimal(0)) if stacked else max(amounts, default=Decimal(0))


def _bars(
    column: Column, left: Decimal, room: Decimal, floor: int, scale: Decimal, series: Sequence[str], *, stacked: bool
) -> list[Bar]:
    side_by_side = 1 if stacked else len(column.amounts)
    width = room * _FILLED / side_by_side
    x, base = left + room * (1 - _FILLED) / 2, Decimal(floor)
    found: list[Bar] = []
    for n, amount in enumerate(column.amounts):
        if amount > 0:
            height = amount * scale
            named = f"{column.name}, {series[n]}" if series else column.name
            place = x if stacked else x + n * width
            told = f"{named} : {euros(amount)}"
            found.append(Bar(_rounded(place), _rounded(base - height), _rounded(width), _rounded(height), n, told))
            if stacked:
                base -= height
    return found


def _step(highest: Decimal) -> Decimal:
    """The round amount between two ticks, so that there are four or five of them."""
    rough = highest / _TICKS
    unit = Decimal(1).scaleb(rough.adjusted())
    return max(next(nice * unit for nice in _NICE if nice * unit >= rough), Decimal(1))


def _told(columns: Sequence[Column], stacked: bool) -> str:
    """The chart in a sentence."""
    of_each = [(_height(each.amounts, stacked), each.name) for each in columns]
    (least, at_least), (most, at_most) = min(of_each), max(of_each)
    if len(of_each) == 1:
        return f"Une colonne, {at_most} : {euros(most)}."
    return (
        f"{len(of_each)} colonnes. La plus haute, {at_most} : {euros(most)}. "
        f"La plus basse, {at_least} : {euros(least)}."
    )


def _amount(value: Decimal) -> str:
    return number(int(value)) if value == int(value) else f"{value:f}".replace(".", ",")


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))
