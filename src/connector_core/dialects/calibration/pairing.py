"""Which column of a table fills which field, the kinds of its records being given: columns and fields are matched as a
whole, and of all ways to pair them it is the one of the greatest total score. What that is worth lets kinds compete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import cache

from connector_core.dialects.calibration.fits import Fit
from connector_core.dialects.calibration.forms import STEADY
from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.lookups import Found
from connector_core.dialects.calibration.matching import best_matching
from connector_core.dialects.calibration.ordering import refined
from connector_core.dialects.calibration.relations import Sampled
from connector_core.dialects.calibration.scoring import Scorer
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import likeness
from connector_core.dialects.calibration.together import with_those_beside
from connector_core.model.records import KINDS

FLOOR = 0.24
"""Below this a column is better left out: what it holds is kept beside the record all the same."""
MISSING = 0.75
"""What a required field that nothing fills takes away."""
NAMED = 1.6
"""What the name of a kind in the title of a table adds, by its likeness."""
UNTOLD = frozenset({"id", "patient_id", "practitioner_id"})
"""Required fields that a dialect can fill without a column of their own."""
_REQUIRED = 0.15
"""For fields without which there is no record, where columns are matched."""
_LENT = 0.9
"""From here on a column that fills a field of one record also fills that of another."""
_LENT_FORMS = frozenset({"day", "money"})
_UNTOLD_CODES = 0.45
"""The confidence in a column of codes without a meaning: a person is asked."""
_NEEDED = frozenset({"day", "money", "list", "letter", "coefficient", "moment"})
_MAKEABLE = {"practitioner": {"profession"}, "coverage": {"payer"}, "payer_return": {"payer"}}
"""Required fields that a constant can fill, where a practice is all of one kind."""
_Key = tuple[str, str]
"""A column and a field, by their names."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that fills a field, how well, and what else it could fill nearly as well."""

    shape: Shape
    field: Field
    fit: Fit
    rival: float = 0.0
    """What the best other reading of the column, or of the field, would score where it takes nothing from others."""
    others: Mapping[str, Fit] = attribute(default_factory=dict)
    """What else the column could fill, by field."""
    chosen: bool = False

    def otherwise(self, target: str) -> Pair | None:
        """The same column for another field that it could fill, as a person chose; None for any other field."""
        fit = self.others.get(target)
        if fit is None:
            return None
        kind, _, name = target.partition(".")
        return replace(self, field=kinds()[kind].fields[name], fit=replace(fit, why="choisi"), rival=0.0, chosen=True)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of a closed list, where nothing says what any of them means."""
        return self.fit.unread if self.fit.converter == "enum" and not self.fit.values else ()

    def meaning(self, values: Mapping[str, str]) -> Pair:
        """The same pair with what the codes mean, as a person told; codes that were left out are refused."""
        left = tuple(code for code in self.fit.unread if code not in values)
        return replace(self, fit=replace(self.fit, values=values, unread=left, why="sens des codes donné"), chosen=True)

    @property
    def confidence(self) -> float:
        """How sure it is, from 0 to 1: its score, less where another field or column is nearly as good."""
        if self.chosen:
            return 1.0
        if self.codes:
            return _UNTOLD_CODES
        margin = self.fit.score - self.rival
        return round(max(0.05, min(0.99, self.fit.score * (0.72 + min(0.28, 0.9 * max(0.0, margin))))), 2)


@dataclass(frozen=True, slots=True)
class Solved:
    """What a table holds: its kinds of record, the main one first, and the pairs."""

    table: Sampled
    kinds: tuple[str, ...]
    pairs: tuple[Pair, ...]
    worth: float
    found: tuple[Found, ...] = ()

    def of(self, kind: str) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.field.kind == kind)


def read_as(scorer: Scorer, wanted: tuple[str, ...], looked_up: tuple[Found, ...] = ()) -> Solved:
    """A table read as records of these kinds, some fields of which are looked up elsewhere."""
    taken = {each.field.target for each in looked_up}
    used = {each.on.name for each in looked_up}
    fits = {key: fit for key, fit in _fits(scorer, wanted) if key[1] not in taken and key[0] not in used}
    if len(wanted) > 1:
        fits = with_those_beside(scorer.table.shapes, fits, wanted)
    pairs = _matched(scorer, fits)
    if len(wanted) > 1:
        kept = {key: fit for key, fit in fits.items() if _own(scorer, pairs, key, wanted)}
        if len(kept) < len(fits):
            pairs = _matched(scorer, kept)
    pairs = refined(scorer, pairs, fits)
    pairs += _lent(pairs, fits, wanted)
    needed = _needed(scorer, pairs, wanted, taken)
    fits |= {(shape.name, field.target): fit for shape, field, fit in needed}
    pairs += [(shape, field) for shape, field, _ in needed]
    found = tuple(
        Pair(
            shape,
            field,
            fits[shape.name, field.target],
            _rival(fits, pairs, shape, field.target),
            {target: fit for (column, target), fit in fits.items() if column == shape.name},
        )
        for shape, field in pairs
    )
    return Solved(scorer.table, wanted, found, _worth(scorer, wanted, found, looked_up), looked_up)


def _fits(scorer: Scorer, wanted: Sequence[str]) -> Iterator[tuple[_Key, Fit]]:
    for shape in scorer.table.shapes:
        for kind in wanted:
            for field in kinds()[kind].fields.values():
                fit = fit_of(scorer, shape, field)
                if fit is not None and fit.score > FLOOR:
                    yield (shape.name, field.target), fit


def fit_of(scorer: Scorer, shape: Shape, field: Field) -> Fit | None:
    """How well a column fills a field, asked once; None where it can't."""
    kept = scorer.steady if field.form in STEADY else scorer.fits
    key = scorer.table.name, shape.name, field.target
    if key not in kept:
        kept[key] = scorer.fit(shape, field)
    return kept[key]


def _matched(scorer: Scorer, fits: Mapping[_Key, Fit]) -> list[tuple[Shape, Field]]:
    """The best matching of columns and fields. A column that holds two things at once (a NIR with its key, a cotation,
    a name with its given name) takes part twice; so does a reference that two kinds share."""
    shapes = {shape.name: shape for shape in scorer.table.shapes}
    refers = any(scorer.links(shape) for shape in scorer.table.shapes)
    several = len({target.partition(".")[0] for _, target in fits}) > 1
    weights: dict[tuple[tuple[str, str], str], float] = {}
    for (column, target), fit in fits.items():
        pair = (column, _part(shapes[column], target)), _shared(target, several)
        kind, _, name = target.partition(".")
        told = name in ("id", "practitioner_id") or (name == "patient_id" and refers)
        bonus = _REQUIRED if name in required(kind) and not told else 0.0
        weights[pair] = max(weights.get(pair, 0.0), fit.score - FLOOR + bonus)
    matched = best_matching(weights)
    found = []
    for (column, _), target in matched:
        for each in [each for each in fits if each[0] == column and _shared(each[1], several) == target]:
            kind, _, name = each[1].partition(".")
            found.append((shapes[column], kinds()[kind].fields[name]))
    return found


def _part(shape: Shape, target: str) -> str:
    """Which part of a column a field takes, where a column holds several."""
    name = target.partition(".")[2]
    twofold = {
        "nir_key": shape.nir_with_key,
        "coefficient": shape.cotation > 0.9,
        "given_name": shape.person > 0.7,
    }
    return name if twofold.get(name) else ""


def _shared(target: str, several: bool) -> str:
    """Fields that one column fills for every kind of a row that makes several."""
    name = target.partition(".")[2]
    if several and target == "patient.id":
        return "patient_id"
    return name if name in ("patient_id", "practitioner_id") else target


def _needed(
    scorer: Scorer, pairs: Sequence[tuple[Shape, Field]], wanted: Sequence[str], looked_up: set[str]
) -> list[tuple[Shape, Field, Fit]]:
    """Columns left over for fields without which there is no record, where the values allow it and only the title does
    not say so: the one date of a list of invoices is their date. A day or an amount may be that of another kind too."""
    used = {shape.name: field for shape, field in pairs}
    filled = {field.target for _, field in pairs} | looked_up
    found: list[tuple[Shape, Field, Fit]] = []
    for kind in wanted:
        for name in required(kind):
            field = kinds()[kind].fields.get(name)
            if field is None or field.target in filled or not _is_needed(field, wanted):
                continue
            fits = [
                (fit.score, n, shape, fit)
                for n, shape in enumerate(scorer.table.shapes)
                if _may_serve(used.get(shape.name), field)
                and (fit := scorer.untitled(shape, field)) is not None
                and fit.score > 0.4
            ]
            if fits:
                score, _, shape, fit = max(fits, key=lambda each: (each[0], -each[1]))
                used.setdefault(shape.name, field)
                found.append((shape, field, replace(fit, score=0.55 * score, why=f"{fit.why} ; il en faut une")))
    return found


def _is_needed(field: Field, wanted: Sequence[str]) -> bool:
    """Whether a column should be found for a field by its values alone; an identifier for what a row is above all."""
    return field.form in _NEEDED or (field.name == "id" and field.kind == wanted[0])


def _may_serve(filled: Field | None, field: Field) -> bool:
    """Whether a column may fill a further field: one that fills none, or says a day or an amount of another kind."""
    return filled is None or (filled.kind != field.kind and filled.form == field.form and field.form in _LENT_FORMS)


def _lent(
    pairs: Sequence[tuple[Shape, Field]], fits: Mapping[_Key, Fit], wanted: Sequence[str]
) -> list[tuple[Shape, Field]]:
    """Days and amounts that a row says once for several of its records."""
    filled = {field.target for _, field in pairs}
    found: list[tuple[Shape, Field]] = []
    for kind in wanted:
        for name, field in kinds()[kind].fields.items():
            if field.target in filled or field.form not in _LENT_FORMS:
                continue
            least = 0.0 if name in required(kind) else _LENT
            lenders = [
                shape
                for shape, other in pairs
                if other.kind != kind
                and other.form == field.form
                and (fit := fits.get((shape.name, field.target))) is not None
                and fit.score > least
            ]
            if lenders:
                found.append((max(lenders, key=lambda shape: fits[shape.name, field.target].score), field))
    return found


def _own(scorer: Scorer, pairs: Sequence[tuple[Shape, Field]], key: _Key, wanted: Sequence[str]) -> bool:
    """Whether a column can say something of a record: that the record's own key determines it."""
    kind = key[1].partition(".")[0]
    own = next((shape for shape, field in pairs if field.target == f"{kind}.id"), None)
    if own is None or key[0] == own.name:
        return True
    shape = next(each for each in scorer.table.shapes if each.name == key[0])
    return scorer.relations.determines(own, shape)


def _rival(fits: Mapping[_Key, Fit], pairs: Sequence[tuple[Shape, Field]], shape: Shape, target: str) -> float:
    """The best score of another field for the column, or of another column for the field; less by as much as what now
    stands there fits better."""
    holders = {field.target: one.name for one, field in pairs}
    columns: dict[str, float] = {}
    for one, field in pairs:
        columns[one.name] = max(columns.get(one.name, 0.0), fits[one.name, field.target].score)
    best = 0.0
    for (other, wanted), fit in fits.items():
        if other == shape.name and wanted != target and _part(shape, wanted) == _part(shape, target):
            holder = holders.get(wanted)
            held = 0.0 if holder is None or holder == other else fits[holder, wanted].score
        elif other != shape.name and wanted == target:
            held = columns.get(other, 0.0)
        else:
            continue
        best = max(best, fit.score - max(0.0, held - fit.score))
    return best


def _worth(scorer: Scorer, wanted: Sequence[str], pairs: Sequence[Pair], looked_up: Sequence[Found]) -> float:
    """What a reading of a table is worth: its pairs, less what it lacks, more where the table is named so."""
    total = sum(pair.fit.score - FLOOR for pair in pairs if pair.shape.counts)
    total += 0.6 * len(looked_up)
    filled = {pair.field.target for pair in pairs} | {each.field.target for each in looked_up}
    for number, kind in enumerate(wanted):
        lacking = [name for name in required(kind) if f"{kind}.{name}" not in filled]
        if "patient" in wanted and kind != "patient":
            lacking = [name for name in lacking if name != "patient_id"]
        if kind == "patient" and {"patient.nir", "patient.family_name"} & filled:
            lacking = [name for name in lacking if name != "id"]
        hard = [name for name in lacking if name not in UNTOLD and name not in _MAKEABLE.get(kind, ())]
        hard += [name for name in lacking if name == "patient_id"]
        total -= MISSING * len(hard) + 0.35 * (len(lacking) - len(hard))
        if number:
            total -= 0.6
        named = likeness(scorer.table.title, kinds()[kind].names)
        if named >= 0.6 and len(wanted) == 1:
            total += NAMED * named
    return total


@cache
def required(kind: str) -> tuple[str, ...]:
    """The fields without which the model takes no record of a kind."""
    return tuple(name for name, field in KINDS[kind].model_fields.items() if field.is_required())
