"""An invoice told in two: what a DRE completes, and what it leaves alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector_core.model.apart import is_dre, told_again
from connector_core.model.records import Invoice

SENT = date(2026, 11, 12)


def invoice(**values) -> Invoice:
    given = {"id": "f1", "patient_id": "p1", "practitioner_id": "mk1", "number": "1", "closed_on": date(2026, 11, 10)}
    amounts = {name: Decimal(value) for name, value in values.items() if isinstance(value, str) and value[0].isdigit()}
    return Invoice.model_validate({**given, "total": Decimal("17.88"), **values, **amounts})


FSE = invoice(third_party="AMO", amo_claimed="10.72", amc_claimed="0.00", patient_share="7.16", lot_id="l1")
DRE = invoice(amc_claimed="5.00", amc_management="separee", dre_sent_on=SENT, dre_lot_id="l2")
WHOLE = FSE.model_copy(
    update={
        "third_party": "FULL",
        "amc_claimed": Decimal("5.00"),
        "patient_share": Decimal("2.16"),
        "amc_management": "separee",
        "dre_sent_on": SENT,
        "dre_lot_id": "l2",
    }
)


def test_a_dre_completes_the_fse_told_before_or_after_and_told_again() -> None:
    assert told_again(FSE, DRE) == told_again(DRE, FSE) == WHOLE
    assert told_again(WHOLE, DRE) == told_again(WHOLE, FSE) == WHOLE
    later = DRE.model_copy(update={"dre_sent_on": date(2026, 11, 20)})
    assert told_again(DRE, later) is later
    assert told_again(WHOLE, later).dre_sent_on == later.dre_sent_on


def test_a_dre_of_an_invoice_in_gestion_unique_is_known_and_asks_for_nothing_more() -> None:
    update = {"third_party": "FULL", "amc_claimed": Decimal("7.16"), "amc_management": "unique"}
    unique = FSE.model_copy(update=update)
    asked_twice = unique.model_copy(update={"dre_sent_on": SENT, "dre_lot_id": "l2"})
    assert told_again(unique, DRE) == told_again(DRE, unique) == asked_twice


def test_anything_else_is_the_later_word() -> None:
    unique = FSE.model_copy(update={"amc_management": "unique"})
    corrected = WHOLE.model_copy(update={"amc_claimed": Decimal("6.00")})
    assert told_again(FSE, unique) is unique
    assert told_again(WHOLE, unique) is unique
    assert told_again(WHOLE, corrected) is corrected


@pytest.mark.parametrize(
    ("update", "share"),
    [({"third_party": "NONE"}, "7.16"), ({"amo_claimed": None}, "7.16"), ({"amo_claimed": Decimal("15.00")}, "7.16")],
)
def test_the_patient_s_share_is_left_where_it_cannot_be_told(update, share: str) -> None:
    assert told_again(FSE.model_copy(update=update), DRE).patient_share == Decimal(share)


@pytest.mark.parametrize(
    "update",
    [{"third_party": "FULL"}, {"amo_claimed": Decimal(0)}, {"dre_sent_on": None}, {"amc_management": "unique"}],
)
def test_an_invoice_that_says_more_is_no_dre_alone(update) -> None:
    assert is_dre(DRE)
    assert not is_dre(DRE.model_copy(update=update))
