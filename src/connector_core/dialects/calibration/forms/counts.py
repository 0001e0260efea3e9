"""Small whole numbers that count something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer


def count(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
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


def minutes(scorer: Scorer, shape: Shape, wanted: Field) -> Fit | None:
    if shape.counted is None or shape.counted[0] < 5 or shape.counted[1] > 240:
        return None
    fives = shape.share(lambda value: int(value) % 5 == 0)
    return Fit(0.66 * fives, "minutes", "integer") if fives > 0.7 else None
