"""When the money that waits may come in, from the delays that were seen: an estimate, by week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from connector_core.money.figures import ZERO, CashIn, Undatable, Undated, Week
from connector_core.money.spread import FEW, Spread
from connector_core.rules.parts import Debtor, PartState

WEEKS = 13
"""How far ahead weeks are told, the current one among them."""
_REASONS: tuple[Undatable, ...] = (
    "unsent",
    "deferred",
    "rejected",
    "paid_nothing",
    "taken_back",
    "partly_paid",
    "older",
    "too_few",
)


class Open(NamedTuple):
    """What parts that wait have in common: who is asked, since when, and where they stand."""

    debtor: Debtor
    since: date
    state: PartState


def cash_in(last: date, waiting: Iterable[tuple[Open, Decimal, int]], spreads: Mapping[Debtor, Spread]) -> CashIn:
    """The weeks in which what waits on the last day (with its amount and its number of parts) may come in."""
    this_monday = _monday(last)
    middle, late = [ZERO] * (WEEKS + 1), [ZERO] * (WEEKS + 1)
    undated: dict[Undatable, tuple[Decimal, int]] = {}
    for each, amount, parts in waiting:
        dated = _dated(each, last, spreads[each.debtor])
        if isinstance(dated, str):
            had = undated.get(dated, (ZERO, 0))
            undated[dated] = had[0] + amount, had[1] + parts
            continue
        for days, weeks in zip(dated, (middle, late), strict=True):
            ahead = (_monday(each.since + timedelta(days=days)) - this_monday).days // 7
            weeks[min(ahead, WEEKS)] += amount
    return CashIn(
        tuple(Week(this_monday + timedelta(weeks=n), middle[n], late[n]) for n in range(WEEKS)),
        middle[WEEKS],
        late[WEEKS],
        tuple(Undated(reason, *undated[reason]) for reason in _REASONS if reason in undated),
    )


def _dated(each: Open, last: date, spread: Spread) -> tuple[int, int] | Undatable:
    """After how many days a part is paid: the median, the 9th decile; or why nothing tells."""
    match each.state:
        case "unsent" | "deferred" | "rejected" | "paid_nothing" | "taken_back":
            return each.state
        case "partly_paid" if each.debtor != "PATIENT":
            return "partly_paid"
        case _:
            pass
    if spread.cases < FEW:
        return "too_few"
    return spread.beyond((last - each.since).days) or "older"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
