"""Payers' answers against the bank: what the statements say of one invoice, and of all that payers announced."""

from __future__ import annotations

from datetime import date, timedelta

from connector_core.model.dossier import Cabinet, Dossier, Practice
from connector_core.money.bank import InBank, Unseen, in_bank, unseen
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.pipeline.gather import bank_credits, payer_returns
from connector_core.pipeline.recheck import PRACTICE_SPAN
from connector_core.rules.catalogue.tt_bank import reconciled
from connector_core.rules.invoices import Followed
from connector_core.rules.kernel import Check
from connector_core.rules.reconciliation import Reconciliation
from connector_core.store.store import Store

_AROUND = timedelta(days=31)
"""How far around its days the transfers of an invoice are compared with the bank."""


def bank_of(store: Store, check: Check[Dossier], each: Followed) -> InBank:
    """What the bank tells of the answers to one invoice."""
    days = [answer.transfer_on for part in each.parts for answer in part.returns if answer.transfer_on is not None]
    if not days:
        return InBank()
    first, last = min(days) - _AROUND, min(max(days) + _AROUND, check.as_of)
    credits = bank_credits(store, first, check.as_of)  # the latest one tells how far the statements go
    practice = Practice(check.subject.cabinet, (), payer_returns(store, first, last), credits)
    return in_bank(reconciled(Check(practice, check.as_of, check.parameters, check.tariffs)))


def practice_transfers(
    store: Store, cabinet: Cabinet, as_of: date, parameters: ParameterSet, tariffs: Tariffs
) -> Reconciliation:
    """The transfers and credits of the practice put together, as the rule TT-RAPPROCHEMENT sees them on a day."""
    first = as_of - PRACTICE_SPAN
    practice = Practice(cabinet, (), payer_returns(store, first, as_of), bank_credits(store, first, as_of))
    return reconciled(Check(practice, as_of, parameters, tariffs))


def unseen_transfers(
    store: Store, cabinet: Cabinet, as_of: date, parameters: ParameterSet, tariffs: Tariffs
) -> list[Unseen]:
    """The transfers that payers announced and the bank has not received, as far as statements cover them."""
    found = practice_transfers(store, cabinet, as_of, parameters, tariffs)
    return unseen(found, payer_returns(store, as_of - PRACTICE_SPAN, as_of))
