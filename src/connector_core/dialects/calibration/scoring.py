"""How well one column fits one field, from 0 to 1, and why: from its values, from other columns, from its title.

The score of the values alone says how particular they are: a NIR with its right key is nearly certain, a date is one
of several. A title that is understood counts for more than half; one that says nothing counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache

from connector_core.dialects.calibration.billing import Billing, Billings
from connector_core.dialects.calibration.enumerations import listed
from connector_core.dialects.calibration.fits import Fit, Known
from connector_core.dialects.calibration.forms import FORMS, SURE
from connector_core.dialects.calibration.forms.amounts import is_money
from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.relations import Link, Relations, Sampled, sums
from connector_core.dialects.calibration.sample import Declared
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import Phrase, likeness

_TELLING_TITLE = 0.5
_CLEAR_TITLE = 0.75
_TITLE_SHARE = 0.62
_ORDER = 0.05
_RARE = 0.12
"""Against fields that software seldom exports, where only the values speak for them."""


@dataclass
class Scorer:
    """Scores the columns of one table; what it finds about them is worked out once."""

    relations: Relations
    table: Sampled
    billings: Billings
    known: Known = field(default_factory=Known)
    steady: dict[tuple[str, str, str], Fit | None] = field(default_factory=dict)
    """What a round does not change, for all tables: fits of the forms `STEADY`."""
    fits: dict[tuple[str, str, str], Fit | None] = field(default_factory=dict)
    orders: dict[tuple[str, str, str, str], float] = field(default_factory=dict)

    def fit(self, shape: Shape, wanted: Field) -> Fit | None:
        """How well a column fits a field; None where its values can't be read as one."""
        if shape.column.inherited and wanted.form not in ("ref", "refnumber"):
            return None
        titled = self._titled(shape, wanted)
        if not shape.counts:
            if titled is None or titled < _TELLING_TITLE or wanted.form in ("key", "number"):
                return None
            if not _may_hold(shape.column.declared, wanted):
                return None
            said = "à son titre et à son type" if shape.column.declared else "à son titre"
            return Fit(_TITLE_SHARE * titled, f"colonne vide, reconnue {said}", _empty_converter(self, wanted))
        values = self._values(shape, wanted)
        if values is None:
            return None
        order = _ORDER * (1 - abs(self.table.place(shape) - wanted.rank))
        if titled is None:
            return replace(values, score=values.score + order - (_RARE if wanted.rare else 0.0))
        if titled < _TELLING_TITLE:
            sure = values.score > 0.85 and (wanted.form in SURE or not self._says_other(shape, wanted))
            sure = sure or (wanted.form == "list" and self._is_told(shape, wanted))
            score = values.score * (0.9 if sure else 0.55 * (0.5 + titled))
            return replace(values, score=score + order / 2)
        score = _TITLE_SHARE * titled + (1 - _TITLE_SHARE) * min(1.0, values.score * 1.15) + order / 2
        why = f"titre ; {values.why}"
        return replace(values, score=min(score, 1.0), why=why)

    def untitled(self, shape: Shape, wanted: Field) -> Fit | None:
        """How well the values alone fit a field, for one that must be filled by something."""
        return None if shape.column.inherited or not shape.counts else self._values(shape, wanted)

    def _titled(self, shape: Shape, wanted: Field) -> float | None:
        """How well the title says the field; None for a title that says nothing of any field."""
        if not speaks(shape.title):
            return None
        return title_says(shape.title, wanted.kind, wanted.name)

    def _says_other(self, shape: Shape, wanted: Field) -> bool:
        """Whether a title clearly names another field of the same kind, which the values could fill too."""
        others = (each for each in kinds()[wanted.kind].fields.values() if each.name != wanted.name)
        return any(
            title_says(shape.title, each.kind, each.name) >= _CLEAR_TITLE and self._values(shape, each) is not None
            for each in others
        )

    def _is_told(self, shape: Shape, wanted: Field) -> bool:
        """Whether the texts are words of the field's list, and its title clearly names no other list of its kind."""
        found = listed(shape, wanted)
        return found is not None and found.told and not self._says_other(shape, wanted)

    def _values(self, shape: Shape, wanted: Field) -> Fit | None:
        return FORMS[wanted.form](self, shape, wanted)

    # What columns say together

    @property
    def billing(self) -> Billing | None:
        """The best reading of columns of the table as cotations and what they cost."""
        return self.billings.of(self.table)

    @cached_property
    def shares(self) -> tuple[str, str, tuple[str, ...]] | None:
        """A column of amounts that others add up to: the whole, its converter, and its parts."""
        money = [(shape, shape.money[0]) for shape in self.table.shapes if shape.money and is_money(shape)]
        for whole, converter in money:
            parts = [(shape, shape.amounts(each)) for shape, each in money if shape is not whole]
            total = whole.amounts(converter)
            for size in (3, 2):
                for combination in _combinations(parts, size):
                    if sums([values for _, values in combination], total) >= 0.9:
                        return whole.name, converter, tuple(shape.name for shape, _ in combination)
        return None

    def links(self, shape: Shape) -> Sequence[Link]:
        return self.relations.links.get((self.table.name, shape.name), ())

    def link_to(self, shape: Shape, kind: str, name: str) -> Link | None:
        """The reference of a column to a field of a kind, where a table is known to hold it."""
        at = self.known.column(kind, name)
        if at is None or at == (self.table.name, shape.name):
            return None
        found = next((each for each in self.links(shape) if (each.table, each.key) == at), None)
        return found if found is not None else self.relations.link(shape, *at)

    def nir_column(self) -> Shape | None:
        return max((each for each in self.table.shapes if each.nir > 0.5), key=lambda each: each.nir, default=None)


@lru_cache(maxsize=65536)
def title_says(title: Phrase, kind: str, name: str) -> float:
    """How well a title says a field, the words for its kind counting little."""
    known = kinds()[kind]
    return likeness(title, known.fields[name].titles, known.names)


@lru_cache(maxsize=4096)
def speaks(title: Phrase) -> bool:
    """Whether a title says something of any field at all."""
    fields = (each for kind in kinds().values() for each in kind.fields.values())
    return bool(title) and any(title_says(title, each.kind, each.name) >= 0.6 for each in fields)


def _combinations(
    parts: Sequence[tuple[Shape, Sequence[Decimal | None]]], size: int
) -> list[tuple[tuple[Shape, Sequence[Decimal | None]], ...]]:
    from itertools import combinations

    return list(combinations(parts[:8], size))


def _empty_converter(scorer: Scorer, wanted: Field) -> str:
    """How an empty column is probably written: as the others of its table are."""
    shapes = [shape for table in (scorer.table, *scorer.relations.tables) for shape in table.shapes]
    match wanted.form:
        case "day" | "birth":
            return next((shape.day for shape in shapes if shape.day), "date_fr")
        case "moment":
            return next((shape.moment for shape in shapes if shape.moment), "timestamp_fr")
        case "clock":
            return next((shape.clock_as for shape in shapes if shape.clock_as), "time")
        case "flag":
            return "boolean"
        case "count" | "minutes":
            return "integer"
        case "money":
            return next(
                (shape.money[0] for shape in shapes if shape.number in ("fr", "point") and shape.money), "money_fr"
            )
        case "number" | "coefficient":
            return "decimal_fr"
        case "list":
            return "enum"
        case _:
            return "text"


def _may_hold(declared: Declared, wanted: Field) -> bool:
    """Whether a column of a declared type may fill a field."""
    if declared == "number":
        return wanted.form not in _NO_NUMBERS
    return declared == "" or wanted.form in _HOLDS[declared]


_HOLDS: Mapping[Declared, frozenset[str]] = {
    "day": frozenset({"day", "birth"}),
    "moment": frozenset({"day", "birth", "moment", "clock"}),
    "clock": frozenset({"clock"}),
    "flag": frozenset({"flag", "list"}),
}


_NO_NUMBERS = frozenset({"moment", "birth", "family", "given", "words", "region", "letter"})
