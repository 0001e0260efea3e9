"""Which daily package a bilan de soins infirmiers leads to, from its levels of hygiene, elimination and mobility (HEM).

`data/bsi_hem.csv` holds one row per combination, from NGAP annexe 1 tableau 2: the package under 90 years of age, and
from 90 on. Every function is a pure look-up; a combination that the table does not have is unknown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple, cast

from connector_core.errors import ConfigurationError
from connector_core.model.vocabulary import BsiPackage

_PACKAGES = frozenset({"BSA", "BSB", "BSC"})


class Levels(NamedTuple):
    """The package of one combination, by the patient's age."""

    younger: BsiPackage
    aged: BsiPackage


def levels(hem: str) -> Levels | None:
    """The packages of a combination written as its three digits, None when the table does not have it."""
    return shipped_levels().get(hem)


@cache
def shipped_levels() -> Mapping[str, Levels]:
    """The table that ships with the project, read once per process."""
    text = files("connector_core.parameters").joinpath("data/bsi_hem.csv").read_text(encoding="utf-8")
    return read_levels(text.splitlines(), "bsi_hem.csv")


def read_levels(lines: Iterable[str], name: str) -> dict[str, Levels]:
    """Parse the table, by combination; a wrong line is a ConfigurationError naming it."""
    found: dict[str, Levels] = {}
    for number, row in enumerate(csv.DictReader(lines), 2):
        hem = "".join(row.get(domain) or "" for domain in "HEM")
        packages = (row.get("forfait_lt90"), row.get("forfait_ge90"))
        if len(hem) != 3 or not hem.isdigit() or hem in found or not set(packages) <= _PACKAGES:
            raise ConfigurationError(
                "combinaison HEM illisible", where=f"{name}, ligne {number}", remedy="Corrigez la ligne"
            )
        found[hem] = Levels(cast(BsiPackage, packages[0]), cast(BsiPackage, packages[1]))
    return found
