"""The référentiels of the HAS: the number of sessions beyond which an affection needs an accord préalable.

`data/referentials.csv` holds one row per affection and period, under the act's code in the tariff table. `ap_from` is
the first session that needs an agreement, empty where no text prints it; from `doubt_from` on texts contradict each
other or are silent; `year_sessions` is the number of sessions in twelve months after which each one needs an
agreement. `words` are what the affection is called: alternatives, each a set of words that must all be there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import cast

from connector_core.errors import ConfigurationError
from connector_core.model.finding import ParameterRead
from connector_core.parameters.regions import fold
from connector_core.parameters.values import Confidence

_YES_NO: Mapping[str, bool | None] = {"yes": True, "no": False, "": None}


@dataclass(frozen=True, slots=True)
class Referential:
    """One affection under référentiel over one period. `until` is the last day, None while open."""

    code: str
    label: str
    since: date
    until: date | None
    habitual: int | None
    ap_from: int | None
    doubt_from: int | None
    year_sessions: int | None
    operated: bool | None
    adult: bool
    words: tuple[frozenset[str], ...]
    confidence: Confidence
    reference: str
    note: str | None
    asks_from: int | None
    """The first session about which there is something to ask."""

    @property
    def before_first(self) -> bool:
        """Whether the agreement is needed before the first session."""
        return self.habitual == 0

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    def named_in(self, words: frozenset[str]) -> bool:
        """Whether the words of a text name the affection."""
        return any(each <= words for each in self.words)

    def read(self) -> ParameterRead:
        """The row as a parameter that was read."""
        value = "" if self.ap_from is None else str(self.ap_from)
        return ParameterRead(f"referential.{self.code}", value, self.since, self.reference, self.note)


class Referentials:
    """The table, indexed by code. Every method is a pure look-up."""

    def __init__(self, rows: Iterable[Referential]) -> None:
        self.rows = tuple(rows)
        self._codes: dict[str, list[Referential]] = {}
        for row in self.rows:
            self._codes.setdefault(row.code, []).append(row)
        self._naming = lru_cache(maxsize=4096)(self._find_named)

    def on(self, code: str | None, day: date) -> Referential | None:
        """The référentiel of an act on a day, None where it has none."""
        return next((row for row in self._codes.get(code or "", ()) if row.holds_on(day)), None)

    def has(self, code: str | None) -> bool:
        """Whether an act has a référentiel, on whatever day."""
        return code in self._codes

    def names(self, text: str) -> bool:
        """Whether a text names the affection of a référentiel, on whatever day."""
        return bool(self._naming(text))

    def named_in(self, text: str, day: date, other: frozenset[str]) -> tuple[Referential, ...]:
        """The référentiels whose affection a text names, unless one of the words says that it is another one."""
        named = self._naming(text)
        if not named or words_of(text) & other:
            return ()
        return tuple(row for row in named if row.holds_on(day))

    def _find_named(self, text: str) -> tuple[Referential, ...]:
        words = words_of(text)
        return tuple(row for row in self.rows if row.named_in(words))


def load_referentials() -> Referentials:
    """The table that ships with the project, read once per process."""
    return _shipped()


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """The words of a text, without accents and case."""
    return frozenset(re.findall(r"\w+", fold(text)))


@cache
def _shipped() -> Referentials:
    text = files("connector_core.parameters").joinpath("data/referentials.csv").read_text(encoding="utf-8")
    return Referentials(read_referentials(text.splitlines(), "referentials.csv"))


def read_referentials(lines: Iterable[str], name: str) -> list[Referential]:
    """Parse the table; a wrong line is a ConfigurationError naming it."""
    rows: list[Referential] = []
    reader = csv.DictReader(lines)
    for cells in reader:
        try:
            rows.append(
                Referential(
                    code=cells["code"],
                    label=cells["label"],
                    since=date.fromisoformat(cells["since"]),
                    until=date.fromisoformat(cells["until"]) if cells["until"] else None,
                    habitual=_number(cells["habitual"]),
                    ap_from=_number(cells["ap_from"]),
                    doubt_from=_number(cells["doubt_from"]),
                    year_sessions=_number(cells["year_sessions"]),
                    operated=_YES_NO[cells["operated"]],
                    adult=bool(_YES_NO[cells["adult"]]),
                    words=tuple(words_of(each) for each in cells["words"].split("|") if each),
                    confidence=cast(Confidence, cells["confidence"]),
                    reference=cells["reference"],
                    note=cells["note"] or None,
                    asks_from=_number(cells["doubt_from"]) or _number(cells["ap_from"]),
                )
            )
        except (ValueError, KeyError) as error:
            raise ConfigurationError(
                "ligne de référentiel illisible", where=f"{name}, ligne {reader.line_num}", remedy="Corrigez la ligne"
            ) from error
    return rows


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
