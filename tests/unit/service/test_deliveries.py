"""Deliveries, ours and plugins': each is asked, and one that fails stops none of the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest

from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Rules
from connector_core.plugins.contributions import Delivery
from connector_core.plugins.loader import load_plugins
from connector_core.service.serve import deliver
from connector_core.settings.model import Report, Settings
from connector_core.store.store import Store

DAY = date(2026, 11, 20)


def broken(_data: object, _folder: Path) -> NoReturn:
    raise RuntimeError("MALCOURT Grégoire")


def test_our_own_report_goes_through_the_hook() -> None:
    ids = [delivery.id for delivery in load_plugins(no_plugins=True).deliveries]
    assert ids == ["report-html", "report-json", "report-xlsx"]


def test_a_delivery_that_fails_stops_none_of_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host = load_plugins(no_plugins=True)
    host.deliveries = (Delivery("agenda", "Agenda", broken), *host.deliveries)
    rules = Rules(host, load_parameters(), load_tariffs())
    settings = Settings(report=Report(folder=tmp_path / "rapport"))
    with Store.in_memory() as store, caplog.at_level("INFO", "connector_core"):
        deliver(settings, store, rules, DAY)
    assert sorted(path.name for path in (tmp_path / "rapport").iterdir()) == [
        "rapport.html",
        "rapport.json",
        "rapport.xlsx",
    ]
    assert [record.__dict__["failure"] for record in caplog.records] == ["RuntimeError"]
    assert "MALCOURT" not in caplog.text
