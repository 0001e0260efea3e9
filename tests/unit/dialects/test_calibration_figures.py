"""How much calibration finds: of shipped exports as their dialects map them, and of exports nobody has seen.

`python -m benchmarks calibration` measures all of them.
"""

from __future__ import annotations

import pytest
from benchmarks.mappings import UNSEEN, found, shipped_case, unseen_case

TITLED = 0.97
UNTITLED = 0.90


@pytest.mark.parametrize("name", ["kine4000/jeu-csv", "kine4000/recettes"])
def test_with_titles(name):
    case = shipped_case(name, titles=True)
    assert case.score(found(case)) >= TITLED


def test_what_an_xml_file_never_holds_can_not_be_found():
    """Attributes that no element of the sample bears count as missed, so that 0.97 is reached on what is there."""
    case = shipped_case("vega/xml", titles=True)
    mappings = found(case)
    assert case.score(mappings) >= 0.95
    assert case.score(mappings, filled_only=True) >= TITLED


@pytest.mark.parametrize("name", ["kine4000/jeu-tsv", "kinemax/dbase"])
def test_without_titles(name):
    case = shipped_case(name, titles=False)
    assert case.score(found(case)) >= UNTITLED


def test_without_a_word_on_where_columns_begin():
    case = shipped_case("kinemax/largeur-fixe-unique", titles=False)
    assert case.score(found(case)) >= UNTITLED


@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda each: each.name)
@pytest.mark.parametrize("titles", [True, False], ids=["titles", "no titles"])
def test_exports_nobody_has_seen(unseen, titles, tmp_path):
    case = unseen_case(unseen, tmp_path, titles=titles)
    assert case.score(found(case)) >= (0.95 if titles else UNTITLED)
