"""The regions of the body: which contains which, and when two are distinct.

`data/regions.csv` holds one row per region of the common model's vocabulary. `part_of` names the regions that
contain it, `may_touch` those that it may overlap without it being certain (« plusieurs membres » says not which),
`limbs` how many limbs it spans. Every function is a pure look-up; a text outside the vocabulary is unknown, never
guessed.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, cast

from connector_core.errors import ConfigurationError

Territory = Literal["spine", "trunk", "upper", "lower", "limbs", "head"]
"""Spine, trunk, upper limb, lower limb, several limbs without saying which, head."""

_TERRITORIES = frozenset({"spine", "trunk", "upper", "lower", "limbs", "head"})


@dataclass(frozen=True, slots=True)
class Region:
    """One region; `inside` holds its own name and the names of every region in it."""

    name: str
    territory: Territory
    limbs: int
    source: str
    inside: frozenset[str]
    touches: frozenset[str]


def parts(text: str) -> tuple[Region, ...] | None:
    """The regions that a text names, joined by « et »; None when one of them is not in the vocabulary."""
    return _parts(text)


def named_in(text: str) -> tuple[Region, ...]:
    """The regions that a free text names, in its order; the longest name where one holds another.

    `text` is folded already.
    """
    return tuple(_shipped()[each] for each in dict.fromkeys(_any_name().findall(text)))


def territory(region: Region) -> Territory:
    """The territory in which a region lies."""
    return region.territory


def distinct(one: Region, other: Region) -> bool | None:
    """Whether two regions have nothing in common; None when the vocabulary can't tell."""
    if one.inside & other.inside:
        return False
    if one.touches & other.inside or other.touches & one.inside:
        return None
    return True


def all_distinct(some: Iterable[Region], others: Iterable[Region]) -> bool | None:
    """Whether no region of one affection has anything in common with one of another."""
    others = tuple(others)
    verdicts = {distinct(one, other) for one in some for other in others}
    if False in verdicts:
        return False
    return None if None in verdicts else True


def fold(text: str) -> str:
    """A text without accents, case, hyphens and double spaces, for comparison."""
    bare = text
    if not text.isascii():
        bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return " ".join(bare.casefold().replace("-", " ").split())


def read_regions(lines: Iterable[str], name: str) -> dict[str, Region]:
    """Parse the table, by folded name; a wrong line is a ConfigurationError naming it."""
    cells: dict[str, dict[str, str]] = {}
    for number, row in enumerate(csv.DictReader(lines), 2):
        key = fold(row["region"])
        if (
            key in cells
            or row["territory"] not in _TERRITORIES
            or not row["source"].strip()
            or not row["limbs"].isdigit()
        ):
            raise ConfigurationError("région illisible", where=f"{name}, ligne {number}", remedy="Corrigez la ligne")
        cells[key] = row
    wholes = {key: _names(row["part_of"]) for key, row in cells.items()}
    touching = {key: _names(row["may_touch"]) for key, row in cells.items()}
    unknown = {each for named in (*wholes.values(), *touching.values()) for each in named} - set(cells)
    if unknown:
        raise ConfigurationError(f"région inconnue « {min(unknown)} »", where=name, remedy="Ajoutez-la à la table")
    inside = _inside(wholes)
    return {
        key: Region(
            row["region"],
            cast(Territory, row["territory"]),
            int(row["limbs"]),
            row["source"],
            inside[key],
            frozenset(deep for each in touching[key] for deep in inside[each]),
        )
        for key, row in cells.items()
    }


def _names(joined: str) -> tuple[str, ...]:
    return tuple(fold(each) for each in joined.split(" et ")) if joined else ()


def _inside(wholes: Mapping[str, tuple[str, ...]]) -> Mapping[str, frozenset[str]]:
    """What lies in each region, itself included."""
    inside: dict[str, set[str]] = {key: set() for key in wholes}
    for each in wholes:
        for whole in _above(each, wholes):
            inside[whole].add(each)
    return {key: frozenset(names) for key, names in inside.items()}


def _above(name: str, wholes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The region and every region that contains it."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        each = ahead.pop()
        if each not in found:
            found.add(each)
            ahead.extend(wholes[each])
    return found


@cache
def _shipped() -> Mapping[str, Region]:
    text = files("connector_core.parameters").joinpath("data/regions.csv").read_text(encoding="utf-8")
    return read_regions(text.splitlines(), "regions.csv")


@cache
def _any_name() -> re.Pattern[str]:
    longest_first = sorted(_shipped(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[Region, ...] | None:
    known = _shipped()
    found = [known.get(each) for each in fold(text).split(" et ")]
    regions = tuple(each for each in found if each is not None)
    return regions if len(regions) == len(found) else None
