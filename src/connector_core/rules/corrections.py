"""Which invoice took over from another: the one that names it, or the one that bills a refused invoice again.

A lot says nothing of what an invoice corrects. Where the caisse rejected an invoice, or refused its lot, the next one
of the same professional that was made since, and before anything of it was paid, and bills its acts again stands in its
place: every one of its lines, or the same letters on the same days with another coefficient. What is paid of the first
one afterwards is paid too much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from connector_core.model.answering import answers, pays
from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Invoice, PayerReturn
from connector_core.rules.kernel import Check
from connector_core.rules.succession import DEAD_INVOICES, successors

ANSWERED = frozenset(
    {
        "invoice.amc_management",
        "invoice.closed_on",
        "invoice.lot_id",
        "invoice.number",
        "invoice.practitioner_id",
        "lot.created_on",
        "lot.number",
        "lot.practitioner_id",
        "payer_return.invoice_number",
        "payer_return.lot_number",
        "payer_return.lot_on",
        "payer_return.payee_number",
        "payer_return.payer",
        "payer_return.returned_on",
        "practitioner.am_number",
        "practitioner.substitute_of",
    }
)
"""What `answered` reads."""
CORRECTED = (
    ANSWERED
    | DEAD_INVOICES
    | {
        "act.coefficient",
        "act.invoice_id",
        "act.letter",
        "act.performed_on",
        "act.quantity",
        "lot.arl",
        "lot.arl_on",
        "payer_return.paid",
        "payer_return.state",
    }
)
"""What `corrected` reads."""
REPLACED = CORRECTED
"""What `replaced` reads."""


def answered(check: Check[Dossier]) -> Mapping[str, Sequence[PayerReturn]]:
    """The payers' answers to each invoice, by its id. Ask through `check.derive(answered)`."""
    return answers(check.subject.invoices, check.subject.payer_returns, check.subject.cabinet)


def replaced(check: Check[Dossier]) -> Mapping[str, Invoice]:
    """By the id of an invoice that was replaced, the one that stands in its place. Ask through
    `check.derive(replaced)`."""
    return {**check.derive(corrected), **successors(check.subject.invoices)}


def corrected(check: Check[Dossier]) -> Mapping[str, Invoice]:
    """By the id of a refused invoice that no other names, the one that bills it again. Ask through
    `check.derive(corrected)`."""
    refused = dict(_refused(check))
    if refused:
        named = successors(check.subject.invoices)
        refused = {name: day for name, day in refused.items() if name not in named}
    if not refused:
        return {}
    lines: dict[str, list[Act]] = {}
    for act in check.subject.acts:
        if act.invoice_id is not None and act.quantity > 0:
            lines.setdefault(act.invoice_id, []).append(act)
    told = check.derive(answered)
    in_order = sorted(check.subject.invoices, key=_order)
    found: dict[str, Invoice] = {}
    for place, each in enumerate(in_order):
        if each.id not in refused or each.id not in lines:
            continue
        paid_on = min((answer.returned_on for answer in told.get(each.id, ()) if pays(answer)), default=date.max)
        for other in in_order[place + 1 :]:
            if other.practitioner_id != each.practitioner_id or other.cancelled_on is not None:
                continue
            if refused[each.id] <= _made_on(check, other) < paid_on and _bills_again(
                lines[each.id], lines.get(other.id, ())
            ):
                found[each.id] = other
                break
    return found


def _refused(check: Check[Dossier]) -> Iterator[tuple[str, date]]:
    """The ids of invoices that the caisse rejected, or whose lot it refused, with the first day on which it did."""
    lots = check.subject.cabinet.lots
    rejects = any(answer.payer == "AMO" and answer.state == "rejected" for answer in check.subject.payer_returns)
    for each in check.subject.invoices:
        if each.cancelled_on is not None:
            continue
        lot = lots.get(each.lot_id or "")
        refused_on = lot.arl_on if lot is not None and lot.arl == "negative" else None
        if not rejects and refused_on is None:
            continue
        own = check.derive(answered).get(each.id, ())
        rejected = [answer.returned_on for answer in own if answer.payer == "AMO" and answer.state == "rejected"]
        if rejected:
            yield each.id, min(rejected)
        elif not own and refused_on is not None and check.reached(refused_on):
            yield each.id, refused_on


def _made_on(check: Check[Dossier], each: Invoice) -> date:
    """The day on which an invoice was made, as far as can be told: closed, and put in a lot."""
    lot = check.subject.cabinet.lots.get(each.lot_id or "")
    return each.closed_on if lot is None or lot.created_on is None else max(each.closed_on, lot.created_on)


def _bills_again(lines: Sequence[Act], others: Sequence[Act]) -> bool:
    """Whether some lines hold others to the last one, or are the same but for coefficients."""
    if Counter(map(_line, lines)) <= Counter(map(_line, others)):
        return True
    return Counter((act.performed_on, act.letter) for act in lines) == Counter(
        (act.performed_on, act.letter) for act in others
    )


def _line(act: Act) -> tuple[object, ...]:
    return act.performed_on, act.letter, act.coefficient


def _order(each: Invoice) -> tuple[date, str, str]:
    return each.closed_on, each.number, each.id
