"""How much calibration finds: of shipped exports as their dialects map them, and of exports nobody has seen.

`python -m benchmarks calibration` measures all of them.
"""

from __future__ import annotations

import pytest
from benchmarks.mappings import found, invented_case, shipped_case

from connector_core.testing.exports.invented import INVENTED

TITLED = 0.97
UNTITLED = 0.90


@pytest.mark.parametrize("name", ["kine4000/jeu-csv", "kine4000/recettes", "vega/xml"])
def test_with_titles(name):
    case = shipped_case(name, titles=True)
    assert case.score(found(case)) >= TITLED


@pytest.mark.parametrize("name", ["kine4000/jeu-tsv", "kine4000/recettes", "kinemax/dbase"])
def test_without_titles(name):
    case = shipped_case(name, titles=False)
    assert case.score(found(case)) >= UNTITLED


def test_without_a_word_on_where_columns_begin():
    case = shipped_case("kinemax/largeur-fixe-unique", titles=False)
    assert case.score(found(case)) >= UNTITLED


@pytest.mark.no_cover  # the lines are those that the exports above go through; counting them again triples this
@pytest.mark.parametrize("export", INVENTED, ids=lambda each: each.name)
@pytest.mark.parametrize("titles", [True, False], ids=["titles", "no titles"])
def test_exports_nobody_has_seen(export, titles, tmp_path):
    case = invented_case(export, tmp_path, titles=titles)
    assert case.score(found(case)) >= (0.95 if titles else UNTITLED)
