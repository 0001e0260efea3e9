"""Identifiers, and what refers to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit, percent
from connector_core.dialects.calibration.forms.moments import is_old
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


_REPEATED = 0.25
"""Against an identifier that repeats where the table has a key, and is read as one record a row."""


def key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def number_key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    found = key(scorer, shape, wanted) if shape in scorer.table.keys else None
    return None if found is None else Fit(found.score - 0.06, found.why)


def reference(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return _refers(scorer, shape, wanted, "id")


def refers_number(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return _refers(scorer, shape, wanted, "number")


def _refers(scorer: Scorer, shape: Shape, wanted: Field, name: str) -> Fit | None:
    if (shape.day and shape.day != "date_compact") or shape.moment or shape.number in ("fr", "point"):
        return None
    if shape.rpps > 0.9 or shape.nir > 0.9 or (len(shape.counts) < 2 and shape.flag):
        return None
    target = scorer.known.column(wanted.argument, name)
    link = scorer.link_to(shape, wanted.argument, name)
    if link is not None:
        share = percent(link.included)
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


def self_reference(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    for key in scorer.table.keys or ():
        if key is not shape and shape.fill < 1 and shape.values <= key.values:
            return Fit(0.9, f"désigne d'autres lignes de la même table ({key.name})")
    at = scorer.known.column(wanted.kind, "id")
    if at is not None and at[0] == scorer.table.name and at[1] != shape.name and shape.fill < 0.9:
        own = scorer.relations.shape(*at)
        if shape.values <= own.values:
            return Fit(0.9, f"désigne d'autres lignes de la même table ({own.name})")
    return Fit(0.12, "identifiant rare") if shape.fill < 0.5 and shape.identifier_like > 0.9 else None


def visit(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    """A passage: several acts of one day and one patient may share it. What tells the rows of a table apart, where
    nothing else does, is their identifier."""
    if shape in scorer.table.keys and not any(_names_rows(each) for each in scorer.table.keys if each is not shape):
        return None
    if any(
        each.column.via is not None and each.column.via.on == shape.name and each.day for each in scorer.table.shapes
    ):
        return Fit(0.85, "désigne la ligne d'une autre table, qui dit le jour")
    if (shape.identifier_like < 0.9 and shape.digits < 1) or scorer.links(shape) or not 0.05 < shape.unique <= 1:
        return None
    if shape.day or shape.moment or shape.number in ("fr", "point") or len(shape.counts) < 3:
        return None
    days = [each for each in scorer.table.shapes if each.day and each.fill > 0.9 and not is_old(each)]
    if not any(scorer.relations.determines(shape, each) for each in days):
        return None
    score = 0.72 if shape.unique < 1 else 0.45
    return Fit(score, "regroupe des lignes d'un même jour")


def _names_rows(shape: Shape) -> bool:
    """Whether a column that differs in every row may be there to tell rows apart; days and amounts may differ too."""
    return (shape.identifier_like >= 0.9 or shape.digits == 1) and not (shape.day or shape.moment)


def group(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.number == "whole":
        return Fit(0.1, "nombre qui peut être partagé")
    if shape.day or shape.moment or shape.number or scorer.links(shape) or shape.nir > 0 or shape.name_like > 0.9:
        return None
    return (
        Fit(0.42 if shape.unique > 0.3 else 0.25, "code qui peut être partagé") if shape.identifier_like > 0.6 else None
    )
