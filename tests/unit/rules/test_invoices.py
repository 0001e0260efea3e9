"""What became of each invoice, part by part."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Invoice, Lot, PayerReturn, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.invoices import Followed, followed
from connector_core.rules.kernel import Check

CLOSED = date(2026, 3, 2)
LOTS = {
    "sent": Lot(id="sent", number="12", created_on=CLOSED, sent_on=CLOSED + timedelta(days=1)),
    "here": Lot(id="here", number="13", created_on=CLOSED),
    "received": Lot(id="received", number="14", arl="positive", arl_on=CLOSED + timedelta(days=2)),
    "refused": Lot(id="refused", number="15", arl="negative"),
    "again": Lot(id="again", number="20", sent_on=CLOSED + timedelta(days=40)),
}


def invoice(number: str = "1", **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": CLOSED,
        "lot_id": "sent",
        "third_party": "FULL",
        "total": Decimal("20.00"),
        "amo_claimed": Decimal("12.00"),
        "amc_claimed": Decimal("8.00"),
        "patient_share": Decimal(0),
    }
    return Invoice.model_validate({**given, **fields})


def answer(state: str, paid: str | None = None, days: int = 10, **fields: object) -> PayerReturn:
    given: dict[str, object] = {
        "id": f"r{state}{days}{paid}",
        "invoice_number": "1",
        "payer": "AMO",
        "state": state,
        "paid": None if paid is None else Decimal(paid),
        "returned_on": CLOSED + timedelta(days=days),
    }
    return PayerReturn.model_validate({**given, **fields})


def check(*records: Record, covers: Covers | None = None) -> Check:
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.record, []).append(record)
    as_of = CLOSED + timedelta(days=400)
    dossier = assemble_dossier("p1", by_kind, Cabinet(covers or Covers.all(), lots=LOTS), as_of).dossier
    return Check(dossier, as_of, load_parameters(), load_tariffs())


def follow(*records: Record) -> Sequence[Followed]:
    return check(*records).derive(followed)


@pytest.mark.parametrize(
    ("answers", "state", "left"),
    [
        ([], "waiting", "12.00"),
        ([answer("paid", "12.00")], "paid", "0"),
        ([answer("paid", "5.00")], "partly_paid", "7.00"),
        ([answer("paid", "5.00"), answer("paid", "7.00", 20)], "paid", "0"),
        ([answer("paid", "12.00"), answer("paid", "12.00", 20)], "overpaid", "0"),
        ([answer("rejected")], "rejected", "12.00"),
        ([answer("rejected"), answer("paid", "12.00", 20)], "paid", "0"),
        ([answer("paid", "5.00"), answer("rejected", days=20)], "partly_paid", "7.00"),
        ([answer("deferred")], "deferred", "12.00"),
        ([answer("rejected"), answer("deferred", days=20)], "deferred", "12.00"),
        ([answer("paid", "12.00"), answer("paid", "-12.00", 20)], "taken_back", "12.00"),
        ([answer("paid", "12.00"), answer("paid", "-5.00", 20)], "partly_paid", "5.00"),
        ([answer("paid", "-12.00")], "taken_back", "12.00"),
        ([answer("paid", "12.00"), answer("paid", "-12.00", 20), answer("paid", "12.00", 30)], "paid", "0"),
        ([answer("paid", "12.00"), answer("paid", "-12.00", 20), answer("rejected", days=30)], "rejected", "12.00"),
        ([answer("paid", "0.00")], "paid_nothing", "12.00"),
        ([answer("paid")], "paid", "12.00"),
        ([answer("paid", "12.00", payer="AMC")], "waiting", "12.00"),
        ([answer("paid", "12.00", lot_number="012")], "paid", "0"),
        ([answer("paid", "12.00", lot_number="99")], "waiting", "12.00"),
        ([answer("paid", "0.50")], "partly_paid", "11.50"),
        ([answer("paid", "12.00"), answer("paid", "-0.50", 20)], "partly_paid", "0.50"),
        ([answer("paid", "0.50"), answer("paid", "-0.50", 20)], "taken_back", "12.00"),
    ],
)
def test_what_became_of_the_caisse_s_part(answers: list[PayerReturn], state: str, left: str) -> None:
    (found,) = follow(invoice(), *answers)
    assert (found.amo.state, found.amo.left) == (state, Decimal(left))
    assert found.amo.settled is (state in ("paid", "overpaid"))


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        ({}, ("waiting", "waiting", "unasked")),
        ({"lot_id": "here"}, ("unsent", "unsent", "unasked")),
        ({"lot_id": None}, ("unsent", "unsent", "unasked")),
        ({"lot_id": "told"}, ("waiting", "waiting", "unasked")),
        ({"lot_id": None, "securing": "PAPIER"}, ("waiting", "waiting", "unasked")),
        ({"lot_id": None, "dre_sent_on": CLOSED}, ("unsent", "waiting", "unasked")),
        ({"amc_management": "separee"}, ("waiting", "unsent", "unasked")),
        ({"third_party": "NONE", "patient_share": None}, ("unasked", "unasked", "waiting")),
        ({"third_party": "AMO", "amc_claimed": None, "patient_share": None}, ("waiting", "unasked", "waiting")),
        ({"third_party": None, "amo_claimed": None, "amc_claimed": None}, ("unasked", "unasked", "unasked")),
        ({"amo_claimed": None, "amc_claimed": None}, ("waiting", "waiting", "unasked")),
    ],
)
def test_who_is_asked(fields: dict[str, Any], states: tuple[str, ...]) -> None:
    (found,) = follow(invoice(**fields))
    assert tuple(part.state for part in found.parts) == states


@pytest.mark.parametrize(("claimed", "paid", "state"), [("0.50", None, "waiting"), ("0.50", "0.50", "paid")])
def test_less_than_a_euro_is_asked_for_too(claimed: str, paid: str | None, state: str) -> None:
    answers = [] if paid is None else [answer("paid", paid)]
    (found,) = follow(invoice(amo_claimed=Decimal(claimed), amc_claimed=Decimal(0)), *answers)
    assert (found.amo.state, found.amc.state) == (state, "unasked")


@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({"third_party": "FULL"}, True),
        ({"third_party": "NONE"}, False),
        ({"third_party": None}, True),
        ({"third_party": None, "amc_claimed": None}, True),
        ({"third_party": None, "amo_claimed": Decimal(0), "amc_claimed": None}, None),
        ({"third_party": None, "amo_claimed": Decimal(0), "amc_claimed": Decimal(0)}, False),
    ],
)
def test_whether_a_payer_is_asked(fields: dict[str, Any], asks: bool | None) -> None:
    assert follow(invoice(**fields))[0].asks_a_payer is asks


APART: dict[str, Any] = {"amc_management": "separee", "dre_sent_on": CLOSED, "dre_lot_id": "received"}


@pytest.mark.parametrize(
    ("fields", "answers", "apart", "answered", "dre_answered"),
    [
        ({}, [], False, False, False),
        ({}, [answer("paid", "12.00")], False, True, False),
        ({}, [answer("paid", "8.00", payer="AMC")], False, True, False),
        ({"amc_management": "separee"}, [answer("paid", "8.00", payer="AMC")], True, False, False),
        ({"dre_sent_on": CLOSED}, [answer("paid", "8.00", payer="AMC")], True, False, False),
        (APART, [], True, False, False),
        (APART, [answer("paid", "8.00", payer="AMC")], True, False, True),
        (APART, [answer("paid", "8.00", payer="AMC", lot_number="14")], True, False, True),
        (APART, [answer("paid", "8.00", payer="AMC", lot_number="12")], True, False, False),
        (APART, [answer("paid", "12.00")], True, True, False),
    ],
)
def test_what_an_answer_answers(
    fields: dict[str, Any], answers: list[PayerReturn], apart: bool, answered: bool, dre_answered: bool
) -> None:
    (found,) = follow(invoice(**fields), *answers)
    assert (found.asked_apart, found.answered, found.dre_answered) == (apart, answered, dre_answered)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"lot_id": "refused"}, ["AMO", "AMC"]),
        ({"lot_id": "refused", **APART}, ["AMO"]),
        ({**APART, "dre_lot_id": "refused"}, ["AMC"]),
        ({"dre_lot_id": "refused"}, []),
    ],
)
def test_which_lot_was_refused(fields: dict[str, Any], refused: list[str]) -> None:
    (found,) = follow(invoice(**fields))
    assert [part.debtor for part in found.parts if found.refused(part.debtor)] == refused


@pytest.mark.parametrize(
    ("management", "sent", "state"),
    [
        ("separee", 11, "waiting"),
        ("separee", 10, "rejected"),
        ("separee", None, "rejected"),
        ("unique", 11, "rejected"),
    ],
)
def test_a_rejected_dre_that_left_again_waits_again(management: str, sent: int | None, state: str) -> None:
    sent_on = None if sent is None else CLOSED + timedelta(days=sent)
    (found,) = follow(invoice(amc_management=management, dre_sent_on=sent_on), answer("rejected", payer="AMC"))
    assert found.amc.state == state


def test_the_latest_answer_tells_whether_a_part_left_again() -> None:
    (found,) = follow(invoice(lot_id="again"), answer("rejected"), answer("rejected", days=50))
    assert found.amo.state == "rejected"


def test_what_was_taken_back_and_left_again_waits_again() -> None:
    (found,) = follow(invoice(lot_id="again"), answer("paid", "12.00"), answer("paid", "-12.00", 20))
    assert found.amo.state == "waiting"


def test_a_payment_of_nothing_settles_only_what_asks_for_nothing() -> None:
    nothing = answer("paid", "0.00")
    assert follow(invoice(amo_claimed=Decimal(0)), nothing)[0].amo.settled
    assert follow(invoice(third_party="NONE", amo_claimed=None), nothing)[0].amo.settled
    assert not follow(invoice(amo_claimed=None), nothing)[0].amo.settled
    too_much = (answer("paid", "12.00"), answer("paid", "-12.00", 20))
    assert follow(invoice(amo_claimed=Decimal(0)), *too_much)[0].amo.settled


def test_what_was_asked_for_and_is_not_known_is_never_taken_for_zero() -> None:
    (found,) = follow(invoice(amo_claimed=None, patient_share=None))
    assert (found.amo.left, found.patient.left) == (None, None)
    (found,) = follow(invoice(amo_claimed=None), answer("paid", "3.00"))
    assert (found.amo.state, found.amo.left) == ("paid", None)


@pytest.mark.parametrize(
    ("lot", "answers", "sent", "by"),
    [
        ("sent", [], True, 1),
        ("received", [], True, 2),
        ("refused", [], True, None),
        ("here", [], False, None),
        ("here", [answer("rejected", days=9), answer("paid", "12.00", 20)], True, 9),
        ("here", [answer("paid", "8.00", payer="AMC")], False, None),
        (None, [], False, None),
        ("told", [], None, None),
    ],
)
def test_an_acknowledgement_or_an_answer_of_the_caisse_proves_that_an_invoice_left(
    lot: str | None, answers: list[PayerReturn], sent: bool | None, by: int | None
) -> None:
    (found,) = follow(invoice(lot_id=lot), *answers)
    assert found.is_sent is sent
    assert found.sent_by == (None if by is None else CLOSED + timedelta(days=by))


def test_what_no_source_covers_is_not_taken_for_unsent() -> None:
    covers = Covers.of(["invoice.amo_claimed", "lot.arl"])
    unknown: tuple[dict[str, Any], ...] = ({"lot_id": None}, {"lot_id": "here"}, {"amc_management": "separee"})
    for fields in unknown:
        (found,) = check(invoice(**fields), covers=covers).derive(followed)
        assert (found.amo.state, found.amc.state) == ("waiting", "waiting")


def test_a_rejected_invoice_that_left_again_waits_again() -> None:
    (found,) = follow(invoice(lot_id="again"), answer("rejected"))
    assert found.amo.state == "waiting"
    assert found.amo.rejected


def test_a_corrected_invoice_takes_over_from_the_rejected_one() -> None:
    first, second = follow(invoice(), answer("rejected"), invoice("2", replaces="1", lot_id="again"))
    assert (first.replaced_by, second.replaces) == (second.invoice, first.invoice)
    assert (first.stands, second.stands) == (False, True)
    first, second = follow(invoice(), invoice("2", replaces="1", cancelled_on=CLOSED))
    assert (first.stands, second.stands) == (True, False)
    (alone,) = follow(invoice("2", replaces="1"))
    assert (alone.replaces, alone.stands) == (None, True)
