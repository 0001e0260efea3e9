"""The acts of a dossier that stand: a cancelled or replaced invoice bills nothing, and a credited line (a negative
amount, a quantity of zero or less) takes one equal act away. Ask through `check.derive(standing)`."""

from __future__ import annotations

from collections.abc import Sequence

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.batches import BATCHES, Batches, batches, is_credit
from connector_core.rules.kernel import Check
from connector_core.rules.succession import DEAD_INVOICES, dead_invoices

STANDING = BATCHES | DEAD_INVOICES | {"act.invoice_id"}
"""What `standing` reads."""


def standing(check: Check[Dossier]) -> Batches:
    """The acts that stand, in batches."""
    dead = dead_invoices(check.subject)
    found = check.derive(batches)
    if dead:
        found = Batches.of([act for act in found.acts if act.invoice_id not in dead])
    return net_of_credits(found)


def net_of_credits(found: Batches) -> Batches:
    """The acts of one patient less credited lines, and less one equal act for each of them."""
    credits = [batch for batch in found.batches if is_credit(batch)]
    return _without(found, found.acts_of(credits)) if credits else found


def _without(found: Batches, credits: Sequence[Act]) -> Batches:
    """The same acts less the credits, and less one equal act for each of them."""
    gone = {id(credit) for credit in credits}
    for credit in credits:
        for act in found.acts:
            if (
                id(act) not in gone
                and act.letter == credit.letter
                and act.performed_on == credit.performed_on
                and act.practitioner_id == credit.practitioner_id
                and act.coefficient == credit.coefficient
            ):
                gone.add(id(act))
                break
    return Batches.of([act for act in found.acts if id(act) not in gone])
