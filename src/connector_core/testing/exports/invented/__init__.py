"""Exports of software that does not exist, for what must work on an export nobody has seen.

They differ from the reference layouts, and from each other, in names, order, forms of dates and amounts, lists,
identifiers and in what is split or joined. The last four were written after calibration; what it found of these before
it was adjusted on three of them stands in `docs/technician/performance.md`.
"""

from connector_core.testing.exports.invented import (
    atlas,
    brume,
    combe,
    estran,
    falaise,
    lande,
    ressac,
    rivage,
    soleil,
)
from connector_core.testing.exports.invented.export import InventedExport

INVENTED: tuple[InventedExport, ...] = (
    soleil.EXPORT,
    atlas.EXPORT,
    rivage.EXPORT,
    estran.EXPORT,
    falaise.EXPORT,
    brume.EXPORT,
    lande.EXPORT,
    combe.EXPORT,
    ressac.EXPORT,
)

__all__ = ["INVENTED", "InventedExport"]
