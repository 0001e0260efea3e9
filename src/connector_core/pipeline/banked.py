"""Which credits of the bank certainly hold what payers say they transferred for one invoice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connector_core.model.dossier import Dossier, Practice
from connector_core.model.records import BankCredit
from connector_core.money.bank import credit_of_returns
from connector_core.pipeline.gather import bank_credits, payer_returns
from connector_core.rules.catalogue.tt_bank import reconciled
from connector_core.rules.invoices import Followed
from connector_core.rules.kernel import Check
from connector_core.store.store import Store

_AROUND = timedelta(days=31)
"""How far around its days the transfers of an invoice are compared with the bank."""


def credits_of(store: Store, check: Check[Dossier], each: Followed) -> Mapping[str, BankCredit]:
    """The credits by the id of the payer's return that they hold."""
    days = [answer.transfer_on for part in each.parts for answer in part.returns if answer.transfer_on is not None]
    if not days:
        return {}
    first, last = min(days) - _AROUND, min(max(days) + _AROUND, check.as_of)
    practice = Practice(check.subject.cabinet, (), payer_returns(store, first, last), bank_credits(store, first, last))
    return credit_of_returns(reconciled(Check(practice, check.as_of, check.parameters, check.tariffs)))
