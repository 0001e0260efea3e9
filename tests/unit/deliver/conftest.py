"""One practice with every planted fault, a patient whose name is an attack, a bilan that was done but not billed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector_core.deliver.report_data import ExpectedSource, report_data
from connector_core.deliver.report_model import ReportData
from connector_core.diagnose.pages import rule_pages
from connector_core.model.records import Act, Assessment, Patient, Practitioner, Prescription, Record, Treatment
from connector_core.money.figures import Figures
from connector_core.money.tally import figures_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.subjects import checks
from connector_core.plugins.loader import load_plugins
from connector_core.rules.silence import Awaited
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import make_practice

TODAY = date(2026, 11, 20)
MADE_AT = datetime(2026, 11, 20, 8, 15, tzinfo=ZoneInfo("Europe/Paris"))


@dataclass(frozen=True)
class Sample:
    """What the practice is made with, for tests to look for."""

    today: date = TODAY
    made_at: datetime = MADE_AT
    attack: str = "<script>alert(1)</script>"
    formula: str = '=HYPERLINK("http://example.org";"x")'
    secret: str = "SECRET-IN-A-REFUSED-ROW"

    @property
    def formula_name(self) -> str:
        """The family name as the report writes it."""
        return self.formula.upper()


SAMPLE = Sample()


@pytest.fixture(scope="session")
def sample() -> Sample:
    return SAMPLE


def attacker() -> Iterator[Record]:
    """Thirty-one sessions, a clinical bilan at the thirtieth that no act bills, and a name that is markup."""
    yield Practitioner(id="mk9", profession="MK", family_name='"><img src=x onerror=alert(2)>', given_name="Léa")
    yield Patient(id="evil", family_name=SAMPLE.formula, given_name=SAMPLE.attack, birth_date=date(1980, 5, 1), sex="F")
    yield Prescription(id="evil-o", patient_id="evil", issued_on=date(2026, 8, 1), sessions=40)
    yield Treatment(id="evil-t", patient_id="evil", practitioner_id="mk9", started_on=date(2026, 8, 3), article=1)
    first = date(2026, 8, 3)
    for number in range(31):
        yield _act(f"evil-a{number}", first + timedelta(days=3 * number), "RAM", "8.11", "17.92")
    yield _act("evil-bdk", first, "AMK", "10.7", "23.65")
    yield Assessment(
        id="evil-b",
        patient_id="evil",
        treatment_id="evil-t",
        kind="intermediate",
        performed_on=first + timedelta(days=3 * 29),
    )


def _act(name: str, day: date, letter: str, coefficient: str, amount: str) -> Act:
    return Act(
        id=name,
        patient_id="evil",
        practitioner_id="mk9",
        performed_on=day,
        letter=letter,
        coefficient=Decimal(coefficient),
        amount=Decimal(amount),
        treatment_id="evil-t",
        prescription_id="evil-o",
        invoice_id="evil-f",
    )


@pytest.fixture(scope="session")
def rules() -> Rules:
    return Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs())


@pytest.fixture(scope="session")
def store(rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("export") / "export.ndjson"
    synthetic = plant(make_practice(3, 30, 2, today=TODAY), 5)
    write_pivot([*synthetic.records, *attacker()], path, exported_at=datetime(2026, 11, 20, 7, tzinfo=UTC))
    with path.open("a", encoding="utf-8") as file:
        file.write(f'{{"record":"act","id":"{SAMPLE.secret}"}}\n')
    with Store.in_memory() as opened:
        pipeline = Pipeline(opened, rules, lambda: datetime(2026, 11, 20, 7, 12, tzinfo=UTC))
        pipeline.attempt([Input("vega", LocalFile(path))], TODAY)
        yield opened


@pytest.fixture(scope="session")
def data(store: Store, rules: Rules) -> ReportData:
    return made(store, rules)


def made(store: Store, rules: Rules) -> ReportData:
    return report_data(
        store,
        "Cabinet des Tilleuls",
        TODAY,
        MADE_AT,
        rules=rules.host.rules,
        parameters=rules.parameters,
        sources=(
            ExpectedSource("vega", "Vega"),
            ExpectedSource("noemie", "Retours NOEMIE"),
        ),
        awaited=(
            Awaited("vega", "Vega", timedelta(days=1), MADE_AT),
            Awaited("noemie", "Retours NOEMIE", timedelta(days=2), MADE_AT - timedelta(days=9), heard=False),
        ),
        pages=rule_pages(rules.host.rules, rules.parameters),
        figures=year(store),
    )


def year(store: Store) -> Figures:
    """The figures of the twelve months up to TODAY."""
    view = PracticeView.of(store, ("vega",), {})
    found = checks(store, view, load_parameters(), load_tariffs(), TODAY)
    return figures_of(found, view.cabinet.covers, date(2025, 12, 1), TODAY)


@pytest.fixture(scope="session")
def empty(rules: Rules) -> ReportData:
    with Store.in_memory() as opened:
        return report_data(opened, "Cabinet neuf", TODAY, MADE_AT, rules=rules.host.rules)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rapport"
