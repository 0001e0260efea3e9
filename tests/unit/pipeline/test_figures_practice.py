"""The figures of a whole synthetic practice say what its findings, its balance and its records say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector_core.deliver.sections import section_of
from connector_core.model.finding import Finding
from connector_core.model.letters import is_bdk
from connector_core.model.records import Act, Appointment, Invoice, PayerReturn
from connector_core.money.figures import Figures
from connector_core.money.ledger import aged, debts
from connector_core.money.tally import figures_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.subjects import checks
from connector_core.plugins.loader import load_plugins
from connector_core.rules.counting import count
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import Synthetic, make_practice

TODAY = date(2026, 11, 20)
BEGIN = date(2020, 1, 1)
MISSING = {"KINE-BILAN-INITIAL-MANQUANT", "KINE-BILAN-30", "KINE-BILAN-60"}
MISPLACED = {"KINE-BILAN-INITIAL", "KINE-BILAN-HORS-SEUIL", "KINE-BILAN-AVANT-SEUIL", "KINE-BILAN-FINAL"}


@pytest.fixture(scope="module")
def synthetic() -> Synthetic:
    """A practice with every planted fault, and every second bilan forgotten."""
    made = plant(make_practice(7, 60, 3, today=TODAY), 11)
    bilans = [each for each in made.records if isinstance(each, Act) and is_bdk(each)]
    forgotten = {each.id for each in bilans[::2]}
    return replace(made, records=[each for each in made.records if each.id not in forgotten])


@pytest.fixture(scope="module")
def store(synthetic: Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("figures") / "export.ndjson"
    write_pivot(synthetic.records, path, exported_at=datetime(2026, 11, 20, 7, tzinfo=UTC))
    with Store.in_memory() as opened:
        rules = Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs())
        pipeline = Pipeline(opened, rules, lambda: datetime(2026, 11, 20, 7, tzinfo=UTC))
        pipeline.attempt([Input("vega", LocalFile(path))], TODAY)
        yield opened


def figures(store: Store, first: date, last: date) -> Figures:
    view = PracticeView.of(store, ("vega",), {})
    found = checks(store, view, load_parameters(), load_tariffs(), last)
    return figures_of(found, view.cabinet.covers, first, last)


@pytest.fixture(scope="module")
def whole(store: Store) -> Figures:
    return figures(store, BEGIN, TODAY)


@pytest.fixture(scope="module")
def bilans(store: Store) -> list[Finding]:
    return [each.finding for each in store.answers.findings("open") if each.finding.rule in MISSING | MISPLACED]


def test_bilans_due_and_lost_are_those_that_the_rules_find(whole: Figures, bilans: list[Finding]) -> None:
    told = whole.bilans
    assert told is not None
    sections = {
        "due": [each for each in bilans if section_of(each, TODAY) in ("bilan_todo", "bilan_to_bill")],
        "lost": [each for each in bilans if section_of(each, TODAY) == "bilan_lost"],
    }
    assert min(map(len, sections.values())) > 0, "the practice must have some of both"
    assert (told.due, told.lost) == (len(sections["due"]), len(sections["lost"]))
    due, lost = (sum((each.amount or Decimal(0) for each in found), Decimal(0)) for found in sections.values())
    assert (told.due_amount, told.lost_amount) == (due, lost)


def test_bilans_done_are_the_billed_ones_that_no_rule_finds_misplaced(
    store: Store, whole: Figures, bilans: list[Finding]
) -> None:
    assert whole.bilans is not None
    view = PracticeView.of(store, ("vega",), {})
    billed = {
        bdk.act.id
        for check in checks(store, view, load_parameters(), load_tariffs(), TODAY)
        for series in check.derive(count).series
        for bdk in series.bdks
    }
    misplaced = {each.subject.id for each in bilans if each.rule in MISPLACED}
    doubles = [each for each in bilans if each.rule in MISSING and "Second bilan" in each.message]
    assert misplaced <= billed
    assert doubles or misplaced
    assert whole.bilans.done == len(billed) - len(misplaced) - len(doubles)
    assert whole.bilans.undetermined == 0


def test_bilans_lost_over_the_months_add_up(store: Store, whole: Figures, bilans: list[Finding]) -> None:
    first, lost = TODAY - timedelta(days=364), Counter[str]()
    for each in bilans:
        if section_of(each, TODAY) == "bilan_lost" and each.due_on is not None and each.due_on >= first:
            lost["year"] += 1
    year = figures(store, first, TODAY).bilans
    assert year is not None
    assert year.lost == lost["year"]


def test_acts_and_honoraires_are_those_of_the_records(synthetic: Synthetic, whole: Figures) -> None:
    acts = [each for each in synthetic.records if isinstance(each, Act)]
    dead = {each.id for each in synthetic.records if isinstance(each, Invoice) and each.cancelled_on is not None}
    standing = [each for each in acts if each.invoice_id not in dead and each.quantity > 0]
    assert whole.acts == len(standing)
    assert whole.honoraires == sum(each.amount for each in standing if each.amount is not None)


def test_what_waits_is_the_balance(store: Store, whole: Figures) -> None:
    view = PracticeView.of(store, ("vega",), {})
    owed = [debt for check in checks(store, view, load_parameters(), load_tariffs(), TODAY) for debt in debts(check)]
    balances = aged(owed, TODAY)
    assert any(each.total for each in balances)
    for told in whole.waiting:
        own = [each for each in balances if each.debtor == told.debtor]
        assert told.amounts == tuple(
            sum((each.amounts[column] for each in own), Decimal(0)) for column in range(len(told.amounts))
        )
        assert told.parts == sum(len(each.debts) for each in own)
    cash = whole.cash_in
    assert cash is not None
    dated = sum((each.median for each in cash.weeks), cash.beyond_median)
    late = sum((each.ninth_decile for each in cash.weeks), cash.beyond_ninth_decile)
    undated = sum((each.amount for each in cash.undated), Decimal(0))
    assert dated == late
    assert dated + undated == sum((each.total for each in whole.waiting), Decimal(0))


def test_rejects_and_appointments_are_those_of_the_records(synthetic: Synthetic, whole: Figures) -> None:
    returns = [each for each in synthetic.records if isinstance(each, PayerReturn)]
    rejected = {(each.payer, each.invoice_number) for each in returns if each.state == "rejected"}
    answered = {(each.payer, each.invoice_number) for each in returns if each.state != "deferred"}
    assert rejected
    for rate in whole.rejects:
        assert rate.rejected == sum(payer == rate.payer for payer, _ in rejected)
        assert rate.answered == sum(payer == rate.payer for payer, _ in answered)
        assert sum(each.parts for each in whole.motifs if each.payer == rate.payer) >= rate.rejected
    missed = [each for each in synthetic.records if isinstance(each, Appointment) and each.status == "missed"]
    assert whole.missed is not None
    assert whole.missed.missed == len(missed)
