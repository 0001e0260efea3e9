"""Numbers that the state or the Assurance maladie gives, known by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit, percent
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape
from connector_core.model import identifiers

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


def nir(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nir < 0.6:
        return None
    share = percent(shape.nir)
    said = "avec leur clé juste" if shape.nir_with_key else "bien formés"
    plain = shape.share(lambda value: len(value) == 13 and value.isalnum()) == 1
    return Fit(shape.nir, f"{share} de NIR {said}", "text" if plain else "nir")


def nir_key(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nir_with_key:
        return Fit(shape.nir * 0.99, "clé écrite avec le NIR", "nir_key")
    nir = scorer.nir_column()
    if nir is None or nir is shape or shape.share(lambda value: len(value) == 2 and value.isdigit()) < 0.9:
        return None
    answers = [
        key == identifiers.nir_key(number)
        for number, key in zip(nir.column.cells, shape.column.cells, strict=True)
        if number and key
    ]
    right = sum(answers) / len(answers) if answers else 0.0
    said = f"{percent(right)} de clés justes pour le NIR de la ligne"
    return Fit(right, said) if right > 0.5 else Fit(0.1, "deux chiffres")


def rpps(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.rpps < 0.6:
        return None
    score = 0.97 * shape.rpps
    if wanted.kind == "practitioner" and shape.unique < 1:
        score -= 0.25
    share = percent(shape.rpps)
    plain = shape.share(lambda value: value.isdigit()) == 1
    return Fit(score, f"{share} de RPPS (11 chiffres, clé de Luhn)", "text" if plain else "digits")


def am(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.nine_digits < 0.9 or shape.day:
        return None
    return Fit(0.75 if shape.unique > 0.9 else 0.5, "9 chiffres")


def finess(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.finess < 0.8 or len(shape.counts) < 2:
        return None
    return Fit(0.7, "9 caractères, clé de Luhn")


def organisation(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.day or shape.moment or shape.number in ("fr", "point") or shape.flag or scorer.links(shape):
        return None
    if shape.nine_digits > 0.9:
        return Fit(0.7, "9 chiffres d'un organisme")
    if shape.unique == 1 and shape.filled > 5:
        return None
    if shape.digits > 0.9 and shape.share(lambda value: 3 <= len(value) <= 10) > 0.9:
        return Fit(0.42, "code d'organisme")
    return Fit(0.3, "nom ou code d'organisme") if shape.words >= 1 else None
