"""What payers say they transferred: their returns, gathered into the transfers that pay them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector_core.model.records import PayerReturn
from connector_core.rules.bank_texts import plain


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer that a payer announced: its day, its label, payer and payee as the returns give them (`""` for
    unknown), the sum of what these returns pay, and their ids, sorted. A debt that the payer kept back from it (NOEMIE
    entity 250) is one of these returns, below zero.
    """

    on: date
    label: str
    body: str
    amount: Decimal
    returns: tuple[str, ...]
    payee: str = ""

    @property
    def key(self) -> tuple[date, str, str, str]:
        """What tells transfers apart: each professional of a practice is paid by a transfer of their own."""
        return self.on, plain(self.body), plain(self.label), self.payee


@dataclass(frozen=True, slots=True)
class Announced:
    """The transfers to look for. `undated` are the ids of returns that pay something on a day they do not name."""

    transfers: tuple[Transfer, ...]
    undated: tuple[str, ...] = ()


def transfers_of(returns: Iterable[PayerReturn]) -> Announced:
    """Gather returns by day, paying body, label and payee of their transfer, in that order, whatever the order given.

    Returns that pay nothing belong to no transfer, and a transfer whose parts add up to nothing is none. A withholding
    for which there is no transfer is left out: nothing was paid that it could be kept from.
    """
    gathered: dict[tuple[date, str, str, str], list[PayerReturn]] = {}
    undated: list[str] = []
    for each in {one.id: one for one in returns}.values():
        if not each.paid:
            continue
        if each.transfer_on is None:
            undated.append(each.id)
            continue
        texts = plain(each.paying_body or ""), plain(each.transfer_label or ""), each.payee_number or ""
        key = each.transfer_on, *texts
        gathered.setdefault(key, []).append(each)
    found = []
    for key, parts in sorted(gathered.items()):
        amount = sum((part.paid or Decimal(0) for part in parts), Decimal(0))
        if amount:
            first = min(parts, key=lambda part: part.id)
            ids = tuple(sorted(part.id for part in parts))
            label, body = first.transfer_label or "", first.paying_body or ""
            found.append(Transfer(key[0], label, body, amount, ids, key[3]))
    return Announced(tuple(found), tuple(sorted(undated)))
