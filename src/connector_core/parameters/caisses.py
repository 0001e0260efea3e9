"""The caisses of the assurance maladie obligatoire: which (régime, caisse) exists, and where it is.

`data/amo_caisses_snds2020.csv` holds one row per régime and caisse of the SNDS in 2020, with the departments that its
insured live in (999 where the source gives none). A caisse created since is not in it, so that absence is a question
and not a fault.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from connector_core.errors import ConfigurationError

Caisses = Mapping[tuple[str, str], frozenset[str]]
"""The departments of each (régime, caisse), as three characters."""


def load_caisses() -> Caisses:
    """The table that ships with the project, read once per process."""
    return _shipped()


def schemes(caisses: Caisses) -> frozenset[str]:
    """The régimes that have a caisse."""
    return frozenset(scheme for scheme, _ in caisses)


def read_caisses(lines: Iterable[str], name: str) -> dict[tuple[str, str], frozenset[str]]:
    """Parse the table; a wrong line is a ConfigurationError naming it."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    split: dict[str, frozenset[str]] = {}
    reader = csv.reader(lines)
    titles = next(reader, [])
    if not {"grand_regime", "caisse", "departements_geo"} <= set(titles):
        raise ConfigurationError("titres illisibles", where=f"{name}, ligne 1", remedy="Corrigez la ligne")
    scheme, caisse, departments = map(titles.index, ("grand_regime", "caisse", "departements_geo"))
    for cells in reader:
        key = (cells[scheme], cells[caisse]) if len(cells) == len(titles) else ("", "")
        if key in found or len(key[0]) != 2 or len(key[1]) != 3 or not "".join(key).isdigit():
            raise ConfigurationError(
                "caisse illisible", where=f"{name}, ligne {reader.line_num}", remedy="Corrigez la ligne"
            )
        text = cells[departments]
        if text not in split:
            split[text] = frozenset(text.split("|"))
        found[key] = split[text]
    return found


@cache
def _shipped() -> Caisses:
    name = "amo_caisses_snds2020.csv"
    text = files("connector_core.parameters").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return read_caisses(text.splitlines(), name)
