"""Asked over a period, rules find what the practice's own pipeline found: no more, no less."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector_core.model.dossier import Dossier, HouseholdDay, Practice, PractitionerDay
from connector_core.model.records import Record
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.period import Period
from connector_core.rules.base import RuleBase
from connector_core.testing.anomalies import plant
from connector_core.testing.faults_ide import plant_nurse
from connector_core.testing.nurse import make_nurse_practice
from connector_core.testing.practice import make_practice

TODAY = date(2026, 11, 20)
LONG_AGO = date(2000, 1, 1)


def period(cabinet, first: date, last: date) -> Period:
    view = PracticeView.of(cabinet.store, cabinet.order, cabinet.leaders)
    rules = cabinet.rules
    base = RuleBase(rules.host.rules, rules.parameters, rules.tariffs, view.cabinet.covers, rules.adjustments)
    return Period(cabinet.store, view, base, first, last)


def physiotherapists() -> list[Record]:
    return list(plant(make_practice(3, 30, 2, today=TODAY), 5).records)


def nurses() -> list[Record]:
    return list(plant_nurse(make_nurse_practice(5, 30, 2, today=TODAY), 11).records)


@pytest.mark.parametrize("made", [physiotherapists, nurses])
def test_over_all_days_it_finds_what_the_pipeline_found(cabinet, made) -> None:
    cabinet.take(*made(), on=TODAY)
    asked = list(period(cabinet, LONG_AGO, TODAY).ask())
    found = {finding.fingerprint: finding for _, findings in asked for finding in findings}
    assert set(found) == {finding.fingerprint for finding in cabinet.open()}
    assert sum(len(findings) for _, findings in asked) == len(found), "each once"
    kinds = {type(subject) for subject, findings in asked if findings}
    assert kinds >= {Dossier, PractitionerDay if made is physiotherapists else HouseholdDay}


def test_days_outside_the_period_are_not_asked_about(cabinet) -> None:
    cabinet.take(*physiotherapists(), on=TODAY)
    first = last = TODAY - timedelta(days=30)
    days = {subject.day for subject, _ in period(cabinet, first, last).ask() if isinstance(subject, PractitionerDay)}
    assert days == {first}


def test_the_practice_is_asked_about_with_a_year_of_invoices_at_least(cabinet) -> None:
    cabinet.take(*physiotherapists(), on=TODAY)
    *_, (practice, _) = period(cabinet, TODAY, TODAY).ask()
    assert isinstance(practice, Practice)
    assert min(invoice.closed_on for invoice in practice.invoices) < TODAY - timedelta(days=300)


def test_nothing_is_written(cabinet) -> None:
    cabinet.take(*physiotherapists(), on=TODAY)
    before = cabinet.answers()
    for _ in period(cabinet, TODAY - timedelta(days=90), TODAY - timedelta(days=60)).ask():
        pass
    assert cabinet.answers() == before


@pytest.mark.parametrize("made", [physiotherapists, nurses])
def test_two_sources_that_tell_of_the_same_practice_are_one(new_cabinet, made) -> None:
    both = new_cabinet(order=("a", "b"))
    both.attempt(both.export(made(), source="a"), both.export(made(), source="b"), on=TODAY)
    asked = period(both, LONG_AGO, TODAY).ask()
    found = {finding.fingerprint for _, findings in asked for finding in findings}
    assert found == {finding.fingerprint for finding in both.open()}
