"""A period of the practice's own activity at the tariffs of another date.

An act is followed by its code in the nomenclature: where its coefficient changes, the new one is taken. What has no
confirmed price on either date is counted apart, and never guessed. Pure: acts and tariffs in, lines out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.records import Act, Practitioner
from connector_core.model.vocabulary import Zone
from connector_core.parameters.tariffs import CENT, TariffRow, Tariffs

_SHARES = {"1": Decimal(1), "0.5": Decimal("0.5"), "0": Decimal(0)}


@dataclass(slots=True)
class LetterTotal:
    """Acts of one lettre-clé: how many, what they are worth at the tariffs of their day and at those of the other
    date. `unknown` counts those that have no confirmed price on one of the two."""

    letter: str
    acts: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)
    unknown: int = 0

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


def simulate(
    acts: Iterable[Act], tariffs: Tariffs, practitioners: Mapping[str, Practitioner], at: date
) -> list[LetterTotal]:
    """Price acts that stand again, as of another date; by letter, in alphabetical order."""
    totals: dict[str, LetterTotal] = {}
    for act in acts:
        total = totals.setdefault(act.letter, LetterTotal(act.letter))
        zone = _zone(practitioners.get(act.practitioner_id))
        before = tariffs.price(act.letter, act.coefficient, act.performed_on, zone)
        after = _price_at(act, tariffs, zone, at)
        if before is None or after is None:
            total.unknown += 1
            continue
        share = _SHARES[act.rate] * act.quantity
        total.acts += 1
        total.before += (before[0] * share).quantize(CENT, ROUND_HALF_UP)
        total.after += (after * share).quantize(CENT, ROUND_HALF_UP)
    return [totals[letter] for letter in sorted(totals)]


def _price_at(act: Act, tariffs: Tariffs, zone: Zone, at: date) -> Decimal | None:
    """What the same act pays on the other date, under the coefficient that it has then."""
    rows = tariffs.rows_on(act.letter, act.coefficient, act.performed_on, zone)
    rows = tuple(row for row in rows if act.act_code in (None, row.code)) or rows
    prices = {_price(row, tariffs, zone, at) for row in rows} or {_same_pair(act, tariffs, zone, at)}
    return prices.pop() if len(prices) == 1 else None


def _price(row: TariffRow, tariffs: Tariffs, zone: Zone, at: date) -> Decimal | None:
    then = row if row.holds_on(at) else tariffs.successor(row, at)
    if then is None:
        return None
    price = tariffs.price(then.letter, then.coefficient, at, zone)
    return None if price is None else price[0]


def _same_pair(act: Act, tariffs: Tariffs, zone: Zone, at: date) -> Decimal | None:
    price = tariffs.price(act.letter, act.coefficient, at, zone)
    return None if price is None else price[0]


def _zone(practitioner: Practitioner | None) -> Zone:
    return "METRO" if practitioner is None else practitioner.zone
