"""`connector forecast`, `backtest`, `simulate` and `recheck`."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from filelock import FileLock

from connector_core.service.places import Places
from connector_core.service.queued import taken

TREATMENT = {"record": "treatment", "id": "t1", "patient_id": "p1", "started_on": "2026-01-05", "article": 1}
FIRST = date(2026, 1, 5)


def sessions(practice, count: int, **values: object) -> list[dict[str, Any]]:
    """So many sessions, one a day, with the initial bilan on the first day."""
    days = [FIRST + timedelta(days=n) for n in range(count)]
    acts = [
        practice.act(n, performed_on=day.isoformat(), treatment_id="t1", session_id=f"s{n}", **values)
        for n, day in enumerate(days, 1)
    ]
    bdk = {"letter": "AMK", "coefficient": "10.7", "amount": "23.65"}
    return [TREATMENT, practice.act(900, performed_on="2026-01-05", treatment_id="t1", session_id="s1", **bdk), *acts]


def booked(*days: str, patient: str = "p1") -> list[dict[str, Any]]:
    return [
        {
            "record": "appointment",
            "id": f"v{patient}{day}",
            "patient_id": patient,
            "practitioner_id": "mk1",
            "starts_at": f"{day}T09:00:00+01:00",
            "status": "booked",
        }
        for day in days
    ]


def test_the_bilan_of_a_booked_session_is_foreseen_with_what_it_pays(practice) -> None:
    practice.configure()
    practice.take(practice.export(*sessions(practice, 28), *booked("2026-03-03", "2026-03-05", "2026-03-09")))
    answer = practice.json("forecast", "--on", "2026-03-02", code=1)
    (bilan,) = answer["bilans"]
    assert (bilan["on"], bilan["rank"], bilan["coefficient"], bilan["amount"]) == ("2026-03-05", 30, "10.7", "23.65")
    assert (bilan["treatment_id"], bilan["doubt"], answer["amount"]) == ("cabinet:t1", None, "23.65")
    text = practice.text("forecast", "--on", "2026-03-02", code=1)
    assert "jeudi 5 mars 2026" in text
    assert "30e séance · AMK 10,7 · 23,65 €" in text
    assert practice.json("forecast", "--on", "2026-03-02", "--days", "2")["bilans"] == []
    assert "Aucun bilan" in practice.text("forecast", "--on", "2026-03-02", "--days", "2")


def test_without_appointments_nothing_is_promised(practice) -> None:
    practice.configure()
    practice.take(practice.export(practice.act(1), covers=["act"]))
    assert practice.json("forecast", "--on", "2026-03-02")["missing"] == ["appointment"]
    assert "Aucune source ne donne les rendez-vous" in practice.text("forecast", "--on", "2026-03-02")


def test_the_period_of_a_forecast_is_told_in_days(practice) -> None:
    practice.configure()
    practice.take(practice.export(*sessions(practice, 28), *booked("2026-03-03", "2026-03-05")))
    assert practice.json("forecast", "--on", "2026-03-02", code=1)["missing"] == []
    text = practice.text("forecast", "--on", "2026-03-02", "--days", "1")
    assert "du 02/03/2026 au 03/03/2026" in text
    assert "LEGRAND-SECRET Zoé (cabinet:p1) · " in practice.text("forecast", "--on", "2026-03-02", code=1)


def test_where_several_treatments_are_open_the_forecast_says_so(practice) -> None:
    practice.configure()
    other = {**TREATMENT, "id": "t2", "article": 5}
    session = practice.act(800, treatment_id="t2", session_id="z1", letter="ARL", coefficient="8.5", amount="18.79")
    practice.take(
        practice.export(*sessions(practice, 28), other, session, *booked("2026-03-03", "2026-03-05", "2026-03-09"))
    )
    (bilan,) = practice.json("forecast", "--on", "2026-03-02", code=1)["bilans"]
    assert "plusieurs traitements" in bilan["doubt"]
    assert "à vérifier" in practice.text("forecast", "--on", "2026-03-02", code=1)


def test_where_the_scope_decides_the_forecast_gives_no_amount(practice) -> None:
    practice.configure()
    unknown = [{**each, "letter": "TMK", "coefficient": "9"} for each in sessions(practice, 28)[2:]]
    bare = {key: value for key, value in TREATMENT.items() if key != "article"}
    practice.take(practice.export(bare, *unknown, *booked("2026-03-03", "2026-03-05")))
    (bilan,) = practice.json("forecast", "--on", "2026-03-02", code=1)["bilans"]
    assert (bilan["amount"], bilan["coefficient"]) == (None, None)
    assert "dont 1 sans montant connu" in practice.text("forecast", "--on", "2026-03-02", code=1)
    assert "article" in bilan["doubt"]


def test_what_was_missed_over_a_period_and_what_it_cost(practice) -> None:
    practice.configure()
    wrong = practice.act(700, performed_on="2026-02-20", amount="16.00", treatment_id="t1", session_id="w")
    practice.take(practice.export(*sessions(practice, 36), wrong))
    answer = practice.json("backtest", "--from", "2026-01-01", "--to", "2026-02-28", code=1)
    rules = {each["rule"]: each for each in answer["rules"]}
    assert (rules["KINE-BILAN-30"]["findings"], rules["KINE-BILAN-30"]["amount"]) == (1, "23.65")
    assert rules["KINE-NOM-MONTANT"]["amount"] == "1.88"
    once, each = (
        (Decimal(answer[name]) for name in ("revenue", "reject")),
        (Decimal(one["amount"]) for one in rules.values()),
    )
    assert Decimal("23.65") < sum(once) < sum(each), "an act that two rules flag counts once"
    text = practice.text("backtest", "--from", "2026-01-01", "--to", "2026-02-28", code=1)
    assert "Cela ne dit pas que ces sommes peuvent encore être facturées" in text
    assert "compte une fois" in text
    later = practice.json("backtest", "--from", "2026-02-10", "--to", "2026-02-28", code=1)
    assert "KINE-BILAN-30" not in {each["rule"] for each in later["rules"]}
    assert "rien n'a été manqué" in practice.text("backtest", "--from", "2025-01-01", "--to", "2025-12-31")


def couple_at_home(practice) -> list[dict[str, Any]]:
    """Two people of one home with an IFI in full each, on one morning: one of the two is too much."""
    people = [
        {"record": "practitioner", "id": "n1", "profession": "IDE"},
        *({"record": "patient", "id": name, "household": "F1", "birth_date": "1940-01-01"} for name in ("p7", "p8")),
    ]
    cared = {"practitioner_id": "n1", "performed_on": "2026-02-20", "started_at": "09:00:00", "coefficient": "1"}
    acts = [
        practice.act(number, **cared, patient_id=name, session_id=f"s{name}", letter=letter, amount=amount)
        for number, (name, letter, amount) in enumerate(
            ((name, *billed) for name in ("p7", "p8") for billed in (("BSB", "18.20"), ("IFI", "2.75"))), 70
        )
    ]
    return [*people, *acts]


@pytest.mark.parametrize(("first", "counted"), [("2026-02-20", True), ("2026-02-21", False)])
def test_a_fault_of_a_home_counts_on_its_day_alone(practice, first, counted) -> None:
    practice.configure()
    practice.take(practice.export(*couple_at_home(practice)))
    result = practice.run("backtest", "--from", first, "--to", "2026-02-28", "--json")
    rules = {each["rule"]: each for each in json.loads(result.stdout)["rules"]}
    assert ("IDE-BSI-IFI-COEF" in rules) == counted
    if counted:
        assert (rules["IDE-BSI-IFI-COEF"]["findings"], rules["IDE-BSI-IFI-COEF"]["amount"]) == (1, "2.72")


def test_a_fault_of_a_practitioners_day_counts(practice) -> None:
    practice.configure()
    person = {"record": "patient", "id": "p2", "birth_date": "1940-01-01"}
    ehpad = {"place": "EHPAD", "facility": "e1", "performed_on": "2026-02-20"}
    trips = [
        practice.act(n, patient_id=name, letter="IFD", coefficient="1", amount="2.50", started_at=at, **ehpad)
        for n, (name, at) in enumerate((("p1", "14:00:00"), ("p2", "14:35:00")), 50)
    ]
    practice.take(practice.export(person, *trips))
    rules = practice.json("backtest", "--from", "2026-02-20", "--to", "2026-02-20", code=1)["rules"]
    assert "KINE-DEPL-EHPAD" in {each["rule"] for each in rules}


def test_what_is_set_aside_or_has_no_day_is_told_apart(found) -> None:
    finding = next(each for each in found.json("findings", code=1)["findings"] if each["rule"] == "KINE-NOM-PAIRE")
    period = ("backtest", "--from", "2026-02-01", "--to", "2026-03-02")
    before = found.json(*period, code=1)
    found.run("findings", "dismiss", finding["fingerprint"], "--reason", "vu avec la caisse")
    after = found.json(*period, code=1)
    assert "KINE-NOM-PAIRE" in {each["rule"] for each in before["rules"]} - {each["rule"] for each in after["rules"]}
    assert (before["dismissed"], after["dismissed"]) == (0, 1)
    assert "1 constat écarté par le cabinet" in found.text(*period, code=1)


def test_rules_that_could_not_be_asked_are_told(practice) -> None:
    practice.configure()
    practice.take(practice.export(practice.act(1), covers=["act"]))
    period = ("backtest", "--from", "2026-02-01", "--to", "2026-03-02")
    assert "SUIVI-IMPAYE" in practice.json(*period)["not_asked"]
    assert "n'ont pas pu être posées" in practice.text(*period)


def test_what_is_to_come_has_not_been_missed(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector_core.service.places.today", lambda _settings: date(2026, 3, 2))
    assert "n'est pas finie" in found.refused("backtest", "--from", "2026-02-01", "--to", "2026-03-03")


@pytest.mark.parametrize("command", [("backtest",), ("simulate", "--at", "2026-01-01")])
def test_a_period_that_ends_before_it_begins_is_refused(practice, command) -> None:
    practice.configure()
    practice.take(practice.export(practice.act(1)))
    said = practice.refused(*command, "--from", "2026-03-02", "--to", "2026-03-01")
    assert "avant de commencer" in said


def test_a_period_at_the_tariffs_of_another_date(practice) -> None:
    practice.configure()
    old = practice.act(1, performed_on="2025-11-03", coefficient="7.49", amount="16.55")
    twice = practice.act(2, performed_on="2025-11-04", coefficient="7.49", amount="33.10", quantity=2)
    half = practice.act(3, performed_on="2025-11-05", coefficient="7.49", amount="8.28", rate="0.5")
    unknown = practice.act(4, performed_on="2025-11-06", letter="TMK", coefficient="9", amount=None)
    practice.take(practice.export(old, twice, half, unknown))
    call = ("simulate", "--at", "2026-03-02", "--from", "2025-11-01", "--to", "2025-11-30")
    answer = practice.json(*call)
    (ram, tmk) = answer["letters"]
    assert (ram["letter"], ram["acts"], ram["before"], ram["after"]) == ("RAM", 3, "57.93", "62.58")
    assert (ram["difference"], answer["difference"]) == ("4.65", "4.65")
    assert (tmk["letter"], tmk["acts"], tmk["unknown"]) == ("TMK", 0, 1)
    text = practice.text(*call)
    assert "+4,65 €" in text
    assert "TMK" in text
    assert "Écart sur 3 actes : +4,65 €" in text
    back = practice.json("simulate", "--at", "2025-11-03", "--from", "2025-11-01", "--to", "2025-11-30")
    assert back["difference"] == "0.00"


def test_a_difference_that_nobody_knows_is_not_said_to_be_nothing(practice) -> None:
    practice.configure()
    practice.take(practice.export(practice.act(1, performed_on="2026-02-03")))
    call = ("simulate", "--at", "1990-01-01", "--from", "2026-02-01", "--to", "2026-02-28")
    assert practice.json(*call)["difference"] is None
    assert "Écart inconnu" in practice.text(*call)
    assert "aucun acte" in practice.text("simulate", "--at", "2026-01-01", "--from", "2024-02-01", "--to", "2024-02-28")


def test_everything_is_asked_again_and_what_changes_is_told(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector_core.service.places.today", lambda _settings: date(2026, 3, 2))
    same = found.json("recheck")
    assert (same["new"], same["changed"], same["gone"]) == ([], [], [])
    assert same["asked"] > 0
    assert found.text("recheck") == "Rien ne change.\n"
    found.configure('[rules]\noff = ["KINE-NOM-PAIRE"]\n[rules.lower]\nKINE-NOM-MONTANT = "info"')
    answer = found.json("recheck", code=1)
    assert [each["rule"] for each in answer["gone"]] == ["KINE-NOM-PAIRE"]
    assert [each["rule"] for each in answer["changed"]] == ["KINE-NOM-MONTANT"]
    assert any(each["state"] == "waiting" for each in found.json("outbox")["deliveries"])
    assert taken(Places(found.data).queued)
    found.configure()
    text = found.text("recheck", code=1)
    assert "1 constat nouveau" in text
    assert "1 constat changé" in text
    assert "KINE-NOM-PAIRE · patient LEGRAND-SECRET Zoé, né(e) le 01/01/1980 (cabinet:p1)" in text


def test_a_recheck_waits_for_the_worker(found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector_core.cli.recheck._PATIENCE", 0.05)
    with FileLock(found.data / "worker.lock"):
        assert "en train de lire" in found.refused("recheck", code=3)
