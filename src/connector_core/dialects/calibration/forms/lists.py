"""Closed lists, and yes or no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.enumerations import listed
from connector_core.dialects.calibration.fits import Fit
from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.converters import CONVERTERS

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


_CODE = re.compile(r"-?\d{1,3}", re.ASCII)


_CODES = 14


def closed_list(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def flag(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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
