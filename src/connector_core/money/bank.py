"""Which credit of the bank paid a payer's answer, where that is certain."""

from __future__ import annotations

from collections.abc import Mapping

from connector_core.model.records import BankCredit
from connector_core.rules.reconciliation import Reconciliation


def credit_of_returns(found: Reconciliation) -> Mapping[str, BankCredit]:
    """By the id of a payer's return, the credit that holds its transfer; the first one where several do."""
    return {
        name: settled.credits[0]
        for settled in found.settled
        if settled.credits
        for transfer in settled.transfers
        for name in transfer.returns
    }
