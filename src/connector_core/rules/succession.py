"""Which invoice replaces which, and which ones bill nothing any more.

An invoice replaces the one of the same practitioner whose number it names: the last of that number, where it came back
in another year. A cancelled invoice replaces nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from connector_core.model.dossier import Dossier
from connector_core.model.records import Invoice

DEAD_INVOICES = frozenset(
    {
        "invoice.cancelled_on",
        "invoice.closed_on",
        "invoice.number",
        "invoice.practitioner_id",
        "invoice.replaces",
    }
)
"""What `dead_invoices` and `successors` read."""

_replaces, _cancelled_on = attrgetter("replaces"), attrgetter("cancelled_on")


def successors(invoices: Sequence[Invoice]) -> Mapping[str, Invoice]:
    """By the id of an invoice that was replaced, the one that replaces it."""
    if not any(map(_replaces, invoices)):
        return {}
    numbered: dict[tuple[str, str], list[Invoice]] = {}
    for each in invoices:
        numbered.setdefault((each.practitioner_id, each.number), []).append(each)
    found: dict[str, Invoice] = {}
    for each in invoices:
        if each.replaces is None or each.replaces == each.number or each.cancelled_on is not None:
            continue
        named = numbered.get((each.practitioner_id, each.replaces), ())
        before = [one for one in named if one.closed_on <= each.closed_on] or named
        if before:
            found[max(before, key=attrgetter("closed_on")).id] = each
    return found


def dead_invoices(dossier: Dossier) -> frozenset[str]:
    """The invoices that bill nothing: cancelled, or replaced."""
    replaced = successors(dossier.invoices)
    if not replaced and not any(map(_cancelled_on, dossier.invoices)):
        return frozenset()
    return frozenset(each.id for each in dossier.invoices if each.cancelled_on is not None or each.id in replaced)


def void_invoices(dossier: Dossier) -> frozenset[str]:
    """The dead invoices whose acts no longer count: one that was replaced by one that bills no act keeps its own, since
    they were done."""
    replaced = successors(dossier.invoices)
    billed = {act.invoice_id for act in dossier.acts} if replaced else frozenset()
    return frozenset(
        each.id
        for each in dossier.invoices
        if each.cancelled_on is not None or (each.id in replaced and replaced[each.id].id in billed)
    )


def replaced_numbers(invoices: Sequence[Invoice]) -> frozenset[str]:
    """The numbers that invoices replace, whoever's they are: for returns, which name no practitioner."""
    return frozenset(each.replaces for each in invoices if each.replaces is not None and each.cancelled_on is None)
