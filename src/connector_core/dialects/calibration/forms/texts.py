"""Names of people, words and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.dialects.calibration.enumerations import told_kinds
from connector_core.dialects.calibration.fits import Fit, percent
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.names import is_given_name, is_region
from connector_core.dialects.calibration.shapes import Shape

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


def family(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.person > 0.7:
        return Fit(0.9, "nom en capitales et prénom", "person_family")
    if shape.name_like < 0.85 or shape.letter > 0.7:
        return None
    given = shape.share(is_given_name)
    return Fit(0.62 - 0.5 * given - (0.3 if len(shape.counts) < 4 < shape.filled else 0), "noms propres")


def given(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.person > 0.7:
        return Fit(0.9, "nom en capitales et prénom", "person_given")
    if shape.name_like < 0.85 or shape.letter > 0.7:
        return None
    given = shape.share(is_given_name)
    share = percent(given)
    return Fit(0.3 + 0.6 * given, f"{share} de prénoms usuels")


def words(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def region(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    share = shape.share(is_region)
    if share < 0.4:
        return None
    said = percent(share)
    return Fit(0.92 * share - (0.25 if shape.words > 3 else 0), f"{said} de parties du corps")


def code(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def text(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    return None if shape.day or shape.moment or told_kinds(shape) else Fit(0.08, "texte")
