"""The totals of a NOEMIE-PS return: what a level adds up and counts, in the ways in which software may do so.

The layout says neither, so that one way must hold for every total of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MONEY: Mapping[bytes, tuple[tuple[int, str, bool], ...]] = {
    b"198": ((0, "amo_paid", True),),
    b"199": ((1, "amc_paid", True),),
    b"210": ((2, "amount_reimbursed", True), (3, "amc_amount", False)),
    b"261": ((4, "amount", False),),
    b"250": ((5, "amount", True),),
}
"""What an entity adds to the sums of a level: which sum, from which field, and whether its sign counts."""


@dataclass(slots=True)
class Level:
    """An open level: what names it, and what it holds so far.

    `sums` are AMO parts, AMC parts, lines, AMC shares of lines, one-off payments, withholdings, in signed centimes;
    `counts` lower levels, entities directly in it, all entities in it, totals in it.
    """

    rank: int
    code: bytes
    name: bytes
    sums: list[int] = field(default_factory=lambda: [0] * 6)
    counts: list[int] = field(default_factory=lambda: [0] * 4)


class Closing(NamedTuple):
    """A 990 and the level it closes: where it begins, what it says, and what was counted."""

    at: int
    said: int
    amount: int
    sums: tuple[int, ...]
    counts: tuple[int, ...]


Way = Callable[[Sequence[int]], int]
_BASES: tuple[Way, ...] = (
    lambda sums: sums[0] + sums[1],
    lambda sums: sums[0],
    lambda sums: sums[2],
    lambda sums: sums[2] + sums[3],
)
_EXTRAS: tuple[Way, ...] = (
    lambda sums: sums[4],
    lambda _: 0,
    lambda sums: sums[4] + sums[5],
    lambda sums: sums[5],
)


def _added(base: Way, extra: Way) -> Way:
    return lambda sums: base(sums) + extra(sums)


AMOUNTS: tuple[Way, ...] = tuple(_added(base, extra) for base in _BASES for extra in _EXTRAS)
"""Ways to add up: AMO and AMC parts, AMO alone, lines, lines with their AMC share; one-off payments, withholdings."""
COUNTS: tuple[Way, ...] = (
    lambda counts: counts[0] or counts[1],
    lambda counts: counts[0] + counts[1],
    lambda counts: counts[2],
    lambda counts: counts[2] + counts[3],
    lambda counts: counts[2] + counts[3] + 1,
)
"""Ways to count: lower levels (or entities, in the lowest), both, every entity, with totals, with the level's own."""


def unexplained(closings: Iterable[tuple[int, Sequence[int]]], ways: Iterable[Way]) -> int | None:
    """The place of the first total (what it says, what was found) that no way explains which explains those before it;
    None where one way explains all of them."""
    said = list(closings)
    furthest = -1
    for way in ways:
        wrong = next((n for n, (total, found) in enumerate(said) if way(found) != total), None)
        if wrong is None:
            return None
        furthest = max(furthest, wrong)
    return furthest
