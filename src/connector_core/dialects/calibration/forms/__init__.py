"""How the values of a column fit a field: a function for each form that a field may have.

Each gives the score of the values alone, the reason and the converter, or None where they can't be read so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from connector_core.dialects.calibration.fits import Fit
from connector_core.dialects.calibration.forms import amounts, counts, identities, lists, moments, references, texts
from connector_core.dialects.calibration.knowledge import Field
from connector_core.dialects.calibration.shapes import Shape

if TYPE_CHECKING:
    from connector_core.dialects.calibration.scoring import Scorer

SURE = frozenset({"nir", "nir_key", "rpps", "letter", "coefficient", "birth", "family", "given"})
"""Forms that no other values have, whatever the title says."""
STEADY = frozenset(
    "birth moment clock coefficient letter list minutes nir nir_key rpps am finess family given words region code rate "
    "decimal text visit group organisation day".split()
)
"""Forms of which nothing depends on what other tables are."""


FORMS: Mapping[str, Callable[[Scorer, Shape, Field], Fit | None]] = {
    "key": references.key,
    "number": references.number_key,
    "ref": references.reference,
    "refnumber": references.refers_number,
    "self": references.self_reference,
    "visit": references.visit,
    "group": references.group,
    "day": moments.day,
    "birth": moments.birth,
    "moment": moments.moment,
    "clock": moments.clock,
    "money": amounts.money,
    "coefficient": amounts.coefficient,
    "letter": amounts.letter,
    "list": lists.closed_list,
    "flag": lists.flag,
    "count": counts.count,
    "minutes": counts.minutes,
    "nir": identities.nir,
    "nir_key": identities.nir_key,
    "rpps": identities.rpps,
    "am": identities.am,
    "finess": identities.finess,
    "organisation": identities.organisation,
    "family": texts.family,
    "given": texts.given,
    "words": texts.words,
    "region": texts.region,
    "code": texts.code,
    "rate": amounts.rate,
    "decimal": amounts.number,
    "text": texts.text,
}
