"""The synthetic year of money: what goes wrong in it is found, nothing else is, and its ledger adds up to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeVar

import pytest

from connector_core.model.assemble import assemble_dossier
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet
from connector_core.model.pivot import record_from_json, record_to_json
from connector_core.model.records import BankCredit, Invoice, Lot, PatientPayment, PayerReturn, Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.catalogue import core_rules
from connector_core.rules.invoices import Followed, followed
from connector_core.rules.kernel import Check
from connector_core.testing.cases import answers
from connector_core.testing.money_ledger import Debt, Receipt
from connector_core.testing.money_year import FULL_YEAR, MoneyYear, make_money_year
from connector_core.testing.transfers import PAYERS

TODAY = date(2026, 11, 20)
SMALL = 400
SEEDS = range(1, 6)
NOTHING = Decimal(0)
R = TypeVar("R", bound=Record)


@cache
def year(seed: int) -> MoneyYear:
    return make_money_year(seed, SMALL, today=TODAY)


def of(kind: type[R], made: MoneyYear) -> list[R]:
    return [record for record in made.records if isinstance(record, kind)]


def test_the_same_seed_gives_the_same_year() -> None:
    again = make_money_year(1, SMALL, today=TODAY)
    assert again == year(1)
    assert make_money_year(2, SMALL, today=TODAY).records != again.records


def test_records_are_valid_and_their_ids_unique() -> None:
    records = year(1).records
    assert [record_from_json(record_to_json(record)) for record in records] == list(records)
    assert max(Counter((record.record, record.id) for record in records).values()) == 1


def test_it_has_what_makes_following_money_hard() -> None:
    made = year(1)
    invoices, returns, credits = of(Invoice, made), of(PayerReturn, made), of(BankCredit, made)
    assert {each.amc_management for each in invoices} == {None, "unique", "separee"}
    assert any(each.dre_sent_on for each in invoices)
    assert any(each.replaces for each in invoices)
    assert len({each.paying_body for each in returns if each.paying_body}) > 3
    assert any(len((each.label or "").split(" NOEMIE ")[-1].split()) == 2 for each in credits)  # two transfers
    assert any(each.counterparty not in PAYERS.values() for each in credits)
    assert any(each.invoice_id is None for each in of(PatientPayment, made))


def test_every_kind_of_fault_is_there_each_time() -> None:
    assert Counter(each.kind for each in make_money_year(3, 2 * SMALL, today=TODAY, each=3).faults) == {
        "lost_lot": 3,
        "forgotten_reject": 6,
        "silent_caisse": 3,
        "silent_amc": 6,
        "paid_twice": 3,
        "patient_paid_twice": 3,
        "replaced_and_paid": 3,
        "taken_back": 3,
        "partly_paid": 6,
        "missing_transfer": 3,
        "unpaid_patient": 3,
        "limit_near": 3,
        "limit_past": 9,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_found_is_what_went_wrong(seed: int) -> None:
    assert _found(year(seed)) == _planted(year(seed))


@pytest.mark.timeout(180)
def test_a_full_year() -> None:
    made = make_money_year(1, today=TODAY, each=10)
    assert len(of(Invoice, made)) >= FULL_YEAR
    assert _found(made) == _planted(made)
    assert _left(made, TODAY) == made.ledger.owed_on(TODAY)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rules_follow_every_debt_of_the_ledger(seed: int) -> None:
    made = year(seed)
    assert _left(made, TODAY) == made.ledger.owed_on(TODAY)


@pytest.mark.parametrize("ago", [20, 60, 150])
def test_they_do_on_an_earlier_day(ago: int) -> None:
    made, day = year(2), TODAY - timedelta(days=ago)
    payers = {part: left for part, left in made.ledger.owed_on(day).items() if part[1] != "PATIENT"}
    left = _left(made, day)
    assert {part: amount for part, amount in left.items() if part[1] != "PATIENT"} == payers
    by_debtor = made.ledger.by_debtor(day)
    assert sum(left.values(), NOTHING) == sum(by_debtor.values(), NOTHING)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_shows_in_the_ledger(seed: int) -> None:
    made = year(seed)
    owed = made.ledger.owed_on(TODAY)
    for fault in made.faults:
        match fault.kind:
            case "unpaid_patient":
                assert made.ledger.by_debtor(TODAY)["PATIENT", fault.subject_id] == fault.amount
            case "lost_lot":
                inside = {each.id for each in of(Invoice, made) if each.lot_id == fault.subject_id}
                assert sum(left for part, left in owed.items() if part[0] in inside) == fault.amount
            case "missing_transfer":
                told = [each for each in of(PayerReturn, made) if _transfer(each) == fault.subject_id]
                assert sum(each.paid or NOTHING for each in told) == fault.amount
            case "patient_paid_twice":
                assert (fault.subject_id, "PATIENT") not in owed
                assert _overpaid(made, fault.subject_id, "PATIENT") == fault.amount
            case "replaced_and_paid":
                assert (fault.subject_id, "AMO") not in owed
                (number,) = (each.number for each in of(Invoice, made) if each.id == fault.subject_id)
                assert any(each.replaces == number for each in of(Invoice, made))
            case "paid_twice":
                assert (fault.subject_id, "AMO") not in owed
                assert _overpaid(made, fault.subject_id, "AMO") == fault.amount
            case _:
                assert fault.debtor is not None
                assert owed[fault.subject_id, fault.debtor] == fault.amount


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_else_has_owed_for_long(seed: int) -> None:
    made = year(seed)
    wrong = {each.subject_id for each in made.faults}
    lots = {each.id: each.lot_id for each in of(Invoice, made)}
    for debt in made.ledger.debts:
        if debt.owed_on(TODAY) and not wrong & {debt.invoice_id, debt.who, lots[debt.invoice_id]}:
            assert debt.closed_on > TODAY - timedelta(days=45)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bank_has_what_the_payers_paid(seed: int) -> None:
    made = year(seed)
    credited = sum(each.amount for each in of(BankCredit, made) if each.counterparty in PAYERS.values())
    receipts = [each for debt in made.ledger.debts if debt.debtor != "PATIENT" for each in debt.receipts]
    assert credited == sum(each.amount for each in receipts if each.banked_on is not None)
    lost = sum(each.amount for each in made.faults if each.kind == "missing_transfer")
    old = [each for each in receipts if each.banked_on is None and each.told_on < TODAY - timedelta(days=9)]
    assert sum(each.amount for each in old) == lost


def test_lots_hold_their_invoices() -> None:
    made = year(1)
    inside = Counter(each.lot_id for each in of(Invoice, made) if each.lot_id is not None)
    assert {each.id: each.invoice_count for each in of(Lot, made)} == inside


def test_a_debt_over_time() -> None:
    told, banked = date(2026, 3, 20), date(2026, 3, 24)
    receipts = (Receipt(Decimal("5.00"), told, banked), Receipt(Decimal("9.00"), date(2026, 4, 2), None))
    closed_on = date(2026, 3, 2)
    debt = Debt("F1", "AMO", "019990000", Decimal("12.00"), closed_on, date(2026, 3, 6), receipts)
    day = timedelta(days=1)
    assert debt.owed_on(closed_on - day) == 0
    assert debt.owed_on(told - day) == Decimal("12.00")
    assert (debt.owed_on(told), debt.owed_on(told, banked=True)) == (Decimal("7.00"), Decimal("12.00"))
    assert debt.owed_on(banked, banked=True) == Decimal("7.00")
    assert debt.owed_on(date(2026, 4, 2)) == 0  # never below
    assert (debt.since(closed_on), debt.since(date(2026, 3, 6))) == (closed_on, date(2026, 3, 6))


Told = tuple[str, str, str, str, str | None, Decimal | None]


def _planted(made: MoneyYear) -> Counter[Told]:
    return Counter(
        (each.rule, each.severity, each.subject_kind, each.subject_id, each.patient_id, each.amount)
        for each in made.findings(rule.code for rule in core_rules())
    )


def _found(made: MoneyYear) -> Counter[Told]:
    return Counter(
        (each.rule, each.severity, each.subject.kind, each.subject.id, each.patient_id, each.amount)
        for each in answers(made.records, made.today, Covers.all()).findings
    )


def _left(made: MoneyYear, as_of: date) -> dict[tuple[str, str], Decimal]:
    """What is left of each part of each invoice, as the rules follow them."""
    return {
        (each.invoice.id, part.debtor): part.left
        for each in _followed(made, as_of)
        if each.stands
        for part in each.parts
        if part.left
    }


def _followed(made: MoneyYear, as_of: date) -> Iterator[Followed]:
    owners = {each.number: each.patient_id for each in of(Invoice, made)}
    by_patient: dict[str, dict[str, list[Record]]] = {}
    for record in made.records:
        owner = (
            owners[record.invoice_number] if isinstance(record, PayerReturn) else getattr(record, "patient_id", None)
        )
        if owner is not None:
            by_patient.setdefault(owner, {}).setdefault(record.record, []).append(record)
    cabinet = Cabinet(Covers.all(), lots={each.id: each for each in of(Lot, made)})
    for patient_id, records in by_patient.items():
        dossier = assemble_dossier(patient_id, records, cabinet, as_of).dossier
        yield from Check(dossier, as_of, load_parameters(), load_tariffs()).derive(followed)


def _transfer(each: PayerReturn) -> str:
    return "" if each.transfer_on is None else f"{each.transfer_on}/{each.paying_body}/{each.transfer_label}"


def _overpaid(made: MoneyYear, invoice_id: str, debtor: str) -> Decimal:
    (debt,) = (each for each in made.ledger.debts if (each.invoice_id, each.debtor) == (invoice_id, debtor))
    return debt.received_by(TODAY) - debt.amount
