"""What the caisse rejected, for rules that count acts: the invoices, and which of their acts are only billed again.

Which invoice a return answers is `model.answering`'s to say: a number alone does not, since two practitioners may
number alike, and numbers may start anew every year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from operator import attrgetter

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.corrections import ANSWERED, answered
from connector_core.rules.kernel import Check

REJECTED_INVOICES = ANSWERED | {"payer_return.state"}
"""What `rejected_invoices` reads."""

_day_of: Callable[[Act], Hashable] = attrgetter("practitioner_id", "performed_on")


def rejected_invoices(check: Check[Dossier]) -> frozenset[str]:
    """The ids of the invoices on which the last word of the caisse is a reject. Ask through `check.derive`."""
    if all(each.state != "rejected" for each in check.subject.payer_returns):
        return frozenset()
    last = {  # in order of date
        invoice: each.state for invoice, told in check.derive(answered).items() for each in told if each.payer == "AMO"
    }
    return frozenset(invoice for invoice, state in last.items() if state == "rejected")


def taken_over(check: Check[Dossier], acts: Iterable[Act], same: Callable[[Act], Hashable] = _day_of) -> frozenset[str]:
    """The ids of those acts of rejected invoices of which another invoice bills the `same`: by default any of the acts
    on the same practitioner's day."""
    rejected = check.derive(rejected_invoices)
    if not rejected:
        return frozenset()
    given = list(acts)
    again = {same(act) for act in given if act.invoice_id is not None and act.invoice_id not in rejected}
    return frozenset(act.id for act in given if act.invoice_id in rejected and same(act) in again)


def may_bill_again(check: Check[Dossier], one: Act, other: Act) -> bool:
    """Whether one of two acts may be the other billed again: its invoice is not known, the other's was rejected."""
    rejected = check.derive(rejected_invoices)
    if not rejected or one.practitioner_id != other.practitioner_id or one.performed_on != other.performed_on:
        return False
    return any(
        first.invoice_id in rejected and second.invoice_id is None for first, second in ((one, other), (other, one))
    )


def may_be_billed_again(check: Check[Dossier], acts: Iterable[Act]) -> int:
    """How many units of equal acts of one day may only be others billed again: those of a rejected invoice, as far as
    acts of the same practitioner, whose invoice is not known, may stand for them."""
    rejected = check.derive(rejected_invoices)
    if not rejected:
        return 0
    refused: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for act in acts:
        if act.invoice_id is None:
            unknown[act.practitioner_id] += act.quantity
        elif act.invoice_id in rejected:
            refused[act.practitioner_id] += act.quantity
    return (refused & unknown).total()
