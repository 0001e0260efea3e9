"""What `connector plugins list` says of a plugin's conformance."""

from __future__ import annotations

import pytest

from connector_core.cli.conformance import standing_json, standing_text
from connector_core.plugins.conformance import ConformanceReport, Exemption, Level, Standing


def standing(level: Level | None = "silver", *, current: bool = True, exemptions: int = 0) -> Standing:
    exempt = [Exemption("C4-CUT", f"sample-{n}", "la liste n'a pas de total") for n in range(exemptions)]
    return Standing(ConformanceReport("lab", "connector-lab", "1.0", "0.7", level, "00", exemptions=exempt), current)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "conformité : aucun rapport fourni"),
        (standing(), "conformité : argent, vérifiée avec connector-core 0.7"),
        (standing("gold", exemptions=1), "conformité : or, vérifiée avec connector-core 0.7, 1 exemption motivée"),
        (
            standing("bronze", exemptions=2),
            "conformité : bronze, vérifiée avec connector-core 0.7, 2 exemptions motivées",
        ),
        (standing(None), "conformité : aucun niveau atteint"),
        (
            standing("gold", current=False),
            "conformité : le rapport fourni n'est pas celui de ces fichiers ; il ne prouve rien",
        ),
    ],
)
def test_text(given: Standing | None, text: str) -> None:
    assert standing_text(given) == text


def test_json_gives_no_level_for_other_files() -> None:
    assert standing_json(None) is None
    told = standing_json(standing("gold", exemptions=1))
    assert told is not None
    assert (told["level"], told["core"], told["version"]) == ("gold", "0.7", "1.0")
    assert told["unseen"] == {}
    assert told["exemptions"] == [{"check": "C4-CUT", "sample": "sample-0", "reason": "la liste n'a pas de total"}]
    other = standing_json(standing("gold", current=False))
    assert other is not None
    assert (other["level"], other["is_of_these_files"]) == (None, False)


def test_the_list_tells_of_every_plugin_but_the_core(practice) -> None:
    practice.configure()
    practice.no_plugins = False
    listed = {each["name"]: each for each in practice.json("plugins", "list")["plugins"]}
    assert listed["core"]["conformance"] is None
    assert listed["vega"]["conformance"]["level"] == "gold"
    assert "conformité : or, vérifiée avec connector-core" in practice.text("plugins")
