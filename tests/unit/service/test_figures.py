"""When the figures of the report are made anew, and what happens where they can't be made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector_core.money.figures import Figures
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.loader import load_plugins
from connector_core.rules.base import Adjustments
from connector_core.service import figures as kept
from connector_core.service.figures import figures_over, kept_figures, twelve_months
from connector_core.settings.model import Settings
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store

DAY = date(2026, 3, 2)
SETTINGS = Settings()


@dataclass
class Practice:
    folder: Path
    store: Store
    rules: Rules
    acts: int = 0

    def read(self, acts: int = 1, on: date = DAY, covers: tuple[str, ...] = ("act", "invoice")) -> None:
        """An export with so many more acts."""
        lines: list[dict[str, object]] = [
            {
                "record": "pivot",
                "model_version": 1,
                "practice": "C",
                "exported_at": "2026-03-02T10:00:00+01:00",
                "covers": list(covers),
            },
            {"record": "patient", "id": "p1"},
        ]
        for _ in range(acts):
            self.acts += 1
            lines.append(
                {
                    "record": "act",
                    "id": f"a{self.acts}",
                    "patient_id": "p1",
                    "practitioner_id": "mk1",
                    "performed_on": on.isoformat(),
                    "letter": "RAM",
                    "coefficient": "8.09",
                    "amount": "17.88",
                }
            )
        path = self.folder / f"export{self.acts}-{len(covers)}.ndjson"
        path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
        Pipeline(self.store, self.rules, lambda: datetime(2026, 3, 2, tzinfo=UTC)).attempt(
            [Input("", LocalFile(path))], DAY
        )

    def figures(self, day: date = DAY, rules: Rules | None = None) -> Figures:
        made = kept_figures(SETTINGS, self.store, rules or self.rules, day)
        assert made.problems == ()
        assert made.figures is not None
        return made.figures


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    rules = Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs())
    with Store.in_memory() as store:
        yield Practice(tmp_path, store, rules)


def test_they_are_made_once_a_day(practice: Practice) -> None:
    practice.read()
    first = practice.figures()
    assert (first.first, first.last, first.acts) == (date(2025, 4, 1), DAY, 1)
    practice.read()
    assert practice.figures() == first, "what was read since is for tomorrow"
    assert figures_over(SETTINGS, practice.store, twelve_months(DAY), DAY).acts == 2, "unless one asks"
    tomorrow = practice.figures(DAY + timedelta(days=1))
    assert (tomorrow.last, tomorrow.acts) == (DAY + timedelta(days=1), 2)


def test_they_are_made_anew_where_more_is_covered_or_reached(practice: Practice) -> None:
    practice.read()
    assert practice.figures().missed is None
    practice.read(covers=("act", "invoice", "appointment"))
    covered = practice.figures()
    assert covered.missed is not None
    practice.read(on=DAY - timedelta(days=40), covers=("act", "invoice", "appointment"))
    assert practice.figures().acts == covered.acts + 1


def test_they_are_made_anew_with_other_rules(practice: Practice) -> None:
    practice.read()
    practice.figures()
    practice.read()
    other = Rules(
        practice.rules.host,
        practice.rules.parameters,
        practice.rules.tariffs,
        Adjustments(frozenset({"KINE-BILAN-30"})),
    )
    assert practice.figures(rules=other).acts == 2


@pytest.mark.parametrize("text", ["", "{}", '{"made_of": "x", "figures": {"first": 3}}', "?"])
def test_what_another_version_kept_is_made_anew(practice: Practice, text: str) -> None:
    practice.read()
    with practice.store.transaction():
        practice.store.set_fact("figures", text)
    assert practice.figures().acts == 1


def test_what_is_kept_is_what_was_made(practice: Practice) -> None:
    practice.read(3)
    assert practice.figures() == figures_over(SETTINGS, practice.store, twelve_months(DAY), DAY)
    assert practice.figures() == figures_over(SETTINGS, practice.store, twelve_months(DAY), DAY), "read back"


def test_a_report_does_not_wait_for_figures_that_fail(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Figures:
        raise ZeroDivisionError("LEGRAND-SECRET")

    practice.read()
    monkeypatch.setattr(kept, "figures_over", fails)
    made = kept_figures(SETTINGS, practice.store, practice.rules, DAY)
    assert made.figures is None
    assert made.problems == ("les chiffres du cabinet n'ont pas pu être faits (ZeroDivisionError).",)


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2026, 11, 20), date(2025, 12, 1)),
        (date(2026, 12, 31), date(2026, 1, 1)),
        (date(2026, 1, 1), date(2025, 2, 1)),
        (date(2024, 2, 29), date(2023, 3, 1)),
    ],
)
def test_twelve_months_begin_with_a_month(last: date, first: date) -> None:
    assert twelve_months(last) == first
