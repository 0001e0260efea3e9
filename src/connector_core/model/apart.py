"""An invoice that one source tells of in two: the FSE asks the caisse, the DRE the complémentaire (gestion séparée).

Both bear the number of the one invoice. A DRE completes what is known of it and replaces nothing, whichever comes
first.
"""

from __future__ import annotations

from decimal import Decimal

from connector_core.model.records import Invoice

_NOTHING = Decimal(0)


def is_dre(invoice: Invoice) -> bool:
    """Whether this is the DRE alone: the complémentaire is asked apart, and nothing is said of the caisse."""
    return (
        invoice.amc_management == "separee"
        and invoice.dre_sent_on is not None
        and invoice.amo_claimed is None
        and invoice.third_party is None
    )


def told_again(before: Invoice, now: Invoice) -> Invoice:
    """What is known of an invoice that its source tells of again: the later word, completed by the DRE, be it told
    before or now."""
    if is_dre(now):
        return now if is_dre(before) else _completed(before, now)
    asked_apart = before.amc_management == "separee" and before.dre_sent_on is not None
    if now.dre_sent_on is None and (is_dre(before) or (asked_apart and now.amc_management != "unique")):
        return _completed(now, before)
    return now


def _completed(invoice: Invoice, dre: Invoice) -> Invoice:
    """An invoice with what its DRE asks for, which is the patient's no more. One that asks the complémentaire itself
    (gestion unique) keeps what it asks: its DRE is one too many."""
    update: dict[str, object] = {
        "dre_sent_on": dre.dre_sent_on,
        "dre_lot_id": dre.dre_lot_id,
        "amc_number": dre.amc_number or invoice.amc_number,
    }
    if invoice.amc_management == "unique":
        return invoice.model_copy(update=update)
    update |= {"amc_claimed": dre.amc_claimed, "amc_management": "separee"}
    if invoice.third_party == "AMO":
        update["third_party"] = "FULL"
    if invoice.third_party != "NONE" and invoice.amo_claimed is not None and dre.amc_claimed is not None:
        left = invoice.total - invoice.amo_claimed - dre.amc_claimed
        if left >= _NOTHING:
            update["patient_share"] = left
    return invoice.model_copy(update=update)
