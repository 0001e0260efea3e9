"""Calibration of the reference databases: what it finds of them, and what the rules then say of the practice."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from benchmarks.mappings import DATABASES, Case, Shipped, database_case, database_dialect

from connector_core.dialects.calibration.proposing import Proposal, propose
from connector_core.dialects.calibration.sample import Column, Declared, Sample, Table
from connector_core.dialects.mappings import Dialect
from connector_core.dialects.plan import plan_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import SITE, with_dialect
from connector_core.sources.database.address import read_address
from connector_core.sources.database.extracted import Extracted
from connector_core.sources.database.passes import Known, run_pass
from connector_core.sources.database.sqlite import ENGINE
from connector_core.store.store import Store

AT_LEAST = 0.97
AS_OF = date(2026, 11, 20)
WORDED = ["kine4000/firebird", "kinemax/access"]
"""Those whose closed lists are words or letters."""
CODED = "vega/postgresql"
"""The one whose closed lists are numbers."""


@functools.cache
def parameters():
    return load_parameters(), load_tariffs()


@functools.cache
def host():
    return load_plugins()


def extract(folder, dialect: Dialect) -> Extracted:
    """What a pass with a dialect gives."""
    written = io.BytesIO()
    with ENGINE.open(read_address(f"sqlite:///{folder / 'base.db'}"), None) as session:
        passed = run_pass(session, [plan_of(dialect)], Known(), 1, datetime.now(UTC), written.write)
    assert passed.status == "taken", passed.missing
    return Extracted("base.extrait", written.getvalue())


def answers(folder, dialect: Dialect, text: str = "") -> tuple[set[object], set[object], list[str]]:
    """The findings, the questions left open, and why rows were refused."""
    connectors = with_dialect(host(), text, dialect.place) if text else host()
    file = extract(folder, dialect)
    with Store.in_memory() as store:
        pipeline = Pipeline(store, Rules(connectors, *parameters()), lambda: datetime(2026, 11, 20, 20, tzinfo=UTC))
        pipeline.attempt([Input("", file, (SITE,) if text else None, dialect.id)], AS_OF)
        findings: set[object] = {
            (each.fingerprint, each.severity, each.patient_id, str(each.amount), str(each.due_on))
            for each in (kept.finding for kept in store.answers.findings())
        }
        open_questions: set[object] = {(each.rule, each.subject, each.missing) for each in store.answers.undetermined()}
        return findings, open_questions, [each.reason for each in store.files.rejects()]


@dataclass(frozen=True)
class Calibrated:
    """A reference database in a folder, what calibration is to find of it, and what it proposes."""

    name: str
    folder: Path
    case: Case
    proposal: Proposal

    @property
    def shipped(self) -> Dialect:
        return database_dialect(self.name)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory) -> Callable[[str], Calibrated]:
    @functools.cache
    def calibrate(name: str) -> Calibrated:
        folder = tmp_path_factory.mktemp("base")
        case = database_case(name, folder)
        return Calibrated(name, folder, case, propose(case.sample, Shipped(load_tariffs())))

    return calibrate


def tried(proposal: Proposal, folder):
    dialect = proposal.dialect("site-base", "Base", "site-base.toml")
    return answers(folder, dialect, proposal.text("site-base", "Base"))


def told(dialect: Dialect) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """What a person who knows the software answers when asked for the meaning of codes."""
    return {
        (f"{table.name}.{field.columns[0]}", f"{record.kind}.{field.target}"): field.values
        for table in dialect.tables
        for record in table.records
        for field in record.fields
        if field.values is not None and field.columns
    }


@pytest.mark.parametrize("name", DATABASES)
def test_its_mappings_are_those_of_the_shipped_dialect(name, calibrated):
    found = calibrated(name)
    mapped = frozenset((*each.source.partition(".")[::2], each.target) for each in found.proposal.mappings)
    assert found.case.score(mapped) >= AT_LEAST


@pytest.mark.parametrize("name", DATABASES)
def test_its_keys_and_signs_of_change_are_those_of_the_shipped_dialect(name, calibrated):
    found = calibrated(name)
    shipped = {table.name: (table.key, table.version_column) for table in found.shipped.tables}
    dialect = found.proposal.dialect("site-base", "Base", "site-base.toml")
    read = {table.name: (table.key, table.version_column) for table in dialect.tables}
    assert read
    assert read == {name: shipped[name] for name in read}


@pytest.mark.parametrize("name", WORDED)
def test_the_rules_find_the_same_as_with_the_shipped_dialect(name, calibrated):
    found = calibrated(name)
    shipped = answers(found.folder, found.shipped)
    assert len(shipped[0]) >= 9
    assert tried(found.proposal, found.folder) == shipped


def test_without_the_meaning_of_its_codes_nothing_is_refused_and_nothing_made_up(calibrated):
    found = calibrated(CODED)
    findings, _, refused = tried(found.proposal, found.folder)
    assert refused == []
    assert findings < answers(found.folder, found.shipped)[0]
    dialect = found.proposal.dialect("site-base", "Base", "site-base.toml")
    made = {record.kind for table in dialect.tables for record in table.records}
    assert {"assessment", "appointment", "payer_return", "coverage"}.isdisjoint(made)
    text = found.proposal.text("site-base", "Base")
    assert '# kind = "assessment"' in text
    assert '# place = { from = "lieu", as = "enum", values = { 1 = "", 2 = "" } }' in text


def test_with_the_meaning_of_its_codes_the_rules_find_the_same(calibrated):
    found = calibrated(CODED)
    proposal = found.proposal
    for (source, target), values in told(found.shipped).items():
        proposal = proposal.meaning(source, target, values)
    assert tried(proposal, found.folder) == answers(found.folder, found.shipped)


def test_an_empty_column_fills_nothing_that_its_type_does_not_hold():
    days = [f"2026-03-{day:02}" for day in range(1, 13)]
    names = ["Martin", "Bernard", "Petit", "Robert", "Durand", "Leroy"] * 2
    numbers = [str(1 + number) for number in range(12)]

    def proposed(declared: Declared) -> str | None:
        columns = [
            Column("id", "id", numbers, declared="number"),
            Column("numero", "numero", [f"F{number}" for number in numbers]),
            Column("patient_id", "patient_id", numbers, declared="number"),
            Column("date_facture", "date_facture", days, declared="day"),
            Column("total", "total", [f"{number}.50" for number in numbers], declared="number"),
            Column("annulee_le", "annulee_le", [""] * 12, declared=declared),
        ]
        people = [Column("id", "id", numbers, declared="number"), Column("nom", "nom", names)]
        tables = [
            Table("facture", "facture", columns, {"key": ["id"]}, ("id",)),
            Table("patient", "patient", people, {"key": ["id"]}, ("id",)),
        ]
        sample = Sample(tables, {"kind": "database"})
        mappings = propose(sample, Shipped(load_tariffs())).mappings
        return next((each.target for each in mappings if each.source == "facture.annulee_le"), None)

    assert proposed("") == proposed("day") == "invoice.cancelled_on"
    assert proposed("clock") is None
    assert proposed("flag") is None
