"""Parameter files: what they must hold, and what the practice lays over them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector_core.errors import ConfigurationError
from connector_core.parameters.registry import ParameterSet, load_parameters, read_parameter
from connector_core.parameters.values import DatedValue, Known, Unknown

GOOD = """
label = "Seuil"
unit = "séances"
known_through = 2026-01-31
[[value]]
since = 2018-07-01
value = 30
reference = "NGAP"
[[value]]
since = 2025-01-01
value = 40
reference = "NGAP, avenant"
confidence = "source"
note = "lu deux fois"
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_parameter("x.y", text)
    return str(caught.value)


def answer(parameters: ParameterSet, name: str, day: date) -> object:
    found = parameters.on(name, day)
    return found.value if isinstance(found, Known) else None


def test_a_value_holds_from_its_day_until_the_next() -> None:
    parameters = ParameterSet([read_parameter("x.y", GOOD)])
    assert parameters.names() == ("x.y",)
    assert answer(parameters, "x.y", date(2018, 6, 30)) is None
    assert answer(parameters, "x.y", date(2018, 7, 1)) == answer(parameters, "x.y", date(2024, 12, 31)) == 30
    assert answer(parameters, "x.y", date(2025, 1, 1)) == answer(parameters, "x.y", date(2030, 1, 1)) == 40


def test_a_value_past_the_last_text_read_says_so() -> None:
    text = GOOD.replace('note = "lu deux fois"', "")
    found = ParameterSet([read_parameter("x.y", text)]).on("x.y", date(2026, 2, 1))
    assert isinstance(found, Known)
    assert found.read.note == "texte lu au 31/01/2026, aucun changement annoncé"


def test_a_value_that_is_not_confirmed_is_unknown() -> None:
    text = GOOD.replace('"source"', '"uncertain"')
    found = ParameterSet([read_parameter("x.y", text)]).on("x.y", date(2025, 1, 1))
    assert isinstance(found, Unknown)
    assert "non confirmée" in found.reason


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("label", "libelle"), "libelle"),
        (("reference", "référence"), "TOML illisible"),
        (('reference = "NGAP"\n', ""), "« reference »"),
        (('reference = "NGAP"\n', 'reference = " "\n'), "« reference »"),
        (("since = 2018-07-01\n", ""), "« since »"),
        (("value = 30\n", ""), "« value »"),
        (("known_through = 2026-01-31\n", ""), "known_through"),
        (("since = 2018-07-01", "since = 2025-01-01"), "dates égales"),
        (("since = 2018-07-01", "since = 2026-01-01"), "désordre"),
        (('"source"', '"presque"'), "confiance inconnue"),
        (("note", "remarque"), "remarque"),
    ],
)
def test_a_file_that_lacks_something_is_refused(change: tuple[str, str], told: str) -> None:
    text = refusal(GOOD.replace(*change))
    assert "paramètre x.y" in text
    assert told in text


def test_an_unknown_parameter_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"paramètre inconnu « nulle\.part »"):
        load_parameters().parameter("nulle.part")


def test_what_a_practice_decides_holds_from_its_day_on_and_leaves_what_ships_as_it_is() -> None:
    shipped = ParameterSet([read_parameter("x.y", GOOD)])
    day = date(2024, 1, 1)
    own = shipped.with_practice([("x.y", DatedValue(day, 35, "décision du cabinet", "practice", "essai"))])
    assert answer(own, "x.y", day - timedelta(days=1)) == 30
    found = own.on("x.y", date(2026, 1, 1))
    assert isinstance(found, Known)
    assert (found.value, found.confidence, found.read.note) == (35, "practice", "essai")
    assert answer(shipped, "x.y", day) == 30
    with pytest.raises(ConfigurationError):
        shipped.with_practice([("nulle.part", DatedValue(day, 1, "r"))])


def test_what_ships_is_read_once() -> None:
    assert load_parameters() is load_parameters()


def test_integers_are_read_together_or_not_at_all() -> None:
    parameters = ParameterSet(
        [read_parameter("x.y", GOOD), read_parameter("x.z", GOOD.replace("value = 40", 'value = "non"'))]
    )
    joint = parameters.integers_on(("x.y", "x.z"), date(2020, 1, 1))
    assert joint is not None
    assert joint.values == (30, 30)
    assert parameters.integers_on(("x.y", "x.z"), date(2026, 1, 1)) is None
    assert parameters.integers_on(("x.y",), date(2000, 1, 1)) is None
