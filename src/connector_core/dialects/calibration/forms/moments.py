"""Days, moments and hours."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit, percent
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape
from connector_core.model.identifiers import nir_birth, nir_is_well_formed

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


def day(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.day:
        return None
    score = 0.5
    if wanted.fill == "full":
        score += 0.12 if shape.fill > 0.97 else -0.2
    elif wanted.fill == "most":
        score += 0.04 if shape.fill < 1 else 0.0
    else:
        score += 0.1 if shape.fill < 0.4 else -0.15
    if is_old(shape) and wanted.form != "birth":
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


def is_old(shape: Shape) -> bool:
    """Whether dates are spread over lives, as those of births are."""
    years = sorted(day.year for day in shape.days if day is not None)
    return bool(years) and median(years) < 2010 and years[-1] - years[0] > 8


def birth(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if not shape.day or shape.day == "date_fr_short":
        return None
    nir = scorer.nir_column()
    if nir is not None:
        agree = _agrees(nir, shape)
        if agree > 0.8:
            return Fit(0.98, f"{_DAY_SAID[shape.day]} ; {percent(agree)} d'accord avec le NIR", shape.day)
        return Fit(0.15, _DAY_SAID[shape.day], shape.day)
    return Fit(0.85 if is_old(shape) else 0.1, f"{_DAY_SAID[shape.day]}, anciennes", shape.day)


def _agrees(nir: Shape, birth: Shape) -> float:
    answers = [
        nir_birth(found).year == day.year % 100 and nir_birth(found).month in (None, day.month)
        for cell, day in zip(nir.column.cells, birth.days, strict=True)
        if day is not None and nir_is_well_formed(found := "".join(c for c in cell if c.isalnum()).upper()[:13])
    ]
    return sum(answers) / len(answers) if answers else 0.0


def moment(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def clock(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.clock_as == "time_of_timestamp":
        return Fit(0.85, "heures gardées comme moments", shape.clock_as)
    if not shape.clock or (shape.digits > 0.5 and not shape.padded and shape.digits == 1 and len(shape.counts) < 2):
        return None
    return Fit(0.85 if shape.digits < 0.5 else 0.55, "heures", "time")
