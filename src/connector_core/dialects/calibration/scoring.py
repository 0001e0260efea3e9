"""How well one column fits one field, from 0 to 1, and why: from its values, from other columns, from its title.

The score of the values alone says how particular they are: a NIR with its right key is nearly certain, a date is one
of several. A title that is understood counts for more than half; one that says nothing counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from statistics import median

from connector_core.dialects.calibration.billing import Billing, Billings
from connector_core.dialects.calibration.enumerations import listed, told_kinds
from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.names import is_given_name, is_region
from connector_core.dialects.calibration.relations import Link, Relations, Sampled, sums
from connector_core.dialects.calibration.sample import Declared
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import Phrase, likeness
from connector_core.dialects.converters import CONVERTERS
from connector_core.model.identifiers import nir_birth, nir_is_well_formed, nir_key

_TELLING_TITLE = 0.5
_CLEAR_TITLE = 0.75
_TITLE_SHARE = 0.62
_ORDER = 0.05
_SURE = frozenset({"nir", "nir_key", "rpps", "letter", "coefficient", "birth", "family", "given"})
"""Forms that no other values have, whatever the title says."""
STEADY = frozenset(
    "birth moment clock coefficient letter list minutes nir nir_key rpps am finess family given words region code rate "
    "decimal text visit group organisation day".split()
)
"""Forms of which nothing depends on what other tables are."""
_CODE = re.compile(r"-?\d{1,3}", re.ASCII)
_CODES = 14
_REPEATED = 0.25
"""Against an identifier that repeats where the table has a key, and is read as one record a row."""
_RARE = 0.12
"""Against fields that software seldom exports, where only the values speak for them."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a column fits a field. `why` is French and shows no value; `converter` reads the column, `values` are
    the meanings of an enumeration."""

    score: float
    why: str
    converter: str = "text"
    values: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()
    beside: str = ""
    """The column of the day, where this one is the hour of it."""


@dataclass
class Known:
    """What a round of solving knows from the one before: the table of each kind, and its columns by field."""

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def column(self, kind: str, name: str) -> tuple[str, str] | None:
        """The table and the column of a field."""
        table = self.tables.get(kind)
        found = self.columns.get(kind, {}).get(name)
        return None if table is None or found is None else (table, found)


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
            sure = values.score > 0.85 and (wanted.form in _SURE or not self._says_other(shape, wanted))
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
        return _FORMS[wanted.form](self, shape, wanted)

    # What columns say together

    @property
    def billing(self) -> Billing | None:
        """The best reading of columns of the table as cotations and what they cost."""
        return self.billings.of(self.table)

    @cached_property
    def shares(self) -> tuple[str, str, tuple[str, ...]] | None:
        """A column of amounts that others add up to: the whole, its converter, and its parts."""
        money = [(shape, shape.money[0]) for shape in self.table.shapes if shape.money and _is_money(shape)]
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


def _is_money(shape: Shape) -> bool:
    """Whether whole numbers could be amounts at all: cents in columns of one width, or large."""
    if shape.number != "whole":
        return True
    return (shape.padded and len(next(iter(shape.counts))) >= 5) or max(map(len, shape.counts)) >= 3


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


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


# One function a form: the score of the values, the reason, the converter.


def _key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    table = scorer.table
    if shape in table.keys:
        referring = scorer.relations.referred.get((table.name, shape.name), ())
        shared = scorer.links(shape)
        score = 0.62 if referring else 0.5
        if shape.identifier_like < 0.95 and shape.digits < 1:
            score -= 0.15
        if wanted.kind in scorer.known.tables and scorer.known.tables[wanted.kind] == table.name:
            score += _referred_as(scorer, referring, wanted)
        if table.shapes[0] is shape or table.shapes[-1] is shape:
            score += 0.05
        if shape.rpps > 0.9 or shape.nir > 0.9 or (shared and not referring and not table.table.key):
            score -= 0.25
        if table.table.key and wanted.form == "key":
            score += 0.3 if table.declares(shape) else -0.3
            if table.declares(shape):
                return Fit(min(score, 0.97), "clé primaire de la table")
        return Fit(score, "une valeur différente par ligne" + (", reprise par d'autres tables" if referring else ""))
    if wanted.name != "id" or shape.identifier_like < 0.95 or not 0.02 < shape.unique < 1 or shape.column.inherited:
        return None
    if shape.day or shape.moment or shape.number in ("fr", "point"):
        return None
    determined = [
        each
        for each in table.shapes
        if each is not shape and each.unique > 0 and len(each.counts) > 1 and scorer.relations.determines(shape, each)
    ]
    if len(determined) < 2:
        return None
    referring = scorer.relations.referred.get((table.name, shape.name), ())
    score = 0.4 + 0.04 * min(len(determined), 5) + (0.12 if referring else 0)
    if table.keys and tuple(scorer.known.kinds.get(table.name, ())) == (wanted.kind,):
        score -= _REPEATED
    return Fit(score, f"détermine {len(determined)} autres colonnes")


def _referred_as(scorer: Scorer, referring: Sequence[tuple[str, str]], wanted: Field) -> float:
    """Who refers to a key: payers quote numbers, the software's own tables use its ids."""
    quoting = [name for name, _ in referring if "payer_return" in scorer.known.kinds.get(name, ())]
    own = [name for name, _ in referring if name not in quoting]
    if wanted.form == "number":
        return 0.3 if quoting and not own else 0.1 if quoting else -0.1
    return 0.15 if own else -0.05 if quoting else 0.0


def _number_key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    found = _key(scorer, shape, wanted) if shape in scorer.table.keys else None
    return None if found is None else Fit(found.score - 0.06, found.why)


def _reference(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return _refers(scorer, shape, wanted, "id")


def _refers_number(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return _refers(scorer, shape, wanted, "number")


def _refers(scorer: Scorer, shape: Shape, wanted: Field, name: str) -> Fit | None:
    if (shape.day and shape.day != "date_compact") or shape.moment or shape.number in ("fr", "point"):
        return None
    if shape.rpps > 0.9 or shape.nir > 0.9 or (len(shape.counts) < 2 and shape.flag):
        return None
    target = scorer.known.column(wanted.argument, name)
    link = scorer.link_to(shape, wanted.argument, name)
    if link is not None:
        share = _percent(link.included)
        return Fit(0.45 + 0.5 * link.strength, f"{share} des valeurs sont dans {link.table}.{link.key}")
    if shape.column.inherited and target is not None and scorer.table.name != target[0]:
        return None
    if target is not None and target[0] == scorer.table.name and target[1] == shape.name:
        return Fit(0.5, "l'identifiant de la même table")
    links = scorer.links(shape)
    if links:
        return Fit(0.3 if target is None else 0.08, "reprend la clé d'une autre table")
    if target is not None and scorer.table.name != target[0]:
        return Fit(0.1, "identifiant") if shape.identifier_like > 0.9 else None
    if shape.identifier_like < 0.9 or (shape.unique == 1 and len(shape.counts) > 5):
        return None
    few = len(shape.counts) <= 12
    likely = wanted.argument == "practitioner" if few else wanted.argument in ("patient", "invoice")
    return Fit(0.34 if likely else 0.28, "identifiant qui se répète")


def _self(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    for key in scorer.table.keys or ():
        if key is not shape and shape.fill < 1 and shape.values <= key.values:
            return Fit(0.9, f"désigne d'autres lignes de la même table ({key.name})")
    at = scorer.known.column(wanted.kind, "id")
    if at is not None and at[0] == scorer.table.name and at[1] != shape.name and shape.fill < 0.9:
        own = scorer.relations.shape(*at)
        if shape.values <= own.values:
            return Fit(0.9, f"désigne d'autres lignes de la même table ({own.name})")
    return Fit(0.12, "identifiant rare") if shape.fill < 0.5 and shape.identifier_like > 0.9 else None


def _visit(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    """A passage: several acts of one day and one patient may share it."""
    if any(
        each.column.via is not None and each.column.via.on == shape.name and each.day for each in scorer.table.shapes
    ):
        return Fit(0.85, "désigne la ligne d'une autre table, qui dit le jour")
    if (shape.identifier_like < 0.9 and shape.digits < 1) or scorer.links(shape) or not 0.05 < shape.unique <= 1:
        return None
    if shape.day or shape.moment or shape.number in ("fr", "point") or len(shape.counts) < 3:
        return None
    days = [each for each in scorer.table.shapes if each.day and each.fill > 0.9 and not _old(each)]
    if not any(scorer.relations.determines(shape, each) for each in days):
        return None
    score = 0.72 if shape.unique < 1 else 0.45
    return Fit(score, "regroupe des lignes d'un même jour")


def _group(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.number == "whole":
        return Fit(0.1, "nombre qui peut être partagé")
    if shape.day or shape.moment or shape.number or scorer.links(shape) or shape.nir > 0 or shape.name_like > 0.9:
        return None
    return (
        Fit(0.42 if shape.unique > 0.3 else 0.25, "code qui peut être partagé") if shape.identifier_like > 0.6 else None
    )


def _day(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.day:
        return None
    score = 0.5
    if wanted.fill == "full":
        score += 0.12 if shape.fill > 0.97 else -0.2
    elif wanted.fill == "most":
        score += 0.04 if shape.fill < 1 else 0.0
    else:
        score += 0.1 if shape.fill < 0.4 else -0.15
    if _old(shape) and wanted.form != "birth":
        score -= 0.3
    why = _DAY_SAID[shape.day]
    if wanted.target == "act.performed_on" and scorer.billing is not None and scorer.billing.day == shape.name:
        agree = scorer.billing.exist
        return Fit(
            0.7 + 0.28 * agree, f"{why} ; à ces dates, {agree:.0%} des cotations existent".replace("%", " %"), shape.day
        )
    return Fit(score, why, shape.day)


_DAY_SAID = {
    "date_fr": "dates jj/mm/aaaa",
    "date_fr_short": "dates jj/mm/aa",
    "date_iso": "dates aaaa-mm-jj",
    "date_compact": "dates aaaammjj",
    "date_of_timestamp": "jours gardés comme moments de minuit",
}


def _old(shape: Shape) -> bool:
    """Whether dates are spread over lives, as those of births are."""
    years = sorted(day.year for day in shape.days if day is not None)
    return bool(years) and median(years) < 2010 and years[-1] - years[0] > 8


def _birth(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.day or shape.day == "date_fr_short":
        return None
    nir = scorer.nir_column()
    if nir is not None:
        agree = _agrees(nir, shape)
        if agree > 0.8:
            return Fit(0.98, f"{_DAY_SAID[shape.day]} ; {_percent(agree)} d'accord avec le NIR", shape.day)
        return Fit(0.15, _DAY_SAID[shape.day], shape.day)
    return Fit(0.85 if _old(shape) else 0.1, f"{_DAY_SAID[shape.day]}, anciennes", shape.day)


def _agrees(nir: Shape, birth: Shape) -> float:
    answers = [
        nir_birth(found).year == day.year % 100 and nir_birth(found).month in (None, day.month)
        for cell, day in zip(nir.column.cells, birth.days, strict=True)
        if day is not None and nir_is_well_formed(found := "".join(c for c in cell if c.isalnum()).upper()[:13])
    ]
    return sum(answers) / len(answers) if answers else 0.0


def _moment(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.moment:
        return _hour_of_day(scorer, shape, wanted)
    full = shape.fill > 0.97
    return Fit(0.72 if full else 0.55, "dates avec leur heure", shape.moment)


def _hour_of_day(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    """An hour that stands beside its date."""
    if wanted.kind != "appointment" or shape.clock_as != "time" or any(each.moment for each in scorer.table.shapes):
        return None
    days = [each for each in scorer.table.shapes if each.day in _WITH_HOUR and each.fill > 0.97]
    if not days:
        return None
    beside = min(days, key=lambda each: abs(scorer.table.place(each) - scorer.table.place(shape)))
    return Fit(0.6, f"heures, du jour de « {beside.name} »", _WITH_HOUR[beside.day], beside=beside.name)


_WITH_HOUR = {"date_fr": "timestamp_fr", "date_compact": "timestamp_compact", "date_iso": "timestamp_iso"}


def _clock(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.clock_as == "time_of_timestamp":
        return Fit(0.85, "heures gardées comme moments", shape.clock_as)
    if not shape.clock or (shape.digits > 0.5 and not shape.padded and shape.digits == 1 and len(shape.counts) < 2):
        return None
    return Fit(0.85 if shape.digits < 0.5 else 0.55, "heures", "time")


def _money(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.money:
        return None
    converter = scorer_money(scorer, shape)
    billing = scorer.billing
    if wanted.target == "act.amount" and billing is not None and billing.amount == shape.name and billing.agree > 0.4:
        agree = _percent(billing.agree)
        return Fit(
            0.6 + 0.4 * billing.agree, f"{agree} des montants valent coefficient × lettre-clé", billing.amount_as
        )
    if wanted.kind == "invoice" and scorer.shares is not None:
        whole, _, parts = scorer.shares
        if shape.name == whole:
            return Fit(0.95 if wanted.name == "total" else 0.1, "somme de plusieurs colonnes", converter)
        if shape.name in parts:
            return _part(scorer, shape, wanted, converter)
    score = 0.58 if shape.number != "whole" else 0.4 if shape.padded and _is_money(shape) else 0.12
    if shape.number == "whole" and shape in scorer.table.keys:
        score -= 0.3
    if wanted.fill == "full" and shape.fill < 0.97:
        score -= 0.2
    if wanted.fill == "some":
        score += 0.04 if shape.fill < 0.5 else -0.12
    cross = _matches_elsewhere(scorer, shape, wanted, converter)
    if cross:
        return Fit(max(score, 0.5) + 0.35 * cross, "mêmes montants que dans une autre table", converter)
    return Fit(score, "montants", converter)


def scorer_money(scorer: Scorer, shape: Shape) -> str:
    """The converter of a column of amounts: where whole numbers could be euros or cents, as the amounts that were
    checked against the nomenclature are written."""
    if len(shape.money) == 1:
        return shape.money[0]
    if shape.padded and len(next(iter(shape.counts))) >= 5:
        return "money_cents"
    for table in scorer.relations.tables:
        billing = scorer.billings.of(table)
        if billing is not None and billing.agree > 0.4 and billing.amount_as in shape.money:
            return billing.amount_as
    return shape.money[0]


def _part(scorer: Scorer, shape: Shape, wanted: Field, converter: str) -> Fit:
    """A part of a whole: the caisse pays most, the patient part of it, a complémentaire seldom."""
    if wanted.name not in ("amo_claimed", "amc_claimed", "patient_share"):
        return Fit(0.15, "part d'un total", converter)
    cross = _matches_elsewhere(scorer, shape, wanted, converter)
    base = 0.6
    if wanted.name == "amc_claimed":
        base += 0.1 if shape.fill < 0.6 and scorer.shares is not None and len(scorer.shares[2]) > 2 else -0.1
    return Fit(base + 0.35 * cross, "part d'un total" + (", reprise dans une autre table" if cross else ""), converter)


_ELSEWHERE: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    "invoice.patient_share": (("patient_payment", "invoice_id", "amount", "id"),),
    "invoice.amo_claimed": (("payer_return", "invoice_number", "claimed", "number"),),
}
"""Amounts that another table repeats: its kind, its reference, its amount, and the key they meet by."""


def _matches_elsewhere(scorer: Scorer, shape: Shape, wanted: Field, converter: str) -> float:
    """The share of rows whose amount another table has too, where it is known which column that is."""
    best = 0.0
    for kind, reference, amount, by in _ELSEWHERE.get(wanted.target, ()):
        there, at = scorer.known.column(kind, reference), scorer.known.column(kind, amount)
        key = scorer.known.column(wanted.kind, by)
        if there is None or at is None or key is None or key[0] != scorer.table.name:
            continue
        amounts = scorer.relations.shape(*at)
        if not amounts.money:
            continue
        theirs = dict(
            zip(
                scorer.relations.shape(*there).column.cells, amounts.amounts(scorer_money(scorer, amounts)), strict=True
            )
        )
        keys = scorer.relations.shape(*key).column.cells
        met = [
            mine == theirs[one]
            for one, mine in zip(keys, shape.amounts(converter), strict=True)
            if one and one in theirs
        ]
        if met:
            best = max(best, sum(met) / len(met))
    return best if best > 0.6 else 0.0


def _coefficient(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    billing = scorer.billing
    if billing is not None and billing.coefficient == shape.name:
        exist = _percent(billing.exist)
        return Fit(0.7 + 0.3 * billing.exist, f"{exist} des cotations existent à leur date", billing.coefficient_as)
    if shape.cotation > 0.9:
        return Fit(0.8, "cotations", "cotation_coefficient")
    if not shape.decimals or shape.fill < 0.9:
        return None
    return Fit(0.25 if shape.number != "whole" else 0.1, "petits nombres décimaux", shape.decimals[0])


def _letter(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.cotation > 0.9:
        return Fit(0.9, "cotations : lettre-clé et coefficient", "cotation_letter")
    if shape.letter < 0.6:
        return None
    billing = scorer.billing
    checked = billing is not None and billing.letter == shape.name
    share = _percent(shape.letter)
    upper = any(value != value.upper() for value in shape.counts)
    score = (0.97 if checked else 0.75) * shape.letter
    return Fit(score, f"{share} de lettres-clés de la NGAP", "upper" if upper else "text")


def _list(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.day or shape.moment or not shape.counts:
        return None
    found = listed(shape, wanted)
    if found is None and wanted.words and _is_coded(shape):
        said = f"{len(shape.counts)} codes dont rien ne dit le sens" if len(shape.counts) > 1 else "un code inconnu"
        return Fit(0.15, said, "enum", {}, tuple(sorted(shape.counts, key=int)))
    if found is None or (found.unread and len(found.unread) > len(found.meanings)):
        return None
    score = found.score * (0.93 if len(shape.counts) > 1 else 0.72)
    if found.unread:
        score *= 0.9 if found.told else 0.75
    if wanted.target == "patient.sex":
        nir = scorer.nir_column()
        if nir is not None:
            meanings = _sexes(nir, shape)
            if meanings:
                return Fit(0.98, "d'accord avec le premier chiffre du NIR", "enum", meanings)
    codes = all(len(value) <= 2 for value in found.meanings.values())
    plain = codes and all(text == value for text, value in found.meanings.items()) and not found.unread
    said = (
        f"{len(found.meanings)} valeurs d'une liste fermée" if len(found.meanings) > 1 else "valeur d'une liste fermée"
    )
    return Fit(score, said, "text" if plain else "enum", None if plain else found.meanings, found.unread)


def _is_coded(shape: Shape) -> bool:
    """Whether values are few small whole numbers, which stand for something."""
    return len(shape.counts) <= _CODES and shape.share(lambda value: _CODE.fullmatch(value) is not None) == 1


def _sexes(nir: Shape, shape: Shape) -> Mapping[str, str] | None:
    """What the texts mean, when each of them goes with one first digit of the NIR."""
    seen: dict[str, dict[str, int]] = {}
    for number, text in zip(nir.column.cells, shape.column.cells, strict=True):
        if number and text:
            sex = "M" if number[0] in "1357" else "F"
            seen.setdefault(text, {"F": 0, "M": 0})[sex] += 1
    meanings = {text: max(votes, key=lambda sex: votes[sex]) for text, votes in seen.items()}
    total = sum(sum(votes.values()) for votes in seen.values())
    right = sum(seen[text][meaning] for text, meaning in meanings.items())
    clear = total > 1 and right / total > 0.9 and len(set(meanings.values())) == len(meanings) == 2
    return meanings if clear else None


def _flag(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.flag:
        return None
    digits = shape.digits == 1
    declared = shape.column.declared == "flag"
    score = 0.34 if digits and not declared else 0.55
    if len(shape.counts) == 1:
        score -= 0.06
    if wanted.name == "operated":
        score += _beside(scorer, shape)
    if wanted.target == "prescription.at_home":
        score += 0.3 * _done_at_home(scorer, shape)
    return Fit(score, "oui ou non, par son type" if declared else "oui ou non", "boolean")


def _beside(scorer: Scorer, shape: Shape) -> float:
    """Whether what is said to have happened has its date in the same row."""
    convert = CONVERTERS["boolean"].convert
    rows = [n for n, cell in enumerate(shape.column.cells) if cell and convert(cell)]
    others = [n for n, cell in enumerate(shape.column.cells) if cell and not convert(cell)]
    for each in scorer.table.shapes:
        if each.day and 0 < each.fill < 0.9 and rows:
            there = sum(bool(each.column.cells[n]) for n in rows) / len(rows)
            elsewhere = sum(bool(each.column.cells[n]) for n in others) / len(others) if others else 0.0
            if there - elsewhere > 0.6:
                return 0.3
    return 0.0


def _done_at_home(scorer: Scorer, shape: Shape) -> float:
    """How much more often what was prescribed with a yes was done at home than what was prescribed with a no."""
    reference, place = scorer.known.column("act", "prescription_id"), scorer.known.column("act", "place")
    key = scorer.known.column("prescription", "id")
    if reference is None or place is None or key is None or key[0] != scorer.table.name:
        return 0.0
    at = scorer.relations.shape(*place)
    read = listed(at, kinds()["act"].fields["place"])
    home = {text for text, meaning in read.meanings.items() if meaning == "DOMICILE"} if read else set()
    done: dict[str, list[bool]] = {}
    for one, where in zip(scorer.relations.shape(*reference).column.cells, at.column.cells, strict=True):
        done.setdefault(one, []).append(where in home)
    convert = CONVERTERS["boolean"].convert
    answers: dict[bool, list[bool]] = {True: [], False: []}
    for one, cell in zip(scorer.relations.shape(*key).column.cells, shape.column.cells, strict=True):
        if cell and one in done:
            answers[bool(convert(cell))].extend(done[one])
    if not answers[True] or not answers[False]:
        return 0.0
    yes, no = (sum(answers[each]) / len(answers[each]) for each in (True, False))
    return max(0.0, yes - no)


def _count(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.counted is None or (shape.padded and len(next(iter(shape.counts))) > 4):
        return None
    least, most = shape.counted
    if least < wanted.least or most > wanted.most:
        return None
    score = 0.42 + (0.08 if most > wanted.most / 6 else 0.0)
    if wanted.fill == "full" and shape.fill < 0.97:
        score -= 0.2
    if wanted.fill == "some" and shape.fill > 0.6:
        score -= 0.2
    if shape.unique == 1 and shape.fill == 1 and len(shape.counts) > 3:
        score -= 0.2
    if wanted.target == "lot.invoice_count":
        score += 0.3 * _counted_elsewhere(scorer, shape)
    return Fit(score, f"nombres de {wanted.least} à {wanted.most}", "integer")


def _counted_elsewhere(scorer: Scorer, shape: Shape) -> float:
    """The share of lots whose count is that of the invoices that name them."""
    reference, key = scorer.known.column("invoice", "lot_id"), scorer.known.column("lot", "id")
    if reference is None or key is None or key[0] != scorer.table.name:
        return 0.0
    counts = scorer.relations.shape(*reference).counts
    rows = [
        counts.get(one, 0) == int(cell)
        for one, cell in zip(scorer.relations.shape(*key).column.cells, shape.column.cells, strict=True)
        if cell
    ]
    return sum(rows) / len(rows) if rows else 0.0


def _minutes(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.counted is None or shape.counted[0] < 5 or shape.counted[1] > 240:
        return None
    fives = shape.share(lambda value: int(value) % 5 == 0)
    return Fit(0.66 * fives, "minutes", "integer") if fives > 0.7 else None


def _nir(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nir < 0.6:
        return None
    share = _percent(shape.nir)
    said = "avec leur clé juste" if shape.nir_with_key else "bien formés"
    plain = shape.share(lambda value: len(value) == 13 and value.isalnum()) == 1
    return Fit(shape.nir, f"{share} de NIR {said}", "text" if plain else "nir")


def _nir_key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nir_with_key:
        return Fit(shape.nir * 0.99, "clé écrite avec le NIR", "nir_key")
    nir = scorer.nir_column()
    if nir is None or nir is shape or shape.share(lambda value: len(value) == 2 and value.isdigit()) < 0.9:
        return None
    answers = [
        key == nir_key(number)
        for number, key in zip(nir.column.cells, shape.column.cells, strict=True)
        if number and key
    ]
    right = sum(answers) / len(answers) if answers else 0.0
    said = f"{_percent(right)} de clés justes pour le NIR de la ligne"
    return Fit(right, said) if right > 0.5 else Fit(0.1, "deux chiffres")


def _rpps(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.rpps < 0.6:
        return None
    score = 0.97 * shape.rpps
    if wanted.kind == "practitioner" and shape.unique < 1:
        score -= 0.25
    share = _percent(shape.rpps)
    plain = shape.share(lambda value: value.isdigit()) == 1
    return Fit(score, f"{share} de RPPS (11 chiffres, clé de Luhn)", "text" if plain else "digits")


def _am(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nine_digits < 0.9 or shape.day:
        return None
    return Fit(0.75 if shape.unique > 0.9 else 0.5, "9 chiffres")


def _finess(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.finess < 0.8 or len(shape.counts) < 2:
        return None
    return Fit(0.7, "9 caractères, clé de Luhn")


def _organisation(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.day or shape.moment or shape.number in ("fr", "point") or shape.flag or scorer.links(shape):
        return None
    if shape.nine_digits > 0.9:
        return Fit(0.7, "9 chiffres d'un organisme")
    if shape.unique == 1 and shape.filled > 5:
        return None
    if shape.digits > 0.9 and shape.share(lambda value: 3 <= len(value) <= 10) > 0.9:
        return Fit(0.42, "code d'organisme")
    return Fit(0.3, "nom ou code d'organisme") if shape.words >= 1 else None


def _family(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.person > 0.7:
        return Fit(0.9, "nom en capitales et prénom", "person_family")
    if shape.name_like < 0.85 or shape.letter > 0.7:
        return None
    given = shape.share(is_given_name)
    return Fit(0.62 - 0.5 * given - (0.3 if len(shape.counts) < 4 < shape.filled else 0), "noms propres")


def _given(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.person > 0.7:
        return Fit(0.9, "nom en capitales et prénom", "person_given")
    if shape.name_like < 0.85 or shape.letter > 0.7:
        return None
    given = shape.share(is_given_name)
    share = _percent(given)
    return Fit(0.3 + 0.6 * given, f"{share} de prénoms usuels")


def _words(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.number or shape.day or shape.moment or shape.clock or shape.flag or shape.cotation > 0.5:
        return None
    if shape.words < 0.6 or scorer.links(shape) or shape.share(is_region) > 0.8 or told_kinds(shape):
        return None
    score = min(0.55, 0.2 + 0.15 * shape.words) - (0.1 if shape.person > 0.5 else 0)
    if shape.name_like > 0.9 and shape.words < 1.5:
        score -= 0.15
    if wanted.name == "prescriber_structure" and shape.fill > 0.6:
        score -= 0.12
    if wanted.fill == "some" and shape.fill > 0.8:
        score -= 0.15
    return Fit(score, "texte libre")


def _region(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    share = shape.share(is_region)
    if share < 0.4:
        return None
    said = _percent(share)
    return Fit(0.92 * share - (0.25 if shape.words > 3 else 0), f"{said} de parties du corps")


def _code(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.day or shape.moment or shape.number in ("fr", "point") or shape.flag or scorer.links(shape):
        return None
    short = wanted.name in ("qualifier", "reject_code", "act_code")
    if shape.share(lambda value: " " not in value and len(value) <= (6 if short else 60)) < 0.9 or told_kinds(shape):
        return None
    if wanted.fill == "some" and shape.fill > 0.8:
        return Fit(0.12, "code court")
    if shape.letter > 0.7 and wanted.name != "qualifier":
        return None
    return Fit(0.4 if shape.unique < 1 or shape.fill < 1 else 0.15, "code court" if short else "code")


def _rate(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.decimals or shape.share(lambda value: value.rstrip(" %") in _RATES) < 0.95:
        return None
    return Fit(0.5, "taux", shape.decimals[0])


_RATES = frozenset("0 15 20 30 35 40 60 65 70 80 100".split())


def _number(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return Fit(0.22, "nombres", shape.decimals[0]) if shape.decimals else None


def _text(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return None if shape.day or shape.moment or told_kinds(shape) else Fit(0.08, "texte")


_FORMS: Mapping[str, Callable[[Scorer, Shape, Field], Fit | None]] = {
    "key": _key,
    "number": _number_key,
    "ref": _reference,
    "refnumber": _refers_number,
    "self": _self,
    "visit": _visit,
    "group": _group,
    "day": _day,
    "birth": _birth,
    "moment": _moment,
    "clock": _clock,
    "money": _money,
    "coefficient": _coefficient,
    "letter": _letter,
    "list": _list,
    "flag": _flag,
    "count": _count,
    "minutes": _minutes,
    "nir": _nir,
    "nir_key": _nir_key,
    "rpps": _rpps,
    "am": _am,
    "finess": _finess,
    "organisation": _organisation,
    "family": _family,
    "given": _given,
    "words": _words,
    "region": _region,
    "code": _code,
    "rate": _rate,
    "decimal": _number,
    "text": _text,
}
