"""From the files of lots, acknowledgements, returns and bank to what is owed and what is told, to the cent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner
from tests.integration.money.quarter import PROFESSIONALS, TODAY, Quarter, make_quarter

from connector_core.cli.main import connector
from connector_core.model.records import PayerReturn
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Input
from connector_core.pipeline.outcome import FileOutcome
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile
from connector_core.store.codec import KIND_INDEX, as_records
from connector_core.store.store import Store

SETTINGS = """
[data]
folder = '{folder}'

[secrets]
keyring = "file"

[[source]]
id = "tt"
connector = "teletransmission"
folder = '{folder}/tt'

[[source]]
id = "bank"
connector = "banque"
folder = '{folder}/bank'
"""


@dataclass
class Practice:
    """The practice once everything is read: its store, what became of each file, and the command."""

    quarter: Quarter
    store: Store
    files: list[FileOutcome]
    balance: Callable[[date], dict[str, list[dict]]]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The quarter's files, read one attempt after the other into a store on disk."""
    folder = tmp_path_factory.mktemp("practice")
    quarter = make_quarter(tmp_path_factory.mktemp("quarter"))
    config: Path = folder / "connector.toml"
    config.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    for name in ("tt", "bank"):
        (folder / name).mkdir()

    def balance(day: date) -> dict[str, list[dict]]:
        asked = ["--config", str(config), "balance", "--json", "--as-of", day.isoformat()]
        result = CliRunner().invoke(connector, asked)
        assert result.exit_code == 1, result.output
        return json.loads(result.stdout)

    settings = load(config, {})
    store, _ = open_store(settings, create=True)
    files: list[FileOutcome] = []
    with store:
        pipeline = pipeline_of(settings, store, rules_of(settings, load_plugins()))
        for inputs in quarter.attempts:
            files += pipeline.attempt([Input(source, LocalFile(path)) for source, path in inputs], TODAY).files
    with open_store(settings, create=False)[0] as store:
        yield Practice(quarter, store, files, balance)


def test_every_file_is_read_whole(practice: Practice) -> None:
    assert {(each.state, each.rejects) for each in practice.files} == {("committed", 0)}
    dialects = [each.dialect for each in practice.files]
    assert set(dialects) == {"b2-ps", "noemie-ps", "arl-csv", "ofx"}
    assert dialects.count("b2-ps") == 104


@pytest.mark.parametrize("ago", [0, 30, 90, 150])
def test_the_balance_is_the_ledger_s_to_the_cent(practice: Practice, ago: int) -> None:
    """What was asked for of which no answer would be known is told apart, and is part of the ledger all the same."""
    day = TODAY - timedelta(days=ago)
    told = practice.balance(day)
    debtors = [*told["debtors"], *told["unknown"]]
    totals: dict[tuple[str, str], Decimal] = {}
    for each in debtors:
        debtor = each["debtor"], each["debtor_id"]
        totals[debtor] = totals.get(debtor, Decimal(0)) + Decimal(each["total"])
    assert totals == practice.quarter.ledger.by_debtor(day)
    since = date.fromisoformat(practice.store.fact("returns_since") or "")
    known = {
        (owed["invoice_id"], each["debtor"]): date.fromisoformat(owed["since"]) >= since or owed["state"] != "waiting"
        for each in debtors
        for owed in each["invoices"]
        if each["debtor"] != "PATIENT"
    }
    assert {each["debtor"] for each in told["debtors"]} <= {"AMO", "AMC"}
    owed_for_sure = {(owed["invoice_id"], each["debtor"]) for each in told["debtors"] for owed in each["invoices"]}
    assert owed_for_sure == {part for part, answer in known.items() if answer}
    by_part = {
        (owed["invoice_id"], each["debtor"]): Decimal(owed["amount"]) for each in debtors for owed in each["invoices"]
    }
    assert by_part == practice.quarter.ledger.owed_on(day)
    assert len(by_part) > 50


def test_what_is_paid_twice_is_told_with_its_amount(practice: Practice) -> None:
    told = practice.balance(TODAY)["overpaid"]
    assert {(each["invoice_id"], each["debtor"]): Decimal(each["amount"]) for each in told} == practice.quarter.overpaid
    assert len(told) == len(practice.quarter.overpaid) == 2


def test_what_was_announced_and_never_came_is_told(practice: Practice) -> None:
    announced = practice.balance(TODAY)["announced"]
    (found,) = [(date.fromisoformat(each["on"]), Decimal(each["amount"])) for each in announced]
    assert found == practice.quarter.missing


def test_the_rules_find_what_went_wrong_and_nothing_else(practice: Practice) -> None:
    lots = {lot.id: lot.number for lot in PracticeView.of(practice.store, ("tt", "bank"), {}).cabinet.lots.values()}
    told = [kept.finding for kept in practice.store.answers.findings("open")]
    found = [
        (each.rule, lots.get(each.subject.id, each.subject.id if each.subject.kind == "invoice" else ""), each.amount)
        for each in told
        if each.rule.startswith(("TT-", "SUIVI-"))
    ]
    assert sorted(found) == sorted(practice.quarter.findings)
    assert {rule for rule, _, _ in found} == {
        "SUIVI-REJET-NONTRAITE",
        "TT-ARL-ABSENT",
        "TT-ARL-NEG",
        "TT-NOEMIE-ABSENT-AMC",
        "TT-NOEMIE-ABSENT-AMO",
        "TT-RAPPROCHEMENT",
    }


def test_every_answer_is_counted_once_and_only_those_to_another_practice_wait(practice: Practice) -> None:
    """Returns came before their lots, again in another file, and for another practice."""
    kinds = (records[KIND_INDEX["payer_return"]] for _, _, records in practice.store.dossiers.iterate())
    returns = [each for stored in kinds for each in cast(list[PayerReturn], as_records(stored))]
    assert len({each.id for each in returns}) == len(returns) == practice.quarter.answers
    assert {each.payee_number for each in returns} == set(PROFESSIONALS)
    assert practice.store.waiting.count() == practice.quarter.foreign > 0
