"""What is said of a lot whose day of sending no source gives."""

from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, SentLot
from connector_core.model.records import Invoice, Lot
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.catalogue.tt_lots import negative_acknowledgement, no_acknowledgement
from connector_core.rules.kernel import Check, judge

DAY = date(2026, 3, 2)
INVOICE = Invoice(
    id="f1",
    patient_id="p1",
    practitioner_id="mk1",
    number="1",
    closed_on=DAY,
    lot_id="l1",
    third_party="AMO",
    total=Decimal("20.00"),
    amo_claimed=Decimal("12.00"),
)


@pytest.mark.parametrize("arl_on", [DAY, None])
def test_a_refused_lot_is_told_whether_or_not_its_sending_is_known(arl_on: date | None) -> None:
    lot = Lot(id="l1", number="1", arl="negative", arl_on=arl_on)
    subject = SentLot(lot, Cabinet(Covers.all(), lots={"l1": lot}), (INVOICE,))
    verdict = judge(
        [no_acknowledgement, negative_acknowledgement],
        Check(subject, date(2026, 3, 13), load_parameters(), load_tariffs()),
        {},
    )
    assert [(each.rule, each.amount, each.due_on) for each in verdict.findings] == [
        ("TT-ARL-NEG", Decimal("12.00"), arl_on)
    ]
    assert verdict.undetermined == ()
