"""Deliveries, ours and plugins': each is asked, and one that fails stops none of the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest

from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.given import Rules
from connector_core.plugins.contributions import Delivery
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import report_of
from connector_core.service.deliveries import deliver
from connector_core.service.outbox import Target
from connector_core.settings.model import Settings
from connector_core.store.store import Store

DAY = date(2026, 11, 20)


def broken(_data: object, _folder: Path) -> NoReturn:
    raise RuntimeError("MALCOURT Grégoire")


def test_our_own_report_goes_through_the_hook() -> None:
    ids = [delivery.id for delivery in load_plugins(no_plugins=True).deliveries]
    assert ids == ["report-html", "report-json", "report-xlsx"]


def test_the_report_brings_the_pages_of_every_rule_an_extensions_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = load_plugins(no_plugins=True)
    theirs = replace(host.rules[0], code="SITE-1", function=lambda check: ())
    monkeypatch.setattr(host, "rules", (*host.rules, theirs))
    with Store.in_memory() as store:
        data = report_of(Settings(), store, Rules(host, load_parameters(), load_tariffs()), DAY)
    deliver(data, [Target(each, tmp_path) for each in host.deliveries])
    pages = {path.stem for path in (tmp_path / "regles").iterdir()}
    assert pages == {*(rule.code for rule in host.rules), "index"}
    assert "<h1>SITE-1</h1>" in (tmp_path / "regles" / "SITE-1.html").read_text(encoding="utf-8")


def test_a_delivery_that_fails_stops_none_of_the_others(tmp_path: Path) -> None:
    host = load_plugins(no_plugins=True)
    rules = Rules(host, load_parameters(), load_tariffs())
    with Store.in_memory() as store:
        data = report_of(Settings(), store, rules, DAY)
    agenda = Delivery("agenda", "Agenda", broken)
    done = deliver(data, [Target(each, tmp_path / "rapport") for each in (agenda, *host.deliveries)])
    assert sorted(path.name for path in done.files) == ["rapport.html", "rapport.json", "rapport.xlsx"]
    assert all(path.exists() for path in done.files)
    assert done.problems == ("la livraison « agenda » a échoué (RuntimeError).",)


def test_what_every_format_says_alike_is_said_once(tmp_path: Path) -> None:
    host = load_plugins(no_plugins=True)
    with Store.in_memory() as store:
        data = report_of(Settings(), store, Rules(host, load_parameters(), load_tariffs()), DAY)
    (tmp_path / "rapport").write_text("a file", encoding="utf-8")
    done = deliver(data, [Target(each, tmp_path / "rapport") for each in host.deliveries])
    (problem,) = done.problems
    assert "un fichier porte déjà ce nom" in problem
