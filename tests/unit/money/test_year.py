"""The aged balance of a year of money against its own ledger, and what went wrong in it, read from a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector_core.model.dossier import Dossier
from connector_core.money.ledger import Aged, Debt, aged, debts, overpayments
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.banked import unseen_transfers
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.subjects import checks
from connector_core.plugins.loader import load_plugins
from connector_core.rules.base import Adjustments
from connector_core.rules.kernel import Check
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.money_year import MoneyYear, make_money_year

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
SMALL = 400


@pytest.fixture(scope="module", params=[1, 2, 3])
def taken(request, tmp_path_factory) -> Iterator[tuple[MoneyYear, Store]]:
    """A small year, as a practice's export that was read into a store."""
    year = make_money_year(request.param, SMALL, today=TODAY)
    path: Path = tmp_path_factory.mktemp("year") / "year.ndjson"
    write_pivot(year.records, path, exported_at=NOW)
    store = Store.in_memory()
    rules = Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs(), Adjustments())
    outcome = Pipeline(store, rules, lambda: NOW).attempt([Input("", LocalFile(path))], TODAY)
    assert [each.rejects for each in outcome.files] == [0]
    yield year, store
    store.close()


def asked(store: Store, day: date) -> Iterator[Check[Dossier]]:
    return checks(store, PracticeView.of(store, (), {}), load_parameters(), load_tariffs(), day)


def owed(store: Store, day: date) -> list[Debt]:
    return [debt for check in asked(store, day) for debt in debts(check)]


@pytest.mark.parametrize("ago", [0, 60, 200])
def test_the_balance_is_the_ledger_s_to_the_cent(taken: tuple[MoneyYear, Store], ago: int) -> None:
    year, store = taken
    day = TODAY - timedelta(days=ago)
    found: list[Aged] = aged(owed(store, day), day)
    totals = {(each.debtor, each.debtor_id): each.total for each in found if each.total}
    assert totals == year.ledger.by_debtor(day)
    assert sum(totals.values()) > 0
    by_part = {(debt.invoice_id, debt.debtor): debt.amount for debt in owed(store, day) if debt.amount}
    assert by_part == year.ledger.owed_on(day)
    since = {(debt.invoice_id, debt.debtor): debt.since(day) for debt in year.ledger.debts}
    assert all(debt.since == since[debt.invoice_id, debt.debtor] for debt in owed(store, day))


def test_what_was_paid_twice_in_part_or_taken_back_is_told_with_its_amount(taken: tuple[MoneyYear, Store]) -> None:
    year, store = taken
    told = [each for check in asked(store, TODAY) for each in overpayments(check)]
    kinds = ("paid_twice", "patient_paid_twice", "replaced_and_paid")
    too_much = [fault for fault in year.faults if fault.kind in kinds]
    assert {(each.invoice_id, each.amount) for each in told} == {(each.subject_id, each.amount) for each in too_much}
    assert {fault.kind for fault in too_much} == set(kinds)
    in_part = {(fault.subject_id, fault.amount) for fault in year.faults if fault.kind == "partly_paid"}
    left = {(debt.invoice_id, debt.amount) for debt in owed(store, TODAY) if debt.state == "partly_paid"}
    assert in_part
    assert in_part <= left
    back = {(fault.subject_id, fault.amount) for fault in year.faults if fault.kind == "taken_back"}
    assert back == {(debt.invoice_id, debt.amount) for debt in owed(store, TODAY) if debt.state == "taken_back"}
    assert back


def test_the_transfers_that_never_came_are_told_and_no_other(taken: tuple[MoneyYear, Store]) -> None:
    year, store = taken
    view = PracticeView.of(store, (), {})
    told = unseen_transfers(store, view.cabinet, TODAY, load_parameters(), load_tariffs())
    missing = sorted((fault.subject_id, fault.amount) for fault in year.faults if fault.kind == "missing_transfer")
    assert sorted((f"{each.on}/{each.body}/{each.label}", each.amount) for each in told) == missing
    assert missing
    assert not any(each.perhaps for each in told)


def test_the_rules_find_the_rest_and_nothing_else(taken: tuple[MoneyYear, Store]) -> None:
    year, store = taken
    rules = {each.code for each in load_plugins(no_plugins=True).rules}
    found = sorted((kept.finding.rule, kept.finding.amount) for kept in store.answers.findings("open"))
    planted = sorted((each.rule, each.amount) for each in year.findings(rules))
    assert found == planted
