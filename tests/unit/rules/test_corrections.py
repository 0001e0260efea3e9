"""Which invoice bills a refused one again, where nothing names it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.records import Act, Invoice, Lot, PayerReturn, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.corrections import replaced
from connector_core.rules.kernel import Check

CLOSED = date(2026, 3, 2)
REFUSED = 10
"""The day, from the closing of the first invoice, on which it is rejected, or its lot refused."""
LINE = ("RAM", "8.09", 0)
OTHER = ("IFD", "1", 0)


def day(after: int) -> date:
    return CLOSED + timedelta(days=after)


def invoice(number: str, on: int, **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": day(on),
        "lot_id": f"l{number}",
        "third_party": "AMO",
        "total": Decimal("20.00"),
        "amo_claimed": Decimal("12.00"),
    }
    return Invoice.model_validate({**given, **fields})


def acts(number: str, *lines: tuple[str, str, int], **fields: object) -> list[Record]:
    """The lines of an invoice: letter, coefficient, day from the closing of the first one."""
    return [
        Act.model_validate(
            {
                "id": f"a{number}{place}",
                "patient_id": "p1",
                "practitioner_id": "mk1",
                "performed_on": day(on),
                "letter": letter,
                "coefficient": Decimal(coefficient),
                "invoice_id": f"f{number}",
                **fields,
            }
        )
        for place, (letter, coefficient, on) in enumerate(lines)
    ]


def answer(state: str, on: int, number: str = "1", payer: str = "AMO", paid: str | None = None) -> PayerReturn:
    return PayerReturn.model_validate(
        {
            "id": f"r{number}{payer}{state}{on}",
            "invoice_number": number,
            "payer": payer,
            "state": state,
            "paid": None if paid is None else Decimal(paid),
            "returned_on": day(on),
        }
    )


def told(*records: Record, lots: Mapping[str, Lot] | None = None, as_of: int = 100) -> dict[str, str]:
    by_kind: dict[str, list[Record]] = {}
    for record in records:
        by_kind.setdefault(record.record, []).append(record)
    cabinet = Cabinet(Covers.all(), lots=lots or {})
    dossier = assemble_dossier("p1", by_kind, cabinet, day(as_of)).dossier
    found = Check(dossier, day(as_of), load_parameters(), load_tariffs()).derive(replaced)
    return {name: other.id for name, other in found.items()}


FIRST = (invoice("1", 0), *acts("1", LINE))
REJECT = answer("rejected", REFUSED)
SECOND = (invoice("2", REFUSED + 2), *acts("2", LINE))
AGAIN = {"f1": "f2"}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param((*FIRST, REJECT, *SECOND), AGAIN, id="rejected and billed again"),
        pytest.param((*FIRST, *SECOND), {}, id="not refused"),
        pytest.param((*FIRST, answer("paid", REFUSED, paid="12.00"), *SECOND), {}, id="paid"),
        pytest.param((*FIRST, answer("deferred", REFUSED), *SECOND), {}, id="deferred"),
        pytest.param((*FIRST, answer("rejected", REFUSED, payer="AMC"), *SECOND), {}, id="by the complémentaire"),
        pytest.param((*FIRST, REJECT, invoice("2", REFUSED), *acts("2", LINE)), AGAIN, id="on the day of the reject"),
        pytest.param((*FIRST, REJECT, invoice("2", REFUSED - 1), *acts("2", LINE)), {}, id="made before the reject"),
        pytest.param(
            (*FIRST, answer("rejected", REFUSED + 9), REJECT, *SECOND), AGAIN, id="rejected twice: the first one counts"
        ),
        pytest.param(
            (*FIRST, REJECT, answer("paid", REFUSED + 2, paid="12.00"), *SECOND), {}, id="paid by the day it was made"
        ),
        pytest.param(
            (*FIRST, REJECT, answer("paid", REFUSED + 3, paid="12.00"), *SECOND), AGAIN, id="paid after it was made"
        ),
        pytest.param(
            (*FIRST, REJECT, answer("paid", 40, paid="12.00"), answer("paid", REFUSED + 1, paid="5.00"), *SECOND),
            {},
            id="paid in two parts, the first before it was made",
        ),
        pytest.param(
            (*FIRST, REJECT, invoice("2", 12, practitioner_id="mk2"), *acts("2", LINE)), {}, id="another professional's"
        ),
        pytest.param(
            (*FIRST, REJECT, invoice("2", 12, cancelled_on=day(13)), *acts("2", LINE)), {}, id="the second cancelled"
        ),
        pytest.param(
            (invoice("1", 0, cancelled_on=day(1)), *acts("1", LINE), REJECT, *SECOND), {}, id="the first cancelled"
        ),
        pytest.param(
            (
                *FIRST,
                REJECT,
                invoice("2", 12, practitioner_id="mk2"),
                *acts("2", LINE),
                invoice("3", 13),
                *acts("3", LINE),
            ),
            {"f1": "f3"},
            id="the next of the same professional",
        ),
        pytest.param(
            (*FIRST, REJECT, *SECOND, invoice("3", 13), *acts("3", LINE)), AGAIN, id="the first of two that bill it"
        ),
        pytest.param(
            (*FIRST, REJECT, invoice("2", 12), *acts("2", OTHER), invoice("3", 13), *acts("3", LINE)),
            {"f1": "f3"},
            id="the first that bills its lines",
        ),
        pytest.param((*FIRST, REJECT, invoice("2", 12), *acts("2", OTHER)), {}, id="another line"),
        pytest.param((*FIRST, REJECT, invoice("2", 12), *acts("2", LINE, OTHER)), AGAIN, id="its line and another"),
        pytest.param((*FIRST, REJECT, invoice("2", 12), *acts("2", ("RAM", "8.20", 0))), AGAIN, id="corrected"),
        pytest.param(
            (*FIRST, REJECT, invoice("2", 12), *acts("2", ("RAM", "8.20", 0), OTHER)), {}, id="corrected, and another"
        ),
        pytest.param((*FIRST, REJECT, invoice("2", 12), *acts("2", ("RAM", "8.09", 1))), {}, id="of another day"),
        pytest.param((invoice("1", 0), *acts("1", LINE, OTHER), REJECT, *SECOND), {}, id="one of its two lines alone"),
        pytest.param(
            (invoice("1", 0), *acts("1", LINE, LINE), REJECT, *SECOND), {}, id="one of its two equal lines alone"
        ),
        pytest.param((invoice("1", 0), REJECT, *SECOND), {}, id="lines not known"),
        pytest.param((*FIRST, REJECT, invoice("2", 12)), {}, id="lines of the second not known"),
        pytest.param(
            (invoice("1", 0), *acts("1", LINE, quantity=0), REJECT, invoice("2", 12), *acts("2", OTHER)),
            {},
            id="lines that were withdrawn",
        ),
        pytest.param(
            (*FIRST, REJECT, invoice("2", 12, replaces="1"), *acts("2", OTHER), invoice("3", 11), *acts("3", LINE)),
            AGAIN,
            id="the one that names it",
        ),
        pytest.param(
            (
                invoice("0", 0, cancelled_on=day(1)),
                answer("rejected", 5, "0"),
                *acts("0", LINE),
                invoice("1", 1),
                *acts("1", LINE),
                REJECT,
                *SECOND,
                answer("rejected", 20, "2"),
                invoice("3", 21),
                *acts("3", LINE),
            ),
            {"f1": "f2", "f2": "f3"},
            id="refused and corrected twice",
        ),
    ],
)
def test_what_bills_a_rejected_invoice_again(records: tuple[Record, ...], expected: dict[str, str]) -> None:
    assert told(*records) == expected


def test_a_credit_note_of_a_rejected_invoice_bills_nothing_again() -> None:
    assert told(*FIRST, REJECT, invoice("2", 12), *acts("2", LINE, quantity=0)) == {}


def lot(number: str, made: int | None, **fields: object) -> dict[str, Lot]:
    made_on = None if made is None else day(made)
    return {f"l{number}": Lot.model_validate({"id": f"l{number}", "number": number, "created_on": made_on, **fields})}


REFUSED_LOT = lot("1", 0, arl="negative", arl_on=day(REFUSED))


@pytest.mark.parametrize(
    ("lots", "expected"),
    [
        pytest.param(REFUSED_LOT, AGAIN, id="refused"),
        pytest.param(lot("1", 0, arl="positive", arl_on=day(REFUSED)), {}, id="taken"),
        pytest.param(lot("1", 0, arl="negative"), {}, id="refused, nobody knows when"),
        pytest.param(lot("1", 0), {}, id="no acknowledgement"),
        pytest.param({**REFUSED_LOT, **lot("2", 14)}, AGAIN, id="put in a later lot"),
    ],
)
def test_what_bills_an_invoice_of_a_refused_lot_again(lots: dict[str, Lot], expected: dict[str, str]) -> None:
    assert told(*FIRST, *SECOND, lots=lots) == expected


def test_an_answer_tells_more_than_the_refusal_of_the_lot() -> None:
    assert told(*FIRST, answer("paid", REFUSED + 1, paid="12.00"), *SECOND, lots=REFUSED_LOT) == {}


def test_an_invoice_of_another_lot_is_not_refused_with_it() -> None:
    apart = (invoice("1", 0, lot_id="l9"), *acts("1", LINE))
    assert told(*apart, *SECOND, lots=REFUSED_LOT) == {}


def test_a_lot_is_refused_from_the_day_of_its_acknowledgement() -> None:
    early = (invoice("2", REFUSED), *acts("2", LINE))
    assert told(*FIRST, *early, lots=REFUSED_LOT, as_of=REFUSED) == AGAIN
    assert told(*FIRST, *early, lots=lot("1", 0, arl="negative", arl_on=day(REFUSED + 1)), as_of=REFUSED) == {}


@pytest.mark.parametrize(("made", "expected"), [(REFUSED, AGAIN), (REFUSED - 1, {})])
def test_an_invoice_is_made_when_it_is_put_in_a_lot(made: int, expected: dict[str, str]) -> None:
    early = (invoice("2", 3), *acts("2", LINE))
    assert told(*FIRST, REJECT, *early, lots=lot("2", made)) == expected
    assert told(*FIRST, REJECT, *early, lots=lot("2", None)) == {}
