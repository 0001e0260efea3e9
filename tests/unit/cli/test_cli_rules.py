"""`connector rules`, `price` and `parameters`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector_core.diagnose.values import remarks
from connector_core.parameters.registry import ParameterSet, load_parameters, read_parameter
from connector_core.parameters.values import DatedValue
from connector_core.rules.catalogue import core_rules


def test_every_rule_is_listed_with_what_a_person_judges_it_by(practice) -> None:
    rules = practice.json("rules", "list")["rules"]
    assert [each["code"] for each in rules] == [rule.code for rule in core_rules()]
    for each in rules:
        assert all(each[part] for part in ("family", "subject", "severity", "confidence", "reference", "title"))
        assert each["switched_off"] is False
    assert {each["code"]: each["needs"] for each in rules} == {rule.code: sorted(rule.needs) for rule in core_rules()}


def test_rules_read_by_a_person_and_by_family(practice) -> None:
    practice.configure('[rules]\noff = ["KINE-BILAN-30"]')
    lines = practice.text("rules", "--family", "kine-bilan").splitlines()
    assert all(line.startswith("KINE-BILAN-") for line in lines)
    (line,) = [each for each in lines if each.startswith("KINE-BILAN-30 ")]
    assert line.endswith("(écartée par le cabinet)")


def test_an_unknown_family_is_refused_with_the_nearest(practice) -> None:
    done = practice.run("rules", "list", "--family", "KINE-BILAM")
    assert done.exit_code == 2
    assert "KINE-BILAN" in done.stderr


def test_a_check_that_read_nothing_lists_its_reject_and_no_question(practice, tmp_path) -> None:
    (tmp_path / "lettre.txt").write_text("Bonjour", encoding="utf-8")
    done = practice.run("check", str(tmp_path / "lettre.txt"))
    assert done.exit_code == 4
    assert "lettre.txt : non lu" in done.stdout
    assert "ces données n’ont pas été contrôlées" in done.stdout
    assert "sans réponse" not in done.stdout


@pytest.mark.parametrize(("written", "nearest"), [("KINE-BILAN-3O", "Vouliez-vous dire"), ("ZZZZ", None)])
def test_an_unknown_rule_that_is_switched_off_stops_a_check_with_what_to_do(
    practice, tmp_path, written, nearest
) -> None:
    (tmp_path / "lettre.txt").write_text("Bonjour", encoding="utf-8")
    practice.configure(f'[rules]\noff = ["{written}"]')
    practice.no_plugins = False
    done = practice.run("check", str(tmp_path / "lettre.txt"))
    assert done.exit_code == 2
    assert f"règle inconnue « {written} »" in done.stderr
    assert "« connector rules »" in done.stderr
    assert ("Vouliez-vous dire" in done.stderr) is (nearest is not None)


@pytest.mark.parametrize(
    ("letter", "coefficient", "on", "zone", "amount"),
    [
        ("RAM", "8.09", "2026-03-02", "METRO", "17.88"),
        ("ram", "8,09", "02/03/2026", "METRO", "17.88"),
        ("RAM", "7.49", "2025-09-01", "METRO", "16.55"),
        ("TER", "9.79", "2026-06-10", "METRO", "21.64"),
        ("TER", "9.49", "2026-04-10", "METRO", "20.97"),
        ("RAM", "8.09", "2026-03-02", "DROM", "19.66"),
        ("AMK", "10.7", "2026-03-02", "METRO", "23.65"),
    ],
)
def test_the_price_of_a_cotation(practice, letter, coefficient, on, zone, amount) -> None:
    call = ("price", "--letter", letter, "--coefficient", coefficient, "--on", on, "--zone", zone)
    answer = practice.json(*call)
    assert (answer["amount"], answer["standing"]) == (amount, "valid")
    assert answer["reference"]
    assert answer["acts"]
    assert answer["reason"] is None
    assert f": {amount.replace('.', ',')} €" in practice.text(*call)


def test_the_zone_of_the_practice_is_the_default(practice) -> None:
    practice.configure('[practice]\nzone = "DROM"')
    answer = practice.json("price", "--letter", "RAM", "--coefficient", "8.09", "--on", "2026-03-02")
    assert (answer["zone"], answer["amount"]) == ("DROM", "19.66")


@pytest.mark.parametrize(
    ("letter", "coefficient", "on", "standing", "said"),
    [
        ("RAM", "8.5", "2026-03-02", "unknown", "n'existe pas"),
        ("RAM", "8.09", "2025-09-01", "other_period", "pas ce jour-là"),
        ("AMS", "6.66", "2023-03-02", "undetermined", "ne peut pas être vérifié"),
        ("RAM", "8.09", "2030-01-01", "undetermined", "rien de sûr après le 30/06/2027"),
        ("RAM", "8.09", "2010-01-01", "undetermined", "rien avant le 01/01/2026"),
        ("AMI", "1", "2026-11-10", "undetermined", "annoncé, pas confirmé"),
        ("IK", "5", "2026-03-02", "undetermined", "n'a pas toutes les cotations de cette lettre"),
    ],
)
def test_a_cotation_without_a_price_on_the_day(practice, letter, coefficient, on, standing, said) -> None:
    call = ("price", "--letter", letter, "--coefficient", coefficient, "--on", on)
    done = practice.run(*call)
    assert done.exit_code == 1
    assert said in done.stdout
    answer = practice.json(*call, code=1)
    assert (answer["standing"], answer["amount"]) == (standing, None)
    assert said in answer["reason"]


@pytest.mark.parametrize("coefficient", ["huit", "-1", "NaN", "inf"])
def test_what_is_no_coefficient_is_refused(practice, coefficient) -> None:
    done = practice.run("price", "--letter", "RAM", "--coefficient", coefficient)
    assert done.exit_code == 2
    assert "coefficient" in done.stderr


def test_parameters_are_listed_with_the_value_of_the_day(practice) -> None:
    answers = practice.json("parameters", "list", "--on", "2026-03-02")["parameters"]
    assert [each["name"] for each in answers] == list(load_parameters().names())
    text = practice.text("parameters", "--on", "2026-03-02")
    assert "kine.bdk.general.threshold" in text
    assert "30 (séance)" in text


def test_a_parameter_is_shown_as_explain_shows_it(practice) -> None:
    name = "kine.bdk.general.threshold"
    assert practice.text("parameters", "show", name, "--on", "2026-03-02") == practice.text(
        "explain", name, "--on", "2026-03-02"
    )
    assert practice.json("parameters", "show", name)["parameter"]["name"] == name
    done = practice.run("parameters", "show", "kine.bdk.general.treshold")
    assert done.exit_code == 2
    assert name in done.stderr


def test_what_is_to_be_looked_at_among_the_values(practice) -> None:
    practice.configure(
        """
        [[parameter]]
        name = "kine.bdk.general.threshold"
        since = 2026-01-01
        value = 31
        note = "Convenu avec la caisse"
        """
    )
    found = practice.json("parameters", "check", "--on", "2026-07-01", code=1)["remarks"]
    (own,) = [each for each in found if each["remark"] == "practice"]
    assert own["name"] == "kine.bdk.general.threshold"
    assert "Convenu avec la caisse" in own["text"]
    done = practice.run("parameters", "check", "--on", "2026-07-01")
    assert done.exit_code == 1
    assert "kine.bdk.general.threshold : valeur du cabinet depuis le 01/01/2026" in done.stdout


def test_values_are_remarked_on_for_what_they_are() -> None:
    text = """
    label = "Seuil"
    unit = "séance"
    known_through = 2026-06-21
    [[value]]
    since = 2020-01-01
    value = 30
    reference = "texte"
    [[value]]
    since = 2027-01-01
    value = 40
    reference = "annonce"
    confidence = "uncertain"
    """
    parameters = ParameterSet([read_parameter("a.seuil", text)])
    seen = {
        day: [each.remark for each in remarks(parameters, date.fromisoformat(day))]
        for day in ("2019-12-31", "2020-01-01", "2027-06-20", "2027-06-21")
    }
    assert seen == {
        "2019-12-31": ["unconfirmed", "unknown"],
        "2020-01-01": ["unconfirmed"],
        "2027-06-20": ["unconfirmed"],
        "2027-06-21": ["unconfirmed", "old"],
    }
    own = parameters.with_practice([("a.seuil", DatedValue(date(2026, 1, 1), Decimal(1), "cabinet", "practice"))])
    assert [each.remark for each in remarks(own, date(2026, 7, 1))] == ["practice"]
    plain = read_parameter("b", text.split("[[value]]\n    since = 2027")[0])
    assert remarks(ParameterSet([plain]), date(2026, 7, 1)) == []


def test_a_value_of_the_practice_names_its_source_once(practice) -> None:
    practice.configure(
        """
        [[parameter]]
        name = "suivi.unpaid.amount"
        since = 2026-01-01
        value = 80
        note = "vu ensemble"
        """
    )
    text = practice.text("parameters", "show", "suivi.unpaid.amount", "--on", "2026-03-02")
    assert "depuis le 01/01/2026, décision du cabinet\n    vu ensemble" in text
